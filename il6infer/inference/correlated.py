"""Errors that hang together along a course (`il6infer.problems.courses`): inverse correlations and slopes; compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from il6infer.inference.quadrature import INNER
from il6infer.problems.courses import courses_of
from il6infer.problems.spec import Problem

FIRST_LANE, LAST_LANE, CARRIER, MEMBER = range(4)
"""Columns of a course: its lanes; row of its carrier; its first place among the members of what is integrated out, or
-1 where nothing of it is."""

ROW, TIME = range(2)
"""Columns of a lane: row of its measurement, and time."""

_LN_2PI = math.log(2.0 * math.pi)


def course_tables(problem: Problem, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tables of courses (courses, columns) and of their lanes (lanes, columns).

    Parameters
    ----------
    members
        (members,) rows of what is integrated out; those of a course stand together, in its order.
    """
    place = {int(row): i for i, row in enumerate(members)}
    courses, lanes = [], []
    for course in courses_of(problem):
        begin = len(lanes)
        lanes += [[float(row), time] for row, time in zip(course.rows, course.times, strict=True)]
        first = place.get(int(course.rows[0]), -1)
        courses.append([float(begin), float(len(lanes)), float(course.carrier), float(first)])
    return np.array(courses).reshape(-1, 4), np.array(lanes).reshape(-1, 2)


class Weights(NamedTuple):
    """Precision of the members' errors, at noise 1: a block for each course, else a diagonal."""

    own: np.ndarray
    """(members,) sum of each row."""
    cross: np.ndarray
    """(members, lanes) row of each in the block of its course; of no lanes where there are no courses."""
    first: np.ndarray
    """(members,) where the course of each begins among the members; -1 of a member in none."""
    lanes: np.ndarray
    """(members,) how many the course of each has."""
    pairs: np.ndarray
    """(members, lanes) mean of the products of a member's residual with those of its course, in units of noise 1."""


@njit(**INNER)
def invert(course, lanes, prediction, noise, inverse):  # noqa: ANN001, ANN201
    """Fill the inverse of a course's correlation matrix; returns the logarithm of its determinant, or NaN of none."""
    begin, count, carrier = int(course[FIRST_LANE]), int(course[LAST_LANE] - course[FIRST_LANE]), int(course[CARRIER])
    time, share = prediction[carrier], noise[carrier]
    if not (time > 0.0 and 0.0 <= share <= 1.0):
        return np.nan
    factor = np.zeros((count, count))
    total = 0.0
    for i in range(count):
        for j in range(i + 1):
            found = 1.0
            if i != j:
                found = share * math.exp(-abs(lanes[begin + i, TIME] - lanes[begin + j, TIME]) / time)
            for k in range(j):
                found -= factor[i, k] * factor[j, k]
            if i != j:
                factor[i, j] = found / factor[j, j]
                continue
            if not found > 0.0:
                return np.nan
            factor[i, i] = math.sqrt(found)
            total += math.log(found)
    # Columns of the factor's inverse, into its own place.
    for j in range(count):
        factor[j, j] = 1.0 / factor[j, j]
        for i in range(j + 1, count):
            found = 0.0
            for k in range(j, i):
                found -= factor[i, k] * factor[k, j]
            factor[i, j] = found / factor[i, i]
    for i in range(count):
        for j in range(i + 1):
            found = 0.0
            for k in range(i, count):
                found += factor[k, i] * factor[k, j]
            inverse[i, j], inverse[j, i] = found, found
    return total


@njit(**INNER)
def _by_carrier(course, lanes, inverse, products, prediction, noise, by_value, by_noise):  # noqa: ANN001, ANN202
    """Add the slopes by correlation time and share; `products` (lanes, lanes) are of standard errors, as means."""
    begin, count, carrier = int(course[FIRST_LANE]), int(course[LAST_LANE] - course[FIRST_LANE]), int(course[CARRIER])
    time, share = prediction[carrier], noise[carrier]
    left = np.zeros((count, count))
    for i in range(count):
        for j in range(count):
            for k in range(count):
                left[i, j] += inverse[i, k] * products[k, j]
    for i in range(count):
        for j in range(i):
            tilt = -inverse[i, j]
            for k in range(count):
                tilt += left[i, k] * inverse[k, j]
            away = abs(lanes[begin + i, TIME] - lanes[begin + j, TIME]) / time
            decay = math.exp(-away)
            # Both halves of the matrix, and the factor 1/2 of the quadratic form.
            by_value[carrier] += tilt * share * decay * away / time
            by_noise[carrier] += tilt * decay


@njit(**INNER)
def correlated(courses, lanes, logarithmic, values, prediction, noise, by_value, by_noise):  # noqa: ANN001, ANN201
    """Log-likelihood of the courses of which nothing is integrated out; fills and adds to its slopes.

    Parameters
    ----------
    courses, lanes
        See `course_tables`.
    logarithmic, values
        (measurements,) whether logarithms count, and measured values.
    prediction, noise
        (measurements,) as the engine gives them.
    by_value, by_noise
        (measurements,) written for measurements of courses, added to for their carriers.
    """
    total = 0.0
    for n in range(len(courses)):
        course = courses[n]
        if course[MEMBER] >= 0.0:
            continue
        begin, count = int(course[FIRST_LANE]), int(course[LAST_LANE] - course[FIRST_LANE])
        inverse = np.empty((count, count))
        total -= 0.5 * (invert(course, lanes, prediction, noise, inverse) + count * _LN_2PI)
        z, inner = np.empty(count), np.ones(count)
        for i in range(count):
            row = int(lanes[begin + i, ROW])
            value, median = values[row], prediction[row]
            if logarithmic[row] != 0.0:
                if not median > 0.0:
                    return -np.inf
                total -= math.log(value)
                inner[i], value, median = median, math.log(value), math.log(median)
            z[i] = (value - median) / noise[row]
            total -= math.log(noise[row])
        products = np.empty((count, count))
        for i in range(count):
            row, pull = int(lanes[begin + i, ROW]), 0.0
            for j in range(count):
                pull += inverse[i, j] * z[j]
                products[i, j] = z[i] * z[j]
            total -= 0.5 * pull * z[i]
            by_value[row] = pull / (noise[row] * inner[i])
            by_noise[row] = (pull * z[i] - 1.0) / noise[row]
        _by_carrier(course, lanes, inverse, products, prediction, noise, by_value, by_noise)
    return total


@njit(**INNER)
def weights_of(courses, lanes, prediction, noise, c):  # noqa: ANN001, ANN201
    """Precision of the members' errors, and minus half the logarithm of the determinants of their correlations.

    Parameters
    ----------
    courses, lanes
        See `course_tables`.
    prediction, noise
        (measurements,).
    c
        (members,) noise of each.
    """
    size, most = len(c), 0
    for n in range(len(courses)):
        if courses[n, MEMBER] >= 0.0:
            most = max(most, int(courses[n, LAST_LANE] - courses[n, FIRST_LANE]))
    shape = (size if most > 0 else 0, most)
    first, counts = np.full(size, -1), np.zeros(size, dtype=np.int64)
    found = Weights(1.0 / (c * c), np.zeros(shape), first, counts, np.zeros(shape))
    total = 0.0
    for n in range(len(courses)):
        start, count = int(courses[n, MEMBER]), int(courses[n, LAST_LANE] - courses[n, FIRST_LANE])
        if start < 0:
            continue
        inverse = np.empty((count, count))
        total -= 0.5 * invert(courses[n], lanes, prediction, noise, inverse)
        for i in range(count):
            first[start + i], counts[start + i] = start, count
            found.own[start + i] = 0.0
            for j in range(count):
                found.cross[start + i, j] = inverse[i, j] / (c[start + i] * c[start + j])
                found.own[start + i] += found.cross[start + i, j]
    return found, total


@njit(**INNER)
def add_pairs(begin, count, values, logs, weights, zeroth, once, twice):  # noqa: ANN001, ANN201
    """Add what one node has to do with products of residuals, of the members of a batch."""
    for j in range(count):
        i = begin + j
        start = weights.first[i]
        if start < 0:
            continue
        own = values[i] - logs[j]
        for k in range(weights.lanes[i]):
            other = values[start + k] - logs[start + k - begin]
            weights.pairs[i, k] += own * other * zeroth - (own + other) * once + twice


@njit(**INNER)
def integrated(courses, lanes, members, c, weights, prediction, noise, by_value, by_noise):  # noqa: ANN001, ANN201
    """Add the slopes by correlation time and share of the courses of which something is integrated out.

    Parameters
    ----------
    courses, lanes
        See `course_tables`.
    members, c
        (members,) rows of the measurements, and noise of each.
    weights
        With all their `pairs`.
    prediction, noise, by_value, by_noise
        (measurements,); the slopes of measurements of courses by their noise are written.
    """
    for n in range(len(courses)):
        start, count = int(courses[n, MEMBER]), int(courses[n, LAST_LANE] - courses[n, FIRST_LANE])
        if start < 0:
            continue
        inverse, products = np.empty((count, count)), np.empty((count, count))
        for i in range(count):
            pull = 0.0
            for j in range(count):
                both = c[start + i] * c[start + j]
                inverse[i, j] = weights.cross[start + i, j] * both
                products[i, j] = weights.pairs[start + i, j] / both
                pull += inverse[i, j] * products[i, j]
            by_noise[members[start + i]] = (pull - 1.0) / c[start + i]
        _by_carrier(courses[n], lanes, inverse, products, prediction, noise, by_value, by_noise)
