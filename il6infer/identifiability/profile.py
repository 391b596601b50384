"""Profile likelihoods: the highest likelihood of the data with one parameter held, along its line.

Raue et al. 2009, doi 10.1093/bioinformatics/btp358. Each point starts from the two before it; gradients are exact.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from il6infer._files import Groups
from il6infer.identifiability.data import Data, data_of
from il6infer.inference.climbing import climb
from il6infer.inference.drawn import draws_of
from il6infer.problems.spec import Problem
from il6infer.stages.identifiability import Interval, Profile, ProfilePoint, Profiles
from il6infer.stages.settings import FitSettings

logger = logging.getLogger("il6infer")

DROP, WANTED, STOP = 1.9207294103470668, 0.35, 3.0
"""Half the 95 % quantile of chi-squared with one degree of freedom; the drop from point to point that steps aim at;
the drop at which a profile ends."""

MOST, HALVED = 40, 6
"""Points on one side of the best, and times that a step may be halved."""

FLAT, AMISS = 0.5, 0.5
"""A profile that falls by less within its range is called flat; one whose top is further below the best of all
profiles is not trusted."""

_ITERATIONS = 100

_PRIOR, _WALL = 0.1, 5.0
"""Share of the prior's information that scales directions of which the data tell nothing; height of the penalty a
standard deviation of the prior beyond the range."""


@dataclass(frozen=True)
class Climbed:
    """Where a search ended, on the lines; -inf where no simulation succeeded."""

    point: np.ndarray
    log_likelihood: float
    gradients: int


@dataclass(frozen=True)
class Search:
    """Searches for the highest likelihood, in coordinates in which the data bend it alike in all directions.

    Attributes
    ----------
    data
        Of the problem.
    low, high
        (parameters,) on the lines: the prior's central 99.9 %, and all draws of the posterior.
    precision
        (parameters, parameters) information of the data on the lines, and a little of the prior's.
    """

    data: Data
    low: np.ndarray
    high: np.ndarray
    precision: np.ndarray

    @classmethod
    def of(cls, data: Data, draws: np.ndarray, point: np.ndarray) -> Search:
        """Prepare searches about a point.

        Parameters
        ----------
        data
            The measurements, and the lines of the parameters.
        draws
            (draws, parameters) of the posterior on the lines: they and the prior say how far is searched.
        point
            (parameters,) on the lines, where the information of the data is taken.
        """
        spread, roots = data.lines.spread, data.roots(data.lines.values(point))
        told = np.zeros((len(spread),) * 2) if roots is None else roots.T @ roots
        precision = (told + _PRIOR * np.eye(len(spread))) / np.outer(spread, spread)
        low, high = np.minimum(data.lines.low, draws.min(axis=0)), np.maximum(data.lines.high, draws.max(axis=0))
        return cls(data, low, high, precision)

    def climb(self, start: np.ndarray, held: int | None = None) -> Climbed:
        """Search the highest likelihood of the data, twice as far as the range of each parameter goes.

        So a ridge can be followed to the end of the range of the parameter that is held. Beyond, a penalty turns the
        search back; the likelihood that is returned is without it.

        Parameters
        ----------
        start
            (parameters,) on the lines.
        held
            Parameter that stays as it is; None for none.
        """
        free = np.flatnonzero(np.arange(len(start)) != held)
        further, lines = 0.5 * (self.high - self.low), self.data.lines
        low, high = np.maximum(self.low - further, lines.lowest), np.minimum(self.high + further, lines.highest)

        def height(z: np.ndarray) -> tuple[float, np.ndarray]:
            asked = start.copy()
            asked[free] += matrix @ z
            point = asked.copy()
            point[free] = np.clip(asked[free], low[free], high[free])
            value, slope = self.data.log_likelihood(point)
            beyond = (asked - point) / lines.spread
            slope = np.where(beyond == 0.0, slope, -2.0 * _WALL * beyond / lines.spread)
            return value - _WALL * float(beyond @ beyond), matrix.T @ slope[free]

        if not len(free):
            return Climbed(start, self.data.log_likelihood(start)[0], 1)
        root = np.linalg.cholesky(self.precision[np.ix_(free, free)])
        matrix = np.linalg.inv(root).T
        options = {"maxiter": _ITERATIONS, "maxcor": 20, "ftol": 1e-8, "gtol": 1e-2}
        found = climb(height, len(free), options)
        point = start.copy()
        point[free] = np.clip(start[free] + matrix @ found.place, low[free], high[free])
        return Climbed(point, self.data.log_likelihood(point)[0], found.calls + 1)


def profile(search: Search, best: Mapping[str, float], name: str) -> Profile:
    """Follow one parameter up and down from the best point, until the likelihood has fallen or its range ends.

    Parameters
    ----------
    search
        About the best point.
    best
        Parameter -> value to start from, see `il6infer.identifiability.analyse.analyse`.
    name
        Of the parameter.
    """
    lines, problem = search.data.lines, search.data.problem
    position = lines.names.index(name)
    low, high = float(search.low[position]), float(search.high[position])
    scale = float(np.sqrt(np.linalg.inv(search.precision)[position, position]))
    begin = lines.line(np.array([best[n] for n in lines.names]))
    first = search.climb(begin, position)
    calls, found = first.gradients, {float(first.point[position]): first.log_likelihood}
    if np.isfinite(first.log_likelihood):
        for towards in (-1.0, 1.0):
            end = low if towards < 0 else high
            calls += _follow(search, position, first, towards * 0.8 * scale, end, found)
    values = dict(sorted(found.items()))
    known = [v for v in values.values() if np.isfinite(v)]
    of_line = np.exp if lines.logarithmic[position] else float
    return Profile(
        problem=problem.id,
        parameter=name,
        unit=problem.estimated[position].unit,
        logarithmic=bool(lines.logarithmic[position]),
        range_low=float(of_line(low)),
        range_high=float(of_line(high)),
        points=tuple(ProfilePoint(float(of_line(x)), v if np.isfinite(v) else None) for x, v in values.items()),
        log_likelihood=max(known, default=None),
        gradients=calls,
    )


def profiles_of(
    problem: Problem, idata: Groups, settings: FitSettings, best: Mapping[str, float], names: Sequence[str]
) -> list[Profile]:
    """Profile some parameters of a fit.

    Parameters
    ----------
    problem, idata, settings
        As `il6infer.identifiability.analyse.analyse` has them.
    best
        Parameter -> value to start from.
    names
        Parameters to profile.
    """
    data = data_of(problem, settings)
    point = data.lines.line(np.array([best[name] for name in data.lines.names]))
    thetas = draws_of(problem, idata).reshape(-1, len(problem.estimated))
    search, found = Search.of(data, data.lines.line(thetas), point), []
    for name in names:
        found.append(profile(search, best, name))
        logger.info("%s: profile of %s: %d points, %d gradients", problem.id, name, len(found[-1].points),
                    found[-1].gradients)  # fmt: skip
    return found


def _follow(search: Search, position: int, first: Climbed, step: float, end: float, found: dict[float, float]) -> int:
    """Follow one side; put each point into `found`; return the number of gradients."""
    before, here, calls, halved = first, first, 0, 0
    longest = abs(end - first.point[position]) / 8
    for _ in range(MOST + HALVED):
        x = here.point[position]
        if x == end or here.log_likelihood < max(found.values()) - STOP:
            break
        ahead = min(max(x + step, min(x, end)), max(x, end))
        start, moved = here.point.copy(), here.point[position] - before.point[position]
        if moved:  # on from the last two points
            start += (here.point - before.point) * (ahead - x) / moved
        start[position] = ahead
        there = search.climb(start, position)
        calls += there.gradients
        drop = here.log_likelihood - there.log_likelihood
        if drop > 3 * WANTED and halved < HALVED:
            step, halved = 0.5 * step, halved + 1
            continue
        found[float(ahead)] = there.log_likelihood
        if not np.isfinite(there.log_likelihood):
            break
        before, here, halved = here, there, 0
        factor = 2.0 if drop < 0.5 * WANTED else 0.6 if drop > 1.5 * WANTED else 1.0
        step = float(np.sign(step)) * min(abs(step) * factor, longest)
    return calls


def gather(profiles: Sequence[Profile]) -> Profiles:
    """Put the profiles of one fit together, and say what each tells.

    Parameters
    ----------
    profiles
        Of all parameters.
    """
    tops = [one.log_likelihood for one in profiles if one.log_likelihood is not None]
    top = max(tops, default=None)
    intervals = {one.parameter: interval(one, top) for one in profiles}
    return Profiles(profiles[0].problem, top, {one.parameter: one for one in profiles}, intervals)


def interval(found: Profile, best: float | None) -> Interval:
    """95 % likelihood interval of a profile, and what it says.

    Parameters
    ----------
    best
        The highest log-likelihood of all profiles of the fit.
    """
    if found.log_likelihood is None or best is None:
        return Interval(None, None, None, None, False, "no point could be simulated")
    points = [(p.value, p.log_likelihood) for p in found.points if p.log_likelihood is not None]
    top = max(range(len(points)), key=lambda i: points[i][1])
    line = found.log_likelihood - DROP
    low = _crossing(points[top::-1], line, found.logarithmic)
    high = _crossing(points[top:], line, found.logarithmic)
    short = best - found.log_likelihood
    return Interval(points[top][0], low, high, short, short <= AMISS, _says(found, points, low, high, short))


def _crossing(points: Sequence[tuple[float, float]], line: float, logarithmic: bool) -> float | None:
    """Where a profile, followed outwards, falls below a line and stays there; None where it ends above it."""
    above = max(i for i, (_, value) in enumerate(points) if value >= line)
    if above + 1 == len(points):
        return None
    (x, high), (y, low) = points[above : above + 2]
    share = (high - line) / (high - low)
    return float(x * (y / x) ** share if logarithmic else x + share * (y - x))


def _says(
    found: Profile, points: Sequence[tuple[float, float]], low: float | None, high: float | None, short: float
) -> str:
    beyond = _beyond(found, points, low, high)
    if low is not None and high is not None:
        said = f"the data alone tell it, {low:.3g} to {high:.3g}{_gaps(found, points)}"
    elif low is not None:
        said = f"the data give a lower limit alone, {low:.3g}{beyond}"
    elif high is not None:
        said = f"the data give an upper limit alone, {high:.3g}{beyond}"
    else:
        fall = max(value for _, value in points) - min(value for _, value in points)
        said = f"the data do not tell it: between {points[0][0]:.3g} and {points[-1][0]:.3g} the log-likelihood "
        said += f"{'is flat' if fall < FLAT else f'falls by {fall:.2g} at most'}{beyond}"
    if short > AMISS:
        said += f"; NOT TO BE TRUSTED: its search ended {short:.2g} below the best fit known"
    return said


def _gaps(found: Profile, points: Sequence[tuple[float, float]]) -> str:
    """Say where between its limits the likelihood is below the line; empty where it is nowhere."""
    line = (found.log_likelihood or 0.0) - DROP
    above = [i for i, (_, value) in enumerate(points) if value >= line]
    gaps = [f"{points[i][0]:.3g} to {points[j][0]:.3g}" for i, j in pairwise(above) if j > i + 1]
    return f", but not all of {' or '.join(gaps)}" if gaps else ""


def _beyond(found: Profile, points: Sequence[tuple[float, float]], low: float | None, high: float | None) -> str:
    """Say why an open side of a profile ends before its range does; empty where it does not."""
    failed = [p.value for p in found.points if p.log_likelihood is None]
    said = f"; simulations fail at {', '.join(f'{value:.3g}' for value in failed)}" if failed else ""
    sides = ((low, points[0][0], found.range_low, "down"), (high, points[-1][0], found.range_high, "up"))
    for limit, last, end, way in sides:
        if limit is None and not failed and not math.isclose(last, end, rel_tol=1e-6):
            said += f"; followed {way} to {last:.3g} only"
    return said
