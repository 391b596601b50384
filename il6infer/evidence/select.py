"""Search a space of models for the best by AIC, AICc or BIC, each at its largest likelihood."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from il6infer.engine import compile
from il6infer.engine.likelihood import pointwise
from il6infer.evidence.likelihood import climbs, criteria_of
from il6infer.exchange.select_space import Candidate, read_space, search, write_candidate
from il6infer.inference.settings import child_seed
from il6infer.petab_files.lint import check
from il6infer.problems.priors import spread_out
from il6infer.problems.spec import Problem
from il6infer.stages.selection import Calibrated, Selection

logger = logging.getLogger("il6infer")

SAME = 0.1
"""Log-likelihoods that differ by less are of one optimum."""


def select(path: Path, folder: Path, *, starts: int = 8, seed: int = 1, threads: int = 1) -> Selection:
    """Search the space of a PEtab Select problem.

    Parameters
    ----------
    path
        Its YAML file.
    folder
        Where each model that is looked at is written as a PEtab problem, in a folder of its name.
    starts
        Points that each likelihood is climbed from: the nominal one, and draws that cover the bounds or priors.
    seed
        Of these.
    threads
        Climbs at a time; changes no number.

    Raises
    ------
    UserError
        If a file of it cannot be read.
    """
    space, found = read_space(path), dict[str, Calibrated]()

    def score(candidate: Candidate) -> float | None:
        if candidate.name not in found:
            found[candidate.name] = _calibrated(candidate, space.criterion, folder, starts, seed, threads)
        return found[candidate.name].value

    steps = tuple(search(space, score))
    models = sorted(found.values(), key=lambda one: np.inf if one.value is None else one.value)
    best = models[0].model if models and models[0].value is not None else None
    return Selection(space.criterion, space.method, best, tuple(models), len(space.candidates), steps)


def _calibrated(
    candidate: Candidate, criterion: str, folder: Path, starts: int, seed: int, threads: int
) -> Calibrated:  # fmt: skip
    problem = check(write_candidate(candidate, folder / candidate.name))
    about = (candidate.name, tuple(sorted(candidate.estimated)), candidate.fixed)
    logs = _log_likelihoods(problem, starts, np.random.default_rng(child_seed(seed, candidate.name)), threads)
    if not len(logs) or not np.isfinite(logs[0]):
        logger.warning("%s: no start can be simulated", candidate.name)
        return Calibrated(*about, None, None, 0, starts)
    known = criteria_of(problem, float(logs[0]))
    reached = int((logs > logs[0] - SAME).sum())
    value = {"AIC": known.aic, "AICc": known.aicc, "BIC": known.bic}[criterion]
    logger.info(
        "%s: %s %s, log-likelihood %.3f, reached from %d of %d starts", candidate.name, criterion,
        "does not exist" if value is None else f"{value:.3f}", known.log_likelihood, reached, starts,
    )  # fmt: skip
    return Calibrated(*about, value, known, reached, starts)


def _log_likelihoods(problem: Problem, starts: int, rng: np.random.Generator, threads: int) -> np.ndarray:
    """Log-likelihood at the end of each start, the best first; of a model that estimates nothing, the one it has."""
    engine = compile(problem)
    if not problem.estimated:
        found = engine.simulate(np.empty(0))
        return np.full(starts, pointwise(problem, found.prediction, found.noise).sum())
    values = spread_out(problem.estimated, starts, rng)
    nominal = np.array([p.nominal for p in problem.estimated])
    values[0] = np.where(np.isfinite(nominal), nominal, values[0])
    return climbs(problem, engine, values, threads).logp
