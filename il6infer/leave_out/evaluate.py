"""Log-density of each group given all others: by importance sampling where that can be trusted, else by a refit.

The joint density of a group's measurements is what counts: those of one gel share a scale, and residuals of one course
follow each other, so that leaving single values out flatters a model. Roberts et al. 2017, doi 10.1111/ecog.02881; for
the importance weights Vehtari, Gelman and Gabry 2017, doi 10.1007/s11222-016-9696-4.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from il6infer._errors import UserError, nearest
from il6infer._files import Groups
from il6infer.draws import bulk_draws, effective_draws, rank_rhat, smoothed_weights
from il6infer.draws.bridging import bridge_error, bridged
from il6infer.engine import Engine, compile
from il6infer.inference.density import Density
from il6infer.inference.drawn import draws_of, solver_of
from il6infer.inference.frame import Frame, learnt_frame
from il6infer.inference.settings import child_seed
from il6infer.leave_out.alone import unknown_of
from il6infer.leave_out.densities import with_and_without
from il6infer.leave_out.groups import GroupLikelihood, groups_of, likelihoods_of, merged
from il6infer.leave_out.moments import matched, worth_of
from il6infer.problems.courses import carriers_of
from il6infer.problems.spec import Problem
from il6infer.stages.elsewhere import MASS
from il6infer.stages.leave_out import LABELS, LeaveOut, LeftOut
from il6infer.stages.settings import FitSettings, Thresholds

logger = logging.getLogger("il6infer")

NEEDED = ("posterior",)
"""Groups of a posterior that are read."""

WORTH = 0.2
"""Share of the draws that weights of the full fit's own draws must be worth: where they are worth less, Pareto k of a
few thousand draws may be small by chance, and the density is off by a unit or more (docs/comparison.md)."""

MOST_ERROR = 0.5
"""Of a density by a bridge between two fits, above which they overlap too little."""

MOVED = 2000
"""Draws of the full fit, about, that are moved."""

LEAST_TUNING, LEAST_DRAWS = 100, 250
"""Iterations of a refit: a quarter of the tuning of the full fit, for the metric is known, and half of its draws."""


def leave_out(
    problem: Problem, idata: Groups, settings: FitSettings, thresholds: Thresholds, *, unit: str,
    job: int = 0, jobs: int = 1, data_sets: Sequence[str] = (),
) -> LeaveOut:  # fmt: skip
    """Leave groups of measurements out, one at a time.

    Parameters
    ----------
    problem
        What was fitted.
    idata
        Its posterior.
    settings
        Of the fit; a refit has a quarter of its tuning and half of its draws.
    thresholds
        Limits that a refit must keep: R-hat, effective draws, divergences; and the Pareto k up to which none is needed.
    unit
        batch, condition or data_set.
    job, jobs
        Every so many of the groups, from this one on, are of this job.
    data_sets
        Names of those of a joint fit.

    Raises
    ------
    UserError
        If the posterior is of another problem, or the unit unknown.
    """
    if unit not in LABELS:
        raise UserError(f"leave_out: '{unit}' is unknown. {nearest(unit, LABELS)}")
    groups = groups_of(problem, unit, data_sets)
    if len(groups) < 2:
        return LeaveOut(problem.id, unit, 0, (), f"all measurements are of one {LABELS[unit]}")
    likelihoods = likelihoods_of(problem, groups)
    names = [*groups][job::jobs]
    engine, values = compile(problem, **solver_of(idata)), draws_of(problem, idata)
    flat = values.reshape(-1, values.shape[-1])
    logs = _log_densities(engine, flat, likelihoods, settings.threads) if names else {}
    efficiency = float(np.mean([effective_draws(values[..., i]) for i in range(values.shape[-1])])) / len(flat)
    found = []
    for name in names:
        one, share = _quick(name, len(groups[name]), logs[name], min(1.0, efficiency))
        if one.k is None or not one.k <= thresholds.pareto_k_max or share < WORTH:
            logger.info("%s: Pareto k %s, weights worth %.1f %% of the draws: too little", name, one.k, 100 * share)
            one = _moved(problem, engine, name, likelihoods[name], values, settings.threads, thresholds)
        if one is None:
            logger.info("%s: importance sampling cannot leave it out: fitting all others", name)
            whole = logs[name].reshape(values.shape[:2])
            one = _refit(problem, engine, name, likelihoods[name], values, whole, settings, thresholds)
        found.append(one)
        logger.info("%s: log-density %s (%s)", name, one.elpd, one.method)
    return LeaveOut(problem.id, unit, len(groups), tuple(found), "")


def _log_densities(
    engine: Engine, values: np.ndarray, likelihoods: dict[str, GroupLikelihood], threads: int
) -> dict[str, np.ndarray]:
    """Log-density of each group at each draw (draws,)."""
    template = merged(likelihoods)

    def one(theta: np.ndarray) -> list[float]:
        found = engine.simulate(theta)
        return [own(found.prediction, found.noise) for own in likelihoods.values()]

    rows = np.array(_at_each(one, np.where(np.isnan(template), values, template), threads))
    return {name: rows[:, i] for i, name in enumerate(likelihoods)}


def _at_each(one: Callable[[np.ndarray], Any], thetas: np.ndarray, threads: int) -> list[Any]:
    with ThreadPoolExecutor(max(1, threads)) as pool:
        return list(pool.map(one, thetas))


def _quick(name: str, n: int, logs: np.ndarray, efficiency: float) -> tuple[LeftOut, float]:
    """Weigh the draws of the full fit by one over the density of the group; and what share of them that is worth."""
    if not np.isfinite(logs).all():
        return LeftOut(name, n, None, None, None, "psis", "a draw has no density"), 0.0
    weights, k = smoothed_weights(-logs[None, :], efficiency)
    value, error = _mean(weights[0], logs, efficiency)
    found = LeftOut(name, n, value, error, float(k[0]) if math.isfinite(k[0]) else None, "psis", "")
    return found, worth_of(weights[0])


def _mean(log_weights: np.ndarray, logs: np.ndarray, efficiency: float) -> tuple[float, float]:
    """Logarithm of the weighted mean of densities, and its Monte Carlo error."""
    value = float(np.logaddexp.reduce(log_weights + logs))
    relative = np.exp(logs - value) - 1.0
    return value, math.sqrt(float(((np.exp(log_weights) * relative) ** 2).sum()) / efficiency)


def _moved(
    problem: Problem, engine: Engine, name: str, group: GroupLikelihood, values: np.ndarray, threads: int,
    thresholds: Thresholds,
) -> LeftOut | None:  # fmt: skip
    """Weigh draws of the full fit that were moved to where a fit to all others has its own; None where none can be."""
    both = with_and_without(problem, engine, group, lambda one, thetas: _at_each(one, thetas, threads))
    if both is None or thresholds.pareto_k_max <= 0.0:  # every group is to be refitted
        return None
    thinned = values[:, :: max(1, values.shape[1] * values.shape[0] // MOVED)]
    worth = float(np.mean([effective_draws(thinned[..., i]) for i in both.places]))
    flat = thinned.reshape(-1, thinned.shape[-1])
    efficiency = min(1.0, worth / len(flat))
    found = matched(both.points(flat), both, efficiency, thresholds.pareto_k_max)
    if found is None:
        return None
    n = len(set(group.rows) - {*carriers_of(problem).values()})
    return LeftOut(name, n, *_mean(found.log_weights, found.group, efficiency), found.k, "moved", "")


def _refit(
    problem: Problem, engine: Engine, name: str, group: GroupLikelihood, values: np.ndarray, whole: np.ndarray,
    settings: FitSettings, thresholds: Thresholds,
) -> LeftOut:  # fmt: skip
    """Fit all other measurements, from where the full fit was.

    Where few draws of the refit carry the group's density, those of the full fit (`whole`, its logarithm there) are the
    other end of a bridge: both fits differ by this density alone.
    """
    from il6infer.inference.run import sample_problem  # nutpie and ArviZ take seconds to import

    unknown = unknown_of(group)
    rest, kept = _without(problem, group, unknown.gone)
    draws = max(LEAST_DRAWS, settings.draws // 2)
    seed = int(child_seed(settings.seed, f"without {name}").generate_state(1)[0])
    tune = min(settings.tune, max(LEAST_TUNING, settings.tune // 4))
    chosen = replace(settings, sampler="nutpie", tune=tune, draws=draws, seed=seed)

    def begin(density: Density) -> list[tuple[Frame, np.ndarray]]:
        return _warm(density, values[..., kept][..., density.places], chosen, seed)

    idata = sample_problem(rest, chosen, begin)
    posterior = idata["posterior"]
    drawn = np.tile(unknown.template, (posterior.sizes["chain"], posterior.sizes["draw"], 1))
    for place, parameter in enumerate(problem.estimated):
        if parameter.id in posterior:
            drawn[..., place] = posterior[parameter.id].values
    doubts = _doubts(idata, thresholds)
    found = _at_each(engine.simulate, drawn.reshape(-1, drawn.shape[-1]), settings.threads)
    predictions, noises = np.stack([own.prediction for own in found]), np.stack([own.noise for own in found])
    logs = unknown(predictions, noises, np.random.default_rng(child_seed(seed, "scales, offsets and noise")))
    n = len(set(group.rows) - {*carriers_of(problem).values()})
    top = logs.max()
    if doubts or not math.isfinite(top):
        why = "; ".join(doubts) or "no draw of the refit gives the measurements a density"
        return LeftOut(name, n, None, None, None, "refit", why)
    relative = np.exp(logs - top)
    mean = float(relative.mean())
    worth = effective_draws(relative.reshape(drawn.shape[:2]))
    error = float(relative.std() / mean / math.sqrt(worth)) if math.isfinite(worth) and worth > 0 else None
    k = float(smoothed_weights(np.where(np.isfinite(logs), logs, -1e300)[None, :])[1][0])
    why = "" if k <= thresholds.pareto_k_max else f"few draws of the refit carry its density (Pareto k {k:.2f})"
    if why and not unknown.parts:
        between = _between(whole, logs.reshape(drawn.shape[:2]))
        if between is not None:
            return LeftOut(name, n, *between, None, "refit", "")
    return LeftOut(name, n, float(top + math.log(mean)), error, k if math.isfinite(k) else None, "refit", why)


def _between(whole: np.ndarray, alone: np.ndarray) -> tuple[float, float] | None:
    """Log-density of a group by a bridge between draws of the fit with it and of that without, and its error.

    Parameters
    ----------
    whole, alone
        (chains, draws) log-density of the group at draws of both.

    Returns
    -------
    tuple of float
        None where they hardly overlap.
    """
    if not np.isfinite(whole).all():
        return None
    worth = effective_draws(whole)
    found = bridged(whole.ravel(), alone.ravel(), worth if math.isfinite(worth) else float(whole.size))
    if found is None:
        return None
    error = bridge_error(whole, alone, *found)
    return (found[0], error) if error < MOST_ERROR else None


def _without(problem: Problem, group: GroupLikelihood, gone: set[str]) -> tuple[Problem, np.ndarray]:
    """Give the problem of all other measurements, and the places of its parameters among all.

    What only the group names and is averaged over there (`gone`) is a parameter no more.
    """
    own = problem.measurements.index[np.setdiff1d(group.rows, [*carriers_of(problem).values()])]
    rest = problem.with_measurements(problem.measurements.drop(index=own))
    parameters = tuple(replace(p, estimate=p.estimate and p.id not in gone) for p in problem.parameters)
    kept = np.flatnonzero([p.id not in gone for p in problem.estimated])
    return replace(rest, parameters=parameters), kept


def _warm(density: Density, values: np.ndarray, settings: FitSettings, seed: int) -> list[tuple[Frame, np.ndarray]]:
    """Start each chain at a draw of the full fit, in the frame of all of these."""
    points = density.unconstrained(values.reshape(-1, values.shape[-1]))
    points = points[np.isfinite(points).all(axis=1)]
    spread = np.diag(np.maximum(points.std(axis=0), 1e-8))
    frame = learnt_frame(Frame(points.mean(axis=0), spread), points)
    chosen = np.random.default_rng(seed).choice(len(points), settings.chains, replace=len(points) < settings.chains)
    return [(frame, np.linalg.solve(frame.matrix, points[i] - frame.origin)) for i in chosen]


def _doubts(idata: Groups, thresholds: Thresholds) -> list[str]:
    """Say why a refit cannot be trusted."""
    posterior, found = idata["posterior"], []
    rhat = max(rank_rhat(posterior[name].values) for name in posterior.data_vars)
    worth = min(bulk_draws(posterior[name].values) for name in posterior.data_vars)
    diverged = float(idata["sample_stats"]["diverging"].values.mean())
    if not rhat <= thresholds.rhat_max:
        found.append(f"the refit did not converge: R-hat {rhat:.3f} (limit: at most {thresholds.rhat_max:g})")
    if not worth >= thresholds.ess_min:
        found.append(f"the refit has too few effective draws: {worth:.0f} (limit: at least {thresholds.ess_min:g})")
    if not diverged <= thresholds.divergences_max:
        found.append(f"{100 * diverged:.2f} % of the refit's draws diverged")
    elsewhere = json.loads(posterior.attrs.get("elsewhere", "null"))
    if elsewhere and elsewhere["mass"] > MASS:
        share = f"{100 * elsewhere['mass']:.2g} % of the refit's posterior"
        found.append(f"{share} lies where no draw is (limit: at most {100 * MASS:g} %)")
    return found
