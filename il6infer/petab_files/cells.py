"""Rows of PEtab tables: cells as text, read as what their column holds, every fault with its table, row and column."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import sympy as sp

from il6infer._errors import Fault, nearest
from il6infer._tables import number, read_sheet
from il6infer.petab_files.columns import renamed, strays
from il6infer.petab_files.formula import parse

MAX_LENGTH = 20_000
"""Characters of one formula."""

MAX_LISTED = 40
"""Ids that a hint lists."""

_ID = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ID_RULE = "Use letters, digits and _, with a letter or _ first."
CONSTANTS = ("inf", "nan", "true", "false")
_INFINITE = {"inf": math.inf, "+inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True)
class Line:
    """One row of a table.

    Attributes
    ----------
    table, row
        File name, and number of the row as a spreadsheet shows it.
    cells
        Column -> text without the blanks around it.
    """

    table: str
    row: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """Text of a cell, empty where there is no such column."""
        return self.cells.get(column, "")

    def blank(self, column: str) -> bool:
        """Whether a cell of a number or formula says nothing: there, NaN can only mean that."""
        return self[column].lower() in ("", "nan")

    def where(self, column: str = "") -> str:
        """Place of a cell."""
        return f"{self.table}, row {self.row}" + (f", column {column}" if column else "")

    def fault(self, column: str, what: str, remedy: str = "") -> Fault:
        """Fault of a cell.

        Parameters
        ----------
        column
            Of the cell.
        what
            What is wrong.
        remedy
            What to do about it; empty where that is plain.
        """
        return Fault(self.where(column), what, remedy)


def read_lines(paths: list[Path], version: int, kind: str, needed: tuple[str, ...], faults: list[Fault]) -> list[Line]:
    """Read the rows of all tables of a kind, those of one file after those of the one before.

    Parameters
    ----------
    paths
        Their files.
    version, kind
        Of PEtab, and of the tables.
    needed
        Columns that each must have.
    faults
        Takes what is wrong with the files.
    """
    lines: list[Line] = []
    for path in paths:
        sheet, found = read_sheet(path, path.name, "\t", without_rows=True, ragged=True)
        faults += found
        if sheet is None:
            continue
        missing = sheet.missing(needed)
        faults += missing
        faults += [] if missing else strays(sheet, version, kind)
        if not missing:
            lines += [Line(path.name, row.number, renamed(row.cells)) for row in sheet.rows]
    return lines


def unique(lines: list[Line], columns: tuple[str, ...], faults: list[Fault]) -> Iterator[Line]:
    """Yield rows whose `columns` are valid ids that no earlier row has; the others are faults.

    Parameters
    ----------
    lines
        All rows of the tables of a kind.
    columns
        Those whose cells together must be there once.
    faults
        Takes rows that are not yielded.
    """
    seen: dict[tuple[str, ...], Line] = {}
    for line in lines:
        if not all([identifier(line, column, faults) for column in columns]):
            continue
        key = tuple(line[column] for column in columns)
        first = seen.setdefault(key, line)
        if first is line:
            yield line
        else:
            what = f"'{', '.join(key)}' stands already in {first.table}, row {first.row}."
            faults.append(line.fault(columns[0], what, "Remove one of the two, or rename it."))


def is_id(text: str) -> bool:
    """Whether a text can be an id."""
    return _ID.fullmatch(text) is not None


def identifier(line: Line, column: str, faults: list[Fault], *, in_formulas: bool = False) -> bool:
    """Whether a cell is an id; where formulas name it, also none of the constants that PEtab reserves.

    Parameters
    ----------
    line
        The row.
    column
        Of the cell.
    faults
        Takes what is wrong with it.
    in_formulas
        Whether formulas can name it.
    """
    text = line[column]
    if not text:
        faults.append(line.fault(column, "the cell is empty, an id was expected."))
    elif not is_id(text):
        faults.append(line.fault(column, f"'{text}' cannot be an id.", _ID_RULE))
    elif in_formulas and text.lower() in CONSTANTS:
        faults.append(line.fault(column, f"'{text}' is a constant in PEtab's formulas, no id.", "Rename it."))
    else:
        return True
    return False


def known(line: Line, column: str, ids: Mapping[str, object], what: str, faults: list[Fault]) -> bool:
    """Whether a cell names one of `ids`.

    Parameters
    ----------
    line
        The row.
    column
        Of the cell.
    ids
        What may stand there; only the names matter.
    what
        What it is the name of, for the message.
    faults
        Takes any other.
    """
    if line[column] in ids:
        return True
    found = f"unknown {what} '{line[column]}'." if line[column] else f"the cell is empty, a {what} was expected."
    faults.append(line.fault(column, found, _hint(line[column], ids)))
    return False


def _hint(name: str, ids: Mapping[str, object]) -> str:
    """Nearest ids; a table may have thousands."""
    return nearest(name, ids) if 0 < len(ids) <= MAX_LISTED else ""


def real(line: Line, column: str, faults: list[Fault], *, infinite: tuple[str, ...] = ()) -> float | None:
    """Read the number in a cell; None, and a fault, where it is none; `infinite`: which of inf and -inf may stand.

    Parameters
    ----------
    line
        The row.
    column
        Of the cell.
    faults
        Takes what is wrong with it.
    infinite
        Which of ``inf``, ``+inf`` and ``-inf`` may stand there.
    """
    text = line[column]
    value = number(text)
    if value is None and text.lower() in infinite:
        return _INFINITE[text.lower()]
    if value is None:
        faults.append(line.fault(column, *_no_number(text, column)))
    return value


def optional(line: Line, column: str, faults: list[Fault], *, infinite: tuple[str, ...] = ()) -> float | None:
    """Read the number in a cell; None where it is empty, and, with a fault, where it is no number.

    Parameters
    ----------
    line
        The row.
    column
        Of the cell.
    faults
        Takes what is wrong with it.
    infinite
        As in `real`.
    """
    return real(line, column, faults, infinite=infinite) if not line.blank(column) else None


def _no_number(text: str, column: str) -> tuple[str, str]:
    if not text:
        return "the cell is empty, a number was expected.", "Give the value, or remove the row."
    if text.lower() in ("nan", "na", "n/a"):
        measured = column == "measurement"
        return f"'{text}' is not a number.", "A value that was not measured is no row: remove it." if measured else ""
    if text.lower() in _INFINITE:
        return f"'{text}' is not a finite number.", ""
    if number(text.replace(",", ".")) is not None:
        return f"'{text}' is not a number.", f"Write the decimal point as a point: {text.replace(',', '.')}."
    return f"'{text}' is not a number.", ""


def numbers(line: Line, column: str, faults: list[Fault]) -> tuple[float, ...] | None:
    """Read numbers with ``;`` between them; none where the cell is empty, None with a fault where one is no number.

    Parameters
    ----------
    line
        The row.
    column
        Of the cell.
    faults
        Takes what is wrong with it.
    """
    texts = [text.strip() for text in line[column].split(";")] if not line.blank(column) else []
    values = [number(text) for text in texts]
    if any(value is None for value in values):
        faults.append(line.fault(column, f"'{line[column]}': numbers with ';' between them were expected."))
        return None
    return tuple(value for value in values if value is not None)


def formula(line: Line, column: str, faults: list[Fault]) -> sp.Basic | None:
    """Read the expression in a cell; None, and a fault, where it is none.

    Parameters
    ----------
    line
        The row.
    column
        Of the cell.
    faults
        Takes what is wrong with it.
    """
    return _formula(line, column, line[column], faults)


def formulas(line: Line, column: str, faults: list[Fault]) -> list[sp.Basic]:
    """Read expressions with ``;`` between them; none where the cell is empty.

    Parameters
    ----------
    line
        The row.
    column
        Of the cell.
    faults
        Takes what is wrong with it.
    """
    texts = [text.strip() for text in line[column].split(";")] if not line.blank(column) else []
    found = [_formula(line, column, text, faults) for text in texts]
    return [expression for expression in found if expression is not None]


def _formula(line: Line, column: str, text: str, faults: list[Fault]) -> sp.Basic | None:
    if not text:
        faults.append(line.fault(column, "the cell is empty, a formula was expected."))
        return None
    if len(text) > MAX_LENGTH:
        faults.append(line.fault(column, f"a formula of {len(text)} characters; {MAX_LENGTH} are supported."))
        return None
    try:
        return _parsed(text)
    except ValueError as error:
        faults.append(line.fault(column, " ".join(str(error).split())))
    except RecursionError:
        faults.append(
            line.fault(column, "a formula of too many terms or brackets to be read.", "Split it into assignment rules.")
        )
    return None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> sp.Basic:
    value = number(text)  # PEtab's grammar has no number that begins or ends with its point
    return parse(text) if value is None else sp.Float(value)
