"""Priors and noise as rows of numbers, for compiled functions: coordinate, prior and loss of what a row describes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from il6infer.inference.coordinates import coordinate
from il6infer.inference.quadrature import INNER
from il6infer.problems.families import FAMILIES
from il6infer.problems.noise import ERRORS
from il6infer.problems.priors import log_normaliser
from il6infer.problems.spec import Parameter

LOGARITHMIC, LOW, HIGH, LOWER, UPPER, BEND, FAMILY, FIRST, SECOND, CONSTANT = range(10)
"""Columns of the table of priors: `Coordinate`, then position in `FAMILIES` and parameters."""


def prior_row(parameter: Parameter) -> list[float]:
    """Row of the table of priors; the constant makes the density that of SciPy, divided by the mass kept."""
    place, prior = coordinate(parameter), parameter.stated_prior
    first, second = (*map(float, prior.parameters), 0.0)[:2]
    row = [float(place.logarithmic), place.low, place.high, *place.ends, place.bend]
    row += [float([*FAMILIES].index(prior.distribution)), first, second]
    return [*row, log_normaliser(prior) - place.log_mass]


def _chosen(number: int, function: Any, others: Any) -> Any:
    """Of a table of functions the one with a number: a compiled function of the number and its arguments."""
    compiled = njit(**INNER)(function)
    if others is None:
        return njit(**INNER)(lambda kind, *arguments: compiled(*arguments))
    return njit(**INNER)(lambda kind, *arguments: compiled(*arguments) if kind == number else others(kind, *arguments))


_density: Any = None
loss_of: Any = None
log_mass_of: Any = None
for _number, _family in reversed([*enumerate(FAMILIES.values())]):
    _density = _chosen(_number, _family.density, _density)
for _number, _error in reversed([*enumerate(ERRORS.values())]):
    loss_of = _chosen(_number, _error.loss, loss_of)
    log_mass_of = _chosen(_number, _error.log_mass, log_mass_of)
CONSTANTS = np.array([error.constant for error in ERRORS.values()])


@njit(**INNER)
def value_at(x, row):  # noqa: ANN001, ANN202
    """Value of a coordinate, its derivative, the logarithm of that, and the derivative of the logarithm."""
    lower, upper, bend = row[LOWER], row[UPPER], row[BEND]
    line, step, log_step, by_log_step = x, 1.0, 0.0, 0.0
    if x < lower + bend:
        u = 1.0 - (x - lower) / bend
        distance = math.exp(-u * (1.0 + 0.5 * u))
        line, step = lower + bend * distance, distance * (1.0 + u)
        log_step, by_log_step = math.log1p(u) - u * (1.0 + 0.5 * u), (1.0 + u - 1.0 / (1.0 + u)) / bend
    elif x > upper - bend:
        u = 1.0 - (upper - x) / bend
        distance = math.exp(-u * (1.0 + 0.5 * u))
        line, step = upper - bend * distance, distance * (1.0 + u)
        log_step, by_log_step = math.log1p(u) - u * (1.0 + 0.5 * u), (1.0 / (1.0 + u) - 1.0 - u) / bend
    value = line
    if row[LOGARITHMIC] != 0.0:
        value = math.exp(line)
        log_step, by_log_step, step = line + log_step, step + by_log_step, value * step
    return min(max(value, row[LOW]), row[HIGH]), step, log_step, by_log_step


@njit(**INNER)
def prior_at(v, row):  # noqa: ANN001, ANN202
    """Logarithm of the prior's density at a value, and its derivative."""
    found, slope = _density(int(row[FAMILY]), v, row[FIRST], row[SECOND])
    return found + row[CONSTANT], slope
