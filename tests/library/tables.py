"""The tables of numbers in docs/models.md, computed again: ``python -m tests.library.tables`` prints them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from tests.library.cells import course, dose_response, ec50

Row = tuple[str, list[str]]
"""First cell of a row of the docs, and the numbers after it."""

_DOSES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0, 50.0)
_SHOWN = (0, 2, 4, 6, 8)


def hexamer() -> Iterator[Row]:
    """Highest pSTAT3 above rest with 2:2:2 relative to 1:1:1, over IL-6, and the ratio of EC50."""
    for receptor, extra, words in (
        ("classic", {}, "classic"),
        ("trans", {"sIL6R": 0.5}, "trans (0.5 nM sIL-6R)"),
    ):
        one = dose_response(f"{receptor}_socs3", "IL6", _DOSES, extra)
        for cooperativity in (0.06, 0.004, 1.0, 30.0) if receptor == "classic" else (0.06, 1.0):
            two = dose_response(f"{receptor}_socs3+hexamer", "IL6", _DOSES, extra, cooperativity=cooperativity)
            numbers = [two[i] / one[i] for i in _SHOWN] + [ec50(_DOSES, two) / ec50(_DOSES, one)]
            median = " (median)" if receptor == "classic" and cooperativity == 0.06 else ""
            yield f"{words}, cooperativity {cooperativity:g}{median}", [f"{number:.2f}" for number in numbers]


def gp130(copies: tuple[int, ...] = (2000, 10000, 50000, 200000)) -> Iterator[Row]:
    """EC50 [nM IL-6] of the pSTAT3 peak over gp130 per cell."""
    doses = np.geomspace(1e-4, 1e3, 29)
    for cell, receptor, extra, words in (
        ("PHH", "classic", {}, ""),
        ("HEK293", "trans", {"sIL6R": 0.5}, ", 0.5 nM sIL-6R"),
    ):
        for feedback in ("none", "socs3"):
            name = f"{receptor}_{feedback}@{cell}"
            found = [ec50(doses, dose_response(name, "IL6", doses, extra, gp130_0=n)) for n in copies]
            yield f"`{name}`{words}", [f"{value:#.2g}" for value in found]


def dimer() -> Iterator[Row]:
    """Share of the pSTAT3 peak of 0.48 nM IL-6 that sgp130Fc leaves, with one site and with two."""
    for receptor, soluble in (("trans", 0.5), ("classic", 20.0)):
        doses = {"IL6": 0.48, "sIL6R": soluble}
        for option, words in (("", ""), ("+dimer", " + `dimer`")):
            courses = [
                course(f"{receptor}_socs3{option}", doses, before={"sgp130Fc": dose})
                for dose in (0.0, 0.1, 0.3, 1.0, 2.4, 10.0, 100.0)
            ]
            peaks = [c.max() - c[0] for c in courses]
            yield f"`{receptor}`{words}, {soluble:g} nM sIL-6R", [f"{peak / peaks[0]:.2f}" for peak in peaks[1:]]


if __name__ == "__main__":
    for table in (hexamer, gp130, dimer):
        rows = "".join(f"| {first} | {' | '.join(numbers)} |\n" for first, numbers in table())
        sys.stdout.write(f"{(table.__doc__ or '').strip()}\n{rows}\n")
