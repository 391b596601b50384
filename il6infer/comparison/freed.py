"""Constants that models hold fixed, freed each in turn: which conclusions hang on them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from il6infer.comparison.compare import Fit, same_measurements
from il6infer.comparison.loo import Loo, loo
from il6infer.stages.comparison import CLEAR
from il6infer.stages.freed import FirstModel, Freed, FreedConstant, FreedModel, Moved
from il6infer.stages.verdict import Verdict

FAR = 1.0
"""Standard deviations from which on a parameter counts as moved."""


@dataclass(frozen=True)
class FreedFit:
    """A model with a constant freed."""

    model: str
    constant: str
    fit: Fit


def free_in_turn(dataset: str, fits: Sequence[Fit], freed: Sequence[FreedFit]) -> Freed:
    """Hold fits with one constant freed against those of the same models that hold it.

    Parameters
    ----------
    fits
        Models with all constants held.
    freed
        Each of these models with each of its constants freed.

    Raises
    ------
    UserError
        If the fits are of different measurements.
    """
    same_measurements(dataset, [*fits, *(one.fit for one in freed)])
    held = {fit.model: _trusted(fit) for fit in fits}
    loos = {(one.model, one.constant): _trusted(one.fit) for one in freed}
    rows = tuple(
        FreedModel(
            fit.model, fit.verdict.sampled.passed, fit.verdict.reproduces.passed,
            tuple(_row(one, fit.verdict, held[fit.model], loos[one.model, one.constant])
                  for one in freed if one.model == fit.model),
        )
        for fit in fits
    )  # fmt: skip
    constants = dict.fromkeys(one.constant for one in freed)
    first = [_first("", held)]
    first += [_first(c, {m: loos.get((m, c), own) for m, own in held.items()}) for c in constants]
    found = tuple(row for row in first if row)
    return Freed(dataset, rows, found, tuple(_notes(rows, found)))


def _trusted(fit: Fit) -> Loo | None:
    return loo(fit.idata) if fit.verdict.sampled.passed else None


def _row(one: FreedFit, held: Verdict, before: Loo | None, after: Loo | None) -> FreedConstant:
    verdict = one.fit.verdict
    own, ahead, known = verdict.parameters.get(one.constant), _ahead(after, before), held.constants.get(one.constant)
    return FreedConstant(
        one.constant, known and known.value, own and own.median, own and own.q05, own and own.q95,
        verdict.sampled.passed, verdict.reproduces.passed, *ahead, tuple(_moved(held, verdict)),
    )  # fmt: skip


def _moved(held: Verdict, freed: Verdict) -> Iterator[Moved]:
    found = []
    for name, before in held.parameters.items():
        after = freed.parameters.get(name)
        ends = (before.median, after and after.median)
        if before.sd_ln and all(end is not None and end > 0 for end in ends):
            sds = math.log(ends[1] / ends[0]) / before.sd_ln  # type: ignore[operator]
            if abs(sds) >= FAR:
                found.append(Moved(name, *ends, sds))  # type: ignore[arg-type]
    return iter(sorted(found, key=lambda row: -abs(row.sds)))


def _ahead(one: Loo | None, other: Loo | None) -> tuple[float | None, float | None]:
    """By how much one is ahead of the other, and the standard error."""
    if one is None or other is None:
        return None, None
    difference = one.pointwise - other.pointwise
    return float(difference.sum()), float(np.sqrt(len(difference) * difference.var()))


def _first(constant: str, loos: Mapping[str, Loo | None]) -> FirstModel | None:
    known = sorted(((m, own) for m, own in loos.items() if own is not None), key=lambda item: -item[1].elpd)
    if not known:
        return None
    (first, own), second = known[0], known[1] if len(known) > 1 else None
    ahead = _ahead(own, second[1]) if second else (None, None)
    return FirstModel(constant, first, second[0] if second else "", *ahead)


def _notes(models: Sequence[FreedModel], first: Sequence[FirstModel]) -> Iterator[str]:
    held = next((row for row in first if not row.constant), None)
    for row in first:
        if held and row.constant and row.model != held.model:
            clear = _clear(row.elpd_diff, row.diff_se)
            yield (
                f"{row.constant} freed: {row.model} is ahead in place of {held.model}"
                + (
                    ", and the data tell it apart from the second."
                    if clear
                    else ", and the data do not tell them apart."
                )
            )
        elif held and row.constant and _clear(held.elpd_diff, held.diff_se) != _clear(row.elpd_diff, row.diff_se):
            now = "no longer tell it" if _clear(held.elpd_diff, held.diff_se) else "now tell it"
            yield f"{row.constant} freed: {row.model} stays ahead, but the data {now} apart from the second."
    for model in models:
        for one in model.constants:
            where = f"{model.model}, {one.constant} freed"
            if not one.sampled:
                yield f"{where}: this fit did not sample; what it says is not to be trusted."
                continue
            if one.elpd_diff is not None and _clear(one.elpd_diff, one.diff_se):
                yield f"{where}: elpd rises by {one.elpd_diff:.1f} +- {one.diff_se:.1f}, at {_interval(one)}."
            if one.reproduces != model.reproduces:
                yield f"{where}: it {'now reproduces' if one.reproduces else 'no longer reproduces'} the data."
            if one.moved:
                words = ", ".join(f"{m.parameter} {m.before:.3g} to {m.after:.3g} ({m.sds:+.1f} sd)" for m in one.moved)
                yield f"{where}: {words}."


def _clear(difference: float | None, error: float | None) -> bool:
    """Whether a difference in elpd tells two fits apart."""
    return difference is not None and error is not None and difference > max(CLEAR, 2 * error)


def _interval(one: FreedConstant) -> str:
    before = "" if one.held_at is None else f", held at {one.held_at:g} before"
    if one.median is None or one.q05 is None or one.q95 is None:
        return f"no finite value{before}"
    return f"{one.median:.3g} ({one.q05:.3g} to {one.q95:.3g}){before}"
