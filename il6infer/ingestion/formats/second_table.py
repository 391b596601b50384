"""Where another table begins below the first: its header, the same once more or words where numbers stood."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from il6infer.ingestion.marks import numeric
from il6infer.ingestion.no_numbers import range_side, why_no_number


def second_table(
    body: Sequence[tuple[int, tuple[str, ...]]], names: Sequence[str], head: int
) -> tuple[int, str] | None:
    """Find the row at which a second table begins, and what is seen there; None: there is none.

    Parameters
    ----------
    body
        Rows below the header that are not blank, each with its number.
    names
        The header.
    head
        Its row, counted from 0.
    """
    same = {*names, ""}
    for line, row in body:
        if row[0] in same and len(set(row)) > 2 and {*row, ""} == same:
            return line, f"a second table begins: its header is that of row {head + 1}."
    begins = [i for i, ((last, _), (line, _)) in enumerate(pairwise(body), start=1) if line > last + 1]
    if not begins:
        return None
    above = [row for _, row in body[: begins[0]]]
    numbers = [i for i in range(min(map(len, above))) if all(numeric(row[i]) for row in above)]
    for i in begins:
        line, row = body[i]
        said = [row[k] for k in numbers if k < len(row)]
        if len(numbers) > 1 and len({*said}) == len(numbers) and all(_names(cell) for cell in said):
            return line, f"a second table begins below a blank line: {', '.join(repr(cell) for cell in row if cell)}."
    return None


def _names(cell: str) -> bool:
    """Whether a cell may be the name of a column: a word that is no number, no limit, and no cell gone wrong."""
    return any(c.isalpha() for c in cell) and not (numeric(cell) or range_side(cell) or why_no_number(cell)[1])
