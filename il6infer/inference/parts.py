"""Log-density of many points at once, prior and likelihood apart: for what tempers the likelihood."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from il6infer.inference.density import Density
from il6infer.inference.rows import prior_at, prior_row, value_at
from il6infer.kernel.cached_functions import cached
from il6infer.problems.priors import draw


@dataclass(frozen=True)
class Evaluated:
    """Points and what the density is there.

    Attributes
    ----------
    points
        (points, dimensions), unconstrained.
    prior, likelihood
        (points,) logarithms; the prior is a density of the points, normalised. The likelihood is -inf where a
        simulation failed or the measurements are impossible.
    prior_slope, likelihood_slope
        (points, dimensions).
    """

    points: np.ndarray
    prior: np.ndarray
    likelihood: np.ndarray
    prior_slope: np.ndarray
    likelihood_slope: np.ndarray

    def tempered(self, power: float) -> tuple[np.ndarray, np.ndarray]:
        """Log-density, but for a constant, and slopes of the prior times a power of the likelihood."""
        if power == 0.0:
            return self.prior, self.prior_slope
        return self.prior + power * self.likelihood, self.prior_slope + power * self.likelihood_slope

    def __getitem__(self, chosen: np.ndarray) -> Evaluated:
        """Take some of the points, or some of them several times."""
        return Evaluated(*(array[chosen] for array in vars(self).values()))

    def where(self, taken: np.ndarray, others: Evaluated) -> Evaluated:
        """Take the others' points where `taken` (points,) says so."""
        pairs = zip(vars(others).values(), vars(self).values(), strict=True)
        return Evaluated(*(np.where(taken if a.ndim == 1 else taken[:, None], a, b) for a, b in pairs))

    def replaced(self, places: np.ndarray, others: Evaluated) -> Evaluated:
        """Put others at places (others,), numbers of points."""
        copies = {name: array.copy() for name, array in vars(self).items()}
        for name, array in vars(others).items():
            copies[name][places] = array
        return Evaluated(**copies)


class Parts:
    """A log-density with its prior known apart.

    Parameters
    ----------
    density
        Of a problem.
    threads
        Evaluations at a time; changes no number.

    Attributes
    ----------
    evaluations
        Of the density, with its gradient or without, so far.
    """

    def __init__(self, density: Density, threads: int = 1) -> None:
        self.density, self.evaluations, self._threads = density, 0, max(1, threads)
        self._rows = np.array([prior_row(parameter) for parameter in density.parameters])

    @property
    def dimensions(self) -> int:
        """Length of a point."""
        return self.density.dimensions

    def draw_prior(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Draws (size, dimensions) from the prior, unconstrained.

        Parameters
        ----------
        size
            How many.
        """
        return self.points(draw(self.density.parameters, size, rng))

    def points(self, values: np.ndarray) -> np.ndarray:
        """Unconstrained points of values (..., dimensions); one that lies on a wall is put beside it.

        A value there has been rounded to the wall: no point is.
        """
        ends = self._rows[:, 1:3]
        inside = np.clip(values, np.nextafter(ends[:, 0], np.inf), np.nextafter(ends[:, 1], -np.inf))
        return self.density.unconstrained(inside)

    def __call__(self, points: np.ndarray) -> Evaluated:
        """Evaluate points (points, dimensions)."""
        whole_slopes = np.zeros(points.shape)

        def evaluate(i: int) -> float:
            value, whole_slopes[i] = self.density(points[i])
            return value

        points, prior, slopes, likelihood, known = self._evaluated(points, evaluate)
        return Evaluated(points, prior, likelihood, slopes, np.where(known[:, None], whole_slopes - slopes, 0.0))

    def values(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logarithms of prior and likelihood (points,) at points (points, dimensions), without slopes."""
        _, prior, _, likelihood, _ = self._evaluated(points, lambda i: self.density.value(points[i]))
        return prior, likelihood

    def _evaluated(
        self, points: np.ndarray, at: Callable[[int], float]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Points, the prior, its slopes, the likelihood, and where that is known; `at` gives the density of a point."""
        points = np.ascontiguousarray(points)
        prior, slopes = np.empty(len(points)), np.empty(points.shape)
        prior_of(points, self._rows, prior, slopes)
        whole = np.full(len(points), -np.inf)

        def evaluate(which: range) -> None:
            for i in which:
                if np.isfinite(prior[i]):
                    whole[i] = at(i)

        parts = [range(first, len(points), self._threads) for first in range(self._threads)]
        if self._threads == 1:
            evaluate(parts[0])
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(evaluate, parts))
        self.evaluations += len(points)
        known = np.isfinite(whole)
        return points, prior, slopes, np.where(known, whole - np.where(known, prior, 0.0), -np.inf), known


@cached
def prior_of(points, rows, total, slopes):  # noqa: ANN001, ANN201
    """Log-density of the prior at unconstrained points, and its slopes.

    Parameters
    ----------
    points
        (points, dimensions).
    rows
        (dimensions, columns) table of priors.
    total
        (points,) filled; -inf where it is not finite.
    slopes
        (points, dimensions) filled.
    """
    for n in range(len(points)):
        total[n] = 0.0
        for i in range(points.shape[1]):
            value, step, log_step, by_log_step = value_at(points[n, i], rows[i])
            prior, slope = prior_at(value, rows[i])
            total[n] += prior + log_step
            slopes[n, i] = slope * step + by_log_step
        if not np.isfinite(total[n]):
            total[n] = -np.inf
