"""Held-out measurements whose errors hang together along a course: what the others of its course say of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from il6infer.held_out.rows import evaluated
from il6infer.problems.courses import Course, courses_of
from il6infer.problems.noise import correlation_at, logarithmic
from il6infer.problems.spec import CARRIERS, Problem


@dataclass(frozen=True)
class Along:
    """Courses among some measurements.

    Attributes
    ----------
    rows
        (lanes,) of each course, places among the measurements.
    precision
        (draws, lanes, lanes) of each, inverse of the correlation of its errors at each draw of a fit.
    """

    rows: tuple[np.ndarray, ...]
    precision: tuple[np.ndarray, ...]

    def given_others(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (draws, samples, measurements) of each error given the others of its course.

        Parameters
        ----------
        z
            (draws, samples, measurements) errors in units of the noise, as the result.
        """
        mean, sd = np.zeros(z.shape), np.ones(z.shape)
        for rows, precision in zip(self.rows, self.precision, strict=True):
            own = np.diagonal(precision, axis1=-2, axis2=-1)[:, None]
            pull = np.einsum("dij,dsj->dsi", precision, z[..., rows])
            mean[..., rows], sd[..., rows] = z[..., rows] - pull / own, np.broadcast_to(own**-0.5, pull.shape)
        return mean, sd

    def more_together(self, z: np.ndarray) -> np.ndarray:
        """Log-density (draws, samples) of all errors together, less that of each alone.

        Parameters
        ----------
        z
            (draws, samples, measurements) errors in units of the noise.
        """
        total = np.zeros(z.shape[:-1])
        for rows, precision in zip(self.rows, self.precision, strict=True):
            own = z[..., rows]
            total += 0.5 * np.linalg.slogdet(precision)[1][:, None] + 0.5 * (own**2).sum(-1)
            total -= 0.5 * np.einsum("dsi,dij,dsj->ds", own, precision, own)
        return total


def without_carriers(problem: Problem) -> Problem:
    """Take away the rows that say how errors hang together: what is left are measurements."""
    kept = ~problem.measurements["observable"].str.startswith(CARRIERS)
    return problem if kept.all() else problem.with_measurements(problem.measurements[kept])


def along(problem: Problem, group: Sequence[int] | np.ndarray, values: Mapping[str, np.ndarray]) -> Along:
    """Find the courses among some rows of a problem, and how their errors hang together at draws of a fit.

    Parameters
    ----------
    problem
        With its carriers, after all measurements.
    group
        Rows; a course is among them whole or not at all.
    values
        Parameter -> (draws,).
    """
    place, known = {int(row): i for i, row in enumerate(group)}, {o.id: o for o in problem.observables}
    courses: list[Course] = [course for course in courses_of(problem) if int(course.rows[0]) in place]
    draws = len(next(iter(values.values())))
    precision = []
    for course in courses:
        carrier = known[str(problem.measurements["observable"].iloc[course.carrier])]
        time, share = evaluated([carrier.formula, carrier.noise], values, (draws,)).T[..., None, None]
        precision.append(np.linalg.inv(correlation_at(course.distances, time, share)))
    return Along(tuple(np.array([place[int(r)] for r in c.rows]) for c in courses), tuple(precision))


def shifted(
    kinds: np.ndarray, median: np.ndarray, noise: np.ndarray, z: np.ndarray, along_courses: Along
) -> tuple[np.ndarray, np.ndarray]:
    """Median and noise (draws, samples, measurements) of each measurement given the others of its course.

    Parameters
    ----------
    kinds
        (measurements,) noise distributions.
    median, noise, z
        (draws, samples, measurements) of each alone, and its error in units of the noise.
    along_courses
        Of these measurements.
    """
    mean, sd = along_courses.given_others(z)
    with np.errstate(over="ignore", invalid="ignore"):
        moved = np.where(logarithmic(kinds), median * np.exp(noise * mean), median + noise * mean)
    return moved, noise * sd
