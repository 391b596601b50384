"""One fit, from a problem to an InferenceData with every group filled."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from il6infer._errors import Fault, UserError, raise_faults
from il6infer._interruption import Interruption
from il6infer.engine import Engine, compile
from il6infer.inference import predictive
from il6infer.inference.checkpoint import Checkpoint
from il6infer.inference.constants import pulls
from il6infer.inference.curves import curves
from il6infer.inference.density import Density
from il6infer.inference.exchanges import with_images
from il6infer.inference.frame import Frame
from il6infer.inference.nuisance import NOTHING, find_nuisance
from il6infer.inference.plateaus import find_plateaus
from il6infer.inference.progress import told
from il6infer.inference.restored import restore
from il6infer.inference.sampler import Sampler, Stated
from il6infer.inference.settings import child_seed
from il6infer.inference.starts import Mode, Starts, disperse, find_modes, find_starts, possible
from il6infer.problems.priors import draw, quantile, spread_out
from il6infer.problems.spec import Problem
from il6infer.problems.stimuli import idle_stimuli
from il6infer.problems.variables import variable_names
from il6infer.stages.settings import FitSettings

if TYPE_CHECKING:
    import arviz as az

logger = logging.getLogger("il6infer")

Begin = Callable[[Density], list[tuple[Frame, np.ndarray]]]

PRIOR_DRAWS, CURVES = 200, 200
"""Prior draws simulated, and posterior draws shown as curves."""


def fit_problem(
    problem: Problem,
    settings: FitSettings,
    checkpoint: Checkpoint | None = None,
    interruption: Interruption | None = None,
    stated: Stated | None = None,
) -> az.InferenceData:
    """Sample the posterior of a problem in memory.

    Parameters
    ----------
    checkpoint
        Where draws are kept while they are made, and what an interrupted fit has left.
    interruption
        Says when to stop.
    stated
        The PyMC model, against which the compiled density is held first, and its samplers; None: only nutpie.

    Returns
    -------
    arviz.InferenceData
        Groups posterior, sample_stats and their warm-up, prior, prior_predictive, posterior_predictive and
        log_likelihood (of every posterior draw, so that both line up), observed_data, constant_data, predictions,
        predictions_constant_data. Failed simulations are NaN, -inf in log_likelihood, and counted in the attributes.
    """
    began = time.monotonic()
    solver = _solver(settings)
    with told(f"{problem.id}: compiling, which is kept for every later run on this machine"):
        engine = compile(problem, **solver, threads=max(1, settings.threads // settings.chains))
        # The statement's own samplers sample what is stated: every parameter.
        integrated = settings.nuisance == "integrated" and not settings.sampler.startswith("pymc")
        nuisance = find_nuisance(problem) if integrated else NOTHING
        density = Density(problem, engine, nuisance)
        # Of all parameters, for what asks at draws of all.
        whole = Density(problem, engine) if nuisance.groups else density
    logger.info(
        "%s: %d parameters, %d measurements, %d experiments in %d simulations", problem.id, len(problem.estimated),
        len(problem.data), len(engine.plan.experiments), len(engine.plan.runs),
    )  # fmt: skip
    compiled = time.monotonic()
    logger.info("%s: compiled in %.1f s", problem.id, compiled - began)
    sample, called = _sampler(problem, engine, settings, stated)
    if stated:
        stated.hold(problem, engine, whole)
    starts, about_starts = _starts(problem, engine, density, settings, checkpoint)
    started = time.monotonic()
    idata = sample(density, starts, _seeds(settings), settings, checkpoint, interruption)
    sampled, failures = time.monotonic(), engine.failures()
    about_nuisance = _restore(idata, problem, engine, density, settings)
    counted = _add_groups(idata, problem, engine, whole, settings)
    counted["sampling_failures"] = json.dumps(failures, sort_keys=True)
    gradients = int(sum(idata[g]["n_steps"].sum() for g in ("warmup_sample_stats", "sample_stats")))
    gradients += idata["posterior"].attrs.pop("gradients_before", 0)
    ended = time.monotonic()
    logger.info(
        "%s: %d gradients in %.0f s of sampling, %d divergences after tuning; %.0f s in all", problem.id, gradients,
        sampled - started, int(idata["sample_stats"]["diverging"].sum()), ended - began,
    )  # fmt: skip
    idata["posterior"].attrs.update(
        {
            "problem_id": problem.id,
            "seed": settings.seed,
            "settings": json.dumps(asdict(settings), sort_keys=True),
            "engine": settings.engine,
            "sampler": idata["posterior"].attrs.get("sampler", called),
            "wall_time_s": round(ended - began, 1),
            "compile_time_s": round(compiled - began, 1),
            "sampling_time_s": round(sampled - started, 1),
            "gradients": gradients,
            "noise": json.dumps(
                {variable_names(problem)[o.id]: o.distribution for o in problem.observables if not o.is_carrier}
            ),
            "estimated": json.dumps(_estimated(problem)),
            **_idle_attrs(problem),
            **_resumed_attrs(idata),
            **about_starts,
            **about_nuisance,
            **counted,
        }
    )
    idata["sample_stats"].attrs.update({"gradients": gradients, **counted})
    for parameter in problem.estimated:
        for group in ("posterior", "prior", "warmup_posterior"):
            if parameter.id in idata[group]:  # the warm-up holds only what is sampled
                idata[group][parameter.id].attrs["units"] = parameter.unit
    return idata


def sample_problem(
    problem: Problem, settings: FitSettings, begin: Begin | None = None, engine: Engine | None = None
) -> az.InferenceData:
    """Sample the posterior of a problem on the compiled density, and make no group of what is predicted.

    Parameters
    ----------
    problem
        In memory.
    settings
        Of the fit.
    begin
        Says of the density where each chain begins; None: optimised draws of the prior.
    engine
        Compiled from this problem with these settings, whatever its measured values were; None: it is compiled.

    Returns
    -------
    arviz.InferenceData
        Groups posterior (of all parameters) and sample_stats, and their warm-up.

    Raises
    ------
    UserError
        If it cannot be fitted, or the sampler is one of PyMC's.
    """
    engine = engine or compile(problem, **_solver(settings))
    sample, called = _sampler(problem, engine, settings, None)
    nuisance = find_nuisance(problem) if settings.nuisance == "integrated" else NOTHING
    density = Density(problem, engine, nuisance)
    starts = begin(density) if begin else _climb(problem, engine, density, settings)[0]
    idata = sample(density, starts, _seeds(settings), settings)
    about = _restore(idata, problem, engine, density, settings)
    about |= {"sampler": idata["posterior"].attrs.get("sampler", called), "estimated": json.dumps(_estimated(problem))}
    idata["posterior"].attrs.update(about)
    return idata


def _seeds(settings: FitSettings) -> list[int]:
    """Give the seed of each chain."""
    return [int(child_seed(settings.seed, f"chain {c}").generate_state(1)[0]) for c in range(settings.chains)]


def _sampler(problem: Problem, engine: Engine, settings: FitSettings, stated: Stated | None) -> tuple[Sampler, str]:
    """Choose the sampler, and say which it is."""
    called = f"nutpie NUTS, {settings.mass_matrix} mass matrix"
    if settings.sampler == "nutpie":
        # Here, for nutpie and ArviZ take seconds to import, and a problem may have been refused before.
        from il6infer.inference.nuts import sample

        return sample, called
    if settings.sampler in ("tempered", "auto"):
        from il6infer.inference import tempered

        if settings.sampler == "auto":
            return tempered.sample_as_needed, called
        return tempered.sample, tempered.TEMPERED
    if stated is None:
        raise UserError(f"sampler '{settings.sampler}' needs the PyMC model: give it, or choose 'nutpie'.")
    of_pymc = {"pymc": "PyMC NUTS on the pm.Model, diagonal mass matrix", "pymc_smc": "PyMC SMC on the pm.Model"}
    return stated.samplers[settings.sampler](problem, engine), of_pymc[settings.sampler]


def _starts(
    problem: Problem, engine: Engine, density: Density, settings: FitSettings, checkpoint: Checkpoint | None
) -> tuple[list[tuple[Frame, np.ndarray]], dict[str, object]]:
    """Where the chains begin, and attributes that tell how that was found; from the checkpoint where it has them."""
    kept = checkpoint.starts() if checkpoint else None
    if kept is not None:
        return kept
    starts, found, modes = _climb(problem, engine, density, settings)
    sampled = [problem.estimated[place] for place in density.places]
    plateaus = find_plateaus(density.log_likelihood, sampled, density.constrained(modes[0].frame.origin))
    about = _start_attrs(found, modes) | {"plateaus": json.dumps([asdict(plateau) for plateau in plateaus])}
    if checkpoint:
        checkpoint.keep_starts(starts, about)
    return starts, about


def _climb(
    problem: Problem, engine: Engine, density: Density, settings: FitSettings
) -> tuple[list[tuple[Frame, np.ndarray]], Starts, list[Mode]]:
    """Where the chains begin, the optima that were reached, and the modes among them."""
    found = find_starts(density, origins(problem, density, settings), settings.threads)
    if not len(found.points):
        raise UserError(_nowhere(problem, engine, settings))
    found = with_images(density, found, settings.threads)
    modes = find_modes(density, found, settings.chains, settings.threads)
    logger.info(
        "%s: chains begin at %d mode%s, log-density %s", problem.id, len(modes), "s" if len(modes) > 1 else "",
        ", ".join(f"{mode.logp:.2f}" for mode in modes),
    )  # fmt: skip
    return disperse(density, modes, settings.chains, _rng(settings, "dispersion")), found, modes


def _restore(
    idata: az.InferenceData, problem: Problem, engine: Engine, density: Density, settings: FitSettings
) -> dict[str, object]:
    """Draw what was integrated out, in the order of the problem; return attributes that tell about it."""
    nuisance = density.nuisance
    about: dict[str, object] = {
        "integrated": json.dumps(list(nuisance.parameters)),
        "not_integrated": json.dumps(dict(nuisance.sampled)),
    }
    if not nuisance.groups:
        return about
    posterior, names = idata["posterior"], [p.id for p in problem.estimated]
    draws = np.stack([posterior[name].values.ravel() for name in names if name in posterior], axis=-1)
    values = restore(problem, engine, nuisance, draws, child_seed(settings.seed, "nuisance"), settings.threads)
    about["quadrature_error"] = density.quadrature_error(values)
    values = values.reshape(posterior.sizes["chain"], posterior.sizes["draw"], len(names))
    whole = {name: (("chain", "draw"), values[..., i]) for i, name in enumerate(names)}
    idata["posterior"] = xr.Dataset(whole, posterior.coords, posterior.attrs)
    return about


def _resumed_attrs(idata: az.InferenceData) -> dict[str, object]:
    """Chains that were interrupted -> iterations of each session before the last, where there are any."""
    resumed = idata["posterior"].attrs.pop("resumed", None)
    return {"resumed": json.dumps(resumed)} if resumed else {}


def _rng(settings: FitSettings, name: str) -> np.random.Generator:
    return np.random.default_rng(child_seed(settings.seed, name))


def origins(problem: Problem, density: Density, settings: FitSettings) -> np.ndarray:
    """Unconstrained points to climb from: draws that cover the prior, the nominal point in place of the nearest.

    Draws at which a simulation fails are made anew, so that wide priors leave as many starts as were asked for.

    Parameters
    ----------
    problem
        What is fitted.
    density
        Its log-density.
    settings
        Of the fit: ``starts`` says how many.
    """
    rng = _rng(settings, "starts")
    values = spread_out(problem.estimated, settings.starts, rng)[:, density.places]
    nominal = np.array([p.nominal for p in problem.estimated])[density.places]
    points, start = density.unconstrained(values), density.unconstrained(nominal)
    if np.isfinite(start).all():
        distance = np.linalg.norm((points - start) / (np.std(points, axis=0) + 1e-9), axis=1)
        nearest = int(np.argmin(distance))
        points = np.concatenate([start[None, :], np.delete(points, nearest, axis=0)])
    return possible(density, points, lambda: density.unconstrained(draw(problem.estimated, 1, rng)[0, density.places]))


def _nowhere(problem: Problem, engine: Engine, settings: FitSettings) -> str:
    """Say what keeps the log-density from being finite, at the prior draws that were tried."""
    thetas = draw(problem.estimated, settings.starts, _rng(settings, "starts"))
    ensemble = predictive.simulate_all(engine, thetas, settings.threads)
    impossible = ~np.isfinite(predictive.log_likelihood(problem, ensemble)).all(axis=0)
    table = problem.measurements
    faults = [
        Fault(f"observable '{name}'", f"{count} of its measurements cannot be predicted or are impossible there.")
        for name, count in table.loc[impossible, "observable"].value_counts(sort=False).items()
    ]
    runs = ", ".join(f"{count} {name}" for name, count in sorted(ensemble.outcomes.items()))
    faults.append(Fault("simulations", f"{runs}.", "Look at the priors, and at read-outs that are zero or negative."))
    tried = f"{settings.starts} prior draw" + ("s" if settings.starts > 1 else "")
    try:
        raise_faults(faults, f"problem '{problem.id}': the log-density is finite at none of {tried}")
    except UserError as error:
        return str(error)
    return ""


def _solver(settings: FitSettings) -> dict[str, Any]:
    names = ("engine", "rtol", "atol", "max_steps")
    return {name: getattr(settings, name) for name in names}


def _add_groups(
    idata: az.InferenceData, problem: Problem, engine: Engine, density: Density, settings: FitSettings
) -> dict[str, object]:
    """Add every group but posterior and sample_stats; return attributes that tell how the simulations fared."""
    names = [p.id for p in problem.estimated]
    solver = _solver(settings)
    chains = idata["posterior"].sizes["chain"]
    thetas = np.stack([idata["posterior"][name].values.ravel() for name in names], axis=-1)
    prior = draw(problem.estimated, PRIOR_DRAWS, _rng(settings, "prior"))
    after = predictive.simulate_all(engine, thetas, settings.threads)
    before = predictive.simulate_all(engine, prior, settings.threads)
    chosen = _rng(settings, "curves").choice(len(thetas), min(CURVES, len(thetas)), replace=False)
    shown, about, dense = curves(problem, thetas[np.sort(chosen)], solver, settings.threads)
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
    ensembles = {"posterior": after, "prior": before} | ({"predictions": dense} if dense else {})
    held = pulls(problem, density, thetas, prior, engine=settings.engine, threads=settings.threads)
    constrained = predictive.literature(problem, before, after)
    together = predictive.correlated(problem, after)
    return {
        **({"literature": json.dumps(constrained)} if constrained else {}),
        **({"correlated": json.dumps(together)} if together else {}),
        "constants": json.dumps({name: asdict(pull) for name, pull in held.items()}),
        "failed_simulations": json.dumps({name: int(e.failed.sum()) for name, e in ensembles.items()}),
        "integration_error": predictive.integration_error(problem, thetas, log_likelihood, **solver),
        "engine_counters": json.dumps({name: e.outcomes for name, e in ensembles.items()}),
    }


def _start_attrs(starts: Starts, modes: Sequence[Mode]) -> dict[str, object]:
    return {
        "starts_logp": json.dumps([round(float(value), 3) for value in starts.logp]),
        "starts_modes": len(modes),
        "modes_logp": json.dumps([round(mode.logp, 3) for mode in modes]),
        "starts_gradients": starts.gradients,
        "starts_failed_gradients": starts.failed,
    }


def _idle_attrs(problem: Problem) -> dict[str, object]:
    """Stimuli that act on nothing, where there are any."""
    idle = idle_stimuli(problem)
    return {"idle_stimuli": json.dumps(idle)} if idle else {}


def _estimated(problem: Problem) -> dict[str, dict[str, object]]:
    """Tell what a reader wants to know of each parameter; a number that does not exist (no bound, no value) is null."""
    return {
        p.id: {
            "what": (problem.network.names or {}).get(p.id, ""),
            "unit": p.unit,
            "source": p.source,
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
