"""Small posteriors that are hard to sample, of random numbers, and what quadrature knows of each.

`python -m tests.inference.adversarial --seeds 0 40` fits them and prints each that passes its verdict, and is wrong.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass

import numpy as np
import sympy as sp
from scipy import stats
from scipy.special import logsumexp

from il6infer.diagnosis import Thresholds, diagnose
from il6infer.inference import FitSettings, fit_problem
from il6infer.network.network import TIME, symbol
from il6infer.problems.priors import distribution, log_mass, quantile, support
from il6infer.problems.spec import Observable, Parameter, Prior, Problem
from tests.inference.kinds import KINDS
from tests.zoo import toy
from tests.zoo.systems import ONE, network

ERRORS = {"normal": stats.norm, "laplace": stats.laplace, "student-t": stats.t(4.0)}
GRID, FAR, FAR_LN, SEEN = 900, 1e6, 40.0, 27.0


def prior_of(sort: str, rng: np.random.Generator) -> tuple[Prior, float, float]:
    """A random prior of a sort, and bounds, which may cut it anywhere."""
    at, width = rng.normal(0.0, 1.5), 10.0 ** rng.uniform(-0.3, 1.0)
    if sort == "line":
        names, low, high = ("normal", "normal", "laplace", "cauchy", "uniform"), -math.inf, math.inf
        name = str(rng.choice(names))
        prior = Prior(name, (at - 2 * width, at + 2 * width) if name == "uniform" else (at, width))
        if rng.random() < 0.3:
            low = at + width * rng.normal() - 1.0
        if rng.random() < 0.3:
            high = max(at, low if math.isfinite(low) else at) + width * abs(rng.normal()) + 0.2
        return prior, low, high
    wide = rng.uniform(0.5, 3.0)
    at = at if sort == "positive" else at - 1.0
    name = str(rng.choice(("log-normal", "log-normal", "log-uniform", "log-laplace", "exponential", "gamma", "normal")))
    middle = math.exp(at)
    numbers = {
        "log-normal": (at, wide),
        "log-uniform": (middle * math.exp(-3 * wide), middle * math.exp(3 * wide)),
        "log-laplace": (at, 0.7 * wide),
        "exponential": (middle,),
        "gamma": (rng.uniform(0.6, 4.0), middle),
        "normal": (middle, wide * middle),
    }
    prior = Prior(name, numbers[name])
    low, high = 0.0, math.inf
    if rng.random() < 0.2:
        low = math.exp(at + wide * rng.normal())
    if rng.random() < 0.2:
        high = max(math.exp(at), low) * math.exp(wide * abs(rng.normal()) + 0.2)
    return prior, low, high


def posterior(name: str, seed: int) -> Problem:
    """A random problem of a kind."""
    kind, rng = KINDS[name], np.random.default_rng([seed, *name.encode()])
    numbers, times, values = kind.draw(rng)
    estimated = []
    for parameter, sort in zip("ab", kind.priors, strict=False):
        while True:
            prior, low, high = prior_of(sort, rng)
            own = Parameter(parameter, low, high, math.nan, True, prior)
            if support(own)[0] < support(own)[1] and math.isfinite(log_mass(own)):
                break
        estimated.append(own)
    table = toy.measurements(values, times)
    if kind.censored:
        table = table.assign(censored=kind.censored(rng, values))
    fixed = [Parameter(n, -math.inf, math.inf, float(v), False, None) for n, v in numbers.items()]
    return Problem(
        id=f"{name} {seed}", network=network({"x": -symbol("x")}, {"x": 1.0}), parameters=(*estimated, *fixed),
        experiments=ONE, observables=(Observable("obs_y", kind.formula, kind.noise, kind.errors),),
        measurements=table,
    )  # fmt: skip


def log_densities(problem: Problem, points: list[np.ndarray]) -> np.ndarray:
    """Unnormalised log-posterior at broadcast values of the estimated parameters."""
    values = {p.id: p.nominal for p in problem.parameters if not p.estimate} | {
        p.id: value for p, value in zip(problem.estimated, points, strict=True)
    }
    names = list(values)
    [observable] = problem.observables
    read, blur = (sp.lambdify([*map(symbol, names), TIME], e, "numpy") for e in (observable.formula, observable.noise))
    total: np.ndarray = np.zeros(np.broadcast_shapes(*(p.shape for p in points)))
    table = problem.measurements
    with np.errstate(all="ignore"):
        error = observable.distribution.removeprefix("log-")
        logs, of = error != observable.distribution, ERRORS[error]
        sides = table["censored"] if "censored" in table else [""] * len(table)
        for y, t, side in zip(table["value"], table["time"], sides, strict=True):
            sd, middle = blur(*values.values(), t), read(*values.values(), t)
            z = ((math.log(y) - np.log(middle)) if logs else (y - middle)) / sd
            if side == "":
                total = total + of.logpdf(z) - np.log(sd) - (math.log(y) if logs else 0.0)
            else:
                total = total + of.logcdf(z if side == "below" else -z)
    for p, value in zip(problem.estimated, points, strict=True):
        with np.errstate(all="ignore"):
            total = total + distribution(p.stated_prior).logpdf(value)
    return np.where(np.isfinite(total), total, -np.inf)


@dataclass(frozen=True)
class Known:
    """Nodes (parameters, nodes) of a quadrature, their weights, and the logarithm of the evidence."""

    nodes: np.ndarray
    weights: np.ndarray
    log_evidence: float

    def cdf(self, i: int, values: np.ndarray) -> np.ndarray:
        """Share of the posterior below values of one parameter; a node at a value counts half."""
        order = np.argsort(self.nodes[i])
        below = np.cumsum(self.weights[order]) - 0.5 * self.weights[order]
        return np.interp(values, self.nodes[i][order], below)

    def sd(self, i: int) -> float:
        """Give the standard deviation of one parameter."""
        mean = self.weights @ self.nodes[i]
        return float(np.sqrt(self.weights @ (self.nodes[i] - mean) ** 2))


def _line(p: Parameter):
    """Coordinate of a parameter in which a grid is even, its inverse, and its ends: far beyond the prior's mass."""
    (low, high), middle = support(p), quantile(p, 0.5)
    if low >= 0.0:
        about = math.log(middle)
        ends = max(math.log(low) if low > 0.0 else -math.inf, about - FAR_LN), min(math.log(high), about + FAR_LN)
        return np.log, np.exp, ends
    size = max(quantile(p, 0.75) - quantile(p, 0.25), 1e-9)
    ends = np.array([max(low, middle - FAR * size), min(high, middle + FAR * size)])
    return (
        (lambda v: np.arcsinh((v - middle) / size)),
        (lambda u: middle + size * np.sinh(u)),
        tuple(np.arcsinh((ends - middle) / size)),
    )


def by_quadrature(problem: Problem, size: int = GRID) -> Known:
    """Nodes even in the coordinates of `_line`, closed in on the mass: those of a, and for each of them those of b."""
    first, *second = [_line(p) for p in problem.estimated]
    low, high = first[2]
    for _ in range(6):
        mids = low + (high - low) * (np.arange(size) + 0.5) / size
        outer = first[1](mids)
        if second:
            inner, logs = _rows(problem, outer, second[0], size // 3)
        else:
            logs = log_densities(problem, [outer])[:, None]
        logs = logs + np.log(np.gradient(outer, mids))[:, None]
        rows = logsumexp(logs, axis=1)
        inside = np.flatnonzero(rows > rows.max() - SEEN)
        step, before = (high - low) / size, high - low
        low, high = mids[max(inside[0] - 1, 0)] - 0.5 * step, mids[min(inside[-1] + 1, size - 1)] + 0.5 * step
        if high - low > 0.8 * before:
            break
    whole = logsumexp(logs)
    weights, evidence = np.exp(logs - whole), float(whole) + math.log(step) - sum(map(log_mass, problem.estimated))
    if not second:
        return Known(outer[None, :], weights[:, 0], evidence)
    return Known(np.stack([np.repeat(outer, inner.shape[1]), inner.ravel()]), weights.ravel(), evidence)


def _rows(problem: Problem, outer: np.ndarray, line, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of b (a, nodes) for each a, and the logarithms of density and width there."""
    ends = np.tile(np.array(line[2]), (len(outer), 1))
    for _ in range(8):
        widths = (ends[:, 1:] - ends[:, :1]) / size
        mids = ends[:, :1] + widths * (np.arange(size) + 0.5)
        inner = line[1](mids)
        logs = log_densities(problem, [np.broadcast_to(outer[:, None], inner.shape), inner]) + np.log(widths)
        with np.errstate(divide="ignore"):  # no mass where a grid has no width
            logs = logs + np.log(np.gradient(inner, axis=1) / widths)
        inside = logs > logs.max(axis=1, keepdims=True) - SEEN
        begin, end = inside.argmax(axis=1), size - 1 - inside[:, ::-1].argmax(axis=1)
        rows = np.arange(len(outer))
        closed = np.stack(
            [mids[rows, np.maximum(begin - 1, 0)] - 0.5 * widths[:, 0],
             mids[rows, np.minimum(end + 1, size - 1)] + 0.5 * widths[:, 0]], axis=1,
        )  # fmt: skip
        if (np.ptp(closed, axis=1) > 0.8 * np.ptp(ends, axis=1)).all():
            break
        ends = closed
    return inner, logs


LEVELS = np.array([0.05, 0.5, 0.95])


def judge(name: str, seed: int, settings: FitSettings) -> dict[str, object]:
    """Fit one, and say whether its verdict passes and how far it is off."""
    problem = posterior(name, seed)
    coarse, known = by_quadrature(problem, GRID), by_quadrature(problem, int(1.4 * GRID))
    started = time.monotonic()
    idata = fit_problem(problem, settings)
    verdict = diagnose(idata, Thresholds())
    found: dict[str, object] = {
        "name": problem.id, "passed": verdict.sampled.passed, "seconds": round(time.monotonic() - started, 1),
        "why": [r.message[:60] for r in verdict.sampled.failed], "sampler": idata["posterior"].attrs["sampler"][:30],
    }  # fmt: skip
    if (elsewhere := verdict.sampler.elsewhere) is not None:
        found["elsewhere"] = [round(x, 5) for x in (elsewhere.mass, *elsewhere.variance.values())]
    wrong = []
    for i, p in enumerate(problem.estimated):
        draws, row = idata["posterior"][p.id].values.ravel(), verdict.parameters[p.id]
        at = np.quantile(draws, LEVELS)
        shares, rough = known.cdf(i, at), coarse.cdf(i, at)
        found[p.id] = [round(float(x), 4) for x in shares]
        if np.abs(shares - rough).max() > 0.01:
            found["unsure"] = [round(float(x), 4) for x in rough]
        size = min(row.ess_bulk or 1.0, row.ess_tail or 1.0)
        error = np.sqrt(LEVELS * (1 - LEVELS) / size)
        if (np.abs(shares - LEVELS) > 4.0 * error + 0.005).any():
            wrong.append(f"{p.id}: quantiles at {found[p.id]}")
        if row.sd is not None and abs(row.sd / known.sd(i) - 1.0) > 0.2:
            wrong.append(f"{p.id}: sd {row.sd:.3g} for {known.sd(i):.3g}")
    return found | {"wrong": wrong}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs=2, type=int, default=(0, 10))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--sampler", default="nutpie")
    args = parser.parse_args()
    for name in args.kinds:
        for seed in range(*args.seeds):
            try:
                found = judge(name, seed, FitSettings(seed=seed, sampler=args.sampler))
            except Exception as error:  # noqa: BLE001 (a fuzz goes on, and tells)
                print(json.dumps({"name": f"{name} {seed}", "error": str(error)[:300]}), flush=True)
                continue
            flag = "WRONG " if found["passed"] and found["wrong"] and "unsure" not in found else ""
            print(flag + json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
