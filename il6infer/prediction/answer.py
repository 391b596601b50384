"""Answers to claims: prior and posterior probability, Bayes factor, the quantities' intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from il6infer._files import Groups
from il6infer.prediction.ask import Simulator, bounds, quantity
from il6infer.prediction.claims import Claim, Claims, label, needs, unit
from il6infer.prediction.draws import posterior_draws
from il6infer.prediction.leaning import leanings
from il6infer.problems.priors import draw
from il6infer.problems.spec import Problem
from il6infer.stages.claims import Answers, ClaimAnswer, Quantity, Summary

Bound = Literal["", "at least", "at most"]

PARTS = ("posterior", "log_likelihood", "constant_data")
"""Groups of a posterior that are read."""

DRAWS = 400
"""Draws of the prior, and of the posterior evenly spread over the chains."""

UNDEFINED_MAX = 0.1
"""Where a quantity is undefined at more than this share of the draws, no probability is given."""


def answer(
    problem: Problem,
    idata: Groups | None,
    claims: Claims,
    *,
    seed: int,
    draws: int = DRAWS,
    engine: str = "rosenbrock",
    rtol: float = 1e-4,
    atol: float = 1e-7,
    threads: int = 1,
) -> Answers:
    """Ask every claim of one fit.

    Parameters
    ----------
    problem
        The problem that was fitted.
    idata
        Its posterior; None asks the prior alone, and leaves everything about the posterior null.
    draws
        Of the prior, and of the posterior at most.
    """
    thetas = {"prior": draw(problem.estimated, draws, np.random.default_rng(seed))}
    if idata is not None:
        thetas["posterior"] = posterior_draws(problem, idata, draws)
    simulator = Simulator(problem, claims, engine=engine, rtol=rtol, atol=atol)
    samples = {name: (drawn, simulator.courses(drawn, threads)) for name, drawn in thetas.items()}
    units = {p.id: p.unit for p in problem.estimated}
    holds: dict[str, np.ndarray] = {}
    found = tuple(_claim(claim, simulator, samples, units, holds) for claim in claims.claims)
    if idata is None:
        return Answers(problem.id, None, found)
    changes = leanings(problem, idata, thetas["posterior"], holds)
    return Answers(problem.id, len(thetas["posterior"]), found, changes)


def truths(problem: Problem, claims: Claims, theta: np.ndarray, **solver: Any) -> dict[str, bool | None]:
    """Claim -> whether it is true at one parameter vector; None where the model cannot be asked.

    Parameters
    ----------
    theta
        (parameters,), on the linear scale.
    solver
        As `Simulator` takes it.
    """
    simulator = Simulator(problem, claims, **solver)
    sample = (theta[None], simulator.courses(theta[None]))
    found = {claim.id: _claim(claim, simulator, {"posterior": sample}, {}, {}) for claim in claims.claims}
    return {name: None if a.posterior is None else a.posterior > 0.5 for name, a in found.items()}


def _claim(
    claim: Claim, simulator: Simulator, samples: Mapping[str, tuple], units: Mapping[str, str],
    holding: dict[str, np.ndarray],
) -> ClaimAnswer:  # fmt: skip
    """Ask one claim; `holding` takes where it holds at the draws of the posterior (1, 0, or NaN: undefined)."""
    absent = "; ".join(dict.fromkeys(simulator.absent[n] for n in needs(claim) if n in simulator.absent))
    found: dict[str, list[Summary]] = {}
    counts: dict[str, tuple[int, int] | None] = {"prior": None, "posterior": None}
    for name, (thetas, courses) in ({} if absent else samples).items():
        values = [quantity(c.quantity, simulator, courses, thetas) for c in claim.that]
        known = [bounds(c.quantity, courses) for c in claim.that]
        decided = (c.decided(v, *ends) for c, v, ends in zip(claim.that, values, known, strict=True))
        defined = np.all(list(decided), axis=0)
        holds = np.all([c.holds(v) for c, v in zip(claim.that, values, strict=True)], axis=0)
        found[name] = [_summary(v, *ends) for v, ends in zip(values, known, strict=True)]
        if defined.mean() >= 1.0 - UNDEFINED_MAX:
            counts[name] = int(holds[defined].sum()), int(defined.sum())
            if name == "posterior":
                holding[claim.id] = np.where(defined, holds.astype(float), np.nan)
    quantities = tuple(
        Quantity(
            label=label(c.quantity),
            unit=unit(c.quantity, units),
            above=None if np.isinf(c.above) else c.above,
            below=None if np.isinf(c.below) else c.below,
            **{name: found[name][i] if name in found else None for name in counts},
        )
        for i, c in enumerate(() if absent else claim.that)
    )
    before, after = counts["prior"], counts["posterior"]
    factor, bound = _bayes_factor(before, after) if before and after else (None, "")
    chances = {name: None if count is None else count[0] / count[1] for name, count in counts.items()}
    return ClaimAnswer(
        claim.id, claim.statement, claim.source, absent, quantities, **chances, bayes_factor=factor, bound=bound
    )


def _summary(values: np.ndarray, at_least: np.ndarray, at_most: np.ndarray) -> Summary:
    """Numbers of the draws, and shares of them at which a number is a bound: of the larger, or the smaller, truth."""
    defined = np.isfinite(values)
    finite = values[defined]
    low, middle, high = np.quantile(finite, [0.05, 0.5, 0.95]) if len(finite) else (None, None, None)
    median, q05, q95 = (None if v is None else float(v) for v in (middle, low, high))
    lower, upper = (float(np.mean(bound & defined)) for bound in (at_least, at_most))
    return Summary(median, q05, q95, float(np.mean(~defined)), lower, upper)


def _bayes_factor(prior: tuple[int, int], posterior: tuple[int, int]) -> tuple[float | None, Bound]:
    """Posterior odds over prior odds, from counts (true, all), half a draw added to each side.

    Where all draws agree the odds are a bound, and so is the factor; bounds in both directions leave nothing to say.
    """
    odds = [(true + 0.5) / (size - true + 0.5) for true, size in (prior, posterior)]
    least = prior[0] == 0 or posterior[0] == posterior[1]
    most = prior[0] == prior[1] or posterior[0] == 0
    if least and most:
        return None, ""
    return odds[1] / odds[0], "at least" if least else "at most" if most else ""
