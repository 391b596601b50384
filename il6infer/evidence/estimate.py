"""Evidence of a fitted problem: bridge sampling from its draws, and sequential Monte Carlo that knows none of them."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

from il6infer._files import Groups
from il6infer.engine import compile
from il6infer.evidence.bridge import bridge
from il6infer.evidence.likelihood import climbs, criteria_of
from il6infer.inference.density import Density
from il6infer.inference.drawn import draws_of, settings_of, solver_of
from il6infer.inference.nuisance import NOTHING, find_nuisance
from il6infer.inference.parts import Parts
from il6infer.inference.settings import child_seed
from il6infer.inference.smc import Sampled, Stuck, smc
from il6infer.problems.spec import Problem
from il6infer.stages.evidence import Estimate, Evidence
from il6infer.stages.settings import Comparing

logger = logging.getLogger("il6infer")

NEEDED = ("posterior", "log_likelihood")
"""Groups of a posterior that are read."""

RUNS, PARTICLES = 6, 500
"""Independent runs of sequential Monte Carlo, and particles of each."""

LARGEST_ERROR = 1.0
"""Standard error of either logarithm above which agreement would mean nothing."""

_LEVEL = 3.0
"""Standard errors by which the two may differ; of few runs, the same probability by Student's t."""

_ONE = float(student.sf(1.0, math.inf))
"""Probability of more than one standard error above."""

_FLOOR = 0.02

_STUCK = 0.5
"""Correlation of particles with where they were, after all moves of a power, above which they have hardly moved."""

_CLIMBS = 3
"""Best draws from which the likelihood is climbed."""


def evidence_of(
    problem: Problem, idata: Groups, *, seed: int = 1, runs: int = RUNS, particles: int = PARTICLES, threads: int = 1
) -> Evidence:
    """Estimate the evidence of a model by two estimators that must agree.

    Parameters
    ----------
    problem
        What was fitted.
    idata
        Its posterior.
    seed
        Root of all random numbers.
    runs, particles
        Of sequential Monte Carlo.
    threads
        Evaluations at a time; changes no number.

    Raises
    ------
    UserError
        If the posterior is of another problem, or there are too few runs or particles.
    """
    Comparing(runs=runs, particles=particles)
    posterior = idata["posterior"]
    values = draws_of(problem, idata)
    engine = compile(problem, **solver_of(idata))
    integrated = settings_of(idata).get("nuisance", "integrated") == "integrated"
    density = Density(problem, engine, find_nuisance(problem) if integrated else NOTHING)
    parts = Parts(density, threads)
    flat = values.reshape(-1, values.shape[-1])
    bridged = bridge(parts, parts.points(values[..., density.places]), _rng(seed, "bridge"))
    if bridged.log_evidence is not None:
        logger.info("evidence by bridge sampling: %.2f", bridged.log_evidence)
    begun = parts.evaluations
    tempered, found = _tempered(parts, seed, runs, particles)
    tempered = Estimate(*tempered, parts.evaluations - begun, "" if found else "no draw of the prior can be simulated")
    shift = float(np.max(np.abs(density.quadrature_shifts(flat))))
    numerical = max(shift, float(posterior.attrs.get("integration_error", 0.0)))
    best = climbs(problem, engine, flat[_best(idata, len(flat))], threads).logp
    criteria = criteria_of(problem, float(best[0])) if len(best) and math.isfinite(best[0]) else None
    limit = _limit(bridged, tempered, runs)
    value, error, agree = _together(bridged, tempered, limit)
    constraints = tuple(o.id for o in problem.observables if o.is_literature)
    failed = float(np.mean([one.failed for one in found])) if found else 1.0
    notes = _notes(bridged, tempered, limit, agree, found, failed, numerical)
    return Evidence(
        problem.id, len(problem.data), value, error, agree, limit, (bridged, tempered), numerical, failed,
        criteria, constraints, tuple(notes),
    )  # fmt: skip


def _best(idata: Groups, draws: int) -> np.ndarray:
    """Places of the draws of the largest likelihood; the first ones where no likelihood was kept."""
    if "log_likelihood" not in idata:
        return np.arange(min(_CLIMBS, draws))
    kept = idata["log_likelihood"].data_vars.values()
    total = sum(values.values.reshape(draws, -1).sum(axis=1) for values in kept)
    return np.argsort(-np.nan_to_num(total, nan=-np.inf))[:_CLIMBS]


def _rng(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng(child_seed(seed, name))


def _tempered(
    parts: Parts, seed: int, runs: int, particles: int
) -> tuple[tuple[str, float | None, float | None], list[Sampled]]:
    """Mean of independent runs on the linear scale, and its error from how they differ.

    A first run chooses temperatures and moves, and does not count: the others are held to these, and so unbiased.
    """
    method, found = "sequential Monte Carlo", []
    try:
        stages = smc(parts, particles, _rng(seed, "smc pilot")).stages
        for run in range(runs):
            found.append(smc(parts, particles, _rng(seed, f"smc {run}"), stages=stages))
            logger.info(
                "evidence, run %d of %d: %.2f in %d temperatures, acceptance %.2f", run + 1, runs,
                found[-1].log_evidence, len(stages), found[-1].acceptance,
            )  # fmt: skip
    except Stuck:
        return (method, None, None), []
    return (method, *_mean_of_runs(np.array([one.log_evidence for one in found]))), found


def _mean_of_runs(logs: np.ndarray) -> tuple[float, float | None]:
    """Logarithm of the mean of independent estimates, and its error, which holds the truth in 68 % of all cases.

    How few runs differ tells little of how they could: by Student's t the error of four is 1.2 times as large as by
    their standard deviation.
    """
    relative = np.exp(logs - logs.max())
    value = float(logs.max() + math.log(relative.mean()))
    if len(logs) < 2:
        return value, None
    spread = max(relative.std(ddof=1) / relative.mean(), logs.std(ddof=1))
    return value, float(spread / math.sqrt(len(logs)) * student.isf(_ONE, len(logs) - 1))


def _limit(bridged: Estimate, tempered: Estimate, runs: int) -> float | None:
    if bridged.se is None or tempered.se is None:
        return None
    few = student.isf(student.sf(_LEVEL, math.inf), runs - 1) / student.isf(_ONE, runs - 1)
    return float(_FLOOR + math.hypot(_LEVEL * bridged.se, few * tempered.se))


def _together(
    bridged: Estimate, tempered: Estimate, limit: float | None
) -> tuple[float | None, float | None, bool]:  # fmt: skip
    """Weigh two estimates that agree by their precision."""
    if bridged.log_evidence is None or tempered.log_evidence is None or limit is None:
        return None, None, False
    errors = np.array([bridged.se, tempered.se], dtype=float)
    agree = abs(bridged.log_evidence - tempered.log_evidence) <= limit and bool((errors <= LARGEST_ERROR).all())
    if not agree:
        return None, None, False
    weights = 1.0 / np.maximum(errors, 1e-6) ** 2
    value = float(weights @ [bridged.log_evidence, tempered.log_evidence] / weights.sum())
    return value, float(1.0 / math.sqrt(weights.sum())), True


def _notes(
    bridged: Estimate, tempered: Estimate, limit: float | None, agree: bool, runs: Sequence[Sampled], failed: float,
    numerical: float,
) -> list[str]:  # fmt: skip
    notes = [f"{e.method}: no value, for {e.why}." for e in (bridged, tempered) if e.log_evidence is None]
    if not agree and bridged.log_evidence is not None and tempered.log_evidence is not None:
        said = " and ".join(
            f"{e.log_evidence:.2f}" + (f" +- {e.se:.2f}" if e.se is not None else "") + f" ({e.method})"
            for e in (bridged, tempered)
        )
        large = max((e.se for e in (bridged, tempered) if e.se is not None), default=math.inf) > LARGEST_ERROR
        if limit is None or large:
            notes.append(f"The estimates {said} are too uncertain: draw more, or take more particles.")
        else:
            notes.append(
                f"The two estimates do not agree: {said}, which may differ by {limit:.2f}. The draws may lack a mode, "
                "or the particles be too few."
            )
    if runs and failed > 0.0:
        notes.append(
            f"{100 * failed:.1f} % of the prior could not be simulated and counts as impossible: the evidence lacks "
            "whatever the data would say for it."
        )
    if runs and max(one.alike for one in runs) > _STUCK:
        notes.append(
            "At some power of the likelihood the particles of sequential Monte Carlo hardly moved from where they "
            "were, so its error may be larger than is said. Take more particles."
        )
    if numerical > 0.1:
        notes.append(f"Solver and quadrature may be off by {numerical:.2f} in a log-likelihood.")
    return notes
