"""Prior predictive checks: what a problem's priors say of published behaviour, before any data are looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from il6infer.prediction import quantities
from il6infer.prediction.answer import DRAWS, UNDEFINED_MAX
from il6infer.prediction.ask import Simulator, quantity
from il6infer.prediction.expected import Expected, expected
from il6infer.problems.priors import draw
from il6infer.problems.spec import Problem
from il6infer.stages.prior_check import PriorCheck, Range, RangeCheck, Relation


def check_prior(
    problem: Problem,
    *,
    seed: int,
    against: Expected | None = None,
    draws: int = DRAWS,
    engine: str = "rosenbrock",
    rtol: float = 1e-4,
    atol: float = 1e-7,
    threads: int = 1,
) -> PriorCheck:
    """Simulate the published experiments at draws of the prior, and hold each quantity against its published range.

    The measurements of the problem are not used, only its model, its priors and its state of rest.

    Parameters
    ----------
    seed
        Of the draws; those of `il6infer.prediction.answer.answer` with the same seed are the same.
    against
        Published ranges; None: those of ``expected.csv``.
    """
    against = against or expected()
    simulator = Simulator(problem, against.claims, engine=engine, rtol=rtol, atol=atol)
    thetas = draw(problem.estimated, draws, np.random.default_rng(seed))
    courses = simulator.courses(thetas, threads)
    failures = {
        key: np.asarray(~np.isfinite(course).all(axis=tuple(range(1, course.ndim)))) for key, course in courses.items()
    }
    checks = tuple(
        _check(found, claim.that[0].quantity, simulator, courses, failures, thetas)
        for found, claim in zip(against.ranges, against.claims.claims, strict=True)
    )
    any_failed = np.any([*failures.values(), np.zeros(draws, dtype=bool)], axis=0)
    return PriorCheck(problem.id, draws, int(any_failed.sum()), checks)


def _check(
    known: Range,
    asked: Any,
    simulator: Simulator,
    courses: dict[tuple[str, str], np.ndarray],
    failures: dict[tuple[str, str], np.ndarray],
    thetas: np.ndarray,
) -> RangeCheck:
    place = (known.readout, known.plan)
    needed = (("readout", known.readout), ("experiment", known.plan))
    absent = "; ".join(dict.fromkeys(simulator.absent[n] for n in needed if n in simulator.absent))
    if absent:
        numbers = ("median", "q05", "q95", "inside", "below", "above", "undefined", "silent", "failed")
        return RangeCheck(**vars(known), absent=absent, **dict.fromkeys(numbers), relation="")
    values = quantity(asked, simulator, courses, thetas)
    failed, course, plan = failures[place], courses[place], simulator.claims.plans[known.plan]
    values = np.where(failed, np.nan, values)
    silent = np.zeros(len(thetas), dtype=bool)
    if plan.steps or plan.doses:
        # Cells that do not answer have no amplitude and no persistence: both would be those of rest.
        silent = ~quantities.responds(course[:, -1] if plan.doses else course) & ~failed
        values = np.where(silent, np.nan, values)
    defined = np.isfinite(values)
    q05, median, q95 = np.quantile(values[defined], [0.05, 0.5, 0.95]).tolist() if defined.any() else [None] * 3
    inside = below = above = None
    if known.low is not None and known.high is not None:
        below, above = float(np.mean(values < known.low)), float(np.mean(values > known.high))
        inside = float(np.mean((values >= known.low) & (values <= known.high)))
    return RangeCheck(
        **vars(known),
        absent="",
        median=median,
        q05=q05,
        q95=q95,
        inside=inside,
        below=below,
        above=above,
        undefined=float(np.mean(~defined & ~failed)),
        silent=float(silent.mean()),
        failed=float(failed.mean()),
        relation=_relation(known, q05, q95, float(defined.mean())),
    )


def _relation(known: Range, low: float | None, high: float | None, defined: float) -> Relation:
    """Say how the published range lies to the 90 % interval of the prior, [low, high]."""
    if known.low is None or known.high is None:
        return ""
    if low is None or high is None or defined < 1.0 - UNDEFINED_MAX:
        return "undefined"
    if known.high < low or known.low > high:
        return "excludes"
    return "holds" if low <= known.low and known.high <= high else "cuts"
