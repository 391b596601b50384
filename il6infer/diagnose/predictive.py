"""Does the model reproduce the data: coverage of predictive bands, LOO-PIT, worst misfit."""

from __future__ import annotations

from typing import Any

import arviz as az
import numpy as np
from scipy.stats import binom, kstest

from il6infer.diagnose.convergence import number


def coverage(idata: az.InferenceData) -> dict[str, dict[str, Any]]:
    """Share of measurements inside the central 50 % and 90 % posterior predictive bands, by read-out.

    Returns
    -------
    dict
        Read-out -> n, share inside for ``"50"`` and ``"90"``, and the central 99 % range of that share for n
        independent measurements of a right model (``expected_50``, ``expected_90``).
    """
    result = {}
    for name, drawn in idata["posterior_predictive"].data_vars.items():
        observed = idata["observed_data"][name].values
        values = drawn.values.reshape(-1, len(observed))
        row: dict[str, Any] = {"n": len(observed)}
        for level in (0.5, 0.9):
            low, high = np.nanquantile(values, (0.5 - level / 2, 0.5 + level / 2), axis=0)
            row[f"{level * 100:.0f}"] = number(np.mean((observed >= low) & (observed <= high)))
            ends = binom.ppf((0.005, 0.995), len(observed), level) / len(observed)
            row[f"expected_{level * 100:.0f}"] = [float(end) for end in ends]
        result[str(name)] = row
    return result


def loo_pit(idata: az.InferenceData) -> dict[str, dict[str, Any]]:
    """Leave-one-out probability integral transform of each measurement: uniform when the model is calibrated.

    Returns
    -------
    dict
        Read-out -> ks (Kolmogorov-Smirnov distance from uniform), ks_p, and the sorted values.
    """
    result = {}
    for name, drawn in idata["posterior_predictive"].data_vars.items():
        observed = idata["observed_data"][name].values
        density = idata["log_likelihood"][name].values.reshape(-1, len(observed))
        values = drawn.values.reshape(-1, len(observed))
        if not (np.isfinite(density).all() and np.isfinite(values).all()):
            result[str(name)] = {"ks": None, "ks_p": None, "values": []}
            continue
        log_weights, _ = az.psislw(-density.T)
        weights = np.exp(np.asarray(log_weights))
        below = (observed[:, None] > values.T) + 0.5 * (observed[:, None] == values.T)
        pit = np.sort(np.clip((weights * below).sum(axis=1) / weights.sum(axis=1), 0, 1))
        test = kstest(pit, "uniform")
        result[str(name)] = {
            "ks": number(test.statistic),
            "ks_p": number(test.pvalue),
            "values": [round(float(p), 4) for p in pit],
        }
    return result


def worst_rows(idata: az.InferenceData, most: int = 10) -> list[dict[str, Any]]:
    """Measurements farthest from their posterior predictive distribution, in its standard deviations."""
    logs = idata["posterior"].attrs.get("noise", "")
    rows = []
    for name, drawn in idata["posterior_predictive"].data_vars.items():
        observed = idata["observed_data"][name].values
        values = drawn.values.reshape(-1, len(observed))
        if f'"{name}": "log-' in logs:
            with np.errstate(invalid="ignore", divide="ignore"):
                values, seen = np.log(values), np.log(observed)
        else:
            seen = observed
        z = (seen - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0)
        about = idata["constant_data"]
        rows += [
            {
                "observable": str(name),
                "experiment": str(about[f"{name}_experiment"].values[i]),
                "batch": str(about[f"{name}_batch"].values[i]),
                "replicate": str(about[f"{name}_replicate"].values[i]),
                "time": number(about[f"{name}_time"].values[i]),
                "value": number(observed[i]),
                "residual_sd": number(z[i]),
            }
            for i in range(len(observed))
            if np.isfinite(z[i])
        ]
    rows.sort(key=lambda row: -abs(row["residual_sd"]))
    return rows[:most]
