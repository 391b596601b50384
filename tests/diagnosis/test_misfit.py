"""The answer whether a model reproduces the data: how often a right model gets a no, and wrong ones a yes."""

from __future__ import annotations

import json

import arviz as az
import numpy as np
import pytest
import xarray as xr

from il6infer.diagnosis.predictive import lack_of_fit, lack_of_fit_within_gels, loo_pit, serial_correlation
from il6infer.diagnosis.verdict import _misfit
from il6infer.stages.verdict import Answer

DRAWS, TIMES = 400, np.linspace(0.5, 8.0, 12)


def course(name, rng, truth, replicates):
    """Exact posterior of a line with unknown noise, flat priors, and what a verdict reads of it."""
    times = np.repeat(TIMES, replicates)
    observed = truth(times) + rng.normal(0.0, 0.5, len(times))
    design = np.column_stack([np.ones_like(times), times])
    scatter = np.linalg.inv(design.T @ design)
    best = scatter @ design.T @ observed
    freedom = len(times) - 2
    variance = np.sum((observed - design @ best) ** 2) / rng.chisquare(freedom, DRAWS)
    steps = rng.normal(size=(DRAWS, 2)) @ np.linalg.cholesky(scatter).T * np.sqrt(variance)[:, None]
    median, sd = (best + steps) @ design.T, np.sqrt(variance)[:, None]
    drawn = rng.normal(median, sd)
    density = -0.5 * ((observed - median) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
    both = ("chain", "draw", f"{name}_row")
    return {
        "posterior_predictive": {name: (both, drawn[None])},
        "log_likelihood": {name: (both, density[None])},
        "observed_data": {name: (both[2:], observed)},
        "constant_data": {f"{name}_time": (both[2:], times)}
        | {f"{name}_experiment": (both[2:], np.array(["x"] * len(times)))}
        | {f"{name}_batch": (both[2:], np.array(["x", "x", "y"][:replicates] * len(TIMES)))},
    }


def answer(seed, truth=lambda t: 2.0 + 0.3 * t, readouts=6):
    """Of a problem with as many read-outs, half of them replicated: twice on one gel, once on another."""
    rng = np.random.default_rng(seed)
    groups: dict[str, dict] = {}
    for number in range(readouts):
        for group, variables in course(f"y{number}", rng, truth, 1 + 2 * (number % 2)).items():
            groups.setdefault(group, {}).update(variables)
    noise = {"noise": json.dumps({f"y{n}": "normal" for n in range(readouts)})}
    groups["posterior"] = {"a": (("chain", "draw"), np.zeros((1, DRAWS)))}
    sets = {group: xr.Dataset(variables, attrs=noise) for group, variables in groups.items()}
    idata = az.InferenceData(**sets)
    lack, within = lack_of_fit(idata), lack_of_fit_within_gels(idata)
    return Answer.of(_misfit(loo_pit(idata), lack, within, serial_correlation(idata), 0.01))


def test_a_right_model_is_seldom_said_to_miss_the_data():
    """At most 1 % of problems with six read-outs and fifteen tests: of 60, more than 3 have a probability of 0.3 %."""
    assert sum(not answer(seed).passed for seed in range(60)) <= 3


@pytest.mark.parametrize("replicated", [False, True])
def test_a_bent_course_under_a_straight_line_is_seen(replicated):
    """Large noise covers it, and every band holds its share of the data."""
    found = answer(1, lambda t: 2.0 + 1.5 * np.sin(t), readouts=2)
    checks = {(reason.check, reason.where) for reason in found.failed}

    assert (("lack-of-fit p", "y1") if replicated else ("serial correlation p", "y0")) in checks


def test_the_limit_of_each_test_is_that_of_all_together_shared():
    assert {reason.at_least for reason in answer(1).reasons} == {0.01 / 15}
