"""How the data pull at what is not estimated: the slope of the evidence in each fixed constant.

The derivative of the log-evidence in a constant is the posterior mean of the derivative of the log-likelihood
(Fisher's identity). With the information that the data hold about the constant once the estimated parameters have
followed, it says what freeing the constant would give, without fitting anew: how far it would move, by how much the
log-evidence would rise, and which parameters would move with it. All of it is of first order, about this posterior.

Means over draws are taken by regression on the gradient of the log-posterior, whose posterior mean is known to be zero
(Mira, Solgi and Imparato 2013, doi 10.1007/s11222-012-9344-6): for a constant that the estimated parameters make up
for, the plain mean would be noise. The information is Fisher's, of each noise, with the parameters' priors: the Schur
complement of the constant, which cannot be negative. A value beyond a limit tells what the mass there does (observed
information): nothing where the limit is far.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp
from scipy.stats import norm

from il6infer._errors import UserError
from il6infer.engine import Engine, compile
from il6infer.engine.likelihood import slopes
from il6infer.inference.density import Density
from il6infer.inference.predictive import simulate_all
from il6infer.inference.progress import nothing_done
from il6infer.inference.side_by_side import side_by_side
from il6infer.network.network import COPIES_UNIT
from il6infer.problems.courses import Course, Information, carriers_of, courses_of
from il6infer.problems.noise import ERRORS, NOISES
from il6infer.problems.spec import Parameter, Prior, Problem

logger = logging.getLogger("il6infer")

LEAST_DRAWS, MOST_DRAWS = 100, 1_000
"""Draws at which slopes are taken: at least so many, and thrice the parameters, but no more than the second."""

INFORMATION_DRAWS, INFORMATION_SIMULATIONS = 16, 2_000
"""Draws at which the information is taken, and simulations that it may cost; at least 4 draws."""

STEP, SHARE, RTOL, ATOL = 0.02, 0.1, 1e-6, 1e-9
"""Steps of the central differences: of the logarithm of a constant, and of a parameter in posterior standard
deviations; tolerances of their simulations."""


_NOTHING = 1e-6
"""Slope and information of a constant on which nothing that was measured depends."""


@dataclass(frozen=True)
class Pull:
    """What the data say of a constant that was held fixed.

    Attributes
    ----------
    value
        At which it was held.
    slope, slope_error
        Derivative of the log-evidence by the natural logarithm of the constant, and its Monte-Carlo error.
    information
        That the data hold about the logarithm of the constant when all parameters are free to follow.
    response
        Parameter -> by how many of its posterior standard deviations it moves for each unit of that logarithm.
    """

    value: float
    slope: float
    slope_error: float
    information: float
    response: Mapping[str, float]


def fixed_constants(problem: Problem) -> dict[str, float]:
    """Constants above zero that the problem neither estimates nor sets in an experiment, with their values.

    Sizes of compartments that no table names are none: they say in what amounts are counted. Nor is the unit of copies:
    with another the rates would be others, and nothing else.
    """
    estimated = {p.id for p in problem.estimated}
    changed = {name for e in problem.experiments for period in e.periods for name in period.changes}
    values = {p.id: float(p.nominal) for p in problem.parameters if not p.estimate}
    network = problem.network
    for name, default in zip(network.parameters, network.defaults, strict=True):
        number = sp.sympify(default)
        if name not in values and number.is_number and name not in network.compartments:
            values[name] = float(number)
    left_out = estimated | changed | {COPIES_UNIT}
    return {name: value for name, value in values.items() if name not in left_out and 0 < value < np.inf}


def pulls(
    problem: Problem, density: Density, thetas: np.ndarray, prior: np.ndarray, *, engine: str, threads: int = 1
) -> dict[str, Pull]:
    """Ask the data about each fixed constant, at draws of the posterior.

    Parameters
    ----------
    problem
        That was fitted.
    density
        Of its posterior.
    thetas, prior
        (draws, parameters) of the posterior and of the prior, on the linear scale.
    engine
        Solver of the equations.
    threads
        Simulations at a time.

    Returns
    -------
    dict
        Constant -> what the data say; without those on which nothing that was measured depends.
    """
    constants = fixed_constants(problem)
    if not constants:
        return {}
    try:
        freed = compile(_freed(problem, constants), engine=engine, rtol=RTOL, atol=ATOL)
    except UserError as error:  # a constant on which the times of events depend, and the like
        logger.warning("the pull of the data at fixed constants is not known: %s", error)
        return {}
    sampled = _Sampled(problem, density, freed, np.array([*constants.values()]), threads)
    points = density.unconstrained(thetas)
    spread = points.std(axis=0)
    of_slopes = sampled.slopes(_some(points, max(LEAST_DRAWS, 3 * len(spread)), MOST_DRAWS))
    each = INFORMATION_SIMULATIONS // (2 * (len(spread) + len(constants)))
    precision = 1.0 / np.maximum(density.unconstrained(prior).var(axis=0), 1e-12)
    information, response = sampled.information(
        _some(points, INFORMATION_DRAWS, max(each, 4)), SHARE * spread, precision
    )
    found, names = {}, [p.id for p in problem.estimated]
    for number, (name, value) in enumerate(constants.items()):
        slope, error = of_slopes[number]
        if np.isfinite([slope, error, information[number]]).all() and max(abs(slope), information[number]) > _NOTHING:
            moves = dict(
                zip(names, map(float, response[:, number] / np.where(spread > 0, spread, np.inf)), strict=True)
            )
            found[name] = Pull(value, slope, error, float(information[number]), moves)
    return found


def _some(points: np.ndarray, wanted: int, most: int) -> np.ndarray:
    """Rows evenly spread over the chains."""
    return points[np.linspace(0, len(points) - 1, max(2, min(wanted, most, len(points)))).astype(int)]


@dataclass(frozen=True)
class _Sampled:
    """Derivatives by constants at unconstrained points of the posterior.

    Attributes
    ----------
    freed
        Engine whose last parameters are the constants.
    centre
        (constants,) their values.
    """

    problem: Problem
    density: Density
    freed: Engine
    centre: np.ndarray
    threads: int

    def _simulated(self, points: np.ndarray, logarithms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Prediction and noise (points, measurements), with constants off their values by `logarithms`."""
        values = self.centre * np.exp(np.broadcast_to(logarithms, (len(points), len(self.centre))))
        found = simulate_all(self.freed, np.column_stack([self.density.constrained(points), values]), self.threads)
        return found.prediction, found.noise

    def _by_constant(self, points: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Differentiate prediction and noise by the logarithm of a constant."""
        step = STEP * np.eye(len(self.centre))[number]
        above, below = self._simulated(points, step), self._simulated(points, -step)
        return (above[0] - below[0]) / (2 * STEP), (above[1] - below[1]) / (2 * STEP)

    def _by_parameter(self, points: np.ndarray, number: int, step: float) -> tuple[np.ndarray, np.ndarray]:
        shift, none = step * np.eye(points.shape[1])[number], np.zeros(len(self.centre))
        above, below = self._simulated(points + shift, none), self._simulated(points - shift, none)
        return (above[0] - below[0]) / (2 * step), (above[1] - below[1]) / (2 * step)

    def slopes(self, points: np.ndarray) -> list[tuple[float, float]]:
        """Posterior mean of the log-likelihood's derivative by each logarithm, and its Monte-Carlo error."""
        scores = np.array([self.density(point)[1] for point in points])
        thetas = np.column_stack([self.density.constrained(points), np.tile(self.centre, (len(points), 1))])
        derivatives = np.array(side_by_side(self._slope, thetas, self.threads, nothing_done))
        return [_mean(column, scores) for column in derivatives.T]

    def _slope(self, theta: np.ndarray) -> np.ndarray:
        """Slopes of the log-likelihood by the logarithms of the constants, by the adjoint; NaN where a run failed."""
        found = self.freed.simulate(theta)
        if not found.ok:
            return np.full(len(self.centre), np.nan)
        gradient = self.freed.pullback(theta, *slopes(self.problem, found.prediction, found.noise))
        return self.centre * gradient[-len(self.centre) :]

    def information(
        self, points: np.ndarray, steps: np.ndarray, precision: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give the information about each logarithm, and (parameters, constants) how parameters follow.

        Parameters
        ----------
        steps
            (parameters,) of the differences.
        precision
            (parameters,) of the priors, in the coordinates.
        """
        prediction, noise = self._simulated(points, np.zeros(len(self.centre)))
        logarithmic = np.array([NOISES[kind].logarithmic for kind in self.problem.noise_kinds])
        measured = _measured(self.problem, logarithmic, prediction, noise)
        free = [self._by_parameter(points, i, step) for i, step in enumerate(np.where(steps > 0, steps, STEP))]
        held = [self._by_constant(points, number) for number in range(len(self.centre))]
        # (points, twice the measurements, parameters)
        of_free, of_held = (np.stack([measured.rows(*slopes) for slopes in all_], -1) for all_ in (free, held))
        known = np.isfinite(of_free).all(axis=(1, 2)) & np.isfinite(of_held).all(axis=(1, 2))
        if not known.any():
            return np.full(len(self.centre), np.nan), np.full((len(steps), len(self.centre)), np.nan)
        information, response = [], []
        for a, c in zip(of_free[known], of_held[known], strict=True):
            follow = -np.linalg.solve(a.T @ a + np.diag(precision), a.T @ c)
            response.append(follow)
            information.append(np.maximum(np.sum(c**2, axis=0) + np.sum((a.T @ c) * follow, axis=0), 0.0))
        return np.median(information, axis=0), np.median(response, axis=0)


@dataclass(frozen=True)
class _Measured:
    """What a measurement tells: of its median and of its scale, or only that it lies beyond a limit (of normal noise).

    Attributes
    ----------
    scale, noise
        (points, measurements) of the median, and of the standard error.
    distance, weight
        (points, measurements) for values of which only the side of a limit is known: standard errors from the median to
        the limit, and the curvature of minus the logarithm of the mass beyond it, 1 for a value that is as good as
        measured; 0 and 1 for measured ones.
    censored
        (measurements,).
    about
        (2, measurements) roots of what one tells of its median and of the logarithm of its scale, by its distribution.
    courses
        Of errors that hang together, with what they tell.
    carriers
        Rows that are no measurements.
    """

    scale: np.ndarray
    noise: np.ndarray
    distance: np.ndarray
    weight: np.ndarray
    censored: np.ndarray
    about: np.ndarray
    courses: tuple[tuple[Course, Information], ...]
    carriers: tuple[int, ...]

    def rows(self, by_value: np.ndarray, by_noise: np.ndarray) -> np.ndarray:
        """Root of the information (points, twice the measurements and the courses) of derivatives (points, rows)."""
        of_median, of_noise = by_value / self.scale, by_noise / self.noise
        root = self.about[0] * np.sqrt(self.weight)
        of_median = np.where(self.weight > 0, root * (of_median + self.distance * of_noise), 0.0)
        of_scale = np.where(self.censored, 0.0, self.about[1] * of_noise)
        more = [of_median, of_scale]
        for course, told in self.courses:
            at, carrier = course.rows, course.carrier
            own = [of_noise[:, at], by_value[:, [carrier]], by_noise[:, [carrier]]]
            both = (told.spreads @ np.concatenate(own, axis=1)[..., None])[..., 0]
            of_median[:, at] = (told.medians @ of_median[:, at, None])[..., 0]
            of_scale[:, at] = both[:, : len(at)]
            more.append(both[:, len(at) :])
        of_median[:, self.carriers], of_scale[:, self.carriers] = 0.0, 0.0
        return np.concatenate(more, axis=1)


def _measured(problem: Problem, logarithmic: np.ndarray, prediction: np.ndarray, noise: np.ndarray) -> _Measured:
    """Say what each measurement tells at predictions and noise (points, measurements)."""
    side, value = problem.sides, problem.measurements["value"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(logarithmic, np.log(value) - np.log(prediction), value - prediction) / noise
    # A median of zero or less is surely below a limit of logarithmic noise.
    distance = np.where(logarithmic & (side < 0) & (prediction <= 0), np.inf, distance)
    inside = -side * distance
    weight = np.ones(prediction.shape)
    known = np.isfinite(inside) & (side != 0)
    hazard = np.exp(norm.logpdf(inside[known]) - norm.logcdf(inside[known]))
    weight[known] = np.clip(hazard * (hazard + inside[known]), 0.0, 1.0)
    weight[np.isposinf(inside)] = 0.0
    distance = np.where((side == 0) | (weight == 0), 0.0, distance)
    about = np.sqrt(np.array([ERRORS[NOISES[kind].error].information for kind in problem.noise_kinds])).T
    scale = np.where(logarithmic, noise * prediction, noise)
    courses = tuple((course, Information.of(course, prediction, noise)) for course in courses_of(problem))
    carriers = tuple(carriers_of(problem).values())
    return _Measured(scale, noise, distance, weight, side != 0, about, courses, carriers)


def _freed(problem: Problem, constants: Mapping[str, float]) -> Problem:
    """Make parameters of constants; they come after those that are estimated."""
    prior = Prior("log-normal", (0.0, 1.0))
    extra = [Parameter(name, 0.0, np.inf, value, True, prior) for name, value in constants.items()]
    return replace(problem, parameters=(*(p for p in problem.parameters if p.id not in constants), *extra))


def _mean(values: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Mean of values and its error, by regression on scores, whose means are zero; NaN where too few are finite."""
    known = np.isfinite(values) & np.isfinite(scores).all(axis=1)
    values, scores = values[known], scores[known]
    design = np.column_stack([np.ones(len(scores)), scores])
    freedom = len(values) - design.shape[1]
    if freedom < 1:
        return float("nan"), float("nan")
    found, *_ = np.linalg.lstsq(design, values, rcond=None)
    rest = values - design @ found
    return float(found[0]), float(np.sqrt(rest @ rest / freedom * np.linalg.pinv(design.T @ design)[0, 0]))
