"""Small posteriors that are hard to sample, of random numbers, and what quadrature knows of each.

`python -m tests.inference.adversarial --seeds 0 40` fits them and prints each that passes its verdict, and is wrong.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy as sp
from scipy.special import gammaln, logsumexp

from il6infer.diagnosis import Thresholds, diagnose
from il6infer.inference import FitSettings, fit_problem
from il6infer.network.network import TIME, symbol
from il6infer.problems.priors import distribution, log_mass, quantile, support
from il6infer.problems.spec import Observable, Parameter, Prior, Problem
from tests.zoo import toy
from tests.zoo.systems import ONE, network

A, B, C, W, S = (symbol(name) for name in ("a", "b", "c", "w", "s"))
GRID, FAR, FAR_LN, SEEN = 900, 1e6, 40.0, 27.0


@dataclass(frozen=True)
class Kind:
    """A family of posteriors of one or two parameters, a and b; c, w and s are numbers of each."""

    formula: sp.Expr
    noise: sp.Expr
    errors: str
    priors: tuple[str, ...]
    """Of a and of b: ``line``, ``positive`` or ``noise``."""
    draw: Callable[[np.random.Generator], tuple[dict[str, float], np.ndarray, np.ndarray]]
    """Gives c, w and s, times, and values."""


def _square(rng):
    s, top = 10.0 ** rng.uniform(-1.5, 0.3), abs(rng.normal(0.0, 3.0))
    c = rng.choice([0.0, rng.normal() * s])
    return {"c": c, "s": s}, np.array([0.0]), np.array([top**2 + s * rng.normal()])


def _waves(rng):
    w, s = rng.uniform(0.5, 3.0), 10.0 ** rng.uniform(-1.2, -0.3)
    return {"w": w, "c": 0.1 * rng.normal(), "s": s}, np.array([0.0]), np.array([rng.uniform(-0.9, 0.9)])


def _product(rng):
    s = 10.0 ** rng.uniform(-2.0, 0.0)
    return {"s": s}, np.array([0.0]), np.array([rng.normal(0.0, 2.0)])


def _bent(rng):
    s = 10.0 ** rng.uniform(-1.3, 0.0)
    return {"c": rng.uniform(0.1, 1.5), "s": s}, np.array([0.0]), np.array([rng.normal(0.0, 2.0)])


def _few(rng):
    size, sd = int(rng.integers(1, 5)), 10.0 ** rng.uniform(-2.0, 1.0)
    values = rng.normal(0.0, sd, size)
    if size > 1 and rng.random() < 0.3:
        values[1] = values[0] + 1e-3 * sd * rng.normal()
    return {}, np.arange(1.0, size + 1.0), values + 3.0 * rng.normal()


def _clusters(rng):
    apart, s = 10.0 ** rng.uniform(-0.3, 1.5), 10.0 ** rng.uniform(-1.0, 0.3)
    one, two = rng.integers(1, 5, 2)
    values = np.concatenate([rng.normal(0.0, 1.0, one), rng.normal(apart, 1.0, two)]) * s
    return {"s": s}, np.arange(1.0, one + two + 1.0), values


def _wall(rng):
    s = 10.0 ** rng.uniform(-1.5, 1.0)
    return {"s": s}, np.array([0.0]), np.array([rng.normal(0.0, 3.0)])


def _rates(rng):
    s = 10.0 ** rng.uniform(-2.0, -0.5)
    times, k = np.array([0.3, 1.0, 3.0]), np.exp(rng.normal(0.0, 1.5, 2))
    return {"s": s}, times, np.exp(-np.outer(times, k)).sum(axis=1) + s * rng.normal(size=3)


def _saturation(rng):
    s, times = 10.0 ** rng.uniform(-1.5, -0.3), np.array([0.2, 1.0, 5.0])[: rng.integers(1, 4)]
    v, k = np.exp(rng.normal(0.0, 1.5, 2))
    return {"s": s}, times, v * times / (k + times) + s * rng.normal(size=len(times))


def _spike(rng):
    w, s = 10.0 ** rng.uniform(-1.5, -0.3), rng.uniform(0.2, 0.6)
    return {"c": rng.normal(), "w": w, "s": s}, np.array([0.0]), np.array([1.0])


def _funnel(rng):
    size = int(rng.integers(2, 7))
    tau, s = 10.0 ** rng.uniform(-1.5, 0.5), 10.0 ** rng.uniform(-1.5, 0.0)
    return {"s": s}, np.arange(1.0, size + 1.0), rng.normal() + np.hypot(tau, s) * rng.normal(size=size)


KINDS = {
    "square": Kind(A**2 + C * A, S, "normal", ("line",), _square),
    "waves": Kind(sp.sin(W * A) + C * A, S, "normal", ("line",), _waves),
    "product": Kind(A * B, S, "normal", ("line", "line"), _product),
    "ridge": Kind(A * B, S, "normal", ("positive", "positive"), _product),
    "bent": Kind(B - C * A**2, S, "normal", ("line", "line"), _bent),
    "few": Kind(A, B, "normal", ("line", "noise"), _few),
    "few, Laplace": Kind(A, B, "laplace", ("line", "noise"), _few),
    "few, Student": Kind(A, B, "student-t", ("line", "noise"), _few),
    "clusters": Kind(A, S, "student-t", ("line",), _clusters),
    "wall": Kind(A, S, "normal", ("line",), _wall),
    "sum": Kind(A + B, S, "normal", ("line", "line"), _wall),
    "rates": Kind(sp.exp(-A * TIME) + sp.exp(-B * TIME), S, "normal", ("positive", "positive"), _rates),
    "saturation": Kind(A * TIME / (B + TIME), S, "normal", ("positive", "positive"), _saturation),
    "spike": Kind(sp.exp(-(((A - C) / W) ** 2)), S, "normal", ("line",), _spike),
    "levels": Kind(A, sp.sqrt(B**2 + S**2), "normal", ("line", "noise"), _funnel),
}


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
    fixed = [Parameter(n, -math.inf, math.inf, float(v), False, None) for n, v in numbers.items()]
    return Problem(
        id=f"{name} {seed}", network=network({"x": -symbol("x")}, {"x": 1.0}), parameters=(*estimated, *fixed),
        experiments=ONE, observables=(Observable("obs_y", kind.formula, kind.noise, kind.errors),),
        measurements=toy.measurements(values, times),
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
        for y, t in zip(table["value"], table["time"], strict=True):
            sd = blur(*values.values(), t)
            z = (y - read(*values.values(), t)) / sd
            if observable.distribution == "normal":
                one = -0.5 * z**2 - 0.5 * math.log(2 * math.pi)
            elif observable.distribution == "laplace":
                one = -abs(z) - math.log(2.0)
            else:
                one = -2.5 * np.log1p(z**2 / 4.0) + gammaln(2.5) - gammaln(2.0) - 0.5 * math.log(4.0 * math.pi)
            total = total + one - np.log(sd)
    for p, value in zip(problem.estimated, points, strict=True):
        with np.errstate(all="ignore"):
            total = total + distribution(p.stated_prior).logpdf(value)
    return np.where(np.isfinite(total), total, -np.inf)


@dataclass(frozen=True)
class Known:
    """Nodes (parameters, nodes) of a quadrature, and their weights."""

    nodes: np.ndarray
    weights: np.ndarray

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
    weights = np.exp(logs - logsumexp(logs))
    if not second:
        return Known(outer[None, :], weights[:, 0])
    return Known(np.stack([np.repeat(outer, inner.shape[1]), inner.ravel()]), weights.ravel())


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
