"""One verdict per fit: pass or fail, every check with its number, its threshold and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from il6infer._files import Groups
from il6infer.diagnose.convergence import correlated_pairs, parameter_table, sampler_table
from il6infer.diagnose.predictive import coverage, lack_of_fit, loo_pit, worst_rows

NEEDED = ("posterior", "prior", "sample_stats", "warmup_sample_stats", "posterior_predictive", "log_likelihood")
NEEDED += ("observed_data", "constant_data")
"""Groups of a posterior that a verdict reads."""


@dataclass(frozen=True)
class Thresholds:
    """Limits of the checks; section ``verdict`` of the configuration."""

    rhat_max: float = 1.01
    ess_min: float = 400
    divergences_max: float = 0.001
    ebfmi_min: float = 0.3
    depth_hits_max: float = 0.05
    failed_max: float = 0.01
    integration_error_max: float = 0.1
    pareto_k_max: float = 0.7


def diagnose(idata: Groups, thresholds: Thresholds) -> dict[str, Any]:
    """Judge a fit.

    Returns
    -------
    dict
        ``passed`` (every check of kind ``sampling`` holds); ``reasons``: every check with check, kind, value,
        threshold, passed, where, message (kind ``fit`` warns about the model and decides nothing); ``parameters``,
        ``sampler``, ``coverage``, ``loo_pit``, ``lack_of_fit``, ``worst_pairs``, ``worst_rows``.
        A statistic that cannot be computed is null and fails its check.
    """
    parameters = parameter_table(idata)
    sampler = sampler_table(idata)
    bands = coverage(idata)
    pits, lack = loo_pit(idata), lack_of_fit(idata)
    reasons = [*_sampling(parameters, sampler, thresholds), *_fit(bands, pits, lack)]
    return {
        "problem": idata["posterior"].attrs.get("problem_id", ""),
        "passed": all(reason["passed"] for reason in reasons if reason["kind"] == "sampling"),
        "reasons": reasons,
        "parameters": parameters,
        "sampler": sampler,
        "coverage": bands,
        "loo_pit": pits,
        "lack_of_fit": lack,
        "worst_pairs": correlated_pairs(idata),
        "worst_rows": worst_rows(idata),
    }


def _check(
    check: str, kind: str, value: float | None, threshold: float, ok: bool, where: str, remedy: str
) -> dict[str, Any]:
    """One check; one without a value fails."""
    passed = value is not None and ok
    shown = "cannot be computed" if value is None else f"{value:.4g}"
    message = f"{check} {shown} (limit {threshold:g})" + (f" at {where}" if where else "")
    return {
        "check": check, "kind": kind, "value": value, "threshold": threshold, "passed": passed, "where": where,
        "message": message if passed else f"{message}. {remedy}",
    }  # fmt: skip


def _worst(parameters: dict[str, dict[str, Any]], key: str, largest: bool) -> tuple[float | None, str]:
    """Worst value of a statistic over the parameters, and where; None when any is missing."""
    for name, row in parameters.items():
        if row[key] is None:
            return None, name
    pick = max if largest else min
    name = pick(parameters, key=lambda n: parameters[n][key])
    return parameters[name][key], name


def _sampling(parameters: dict, sampler: dict, limits: Thresholds) -> Iterator[dict[str, Any]]:
    value, where = _worst(parameters, "rhat", True)
    remedy = "The chains disagree: draw more, or look for modes in starts_logp."
    yield _check("R-hat", "sampling", value, limits.rhat_max, (value or 9) <= limits.rhat_max, where, remedy)
    for key, label in (("ess_bulk", "bulk ESS"), ("ess_tail", "tail ESS")):
        value, where = _worst(parameters, key, False)
        remedy = "Too few independent draws: raise fit.draws."
        yield _check(label, "sampling", value, limits.ess_min, (value or 0) >= limits.ess_min, where, remedy)
    total = sampler["chains"] * sampler["draws"]
    share = sampler["divergences"] / total
    remedy = "Divergences bias the posterior: raise fit.target_accept, or tighten rtol."
    limit = limits.divergences_max
    yield _check("divergences per draw", "sampling", share, limit, share <= limit, "", remedy)
    energies = sampler["ebfmi"]
    lowest = None if any(e is None for e in energies) else min(energies)
    remedy = "The energy is explored slowly: the tails may be missed; tighten priors or draw more."
    limit = limits.ebfmi_min
    yield _check("E-BFMI", "sampling", lowest, limit, (lowest or 0) >= limit, "", remedy)
    share = sampler["depth_hits"] / total
    remedy = "Trajectories were cut short: the posterior is stretched along a ridge."
    limit = limits.depth_hits_max
    yield _check("tree-depth hits per draw", "sampling", share, limit, share <= limit, "", remedy)
    share = sampler["failed_posterior"] / total
    remedy = "Simulations fail at draws of the posterior: look at the model there."
    yield _check(
        "failed simulations per draw", "sampling", share, limits.failed_max, share <= limits.failed_max, "", remedy
    )
    error, limit = sampler["integration_error"], limits.integration_error_max
    remedy = "The solver's error changes the posterior: tighten rtol and atol."
    yield _check("integration error of the log-likelihood", "sampling", error, limit, (error or 0) <= limit, "", remedy)
    share = sampler["failed_prior"] / max(sampler["prior_draws"], 1)
    remedy = "Many draws of the prior cannot be simulated: narrow it."
    yield _check(
        "failed simulations per prior draw", "fit", share, limits.failed_max, share <= limits.failed_max, "", remedy
    )


def _fit(bands: dict, pits: dict, lack: dict) -> Iterator[dict[str, Any]]:
    for name, row in bands.items():
        for level in ("50", "90"):
            low, high = row[f"expected_{level}"]
            value = row[level]
            ok = value is not None and low <= value <= high
            where = f"{name}, {row['n']} measurements"
            verb = "misses" if value is not None and value < low else "is wider than"
            remedy = f"The model {verb} the data: expected {low:.2f} to {high:.2f}."
            yield _check(f"coverage of the {level} % band", "fit", value, int(level) / 100, ok, where, remedy)
    for name, row in pits.items():
        value = row["ks_p"]
        remedy = "Predictions are not calibrated: shape, offset or noise of this read-out is wrong."
        yield _check("LOO-PIT uniformity p", "fit", value, 0.01, (value or 0) >= 0.01, name, remedy)
    for name, row in lack.items():
        if row["p"] is None:
            continue  # nothing was replicated: there is no noise to compare with
        remedy = (
            f"Residuals differ {row['f']:.1f} times as much between conditions and times as between replicates: "
            "a large noise parameter hides a misfit."
        )
        yield _check("lack-of-fit p", "fit", row["p"], 0.01, row["p"] >= 0.01, name, remedy)
