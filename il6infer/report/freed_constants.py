"""Section on constants that were freed in turn (``snakemake free_constants``): which conclusions hang on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from il6infer.provenance.verify import changed_inputs
from il6infer.report.links import in_words
from il6infer.report.numbers import interval, number
from il6infer.report.sections import MISFIT, NOT_CONVERGED, hedged_by
from il6infer.stages import read
from il6infer.stages.comparison import NAMES, Comparison
from il6infer.stages.freed import Freed, FreedConstant
from il6infer.stages.verdict import Verdict

FILE = "freed.json"
MOVED = 3
"""Parameters that a row names, the farthest first."""


@dataclass(frozen=True)
class Row:
    """One model with one constant freed, in words.

    Attributes
    ----------
    ahead
        Model that is ahead of all others with this constant freed in each.
    gain, error
        By how much the expected log predictive density rises, and the standard error.
    """

    constant: str
    model: str
    sampled: bool
    held: str
    freed: str
    gain: float | None
    error: float | None
    fit: str
    moved: str
    ahead: str


def section(
    folder: Path, models: Sequence[str], words: Mapping[str, str], comparison: Comparison,
    verdicts: Mapping[str, Verdict],
) -> dict[str, Any] | None:  # fmt: skip
    """Context of the section; None where no constant was freed.

    Parameters
    ----------
    folder
        Of the data set's results.
    models
        That the page compares.
    words
        Model -> its name in words.
    comparison
        Of these models: where it ranks none, none is said to be ahead.
    verdicts
        Of the fits that hold the constants.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    found = read(path, Freed)
    ranked = bool(comparison.ranked)
    ahead = {row.constant: row.model for row in found.first} if ranked else {}
    of_ranks = tuple(f"{row.constant} freed: " for row in found.first)
    notes = [note for note in found.notes if ranked or not note.startswith(of_ranks or ("\n",))]

    def unfit(model: str, one: FreedConstant) -> list[str]:
        """Give the labels of doubts that make a move between two fits no finding: each fit has its own verdict."""
        held = verdicts.get(model)
        unsampled = one.sampled and held is not None and not held.sampled.passed
        return [NOT_CONVERGED] * unsampled + [MISFIT] * (one.sampled and not one.reproduces)

    rows = [
        Row(
            one.constant, words.get(model.model, model.model), one.sampled,
            "" if one.held_at is None else number(one.held_at, digits=3), _freed(one),
            one.elpd_diff, one.diff_se, _fit(model.reproduces, one), hedged_by(_moved(one), unfit(model.model, one)),
            words.get(ahead.get(one.constant, ""), ""),
        )
        for model in found.models for one in model.constants
    ]  # fmt: skip
    for model in found.models:
        for one in model.constants:
            start = f"{model.model}, {one.constant} freed: "
            notes = [
                start + hedged_by(note.removeprefix(start), unfit(model.model, one)) if note.startswith(start) else note
                for note in notes
            ]
    return {
        "rows": sorted(rows, key=lambda row: (not row.sampled, -(row.gain or 0.0))),
        "notes": in_words(notes, words),
        "by": "" if comparison.criterion == "loo" else f" by {NAMES['loo']}",
        "first": words.get(ahead.get("", ""), ""),
        "older": _older(path, folder, models),
        "others": sorted({*models} ^ {model.model for model in found.models}),
    }


def _freed(one: FreedConstant) -> str:
    if not one.sampled or one.median is None:
        return ""
    return f"{number(one.median, digits=3)} ({interval(one.q05, one.q95)})"


def _fit(before: bool, one: FreedConstant) -> str:
    if not one.sampled:
        return "NOT CONVERGED"
    if one.reproduces == before:
        return "fits, as before" if before else "does not fit, as before"
    return "now fits the data" if one.reproduces else "no longer fits the data"


def _moved(one: FreedConstant) -> str:
    if not one.sampled:
        return ""
    named = [
        f"{m.parameter} {number(m.before, digits=3)} to {number(m.after, digits=3)} ({m.sds:+.1f} sd)"
        for m in one.moved[:MOVED]
    ]
    return "; ".join(named) + (f"; and {len(one.moved) - MOVED} more" if one.moved[MOVED:] else "")


def _older(path: Path, folder: Path, models: Sequence[str]) -> bool:
    """Whether the table is of fits before those of the page: by the digests in its record, by times without one."""
    posteriors = [file for model in models if (file := folder / model / "posterior.nc").is_file()]
    changed = changed_inputs(path)
    if changed is not None:
        return not {file.resolve() for file in posteriors}.isdisjoint(file.resolve() for file in changed)
    return any(file.stat().st_mtime > path.stat().st_mtime for file in posteriors)
