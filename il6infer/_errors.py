"""Errors that a user can mend: each says what was wrong, where, what was expected, what to do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Characters that are no part of a text: control characters but for blanks and line ends, halves of surrogate pairs."""

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal obeys instead of showing it, or what turns the order of letters round."""

LONGEST = 4_000
"""Characters of a line of a message."""

LISTED = 100
"""Faults that one message lists: a file that is wrong in every row says the same of each."""


def visible(text: str) -> str:
    """Write for a terminal: what it would obey, as an escape sequence in a cell that is quoted, as its number.

    A line of more than `LONGEST` characters loses its middle.
    """
    text = escaped(text)
    return "\n".join(map(_cut, text.split("\n"))) if len(text) > LONGEST else text


def escaped(text: str) -> str:
    """Write for a terminal, whole."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} ... {line[-LONGEST // 4 :]}"


class UserError(Exception):
    """A fault of the input. The CLI prints the message and exits 2; anything else is a traceback."""


def is_panic(error: BaseException) -> bool:
    """Say whether a library written in Rust gave up: the class of such an error is in no module."""
    return type(error).__name__ == "PanicException"


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


def raise_faults(faults: Iterable[Fault], subject: str, remedy: str = "", *, alike: int = 0) -> None:
    """Raise one `UserError` with the faults of `subject`, and the remedy of all; none: do nothing.

    At most `LISTED` are listed, and of one kind in one column of one file at most `alike` (0: all).
    """
    faults = list(faults)
    if faults:
        raise UserError(list_faults(faults, subject, remedy, alike=alike))


def list_faults(faults: Sequence[Fault], subject: str, remedy: str = "", *, alike: int = 0) -> str:
    """Write faults one below the other, as `raise_faults` does."""
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    listed = _listed(faults, alike or len(faults))
    rest = sum(covered for covered, _ in listed[LISTED:])
    more = [f"  - and {rest} more."] if rest > 0 else []
    lines = [f"{subject}: {count}", *(line for _, line in listed[:LISTED]), *more]
    return "\n".join(lines + [remedy] if remedy else lines)


def _listed(faults: Sequence[Fault], alike: int) -> list[tuple[int, str]]:
    """Lines of a message, each with the number of faults that it stands for."""
    kinds = Counter(_kind(fault) for fault in faults)
    seen: Counter[tuple[str, str]] = Counter()
    lines = []
    for fault in faults:
        kind = _kind(fault)
        seen[kind] += 1
        if seen[kind] <= alike:
            lines.append((1, f"  - {fault}"))
        elif seen[kind] == alike + 1:
            rest = kinds[kind] - alike
            lines.append((rest, f"  - {fault.where.split(', ')[0]}: and {rest:,} more of this kind."))
    return lines


def _kind(fault: Fault) -> tuple[str, str]:
    """Tell faults apart by place and words, whatever their rows and the text of their cells."""
    return re.sub(r"(row|entry) \d+", r"\1", fault.where), re.sub(r"'[^']*'|[-+]?\d[\d.,e+-]*", "#", fault.what)


def nearest(name: str, known: Iterable[str]) -> str:
    """Hint with the known names, the nearest first, for a name that is unknown."""
    known = sorted(known)
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    listing = ", ".join(known)
    return f"Did you mean '{close[0]}'? Known: {listing}." if close else f"Known: {listing}."
