"""Simulate data sets from draws of the prior, fit each, and rank the truth among the draws of its posterior.

Where prior, simulation and sampler are right, each rank is uniform (Talts et al. 2018, arXiv 1804.06788). Around real
data, truths are draws of their posterior, and each simulated data set is fitted together with the real one: the ranks
are uniform then, too, and say whether the fit is right where these data are (Säilynoja et al. 2025, arXiv 2502.03279).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from il6infer._errors import UserError
from il6infer.calibration.judged import failed_checks
from il6infer.draws import rank_rhat
from il6infer.engine import Engine, compile
from il6infer.inference.run import sample_problem
from il6infer.inference.settings import child_seed
from il6infer.problems.courses import courses_of
from il6infer.problems.courses import draw as noisy
from il6infer.problems.priors import draw
from il6infer.problems.spec import CARRIERS, Problem
from il6infer.stages.calibration import Batch, CalibrationFit
from il6infer.stages.settings import Calibrating, FitSettings, Thresholds

logger = logging.getLogger("il6infer")

LEVELS = 99
"""Draws of the posterior, evenly spaced, among which a truth is ranked: ranks are 0 to this."""

CONVERGED = 1.05
"""R-hat above which a fit counts as not converged; its ranks count all the same, for leaving it out would bias them."""

TRIES = 50
"""Draws of the prior that may fail to be simulated before a data set is given up."""


def run_batch(
    problem: Problem,
    settings: FitSettings,
    calibrating: Calibrating,
    number: int,
    threads: int,
    around: np.ndarray | None = None,
    limits: Thresholds | None = None,
) -> Batch:
    """Make and fit the data sets of one batch.

    Parameters
    ----------
    problem
        Whose priors, experiments and noise are meant; its measured values are used around them alone.
    settings
        Solver, sampler and seed.
    calibrating
        How many fits, how many a batch, and how each is sampled.
    number
        Of the batch, from 0.
    threads
        Chains that run at once.
    around
        (draws, parameters) of the posterior of the measured values, of which the truths are; None: of the prior.
    limits
        Of the checks of each fit; None: those of a verdict by default.

    Raises
    ------
    UserError
        If the sampler is one of PyMC's.
    """
    if settings.sampler.startswith("pymc"):
        raise UserError(
            f"fit.sampler: '{settings.sampler}' samples the pm.Model, far too slowly for the fits of a calibration. "
            "Calibrate 'nutpie', 'tempered' or 'auto', which sample the same posterior."
        )
    build = partial(
        compile, engine=settings.engine, rtol=settings.rtol, atol=settings.atol, max_steps=settings.max_steps
    )
    engine = build(problem)
    # All simulated data sets have the same rows: what is fitted to them is compiled once.
    fitted = engine if around is None else build(_after(problem, problem.measurements))
    asked = _Asked(problem, engine, fitted, settings, calibrating, limits or Thresholds(), threads, around)
    first = number * calibrating.batch
    fits = []
    for one in range(first, min(first + calibrating.batch, calibrating.fits)):
        fits.append(_fit(asked, one))
        logger.info("%s: data set %d of %d: %s", problem.id, one + 1, calibrating.fits, _told(fits[-1]))
    return Batch(problem.id, tuple(p.id for p in problem.estimated), LEVELS, around is not None, tuple(fits))


@dataclass(frozen=True)
class _Asked:
    """What all fits of a batch share; `engine` simulates the data, `fitted` is what is fitted to them."""

    problem: Problem
    engine: Engine
    fitted: Engine
    settings: FitSettings
    calibrating: Calibrating
    limits: Thresholds
    threads: int
    around: np.ndarray | None


def _fit(asked: _Asked, one: int) -> CalibrationFit:
    problem, settings, calibrating = asked.problem, asked.settings, asked.calibrating
    root = int(child_seed(settings.seed, f"calibration {one}").generate_state(1)[0])
    simulated = simulate(problem, asked.engine, np.random.default_rng(root), asked.around)
    if simulated is None:
        whose = "prior" if asked.around is None else "posterior"
        return CalibrationFit(one, None, None, f"none of {TRIES} draws of the {whose} can be simulated", None)
    truth, data = simulated
    chosen = replace(
        settings, seed=root, chains=calibrating.chains, tune=calibrating.tune, draws=calibrating.draws,
        starts=calibrating.starts, threads=asked.threads,
    )  # fmt: skip
    try:
        idata = sample_problem(data, chosen, engine=asked.fitted)
    except UserError as error:
        return CalibrationFit(one, None, None, str(error).splitlines()[0], None)
    posterior, names = idata["posterior"], [p.id for p in problem.estimated]
    rhat = max(float(rank_rhat(_chains(posterior[name].values))) for name in names)
    flat = np.stack([posterior[name].values.ravel() for name in names], axis=-1)
    rows = flat[np.linspace(0, len(flat) - 1, min(LEVELS, len(flat))).astype(int)]
    why = "" if rhat <= CONVERGED else f"not converged (R-hat {rhat:.3f})"
    ranks = tuple(int(rank) for rank in (rows < truth).sum(axis=0))
    return CalibrationFit(one, ranks, rhat, why, failed_checks(data, asked.fitted, idata, chosen, asked.limits))


def _told(fit: CalibrationFit) -> str:
    """Say what became of a data set."""
    if fit.ranks is None:
        return fit.why
    checks = fit.failed_checks or ()
    return f"{fit.why or 'fitted'}; verdict {'fails by ' + ', '.join(checks) if checks else 'passes'}"


def simulate(
    problem: Problem, engine: Engine, rng: np.random.Generator, around: np.ndarray | None = None
) -> tuple[np.ndarray, Problem] | None:
    """Draw parameters from the prior, and measurements from the model.

    Parameters
    ----------
    problem
        Whose measured values are replaced.
    engine
        Compiled from it.
    rng
        Of both draws.
    around
        (draws, parameters) of which the true parameters are one; None: of the prior.

    Returns
    -------
    tuple or None
        True parameters, and the problem with simulated values, of which those are limits again that fall beyond the
        limit of their measurement (others have no limit that is known). They stand after the measured ones where truths
        are `around` them; None where no draw could be simulated.
    """
    for _ in range(TRIES):
        theta = draw(problem.estimated, 1, rng)[0] if around is None else around[rng.integers(len(around))]
        found = engine.simulate(theta)
        if not found.ok:
            continue
        values = noisy(problem, found.prediction[None], found.noise[None], rng)[0]
        if np.isfinite(values).all():
            made = _limited(problem, values)
            return theta, problem.with_measurements(made) if around is None else _after(problem, made)
    return None


def _after(problem: Problem, made: pd.DataFrame) -> Problem:
    """Put simulated measurements after the measured ones."""
    if courses_of(problem):  # their courses are others than the measured ones
        made = made.assign(replicate=made["replicate"].astype(str) + " simulated")
        made = made[~made["observable"].str.startswith(CARRIERS)]
    return problem.with_measurements(pd.concat([problem.measurements, made]))


def _chains(values: np.ndarray) -> np.ndarray:
    """Chains (chains, draws) that R-hat can compare: a single one is two, its halves."""
    half = values.shape[1] // 2
    return values if len(values) > 1 else np.stack([values[0, :half], values[0, -half:]])


def _limited(problem: Problem, values: np.ndarray) -> pd.DataFrame:
    """Measurements with simulated values: a limit stays one where the value lies beyond it, on its side."""
    rows = problem.measurements
    if "censored" not in rows:
        return rows.assign(value=values)
    limits = rows["value"].to_numpy(dtype=float)
    beyond = np.where(problem.sides < 0, values < limits, values > limits) & (problem.sides != 0)
    return rows.assign(value=np.where(beyond, limits, values), censored=rows["censored"].where(beyond, ""))
