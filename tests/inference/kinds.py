"""Families of posteriors of one or two parameters that are hard to sample, of random numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy as sp

from il6infer.network.network import TIME, symbol

A, B, C, W, S = (symbol(name) for name in ("a", "b", "c", "w", "s"))


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
    censored: Callable[[np.random.Generator, np.ndarray], list[str]] | None = None
    """Gives of each value on which side of it the measurement lies, or '' where it is one; None: all are."""


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


def _grown(rng):
    s, size = 10.0 ** rng.uniform(-1.5, 0.3), int(rng.integers(1, 4))
    return {"s": s}, np.arange(1.0, size + 1.0), rng.normal() * np.exp(rng.normal(0.0, 1.5)) + s * rng.normal(size=size)


def _switch(rng):
    s, w = 10.0 ** rng.uniform(-1.3, -0.3), 10.0 ** rng.uniform(-1.5, 0.0)
    return {"c": rng.normal(0.0, 2.0), "w": w, "s": s}, np.array([0.0]), np.array([rng.choice([0.05, 0.5, 0.95])])


def _crossed(rng):
    s = 10.0 ** rng.uniform(-0.7, 0.5)
    return {"s": s}, np.array([0.0]), np.array([rng.normal(0.0, 1.5)])


def _conflict(rng):
    s = 10.0 ** rng.uniform(-1.0, 0.5)
    return {"s": s}, np.array([0.0]), np.array([rng.choice([-1.0, 1.0]) * rng.uniform(8.0, 40.0)])


def _outlier(rng):
    size, sd = int(rng.integers(3, 8)), 10.0 ** rng.uniform(-1.0, 0.5)
    values = rng.normal() + sd * rng.normal(size=size)
    values[0] += sd * rng.choice([-1.0, 1.0]) * rng.uniform(5.0, 50.0)
    return {}, np.arange(1.0, size + 1.0), values


def _beyond(rng):
    size, s = int(rng.integers(1, 4)), 10.0 ** rng.uniform(-1.0, 0.5)
    return {"s": s}, np.arange(1.0, size + 1.0), np.sort(rng.normal(0.0, 2.0, size))


def _positive(rng):
    size, sd = int(rng.integers(1, 5)), 10.0 ** rng.uniform(-1.5, 0.3)
    values = np.exp(rng.normal(0.0, 1.5) + sd * rng.normal(size=size))
    return {"c": rng.choice([0.0, 1.0]), "s": sd}, np.arange(1.0, size + 1.0), values


def _one_side(rng, values):
    return [str(rng.choice(("below", "above")))] * len(values)


def _some(rng, values):
    return [str(side) for side in rng.choice(("", "below", "above"), len(values))]


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
    "grown": Kind(A * sp.exp(B), S, "normal", ("line", "line"), _grown),
    "switch": Kind(1 / (1 + sp.exp(-(A - C) / W)), S, "normal", ("line",), _switch),
    "crossed": Kind(A**2 - B**2, S, "normal", ("line", "line"), _crossed),
    "conflict": Kind(A, S, "normal", ("line",), _conflict),
    "outlier, Laplace": Kind(A, B, "laplace", ("line", "noise"), _outlier),
    "outlier, Student": Kind(A, B, "student-t", ("line", "noise"), _outlier),
    "all censored": Kind(A, S, "normal", ("line",), _beyond, _one_side),
    "some censored": Kind(A, B, "normal", ("line", "noise"), _few, _some),
    "some censored, Laplace": Kind(A, B, "laplace", ("line", "noise"), _few, _some),
    "offset": Kind(A + B, S, "log-normal", ("positive", "positive"), _positive),
    "offset, censored": Kind(A + B, S, "log-normal", ("positive", "positive"), _positive, _some),
    "log-normal": Kind(A, B, "log-normal", ("positive", "noise"), _positive),
    "log-Laplace": Kind(A + C, B, "log-laplace", ("positive", "noise"), _positive),
    "levels": Kind(A, sp.sqrt(B**2 + S**2), "normal", ("line", "noise"), _funnel),
}
