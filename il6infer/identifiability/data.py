"""The measurements of a problem as a function of parameters on lines on which their changes can be compared."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from il6infer.engine import Engine, compile
from il6infer.engine.likelihood import pointwise, slopes
from il6infer.inference.coordinates import coordinate
from il6infer.problems.courses import Information, courses_of
from il6infer.problems.noise import ERRORS, NOISES
from il6infer.problems.priors import quantile, support
from il6infer.problems.spec import Problem
from il6infer.stages.settings import FitSettings

OUTER, HALF = 0.0005, 0.15865525393145707
"""Tail probabilities of the prior: outside of the searched range, and one standard deviation of a normal one."""

_SURE = 1.0 - 1e-12


@dataclass(frozen=True)
class Lines:
    """Each parameter on the line of its value or, where its prior is on that of logarithms, of its natural logarithm.

    Attributes
    ----------
    names
        Of the estimated parameters.
    logarithmic
        (parameters,) whether the line is that of the logarithm.
    spread
        (parameters,) standard deviation of the prior on the line: half the distance of its quantiles 0.16 and 0.84.
    low, high
        (parameters,) central 99.9 % of the prior, on the line.
    lowest, highest
        (parameters,) ends of what a parameter may be, on the line.
    """

    names: tuple[str, ...]
    logarithmic: np.ndarray
    spread: np.ndarray
    low: np.ndarray
    high: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray

    def line(self, thetas: np.ndarray) -> np.ndarray:
        """Points on the lines of values (..., parameters)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.logarithmic, np.log(np.where(self.logarithmic, thetas, 1.0)), thetas)

    def values(self, points: np.ndarray) -> np.ndarray:
        """Values of points on the lines (..., parameters)."""
        return np.where(self.logarithmic, np.exp(np.where(self.logarithmic, points, 0.0)), points)

    def slope(self, thetas: np.ndarray) -> np.ndarray:
        """Differentiate values by their points on the lines."""
        return np.where(self.logarithmic, thetas, 1.0)


def lines_of(problem: Problem) -> Lines:
    """Lines of a problem's estimated parameters."""
    kinds = np.array([coordinate(p).logarithmic for p in problem.estimated], dtype=bool)
    levels = (OUTER, HALF, 1.0 - HALF, 1.0 - OUTER)
    ends = np.array([[quantile(p, level) for level in levels] for p in problem.estimated]).T
    ends = np.vstack([ends, np.transpose([support(p) for p in problem.estimated])])
    with np.errstate(divide="ignore"):
        low, inner, outer, high, lowest, highest = np.where(kinds, np.log(np.where(kinds, ends, 1.0)), ends)
    return Lines(tuple(p.id for p in problem.estimated), kinds, 0.5 * (outer - inner), low, high, lowest, highest)


@dataclass(frozen=True)
class Data:
    """Likelihood of the measurements that are data, and what they tell.

    Attributes
    ----------
    engine
        Compiled from the problem.
    rows
        (measurements,) whether a measurement is data; literature constraints are not.
    """

    problem: Problem
    engine: Engine
    lines: Lines
    rows: np.ndarray = field(repr=False)

    @classmethod
    def of(cls, problem: Problem, engine: Engine) -> Data:
        """Take the data of a problem, without its literature constraints."""
        return cls(problem, engine, lines_of(problem), problem.measurements.index.isin(problem.data.index))

    def log_likelihood(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-likelihood of the data at a point on the lines, and its gradient there; -inf where a run failed."""
        theta = self.lines.values(point)
        found = self.engine.simulate(theta)
        if found.ok:
            each = pointwise(self.problem, found.prediction, found.noise)[self.rows]
            by_value, by_noise = (
                np.where(self.rows, s, 0.0) for s in slopes(self.problem, found.prediction, found.noise)
            )
            total = float(each.sum())
            if np.isfinite(total):
                gradient = self.engine.pullback(theta, by_value, by_noise) * self.lines.slope(theta)
                if np.isfinite(gradient).all():
                    return total, gradient
        return -np.inf, np.zeros(len(point))

    def roots(self, theta: np.ndarray) -> np.ndarray | None:
        """Matrix whose square is the Fisher information of the data on the lines, in units of the prior's.

        A measurement tells of its median and of the scale of its noise, each by its distribution (`ERRORS`); one that
        is censored tells on which side of its limit it lies.

        Returns
        -------
        numpy.ndarray or None
            (2 measurements and 2 a course whose errors hang together, parameters); None where a run failed.
        """
        found = self.engine.simulate(theta)
        if not found.ok:
            return None
        of_value, of_noise = (
            derivative[self.rows] * self.lines.slope(theta) * self.lines.spread
            for derivative in self.engine.jacobian(theta)
        )
        prediction, noise = found.prediction[self.rows], found.noise[self.rows]
        kinds = [NOISES[kind] for kind in self.problem.noise_kinds[self.rows]]
        logs = np.array([kind.logarithmic for kind in kinds])
        about = np.sqrt(np.array([ERRORS[kind.error].information for kind in kinds]))
        with np.errstate(divide="ignore", invalid="ignore"):
            first = of_value * (about[:, 0] / (noise * np.where(logs, prediction, 1.0)))[:, None]
            second = of_noise * (about[:, 1] / noise)[:, None]
        sides = self.problem.sides[self.rows]
        if sides.any():
            by_value, by_noise = (s[self.rows] for s in slopes(self.problem, found.prediction, found.noise))
            mass = np.exp(pointwise(self.problem, found.prediction, found.noise)[self.rows])
            odds = np.sqrt(mass / (1.0 - np.minimum(mass, _SURE)))
            event = odds[:, None] * (by_value[:, None] * of_value + by_noise[:, None] * of_noise)
            first = np.where(sides[:, None] != 0, event, first)
            second = np.where(sides[:, None] != 0, 0.0, second)
        first, second = self._along_courses(theta, found.prediction, found.noise, first, second)
        both = np.concatenate([first, second])
        return both if np.isfinite(both).all() else None

    def _along_courses(
        self, theta: np.ndarray, prediction: np.ndarray, noise: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Roots of what measurements tell of their medians and their noise, where errors hang together along courses.

        Two more rows of each course are what it tells of correlation time and share.
        """
        place, courses = np.cumsum(self.rows) - 1, courses_of(self.problem)
        if not courses:
            return first, second
        of_value, of_noise = (d * self.lines.slope(theta) * self.lines.spread for d in self.engine.jacobian(theta))
        first, second, more = first.copy(), second.copy(), []
        for course in courses:
            rows, told = place[course.rows], Information.of(course, prediction, noise)
            by_log_noise = of_noise[course.rows] / noise[course.rows, None]
            both = told.spreads @ np.vstack([by_log_noise, of_value[course.carrier], of_noise[course.carrier]])
            first[rows], second[rows] = told.medians @ first[rows], both[: len(rows)]
            more.append(both[len(rows) :])
        return first, np.concatenate([second, *more])


def data_of(problem: Problem, settings: FitSettings) -> Data:
    """Compile the data of a problem, at tolerances at which its likelihood is smooth."""
    fine = {"engine": settings.engine, "rtol": min(settings.rtol, 1e-6), "atol": min(settings.atol, 1e-8)}
    return Data.of(problem, compile(problem, **fine, max_steps=settings.max_steps))
