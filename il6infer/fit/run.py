"""One fit, from a PEtab file to an InferenceData with every group filled."""

from __future__ import annotations

import json
import logging
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import arviz as az
import numpy as np

from il6infer._io import digest, source_digest, versions
from il6infer.fit.model import build_model, variable_name
from il6infer.fit.nuts import sample
from il6infer.fit.predictive import add_groups
from il6infer.fit.starts import find_starts
from il6infer.problem.petab import load
from il6infer.problem.priors import draw
from il6infer.problem.spec import Problem
from il6infer.simulate import compile

logger = logging.getLogger("il6infer")

PRIOR_DRAWS = 500


@dataclass(frozen=True)
class FitSettings:
    """How to sample.

    Attributes
    ----------
    seed
        Root of all random numbers of this fit.
    starts
        Prior draws that are optimised before sampling.
    engine, rtol, atol
        Simulator and its tolerances.
    mass_matrix
        ``low_rank`` or ``diagonal``.
    threads
        Chains that run at once.
    """

    seed: int = 1
    chains: int = 4
    tune: int = 800
    draws: int = 800
    target_accept: float = 0.9
    starts: int = 8
    engine: str = "rosenbrock"
    rtol: float = 1e-6
    atol: float = 1e-8
    mass_matrix: str = "low_rank"
    threads: int = 4


def child_seed(root: int, name: str) -> np.random.SeedSequence:
    """Seed of one named use, independent of all others and of their order."""
    return np.random.SeedSequence(root, spawn_key=(zlib.crc32(name.encode()),))


def fit(path: Path, settings: FitSettings) -> az.InferenceData:
    """Sample the posterior of a PEtab problem.

    Parameters
    ----------
    path
        The problem's YAML file.

    Returns
    -------
    arviz.InferenceData
        Groups posterior, sample_stats, warm-up, prior, prior_predictive, posterior_predictive, log_likelihood,
        observed_data, constant_data, predictions; attributes of the posterior say how it was made.
    """
    began = time.monotonic()
    problem = load(path)
    solver = {"engine": settings.engine, "rtol": settings.rtol, "atol": settings.atol}
    engine = compile(problem, **solver)
    logger.info(
        "%s: %d parameters, %d measurements, %d experiments in %d simulations", problem.id, len(problem.estimated),
        len(problem.measurements), len(engine.plan.experiments), len(engine.plan.runs),
    )  # fmt: skip
    uses = ("starts", "prior", "prior_predictive", "posterior_predictive", "curves")
    rngs = {name: np.random.default_rng(child_seed(settings.seed, name)) for name in uses}
    model = build_model(problem, engine)
    starts = find_starts(problem, model, settings.starts, rngs["starts"])
    sampling = time.monotonic()
    idata = sample(
        model, starts, chains=settings.chains, tune=settings.tune, draws=settings.draws,
        target_accept=settings.target_accept, low_rank=settings.mass_matrix == "low_rank", threads=settings.threads,
        seed=int(child_seed(settings.seed, "nuts").generate_state(1)[0]),
    )  # fmt: skip
    sampled = time.monotonic()
    prior = draw(problem.estimated, PRIOR_DRAWS, rngs["prior"])
    failed = add_groups(idata, problem, engine, prior, rngs, solver)
    gradients = int(sum(idata[g]["n_steps"].sum() for g in ("warmup_sample_stats", "sample_stats")))
    logger.info("%s: %d gradients in %.0f s of sampling", problem.id, gradients, sampled - sampling)
    idata["posterior"].attrs.update(
        {
            "problem_id": problem.id,
            "seed": settings.seed,
            "settings": json.dumps(vars(settings), sort_keys=True),
            "versions": json.dumps(versions(), sort_keys=True),
            "problem_digest": json.dumps({f.name: digest(f) for f in sorted(path.parent.iterdir()) if f.is_file()}),
            "source_digest": source_digest(),
            "engine": settings.engine,
            "sampler": f"nutpie NUTS, {settings.mass_matrix} mass matrix",
            "wall_time_s": round(time.monotonic() - began, 1),
            "sampling_time_s": round(sampled - sampling, 1),
            "gradients": gradients,
            "starts_logp": json.dumps([round(float(v), 3) for v in starts.logp]),
            "failed_simulations": json.dumps(failed),
            "noise": json.dumps({variable_name(o.id): o.distribution for o in problem.observables}),
            "estimated": json.dumps(_estimated(problem)),
        }
    )
    return idata


def _estimated(problem: Problem) -> dict[str, dict[str, object]]:
    return {
        p.id: {
            "unit": p.unit,
            "source": p.source,
            "lower": p.lower,
            "upper": p.upper,
            "nominal": p.nominal,
            "prior": [p.prior.distribution, *p.prior.parameters] if p.prior else None,
        }
        for p in problem.estimated
    }
