"""InferenceData of a normal mean with known answers, in the form that the fit stage writes."""

from __future__ import annotations

import json

import arviz as az
import numpy as np
import xarray as xr

N, CHAINS, DRAWS = 60, 4, 500


def normal_mean(
    *, seed: int = 1, stuck: bool = False, divergent: int = 0, shift: float = 0.0, broken: bool = False
) -> az.InferenceData:
    """Posterior of the mean mu of N normal measurements with sd 1, under a flat prior: exact draws.

    Parameters
    ----------
    stuck
        One chain explores another place.
    divergent
        Number of divergent draws.
    shift
        Added to the measurements after the posterior was drawn: misfit.
    broken
        One draw whose density is minus infinity.
    """
    rng = np.random.default_rng(seed)
    observed = np.random.default_rng(7).normal(3.0, 1.0, N)
    mu = rng.normal(observed.mean(), 1 / np.sqrt(N), (CHAINS, DRAWS))
    if stuck:
        mu[0] += 1.0
    predicted = rng.normal(mu[..., None], 1.0, (CHAINS, DRAWS, N))
    density = -0.5 * (observed - mu[..., None]) ** 2 - 0.5 * np.log(2 * np.pi)
    if broken:
        density[0, 0, 0] = -np.inf
    observed = observed + shift
    diverging = np.zeros((CHAINS, DRAWS), bool)
    diverging.ravel()[:divergent] = True
    both = ("chain", "draw")
    row = "y_row"
    prior = rng.normal(3.0, 2.0, (1, 500))
    idata = az.InferenceData(
        posterior=xr.Dataset({"mu": (both, mu), "noise_level": (both, rng.lognormal(0, 0.3, (CHAINS, DRAWS)))}),
        sample_stats=xr.Dataset(
            {
                "diverging": (both, diverging),
                "energy": (both, rng.normal(size=(CHAINS, DRAWS))),
                "n_steps": (both, np.full((CHAINS, DRAWS), 7)),
                "maxdepth_reached": (both, np.zeros((CHAINS, DRAWS), bool)),
            }
        ),
        prior=xr.Dataset({"mu": (both, prior), "noise_level": (both, rng.lognormal(0, 1.0, (1, 500)))}),
        prior_predictive=xr.Dataset({"y": ((*both, row), rng.normal(prior[..., None], 1.0, (1, 500, N)))}),
        posterior_predictive=xr.Dataset({"y": ((*both, row), predicted)}),
        log_likelihood=xr.Dataset({"y": ((*both, row), density)}),
        observed_data=xr.Dataset({"y": ((row,), observed)}),
        constant_data=xr.Dataset(
            {
                "y_time": ((row,), np.arange(N, dtype=float)),
                **{f"y_{c}": ((row,), np.array([c] * N)) for c in ("experiment", "batch", "replicate")},
            }
        ),
        predictions=xr.Dataset({"y": (("sample", "y_series", "grid"), rng.normal(3, 0.1, (50, 1, 20)))}),
        predictions_constant_data=xr.Dataset(
            {
                "y_grid": (("y_series", "grid"), np.linspace(0, N, 20)[None]),
                "y_series_batch": (("y_series",), np.array(["batch"])),
                "y_series_experiment": (("y_series",), np.array(["experiment"])),
            }
        ),
    )
    about = {"unit": "nM", "source": "toy", "lower": 0.0, "upper": 9.0, "nominal": 3.0}
    idata["posterior"].attrs.update(
        {
            "problem_id": "toy", "seed": 1, "noise": json.dumps({"y": "normal"}), "gradients": 14000,
            "wall_time_s": 12.0, "sampling_time_s": 10.0,
            "failed_simulations": json.dumps({"posterior": 0, "prior": 0}),
            "integration_error": 0.001,
            "starts_logp": "[-80.0]", "source_digest": "0" * 64, "sampler": "nutpie NUTS, low_rank mass matrix",
            "engine": "rosenbrock", "problem_digest": "1" * 64,
            "estimated": json.dumps(
                {
                    "mu": {**about, "prior": ["normal", 3.0, 2.0]},
                    "noise_level": {**about, "prior": ["log-normal", 0.0, 1.0]},
                }
            ),
        }
    )  # fmt: skip
    return idata


def exact_loo() -> np.ndarray:
    """Exact leave-one-out log predictive density of each measurement of `normal_mean`."""
    y = np.random.default_rng(7).normal(3.0, 1.0, N)
    others = (y.sum() - y) / (N - 1)
    variance = 1 + 1 / (N - 1)
    return -0.5 * (y - others) ** 2 / variance - 0.5 * np.log(2 * np.pi * variance)
