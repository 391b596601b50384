"""Would a user be told to believe this fit: the verdict's own checks on sampling, of a fit to simulated data."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from il6infer._files import Groups
from il6infer.diagnosis.verdict import sampling_checks
from il6infer.engine import Engine
from il6infer.inference import predictive
from il6infer.problems.priors import draw
from il6infer.problems.spec import Problem
from il6infer.stages.settings import FitSettings, Thresholds

PRIOR_DRAWS = 200
"""With which a posterior is compared in numbers that decide nothing here."""


def failed_checks(
    problem: Problem, engine: Engine, posterior: Groups, settings: FitSettings, limits: Thresholds
) -> tuple[str, ...]:
    """Names of the checks on sampling that a fit does not pass; none, and a verdict would say that it has sampled.

    Parameters
    ----------
    problem
        With the measured values of this fit.
    engine
        Of the problem, whatever its measured values were.
    posterior
        Of `il6infer.inference.run.sample_problem`.
    settings
        Of the fit.
    limits
        Of the checks.
    """
    drawn, names = posterior["posterior"], [p.id for p in problem.estimated]
    thetas = np.stack([drawn[name].values.ravel() for name in names], axis=-1)
    after = predictive.simulate_all(engine, thetas, settings.threads)
    likelihood = predictive.log_likelihood(problem, after)
    solver = {name: getattr(settings, name) for name in ("engine", "rtol", "atol", "max_steps")}
    error = predictive.integration_error(problem, thetas, likelihood, **solver)
    before = draw(problem.estimated, PRIOR_DRAWS, np.random.default_rng(settings.seed))
    attrs = {
        **drawn.attrs,
        "integration_error": error,
        "failed_simulations": json.dumps({"posterior": int(after.failed.sum())}),
    }
    groups = {
        "posterior": drawn.assign_attrs(attrs),
        "prior": xr.Dataset({name: (("chain", "draw"), before[None, :, i]) for i, name in enumerate(names)}),
        "log_likelihood": predictive.by_variable(problem, likelihood, drawn.sizes["chain"]),
        "sample_stats": posterior["sample_stats"],
    }
    return tuple(dict.fromkeys(reason.check for reason in sampling_checks(groups, limits).failed))
