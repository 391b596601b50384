"""Does the model reproduce the data: coverage of predictive bands, LOO-PIT, worst misfit."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.stats import binom, kstest
from scipy.stats import f as fisher

from il6infer._files import Groups
from il6infer.diagnosis.along_courses import correlated_of, courses_in, independent
from il6infer.diagnosis.between_gels import contradiction_p
from il6infer.diagnosis.convergence import number
from il6infer.draws import smoothed_weights
from il6infer.problems.noise import NOISES
from il6infer.stages.verdict import Band, Coverage, LackOfFit, LooPit, Residual, SerialCorrelation

LEAST_PAIRS, PERMUTATIONS = 6, 9999
"""Neighbours in time below which, and permutations with which, a serial correlation is tested."""


FLIPS, MOST_FLIPS, ENOUGH = 10_000, 100_000, 50
"""Random signs of all residuals at a time (fewer of many), and at most, by which a lack of fit within gels is tested;
how many that agree as much as the residuals do end it."""

_SIGNS = 10_000_000
"""Random signs that are held at a time: 80 MB, and as much again for the residuals with them."""


def valued(idata: Groups, name: str) -> np.ndarray:
    """Whether each measurement of a read-out has a value (a censored one has a limit), boolean (measurements,)."""
    about, size = idata["constant_data"], len(idata["observed_data"][name].values)
    if f"{name}_censored" not in about:
        return np.ones(size, dtype=bool)
    return about[f"{name}_censored"].values == ""


def coverage(idata: Groups) -> dict[str, Coverage]:
    """Share of measurements inside the central 50 % and 90 % posterior predictive bands, by read-out."""
    result = {}
    for name, drawn in idata["posterior_predictive"].data_vars.items():
        here = valued(idata, str(name))
        observed = idata["observed_data"][name].values[here]
        values = drawn.values.reshape(-1, len(here))[:, here]
        bands = []
        if not len(observed):
            result[str(name)] = Coverage(0, ())
            continue
        for level in (0.5, 0.9):
            low, high = np.nanquantile(values, (0.5 - level / 2, 0.5 + level / 2), axis=0)
            inside = number(np.mean((observed >= low) & (observed <= high)))
            count = independent(idata, str(name))
            ends = binom.ppf((0.005, 0.995), count, level) / count
            bands.append(Band(level, inside, *map(float, ends)))
        result[str(name)] = Coverage(len(observed), tuple(bands))
    return result


def loo_pit(idata: Groups) -> dict[str, LooPit]:
    """Leave-one-out probability integral transform by read-out: uniform when the model is calibrated."""
    result = {}
    for name, drawn in idata["posterior_predictive"].data_vars.items():
        here = valued(idata, str(name))
        observed = idata["observed_data"][name].values[here]
        density = idata["log_likelihood"][name].values.reshape(-1, len(here))[:, here]
        values = drawn.values.reshape(-1, len(here))[:, here]
        if str(name) in correlated_of(idata):
            # What an error is beyond what the earlier ones of its course say of it; that of a drawn one alike.
            observed, values = standard(idata, str(name))
        if not len(observed) or not (np.isfinite(density).all() and np.isfinite(values).all()):
            result[str(name)] = LooPit(None, None, ())
            continue
        weights = np.exp(smoothed_weights(-density.T)[0])
        below = (observed[:, None] > values.T) + 0.5 * (observed[:, None] == values.T)
        pit = np.sort(np.clip((weights * below).sum(axis=1) / weights.sum(axis=1), 0, 1))
        test = kstest(pit, "uniform")
        shown = tuple(round(float(p), 4) for p in pit)
        result[str(name)] = LooPit(number(test.statistic), number(test.pvalue), shown)
    return result


def lack_of_fit(idata: Groups) -> dict[str, LackOfFit]:
    """Compare residuals between conditions and times with those between replicates, by read-out.

    A model that misses the data makes up for it with a large noise parameter, so that its bands cover; but then the
    residuals of replicates agree with each other. The classical F test of lack of fit sees that. Replicates may be on
    several gels or plates, and what these differ by counts as noise.
    """
    result = {}
    for name in map(str, idata["posterior_predictive"].data_vars):
        groups, z = _groups(idata, name)
        ratio = _ratio(groups) if np.isfinite(z).all() else None
        p = None if ratio is None else float(fisher.sf(ratio, len(groups), len(z) - len(groups)))
        result[name] = LackOfFit(ratio, p, len(groups), len(z))
    return result


def lack_of_fit_within_gels(idata: Groups) -> dict[str, LackOfFit]:
    """Ask whether replicates on one gel or plate lie on one side of the model, by read-out.

    A misfit that differs from gel to gel looks like noise between gels, and like none within one. Only conditions and
    times with replicates on one gel count, so that a gel without replicates and with more noise makes none agree. In a
    right model the residual of each may as well have the other sign: p is the share of random signs by which residuals
    of replicates agree as much, whatever the noise of each gel and the tails of its distribution. Read-outs whose
    replicates are all on one gel are left out: `lack_of_fit` asks of these.
    """
    result = {}
    for name in map(str, idata["posterior_predictive"].data_vars):
        keyed = {key: group for key, group in _keyed(idata, name, "batch")[0].items() if len(group) > 1}
        groups = [*keyed.values()]
        wide = [group for group in _groups(idata, name)[0] if len(group) > 1]
        z = np.concatenate(groups) if groups else np.zeros(0)
        if not len(z) or len(z) == sum(map(len, wide)) and len(groups) == len(wide) or not np.isfinite(z).all():
            continue
        first = np.cumsum([0, *map(len, groups[:-1])])
        found, rng, passed, tried = np.sum(np.add.reduceat(z, first) ** 2), np.random.default_rng(0), 0, 0
        at_once = min(FLIPS, max(100, _SIGNS // len(z)))
        while tried < MOST_FLIPS and passed < ENOUGH:  # a large p needs few
            flipped = rng.choice((-1.0, 1.0), (at_once, len(z))) * z
            passed += int((np.sum(np.add.reduceat(flipped, first, axis=1) ** 2, axis=1) >= found * (1 - 1e-9)).sum())
            tried += at_once
        p = (1 + passed) / (1 + tried)
        between = contradiction_p(idata, name, valued(idata, name))
        result[name] = LackOfFit(_ratio(groups), p, len(groups), len(z), _farthest(keyed), between)
    return result


def _farthest(keyed: Mapping[tuple, np.ndarray], most: int = 3) -> tuple[str, ...]:
    """Say of the replicates (experiment, time, batch) that miss the model most together by how much."""
    order = sorted(keyed, key=lambda key: -abs(keyed[key].sum()) / math.sqrt(len(keyed[key])))
    return tuple(
        f"{batch}, {experiment} at {time:g} min: {len(z)} values {abs(z.mean()):.1f} sd "
        f"{'above' if z.mean() > 0 else 'below'}"
        for (experiment, time, batch), z in ((key, keyed[key]) for key in order[:most])
    )


def _groups(idata: Groups, name: str, *more: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Residuals of a read-out of one experiment and time (and what else is named) each, and all of them."""
    groups, z = _keyed(idata, name, *more)
    return [*groups.values()], z


def _keyed(idata: Groups, name: str, *more: str) -> tuple[dict[tuple, np.ndarray], np.ndarray]:
    """Give residuals as `_groups`, by experiment, time and what else is named."""
    here, about = valued(idata, name), idata["constant_data"]
    z = residuals(idata, name)[here]
    keys = [about[f"{name}_{key}"].values[here] for key in ("experiment", "time", *more)]
    group_of: dict[tuple, list[float]] = {}
    for key, value in zip(zip(*keys, strict=True), z, strict=True):
        group_of.setdefault(key, []).append(value)
    return {key: np.array(values) for key, values in group_of.items()}, z


def _ratio(groups: Sequence[np.ndarray]) -> float | None:
    """Mean square of the groups' means, in standard errors, over that within groups; None without replicates."""
    within = sum(map(len, groups)) - len(groups)
    spread = sum(((g - g.mean()) ** 2).sum() for g in groups)
    if not (within > 0 and spread > 0):
        return None
    return float((sum(len(g) * g.mean() ** 2 for g in groups) / len(groups)) / (spread / within))


def serial_correlation(idata: Groups) -> dict[str, SerialCorrelation]:
    """Correlate residuals of neighbours in time, by read-out without replicates.

    Where nothing was replicated, the noise of a model that misses the data is all that the misfit can hide in; but then
    its residuals follow each other along a course. Their order in a right model is any other.
    """
    result = {}
    for name in map(str, idata["posterior_predictive"].data_vars):
        about = idata["constant_data"].isel({f"{name}_row": valued(idata, name)})
        z = residuals(idata, name)[valued(idata, name)]
        keys, times = _courses(about, name), about[f"{name}_time"].values
        replicated = len(set(zip(about[f"{name}_experiment"].values, times, strict=True))) < len(z)
        order = sorted(np.flatnonzero(np.isfinite(times)), key=lambda i: (keys[i], times[i]))
        pairs = np.array([(i, j) for i, j in pairwise(order) if keys[i] == keys[j]]).reshape(-1, 2)
        if replicated or len(pairs) < LEAST_PAIRS or not np.isfinite(z).all():
            result[name] = SerialCorrelation(None, None, len(pairs))
            continue
        rng = np.random.default_rng(0)
        shuffled = rng.permuted(np.tile(z, (PERMUTATIONS, 1)), axis=1)
        found = float(np.sum(z[pairs[:, 0]] * z[pairs[:, 1]]))
        chance = np.sum(shuffled[:, pairs[:, 0]] * shuffled[:, pairs[:, 1]], axis=1)
        p = (1 + int((chance >= found).sum())) / (1 + PERMUTATIONS)
        result[name] = SerialCorrelation(found / float(np.sum(z**2)), p, len(pairs))
    return result


def _courses(about: Any, name: str) -> list[tuple[str, str]]:
    """Experiment and batch of each measurement: those of one course in time are equal."""
    return [*zip(map(str, about[f"{name}_experiment"].values), map(str, about[f"{name}_batch"].values), strict=True)]


def residuals(idata: Groups, name: str) -> np.ndarray:
    """Measurements minus the predictive mean in its standard deviations, on the scale of the noise.

    Of a censored measurement it is that of the limit where the mean lies beyond that, else 0. Where errors hang
    together along a course it is what the earlier ones of its course do not say of it.
    """
    z = standard(idata, name)[0]
    about = idata["constant_data"]
    if f"{name}_censored" in about:
        sides = about[f"{name}_censored"].values
        z = np.where(sides == "below", np.minimum(z, 0.0), np.where(sides == "above", np.maximum(z, 0.0), z))
    return z


def standard(idata: Groups, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Measurements (measurements,) and drawn ones (samples, measurements) of a read-out as `residuals` has them."""
    observed = idata["observed_data"][name].values
    values = idata["posterior_predictive"][name].values.reshape(-1, len(observed))
    kind = json.loads(idata["posterior"].attrs.get("noise", "{}")).get(name, "normal")
    if NOISES[kind].logarithmic:
        with np.errstate(invalid="ignore", divide="ignore"):
            values, observed = np.log(values), np.log(observed)
    mean, sd = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    z, drawn = (observed - mean) / sd, (values - mean) / sd
    for rows, matrix in courses_in(idata, name):
        factor = np.linalg.cholesky(matrix)
        z[rows], drawn[:, rows] = np.linalg.solve(factor, z[rows]), np.linalg.solve(factor, drawn[:, rows].T).T
    return z, drawn


def worst_rows(idata: Groups, most: int = 10) -> tuple[Residual, ...]:
    """Measurements farthest from their posterior predictive distribution, in its standard deviations."""
    rows = []
    about = idata["constant_data"]
    for name in map(str, idata["posterior_predictive"].data_vars):
        observed, z = idata["observed_data"][name].values, residuals(idata, name)
        rows += [
            Residual(
                observable=name,
                experiment=str(about[f"{name}_experiment"].values[i]),
                batch=str(about[f"{name}_batch"].values[i]),
                replicate=str(about[f"{name}_replicate"].values[i]),
                time=number(about[f"{name}_time"].values[i]),
                value=number(observed[i]),
                residual_sd=float(z[i]),
            )
            for i in range(len(observed))
            if np.isfinite(z[i])
        ]
    rows.sort(key=lambda row: -abs(row.residual_sd))
    return tuple(rows[:most])
