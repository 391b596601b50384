"""Search a space of models for the best by AIC, AICc or BIC, each at its largest likelihood."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from il6infer._errors import UserError
from il6infer.engine import compile
from il6infer.engine.likelihood import pointwise
from il6infer.evidence.likelihood import climbs, criteria_of
from il6infer.exchange.select_space import Candidate, read_space, search, write_candidate
from il6infer.inference.density import Density
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
    optima: dict[str, _Optimum] = {}

    def calibrate(candidate: Candidate, held: Sequence[_Optimum]) -> None:
        problem = _checked(candidate, folder / candidate.name)
        rng = np.random.default_rng(child_seed(seed, candidate.name))
        logs, values = _climbed(problem, starts, [one.values for one in held], rng, threads)
        found[candidate.name] = _calibrated(candidate, problem, logs, space.criterion)
        if len(logs) and np.isfinite(logs[0]):
            best = dict(zip((p.id for p in problem.estimated), values, strict=True))
            optima[candidate.name] = _Optimum(candidate, {**candidate.fixed, **best}, float(logs[0]))

    def score(candidate: Candidate) -> float | None:
        if candidate.name not in found:
            calibrate(candidate, [one for one in optima.values() if candidate.holds(one.candidate)])
            own = optima.get(candidate.name)
            for larger in [o for o in optima.values() if own and o.candidate.holds(candidate) and o.below(own)]:
                name = larger.candidate.name
                logger.info("%s ended lower than %s, which it holds: it is climbed again", name, candidate.name)
                calibrate(larger.candidate, [o for o in optima.values() if larger.candidate.holds(o.candidate)])
        return found[candidate.name].value

    steps = tuple(search(space, score))
    for one in optima.values():
        for held in [o for o in optima.values() if one.candidate.holds(o.candidate) and one.below(o)]:
            fixed = ", ".join(f"{name} = {held.candidate.fixed[name]:g}" for name in sorted(
                one.candidate.estimated - held.candidate.estimated))  # fmt: skip
            logger.warning(
                "%s ends %.2f lower than %s, which it holds: bounds of what it estimates keep it from %s there",
                one.candidate.name, held.logp - one.logp, held.candidate.name, fixed,
            )  # fmt: skip
    models = sorted(found.values(), key=lambda one: np.inf if one.value is None else one.value)
    best = models[0].model if models and models[0].value is not None else None
    return Selection(space.criterion, space.method, best, tuple(models), len(space.candidates), steps)


def _checked(candidate: Candidate, folder: Path) -> Problem:
    """Write a model and read it; its faults are those of its values in the space, and name it."""
    written = write_candidate(candidate, folder)
    try:
        return check(written)
    except UserError as error:
        values = ", ".join(f"{name} = {'estimate' if v is None else f'{v:g}'}" for name, v in candidate.values)
        about = f"model '{candidate.name}' of the space ({values}), made of {candidate.problem}"
        raise UserError(f"{about}: {str(error).replace(str(written), candidate.problem.name)}") from None


@dataclass(frozen=True)
class _Optimum:
    """Largest likelihood of a candidate that is known, and the values of its parameters there, the fixed ones too."""

    candidate: Candidate
    values: Mapping[str, float]
    logp: float

    def below(self, other: _Optimum) -> bool:
        """Whether it is lower than that of another one, by more than climbs differ."""
        return self.logp < other.logp - SAME


def _calibrated(candidate: Candidate, problem: Problem, logs: np.ndarray, criterion: str) -> Calibrated:
    about, starts = (candidate.name, tuple(sorted(candidate.estimated)), candidate.fixed), len(logs)
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


def _climbed(
    problem: Problem, starts: int, held: Sequence[Mapping[str, float]], rng: np.random.Generator, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Log-likelihood at the end of each start, the best first, and the values there.

    Of a model that estimates nothing, the one it has. `held` are optima of models that this one holds: it cannot be
    lower than they are.
    """
    engine = compile(problem)
    if not problem.estimated:
        found = engine.simulate(np.empty(0))
        return np.full(starts, pointwise(problem, found.prediction, found.noise).sum()), np.empty(0)
    values = spread_out(problem.estimated, starts, rng)
    nominal = np.array([p.nominal for p in problem.estimated])
    values[0] = np.where(np.isfinite(nominal), nominal, values[0])
    more = [[own[p.id] for p in problem.estimated] for own in held]
    climbed = climbs(problem, engine, np.concatenate([values, np.array(more).reshape(-1, len(nominal))]), threads)
    ends = np.pad(climbed.logp, (0, len(values) + len(more) - len(climbed.logp)), constant_values=-np.inf)
    return ends, Density(problem, engine).constrained(climbed.points[0]) if len(climbed.points) else nominal
