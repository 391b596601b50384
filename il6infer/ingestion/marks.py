"""How the numbers of a file are written: decided once a file, from all of them, never cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from il6infer._errors import Fault
from il6infer._tables import number
from il6infer.ingestion.cells import Typed

_SHAPE = re.compile(r"[+-]?\d[\d., '\u2019\u00a0\u202f]*([eE][+-]?\d+)?")
_OTHER = re.compile("[,'\u2019\u00a0\u202f ]|[.].*[.]")
_POINT = re.compile(r"^[+-]?(?![1-9]\d{0,2}\.\d{3}$)\d+\.\d*([eE][+-]?\d+)?$", re.MULTILINE)
"""A number with a decimal point that separates no thousands."""
_KINDS = (
    ("comma grouped", r"[1-9]\d{0,2}(,\d{3}){2,}|[1-9]\d{0,2}(,\d{3})+\.\d*"),
    ("point grouped", r"[1-9]\d{0,2}(\.\d{3}){2,}|[1-9]\d{0,2}(\.\d{3})+,\d*"),
    ("comma either", r"[1-9]\d{0,2},\d{3}"),
    ("point either", r"[1-9]\d{0,2}\.\d{3}"),
    ("comma decimal", r"\d+,\d*([eE][+-]?\d+)?"),
    ("point decimal", r"\d+\.\d*([eE][+-]?\d+)?"),
    ("blank grouped", r"[1-9]\d{0,2}( \d{3})+"),
    ("quote grouped", r"[1-9]\d{0,2}('\d{3})+"),
    ("blank grouped, comma", r"[1-9]\d{0,2}( \d{3})+,\d*"),
    ("quote grouped, comma", r"[1-9]\d{0,2}('\d{3})+,\d*"),
    ("blank grouped, point", r"[1-9]\d{0,2}( \d{3})+\.\d*"),
    ("quote grouped, point", r"[1-9]\d{0,2}('\d{3})+\.\d*"),
)
_COMMAS = tuple(kind for kind, _ in _KINDS if kind.endswith(", comma"))
_POINTS = tuple(kind for kind, _ in _KINDS if kind.endswith(", point"))
_PATTERN = re.compile("|".join(f"(?P<k{i}>{pattern})" for i, (_, pattern) in enumerate(_KINDS)))


@dataclass(frozen=True)
class Marks:
    """Decimal mark and separator of thousands of a file; an `example` of a number that could be read in two ways."""

    decimal: str = "."
    thousands: str = ""
    example: str = ""


def numeric(cell: str) -> bool:
    """Tell whether a cell looks like a number, whatever its marks are."""
    return bool(cell) and (number(cell) is not None or bool(kind_of(cell)))


def same_blank(cell: str) -> str:
    """Write blanks and quotes between digits, of which there are several, as one kind each."""
    return cell.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2019", "'")


def kind_of(cell: str) -> str:
    """Tell what the marks in a number can be: one of the names of the table above; empty for a plain or no number."""
    if not _SHAPE.fullmatch(cell):
        return ""
    found = _PATTERN.fullmatch(same_blank(cell).lstrip("+-"))
    return _KINDS[int(found.lastgroup[1:])][0] if found and found.lastgroup else ""


def decide(cells: Iterable[str], *, delimiter: str, program: bool, small: bool = False) -> Marks:
    """Decide how the numbers of a file are written.

    Parameters
    ----------
    cells
        All its cells; those that a workbook holds as numbers say nothing.
    delimiter
        Between its cells: a file with commas between them has no decimal commas unless its cells are quoted.
    program
        Whether a program wrote it, which writes all numbers in one way.
    small
        Whether its numbers are known to be far below a thousand (cycles of a PCR).

    Returns
    -------
    Marks
        Where the evidence contradicts itself, or one number alone could be either, a decimal point and no separator:
        cells with other marks are then no numbers, and refused with the advice to say what they are.
    """
    seen: dict[str, str] = {}
    for cell in cells:
        if not cell or cell.isdigit() or isinstance(cell, Typed):
            continue
        if "point decimal" in seen and not _OTHER.search(cell):
            continue  # a point more says nothing new
        cell = cell.lstrip("<>=\u2264\u2265 ").rstrip("% ")
        if kind := kind_of(cell):
            seen.setdefault(kind, cell)
    comma = any(kind in seen for kind in ("comma decimal", "point grouped", *_COMMAS))
    point = any(kind in seen for kind in ("point decimal", "comma grouped", *_POINTS))
    group = " " if any(k.startswith("blank") for k in seen) else "'" if any(k.startswith("quote") for k in seen) else ""
    if comma and point:
        return Marks()
    if comma:
        return Marks(",", "." if "point grouped" in seen else group)
    if "comma grouped" in seen:
        return Marks(".", ",")
    if "comma either" in seen:
        return Marks(".", ",") if program and point else Marks()
    if "point either" in seen and not point and not small and delimiter in (";", "\t"):
        return Marks(example=seen["point either"])
    return Marks(".", group)


def telling(columns: Iterable[Sequence[str]]) -> Iterator[str]:
    """Give the cells of a table that may say how its numbers are written.

    Parameters
    ----------
    columns
        Its cells, column by column. Of one in which no cell has a comma, a blank, a quote or two points, all that can
        be said is that there is a decimal point: one cell that says so stands for the column.
    """
    for cells in columns:
        written = [cell for cell in cells if not isinstance(cell, Typed)]
        text = "\n".join(written)
        point = _POINT.search(text)
        if point is None or _OTHER.search(text) or text.count("\n") >= len(written):
            yield from dict.fromkeys(written)
        else:
            yield point[0]


def in_doubt(name: str, marks: Marks) -> list[Fault]:
    """Give the fault of a file whose points can be decimal points or separators of thousands."""
    if not marks.example:
        return []
    plain = marks.example.replace(".", "")
    what = f"'{marks.example}' and its kin: {plain}, or a number with three decimals?"
    return [Fault(name, what, "Say 'thousands: \".\"' or 'decimal: \".\"' for this file.")]
