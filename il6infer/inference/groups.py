"""What a fit computes after sampling: what was integrated out, predictions, and what the data say of constants."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from il6infer.engine import Engine
from il6infer.inference import predictive
from il6infer.inference.constants import pulls
from il6infer.inference.curves import curves
from il6infer.inference.density import Density
from il6infer.inference.nuisance import in_the_model
from il6infer.inference.progress import Steps
from il6infer.inference.restored import restore
from il6infer.inference.settings import child_seed
from il6infer.problems.priors import draw, quantile
from il6infer.problems.spec import Problem
from il6infer.problems.stimuli import idle_stimuli
from il6infer.stages.settings import FitSettings

if TYPE_CHECKING:
    import arviz as az

PRIOR_DRAWS, CURVES = 200, 200
"""Prior draws simulated, and posterior draws shown as curves."""

STEPS = 6
"""That are told of, of which the last five are those of `add_groups`."""


def solver_settings(settings: FitSettings) -> dict[str, Any]:
    """Those that an engine is compiled with."""
    names = ("engine", "rtol", "atol", "max_steps")
    return {name: getattr(settings, name) for name in names}


def draw_back(
    idata: az.InferenceData, problem: Problem, engine: Engine, density: Density, settings: FitSettings, steps: Steps
) -> dict[str, object]:
    """Draw what was integrated out, in the order of the problem; return attributes that tell about it.

    Parameters
    ----------
    idata
        Its group posterior, of what was sampled, becomes one of all parameters.
    problem, engine, density, settings
        Of the fit.
    steps
        Tells how far it is.
    """
    nuisance = density.nuisance
    about: dict[str, object] = {
        "integrated": json.dumps(list(nuisance.parameters)),
        "not_integrated": json.dumps(dict(nuisance.sampled)),
    }
    posterior, names = idata["posterior"], [p.id for p in problem.estimated]
    draws = np.stack([posterior[name].values.ravel() for name in names if name in posterior], axis=-1)
    with steps("drawing scales, offsets and noise", len(draws) if nuisance.groups else 0) as done:
        if not nuisance.parameters:
            return about
        seed = child_seed(settings.seed, "nuisance")
        values = restore(problem, engine, nuisance, draws, seed, settings.threads, done)
        about |= {"quadrature_error": density.quadrature_error(values)} if nuisance.groups else {}
        far = predictive.residuals_of_offsets(problem, engine, nuisance, values)
        about |= {"residuals_of_offsets": json.dumps(far)} if far else {}
    values = values.reshape(posterior.sizes["chain"], posterior.sizes["draw"], len(names))
    whole = {name: (("chain", "draw"), values[..., i]) for i, name in enumerate(names)}
    idata["posterior"] = xr.Dataset(whole, posterior.coords, posterior.attrs)
    return about


def add_groups(
    idata: az.InferenceData, problem: Problem, engine: Engine, density: Density, settings: FitSettings, steps: Steps
) -> dict[str, object]:
    """Add every group but posterior and sample_stats; return attributes that tell how the simulations fared.

    Parameters
    ----------
    idata
        With the posterior of all parameters.
    problem, engine, density, settings
        Of the fit; the density of all parameters.
    steps
        Tells how far it is.
    """
    names, threads = [p.id for p in problem.estimated], settings.threads
    solver = solver_settings(settings)
    chains = idata["posterior"].sizes["chain"]
    thetas = np.stack([idata["posterior"][name].values.ravel() for name in names], axis=-1)
    prior = draw(problem.estimated, PRIOR_DRAWS, _rng(settings, "prior"))
    with steps("simulating draws of the posterior and the prior", len(thetas) + PRIOR_DRAWS) as done:
        after = predictive.simulate_all(engine, thetas, threads, done)
        before = predictive.simulate_all(engine, prior, threads, done)
    chosen = _rng(settings, "curves").choice(len(thetas), min(CURVES, len(thetas)), replace=False)
    with steps("drawing time courses"):
        shown, about, dense = curves(problem, thetas[np.sort(chosen)], solver, threads)
    with steps("predicting the measurements"):
        observed, constant = predictive.data_groups(problem)
        log_likelihood = predictive.log_likelihood(problem, after)
        prior_drawn = predictive.noisy(problem, before, _rng(settings, "prior_predictive"))
        drawn = predictive.noisy(problem, after, _rng(settings, "posterior_predictive"))
        idata.add_groups(
            prior=xr.Dataset(
                {name: (("chain", "draw"), prior[None, :, i]) for i, name in enumerate(names)},
                coords={"chain": [0], "draw": np.arange(PRIOR_DRAWS)},
            ),
            prior_predictive=predictive.by_variable(problem, prior_drawn, 1),
            posterior_predictive=predictive.by_variable(problem, drawn, chains),
            log_likelihood=predictive.by_variable(problem, log_likelihood, chains),
            observed_data=observed,
            constant_data=constant,
            predictions=shown,
            predictions_constant_data=about,
        )
        constrained = predictive.literature(problem, before, after)
        together = predictive.correlated(problem, after)
    ensembles = {"posterior": after, "prior": before} | ({"predictions": dense} if dense else {})
    with steps("asking the data about constants that were held fixed"):
        held = pulls(problem, density, thetas, prior, engine=settings.engine, threads=threads)
    with steps("checking the solver's tolerances"):
        error = predictive.integration_error(problem, thetas, log_likelihood, **solver)
    return {
        **({"literature": json.dumps(constrained)} if constrained else {}),
        **({"correlated": json.dumps(together)} if together else {}),
        "constants": json.dumps({name: asdict(pull) for name, pull in held.items()}),
        "failed_simulations": json.dumps({name: int(e.failed.sum()) for name, e in ensembles.items()}),
        "integration_error": error,
        "engine_counters": json.dumps({name: e.outcomes for name, e in ensembles.items()}),
    }


def _rng(settings: FitSettings, name: str) -> np.random.Generator:
    return np.random.default_rng(child_seed(settings.seed, name))


def idle_attrs(problem: Problem) -> dict[str, object]:
    """Stimuli that act on nothing, where there are any."""
    idle = idle_stimuli(problem)
    return {"idle_stimuli": json.dumps(idle)} if idle else {}


def told_of_parameters(problem: Problem) -> dict[str, dict[str, object]]:
    """Tell what a reader wants to know of each parameter; a number that does not exist (no bound, no value) is null."""
    inner = in_the_model(problem)
    return {
        p.id: {
            "what": (problem.network.names or {}).get(p.id, ""),
            "unit": p.unit,
            "source": p.source,
            "in_the_model": p.id in inner,
            "lower": _number(p.lower),
            "upper": _number(p.upper),
            "nominal": _number(p.nominal),
            "prior": [p.prior.distribution, *p.prior.parameters] if p.prior else None,
            "prior_quantiles": [quantile(p, level) for level in (0.05, 0.5, 0.95)] if p.prior else None,
        }
        for p in problem.estimated
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
