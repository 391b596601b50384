"""Convergence of the chains and what each parameter's posterior is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from il6infer._files import Groups
from il6infer.diagnosis.assumptions import likelihood_of, sensitivities
from il6infer.diagnosis.tails import FALL, fall_of, moment_is_known, tail_shape
from il6infer.draws import SPREAD_ERROR, bulk_draws, mean_error, rank_rhat, spread_error, tail_draws
from il6infer.stages.elsewhere import Elsewhere, LoneMode
from il6infer.stages.plateau import Plateau
from il6infer.stages.sampler import Sampler
from il6infer.stages.verdict import Pair, ParameterStatistics

_STATISTICS = {"rhat": rank_rhat, "ess_bulk": bulk_draws, "ess_tail": tail_draws, "mcse_mean": mean_error}


def number(value: Any) -> float | None:
    """JSON has no NaN: a statistic that does not exist is null."""
    return float(value) if np.isfinite(value) else None


def parameter_table(idata: Groups) -> dict[str, ParameterStatistics]:
    """Posterior, prior and convergence statistics of each parameter."""
    posterior, prior = idata["posterior"], idata["prior"]
    names = list(posterior.data_vars)
    with np.errstate(invalid="ignore", divide="ignore"):  # draws that never move have no variance to divide by
        statistics = {name: {key: of(posterior[name].values) for key, of in _STATISTICS.items()} for name in names}
    scaled, likelihood = sensitivities(idata), likelihood_of(idata)
    table, estimated = {}, json.loads(posterior.attrs.get("estimated", "{}"))
    for name in names:
        draws, before = posterior[name].values.ravel(), prior[name].values.ravel()
        q05, q25, median, q75, q95 = np.quantile(draws, (0.05, 0.25, 0.5, 0.75, 0.95))
        constant, effective = np.ptp(draws) == 0, statistics[name]["ess_bulk"]
        drawn = posterior[name].values
        shape = tail_shape(drawn, effective)
        positive = bool((draws > 0).all()) and not constant
        line = np.log(drawn) if positive else drawn
        row = {
            "mean": draws.mean(), "median": median, "sd": draws.std(ddof=1),
            "sd_ln": line.std(ddof=1) if positive else np.nan,
            "tail_k": shape, "line_k": tail_shape(line, effective),
            "likelihood_fall": fall_of(likelihood, drawn, estimated.get(name, {})),
            "q05": q05, "q25": q25, "q75": q75, "q95": q95,
            **prior_quantiles(estimated.get(name, {}), before), "contraction": contraction(draws, before),
            # by their definition a chain that never moves has converged
            **(dict.fromkeys(_STATISTICS, np.nan) if constant else statistics[name]),
            **dict(zip(("prior_sensitivity", "likelihood_sensitivity"), scaled[str(name)], strict=True)),
        }  # fmt: skip
        for order, moments in ((1, ("mean", "mcse_mean")), (2, ("sd",))):
            if np.isfinite(shape) and not moment_is_known(shape, order, effective):
                row |= dict.fromkeys(moments, np.nan)
        if row["likelihood_fall"] < FALL:
            row |= dict.fromkeys(("mean", "mcse_mean", "sd"), np.nan)
        if not constant and not spread_error(posterior[name].values) <= SPREAD_ERROR:
            row["sd"] = np.nan
        table[name] = ParameterStatistics(**{key: number(value) for key, value in row.items()})
    return table


def prior_quantiles(about: Mapping[str, Any], drawn: np.ndarray) -> dict[str, float]:
    """Median and 90 % interval of a prior as the fit states them; else of its draws."""
    stated = about.get("prior_quantiles") or np.quantile(drawn, (0.05, 0.5, 0.95))
    return dict(zip(("prior_q05", "prior_median", "prior_q95"), map(float, stated), strict=True))


def contraction(draws: np.ndarray, before: np.ndarray) -> float:
    """1 - sd of the posterior / sd of the prior, of the natural logarithm where all draws are positive."""
    if (draws > 0).all() and (before > 0).all():
        draws, before = np.log(draws), np.log(before)
    spread = float(np.std(before))
    return 1.0 - float(np.std(draws)) / spread if spread > 0 else float("nan")


def sampler_table(idata: Groups) -> Sampler:
    """Sum up the sampler: chains, draws, divergences, E-BFMI of each chain, tree-depth hits, failed simulations."""
    stats, attrs = idata["sample_stats"], idata["posterior"].attrs
    chains, draws = stats.sizes["chain"], stats.sizes["draw"]
    ebfmi = _ebfmi(stats["energy"].values) if "energy" in stats else ()
    hits = int(stats["maxdepth_reached"].sum()) if "maxdepth_reached" in stats else 0
    failed = json.loads(attrs.get("failed_simulations", "{}"))
    elsewhere = json.loads(attrs.get("elsewhere", "null"))
    warm = idata["warmup_sample_stats"].sizes["draw"] if "warmup_sample_stats" in idata else 0
    return Sampler(
        chains=chains,
        draws=draws,
        tune=warm,
        divergences=int(stats["diverging"].sum()),
        depth_hits=hits,
        ebfmi=tuple(number(value) for value in ebfmi),
        failed_posterior=int(failed.get("posterior", 0)),
        failed_prior=int(failed.get("prior", 0)),
        sampling_failures=json.loads(attrs.get("sampling_failures", "{}")),
        integration_error=number(attrs.get("integration_error", np.nan) + attrs.get("quadrature_error", 0.0)),
        prior_draws=int(np.prod([idata["prior"].sizes[d] for d in ("chain", "draw")])),
        gradients=int(attrs.get("gradients", 0)),
        gradients_per_draw=round(float(stats["n_steps"].mean()), 2),
        wall_time_s=_seconds(attrs, "wall_time_s"),
        sampling_time_s=_seconds(attrs, "sampling_time_s"),
        starts_logp=tuple(json.loads(attrs.get("starts_logp", "[]"))),
        integrated=tuple(json.loads(attrs.get("integrated", "[]"))),
        modes_logp=tuple(json.loads(attrs.get("modes_logp", "[]"))),
        modes_left=tuple(json.loads(attrs.get("modes_left", "[]"))),
        lone_modes=tuple(LoneMode(**found) for found in json.loads(attrs.get("lone_modes", "[]"))),
        elsewhere=Elsewhere(**elsewhere) if elsewhere else None,
        elsewhere_untold="elsewhere" in attrs and elsewhere is None,
        asked=json.loads(attrs.get("settings", "{}")).get("sampler", ""),
        plateaus=tuple(Plateau(**found) for found in json.loads(attrs.get("plateaus", "[]"))),
    )


def _ebfmi(energy: np.ndarray) -> np.ndarray:
    """E-BFMI of each chain, from energies (chains, draws)."""
    spread = np.var(energy, axis=1)
    return np.mean(np.diff(energy, axis=1) ** 2, axis=1) / np.where(spread > 0, spread, np.nan)


def _seconds(attrs: Mapping[str, Any], name: str) -> float | None:
    return float(attrs[name]) if name in attrs else None


def correlated_pairs(idata: Groups, most: int = 5) -> tuple[Pair, ...]:
    """Pairs of parameters with the largest Spearman correlation in absolute value."""
    posterior = idata["posterior"]
    names = [name for name in posterior.data_vars if np.ptp(posterior[name].values) > 0]
    if len(names) < 2:
        return ()
    draws = np.column_stack([posterior[name].values.ravel() for name in names])
    rho = np.atleast_2d(spearmanr(draws).statistic)
    if len(names) == 2:
        rho = np.array([[1.0, float(rho.ravel()[-1])], [float(rho.ravel()[-1]), 1.0]])
    pairs = sorted(
        ((number(rho[i, j]) or 0.0, names[i], names[j]) for i, j in combinations(range(len(names)), 2)),
        key=lambda pair: (-abs(pair[0]), pair[1], pair[2]),
    )
    return tuple(Pair(a, b, rho) for rho, a, b in pairs[:most])
