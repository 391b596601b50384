"""One fit, from a problem to an InferenceData with every group filled."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from il6infer._blas import one_thread_of_blas
from il6infer._errors import Fault, UserError, raise_faults
from il6infer._interruption import Interruption
from il6infer.engine import Engine, compile
from il6infer.inference.checkpoint import Checkpoint
from il6infer.inference.density import Density
from il6infer.inference.elsewhere import look_elsewhere
from il6infer.inference.exchanges import with_images
from il6infer.inference.frame import Frame
from il6infer.inference.groups import STEPS, add_groups, draw_back, idle_attrs, solver_settings, told_of_parameters
from il6infer.inference.modes import Known, Mode, begun_at, disperse, find_modes, lone
from il6infer.inference.nuisance import NOTHING, find_nuisance
from il6infer.inference.parts import Parts
from il6infer.inference.plateaus import find_plateaus, without_an_edge
from il6infer.inference.predictive import log_likelihood, simulate_all
from il6infer.inference.progress import Steps, told
from il6infer.inference.sampler import TEMPERED, Sampler, Stated
from il6infer.inference.settings import child_seed
from il6infer.inference.starts import Starts, find_starts, possible
from il6infer.problems.noise import logarithmic
from il6infer.problems.priors import draw, spread_out
from il6infer.problems.spec import Problem
from il6infer.problems.variables import variable_names
from il6infer.stages.elsewhere import Elsewhere, LoneMode
from il6infer.stages.settings import FitSettings

if TYPE_CHECKING:
    import arviz as az

logger = logging.getLogger("il6infer")

Begin = Callable[[Density], list[tuple[Frame, np.ndarray]]]


@one_thread_of_blas()
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
    began, interruption = time.monotonic(), interruption or Interruption()
    interruption.state = "nothing was sampled yet, and the same command begins anew"
    solver = solver_settings(settings)
    with told(f"{problem.id}: compiling, which is kept for every later run on this machine"):
        engine = compile(problem, **solver, threads=max(1, settings.threads // settings.chains))
        # The statement's own samplers sample what is stated: every parameter.
        integrated = settings.nuisance == "integrated" and not settings.sampler.startswith("pymc")
        nuisance = find_nuisance(problem) if integrated else NOTHING
        density = Density(problem, engine, nuisance)
        # Of all parameters, for what asks at draws of all.
        whole = Density(problem, engine) if nuisance.parameters else density
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
    known = Known.of(about_starts)
    idata, about_reach = _to_all(sample, known, density, starts, settings, checkpoint, interruption)
    about_starts |= about_reach
    if checkpoint:
        interruption.state = f"the draws are in {checkpoint.folder}, and the same command goes on from there"
    sampled, failures = time.monotonic(), engine.failures()
    steps = Steps(f"{problem.id}: after sampling", STEPS)
    about_nuisance = draw_back(idata, problem, engine, density, settings, steps)
    counted = add_groups(idata, problem, engine, whole, settings, steps)
    counted["sampling_failures"] = json.dumps(failures, sort_keys=True)
    gradients = int(sum(idata[g]["n_steps"].sum() for g in ("warmup_sample_stats", "sample_stats")))
    gradients += idata["posterior"].attrs.pop("gradients_before", 0)
    ended = time.monotonic()
    logger.info(
        "%s: %d gradients in %.0f s of sampling, %d divergences after tuning; %.0f s in all", problem.id, gradients,
        sampled - started, int(idata["sample_stats"]["diverging"].sum()), ended - began,
    )  # fmt: skip
    longest = sorted(steps.seconds.items(), key=lambda step: -step[1])[:3]
    logger.info(
        "%s: %.0f s of it after sampling: %s", problem.id, ended - sampled,
        ", ".join(f"{doing} {seconds:.1f} s" for doing, seconds in longest),
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
            "estimated": json.dumps(told_of_parameters(problem)),
            **idle_attrs(problem),
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


@one_thread_of_blas()
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
    engine = engine or compile(problem, **solver_settings(settings))
    sample, called = _sampler(problem, engine, settings, None)
    nuisance = find_nuisance(problem) if settings.nuisance == "integrated" else NOTHING
    density = Density(problem, engine, nuisance)
    known = None
    if begin:
        starts = begin(density)
    else:
        starts, found, modes, _ = _climb(problem, engine, density, settings)
        known = Known.from_search(modes, settings.chains, found.spread)
    idata, about_reach = _to_all(sample, known, density, starts, settings)
    about = draw_back(idata, problem, engine, density, settings, Steps(problem.id, 1))
    about |= {
        "sampler": idata["posterior"].attrs.get("sampler", called),
        "estimated": json.dumps(told_of_parameters(problem)),
        **about_reach,
    }
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
        return tempered.sample, TEMPERED
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
    starts, found, modes, unused = _climb(problem, engine, density, settings)
    sampled = [problem.estimated[place] for place in density.places]
    with told(f"{problem.id}: looking for plateaus"):
        plateaus = find_plateaus(density.log_likelihood, sampled, density.constrained(modes[0].frame.origin))
    plateaus += [without_an_edge(p) for p in problem.estimated if p.id in density.nuisance.unseen]
    about = _start_attrs(found, begun_at(modes, settings.chains))
    about |= {"plateaus": json.dumps([asdict(plateau) for plateau in plateaus])}
    about |= {"lone_modes": json.dumps([asdict(mode) for mode in unused])} if unused else {}
    about |= Known.from_search(modes, settings.chains, found.spread).attrs()
    if checkpoint:
        checkpoint.keep_starts(starts, about)
    return starts, about


def _climb(
    problem: Problem, engine: Engine, density: Density, settings: FitSettings
) -> tuple[list[tuple[Frame, np.ndarray]], Starts, list[Mode], list[LoneMode]]:
    """Where the chains begin, the optima that were reached, the modes among them, and those without a chain."""
    found = find_starts(density, origins(problem, density, settings), settings.threads)
    if not len(found.points):
        raise UserError(_nowhere(problem, engine, settings))
    with told(f"{problem.id}: looking for optima with parameters exchanged or signs turned"):
        found = with_images(density, found, settings.threads)
    with told(f"{problem.id}: asking of {len(found.points)} optima how wide they are"):
        modes, light = find_modes(density, found, settings.chains, settings.threads)
    begun = begun_at(modes, settings.chains)
    logger.info(
        "%s: chains begin at %d %s, log-density %s", problem.id, len(begun),
        f"of {len(modes)} modes" if len(begun) < len(modes) else "modes" if len(modes) > 1 else "mode",
        ", ".join(f"{mode.logp:.2f}" for mode in begun),
    )  # fmt: skip
    unused = lone(modes, light, settings.chains)
    for mode in unused:
        logger.info("%s: %s", problem.id, mode)
    return disperse(density, begun, settings.chains, _rng(settings, "dispersion")), found, modes, unused


def _drawn(idata: az.InferenceData, density: Density) -> np.ndarray:
    """All draws (chains, draws, dimensions)."""
    return np.stack([idata["posterior"][name].values for name in density.names], axis=-1)


def _points(idata: az.InferenceData, density: Density) -> np.ndarray:
    """All draws (draws, dimensions), unconstrained."""
    return Parts(density).points(_drawn(idata, density).reshape(-1, density.dimensions))


def _elsewhere(idata: az.InferenceData, density: Density, settings: FitSettings) -> Elsewhere | None:
    """Look where no chain has been."""
    found = look_elsewhere(Parts(density, settings.threads), _drawn(idata, density), _rng(settings, "elsewhere"))
    if found is None:
        logger.info(
            "what lies where no draw is, is not known: too few draws for the parameters, one of them never moved, or "
            "weighed points do not find what the draws hold; the verdict warns of it"
        )
    elif found.missed:
        logger.info(
            "where no draw is: %.2g of the posterior, and up to %.2g times the variance of the draws", found.mass,
            max(found.variance.values(), default=0.0),
        )  # fmt: skip
    return found


def _to_all(
    sample: Sampler, known: Known | None, density: Density, starts: Sequence[tuple[Frame, np.ndarray]],
    settings: FitSettings, checkpoint: Checkpoint | None = None, interruption: Interruption | None = None,
) -> tuple[az.InferenceData, dict[str, object]]:  # fmt: skip
    """Sample, and ask what the draws lack, which attributes tell; where it is much, `auto` samples tempered."""

    def lacking(idata: az.InferenceData) -> tuple[list[float], Elsewhere | None]:
        left = known.left(_points(idata, density)) if known else []
        return left, _elsewhere(idata, density, settings)

    idata = sample(density, starts, _seeds(settings), settings, checkpoint, interruption)
    left, elsewhere = lacking(idata)
    missed = bool(left) or (elsewhere is not None and elsewhere.missed)
    if missed and settings.sampler == "auto" and idata["posterior"].attrs.get("sampler") != TEMPERED:
        from il6infer.inference import tempered

        logger.info("chains did not come to all of the posterior: sampling tempered, from the prior")
        idata = tempered.sample(density, starts, _seeds(settings), settings, checkpoint, interruption)
        idata["posterior"].attrs["sampler"] = TEMPERED
        left, elsewhere = lacking(idata)
    return idata, {"modes_left": json.dumps(left), "elsewhere": json.dumps(asdict(elsewhere) if elsewhere else None)}


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
    ensemble = simulate_all(engine, thetas, settings.threads)
    impossible = ~np.isfinite(log_likelihood(problem, ensemble)).all(axis=0)
    table = problem.measurements
    nothing = (ensemble.prediction == 0).all(axis=0) & logarithmic(problem.noise_kinds)
    faults = []
    for name, rows in table[impossible].groupby("observable", sort=False):
        where = f"observable '{name}', in {', '.join(dict.fromkeys(rows['experiment']))}"
        if zero := int(nothing[impossible & (table["observable"] == name).to_numpy()].sum()):
            what = (
                f"{zero} of its measurements are predicted to be 0, which noise relative to the value cannot be about."
            )
            remedy = "Give the read-out a background (`offset: true`) or `noise: normal`, or leave these values out."
            faults.append(Fault(where, what, remedy))
        if len(rows) > zero:
            what = f"{len(rows) - zero} of its measurements cannot be predicted or are impossible there."
            faults.append(Fault(where, what))
    runs = ", ".join(f"{count} {name}" for name, count in sorted(ensemble.outcomes.items()))
    faults.append(Fault("simulations", f"{runs}.", "Look at the priors, and at read-outs that are zero or negative."))
    tried = f"{settings.starts} prior draw" + ("s" if settings.starts > 1 else "")
    try:
        raise_faults(faults, f"problem '{problem.id}': the log-density is finite at none of {tried}")
    except UserError as error:
        return str(error)
    return ""


def _start_attrs(starts: Starts, modes: Sequence[Mode]) -> dict[str, object]:
    return {
        "starts_logp": json.dumps([round(float(value), 3) for value in starts.logp]),
        "starts_modes": len(modes),
        "modes_logp": json.dumps([round(mode.logp, 3) for mode in modes]),
        "starts_gradients": starts.gradients,
        "starts_failed_gradients": starts.failed,
    }
