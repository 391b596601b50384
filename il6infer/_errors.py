"""Errors that a user can mend: each says what was wrong, where, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

LISTED = 100
"""Faults that one message lists: a file that is wrong in every row says the same of each."""


class UserError(Exception):
    """A fault of the input. The CLI prints the message and exits 2; anything else is a traceback."""


@dataclass(frozen=True)
class Fault:
    """One fault of one input.

    Attributes
    ----------
    where
        File, row and column as a reader finds them, e.g. ``"gel1.csv, row 7, column 'time_min'"``.
    what
        What was found, and what was expected.
    remedy
        What to do next; may be empty.
    """

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" {self.remedy}" if self.remedy else "")


def raise_faults(faults: Iterable[Fault], subject: str, remedy: str = "") -> None:
    """Raise one `UserError` with the faults of `subject`, at most `LISTED`, and the remedy of all; none: do nothing."""
    faults = list(faults)
    if not faults:
        return
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    rest = len(faults) - LISTED
    more = [f"  - and {rest} more."] if rest > 0 else []
    lines = [f"{subject}: {count}", *(f"  - {fault}" for fault in faults[:LISTED]), *more]
    lines += [remedy] if remedy else []
    raise UserError("\n".join(lines))


def nearest(name: str, known: Iterable[str]) -> str:
    """Hint with the known names, the nearest first, for a name that is unknown."""
    known = sorted(known)
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    listing = ", ".join(known)
    return f"Did you mean '{close[0]}'? Known: {listing}." if close else f"Known: {listing}."
