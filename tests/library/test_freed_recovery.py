"""The report on constants that are freed (`il6infer freed`), of simulated truth: intervals, gains and what moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from il6infer.comparison import Fit, FreedFit, free_in_turn
from il6infer.diagnosis import Thresholds, diagnose
from il6infer.inference.run import fit_problem
from il6infer.library.compose import compose, with_values
from il6infer.library.freeing import with_free
from il6infer.problems.spec import Problem
from il6infer.stages.settings import FitSettings
from tests.library.test_recovery import MEMBRANE, SOCS3, problem_of
from tests.zoo import recovery

TRUTHS = 50
NAME = "k_import"
LIMITS = Thresholds(ess_min=60, rhat_max=1.05)
"""Of a verdict; as default but for what 1,000 draws of each of 100 fits are too few for."""
SETTINGS = FitSettings(chains=2, tune=250, draws=500, starts=2, rtol=1e-4, atol=1e-6, seed=11, threads=1)


def fitted(problem: Problem) -> Fit:
    """A fit with its verdict."""
    idata = fit_problem(problem, SETTINGS)
    return Fit("classic_none", idata, diagnose(idata, LIMITS))


def below(one: Fit, truth: dict[str, float]) -> dict[str, float]:
    """Parameter -> share of its draws below the truth."""
    drawn = one.idata["posterior"]
    return {name: float((drawn[name].values < truth[name]).mean()) for name in one.verdict.parameters}


@pytest.mark.slow
def test_what_is_reported_of_a_freed_constant_is_as_true_as_it_says(tmp_path: Path) -> None:
    """Truths with `k_import` a factor of 3 either way of where it is held; both fits judged as a run judges them."""
    held_model = with_values(compose("classic_none"), {**SOCS3, **MEMBRANE})
    value = held_model.priors.set_index("parameter").loc[NAME, "median"]
    freed_model = with_free(held_model, {NAME: (value / 3.0, 3.0 * value)})
    doses, readouts = {"il6": (0.5, ""), "more": (5.0, "")}, ("pSTAT3_cytoplasm", "pSTAT3_nucleus")
    held, freed = (
        problem_of(model, doses, readouts, tmp_path / name)
        for name, model in (("held", held_model), ("freed", freed_model))
    )
    rng, own, others, kept, rows = np.random.default_rng(12), [], [], [], []
    for _ in range(TRUTHS):
        data, truth = recovery.simulated(freed, rng)
        same = held.with_measurements(held.measurements.assign(value=data.measurements["value"].to_numpy()))
        before, after = fitted(same), fitted(data)
        found = free_in_turn("toy", [before], [FreedFit("classic_none", NAME, after)])
        [row] = found.models[0].constants
        shares = below(after, truth)
        own.append(shares.pop(NAME))
        others.append(list(shares.values()))
        kept.append(list(below(before, truth).values()))
        rows.append((np.log(truth[NAME] / value), row, found.models[0].sampled, truth))
    away = np.array([distance for distance, *_ in rows])
    far, near = np.abs(away) > np.log(2.0), np.abs(away) < np.log(1.1)
    told = np.array([row.sampled and before for _, row, before, _ in rows])
    covered = {level: (recovery.coverage(own, level), recovery.coverage(others, level)) for level in (0.5, 0.9)}
    gains = np.array([row.elpd_diff if row.elpd_diff is not None else np.nan for _, row, *_ in rows])
    clear = np.array([row.elpd_diff is not None and row.elpd_diff > max(4.0, 2.0 * row.diff_se) for _, row, *_ in rows])
    moved = [
        abs(np.log(m.after / truth[m.parameter])) < abs(np.log(m.before / truth[m.parameter]))
        for _, row, before, truth in rows if row.sampled and before for m in row.moved
    ]  # fmt: skip

    print(f"reported {told.sum()} of {TRUTHS}; intervals of the constant and of all others, freed: {covered}")
    print("of all others, held far off:", [recovery.coverage(np.array(kept)[far], level) for level in (0.5, 0.9)])
    print(f"gain: far {np.nanmedian(gains[far]):.1f}, near {np.nanmedian(gains[near]):.1f}; told {clear[far].sum()} "
          f"of {far.sum()} far, {clear[near].sum()} of {near.sum()} near; nearer the truth {np.mean(moved):.2f} of "
          f"{len(moved)} that moved")  # fmt: skip
    assert told.sum() > 0.8 * TRUTHS
    # Three standard errors: 50 data sets of one parameter, and of seven that hang together.
    assert covered[0.5] == (pytest.approx(0.5, abs=0.21), pytest.approx(0.5, abs=0.11))
    assert covered[0.9] == (pytest.approx(0.9, abs=0.13), pytest.approx(0.9, abs=0.07))
    assert not clear[near].any()
    assert np.nanmedian(gains[far]) > np.nanmedian(gains[near])
    # Held where it is not, the constant spoils the others: what the report is for.
    assert recovery.coverage(np.array(kept)[far], 0.9) < 0.8
    assert np.mean(moved) > 0.5
