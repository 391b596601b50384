"""Unconstrained coordinates of the parameters: smooth one-to-one maps from their supports to the real line."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from il6infer.problems.families import FAMILIES
from il6infer.problems.priors import distribution, log_mass, support
from il6infer.problems.spec import Parameter

_DECADE, _CUT = 10.0, 1e-3
"""A positive support wider than the one is sampled in logarithms, where bounds cut off more mass than the other."""

_SPREAD = (0.16, 0.84)
"""Half the distance of these quantiles of the prior is the longest bend before a wall."""

_SHARE = 0.1
"""A bend takes no more than this share of the way from wall to wall: ridges are straight in between."""

_NONE = 1e-9
"""A normalisation smaller than this is left out of the sampled density, in which a constant means nothing."""


_INSIDE = 1e-3
"""Distance from an end, in bends, of what was at that end or beyond: two and a half bends on the coordinate."""


@dataclass(frozen=True)
class Coordinate:
    """Coordinate x of one parameter.

    Far from its ends, x is the value itself or, where `logarithmic`, its logarithm. Nearer than `bend` to a finite end
    it is stretched: the distance to the end is ``bend * exp(-u - u**2 / 2)`` where x has gone ``u * bend`` too far. So
    a bound is a wall that x never reaches, the map has two continuous derivatives, a density that is flat up to
    the wall has a tail as light as a normal one, and a bound out of reach changes nothing.

    Attributes
    ----------
    low, high
        Ends of the support; infinite where it has none.
    logarithmic
        Whether the line that is bent is that of the value's logarithm.
    bend
        Distance from an end at which the bend begins, on that line.
    log_mass
        Logarithm of the prior's mass on the support.
    """

    low: float
    high: float
    logarithmic: bool
    bend: float
    log_mass: float

    @property
    def ends(self) -> tuple[float, float]:
        """Ends on the line that is bent."""
        return (_log(self.low), _log(self.high)) if self.logarithmic else (self.low, self.high)

    def unconstrained(self, values: np.ndarray) -> np.ndarray:
        """Coordinates of values; not finite at an end, NaN beyond."""
        (lower, upper), line = self.ends, np.log(values) if self.logarithmic else values
        x = np.where((values < self.low) | (values > self.high), np.nan, line)
        x = np.where(line < lower + self.bend, lower + self.bend * (1.0 - _overshoot(line - lower, self.bend)), x)
        return np.where(line > upper - self.bend, upper - self.bend * (1.0 - _overshoot(upper - line, self.bend)), x)

    def constrained(self, points: np.ndarray) -> np.ndarray:
        """Values of coordinates."""
        lower, upper = self.ends
        line = np.where(points < lower + self.bend, lower + _distance(points - lower, self.bend), points)
        line = np.where(points > upper - self.bend, upper - _distance(upper - points, self.bend), line)
        return np.clip(np.exp(line) if self.logarithmic else line, self.low, self.high)

    def inside(self, values: np.ndarray) -> np.ndarray:
        """Values, those at an end or beyond one moved inwards as little as leaves a climb a slope; NaN stays."""
        (lower, upper), margin = self.ends, _INSIDE * self.bend
        within = np.clip(values, self.low, self.high)
        with np.errstate(divide="ignore"):
            line = np.clip(np.log(within) if self.logarithmic else within, lower + margin, upper - margin)
            moved = np.exp(line) if self.logarithmic else line
            return np.where(np.isfinite(self.unconstrained(values)), values, moved)

    def log_slope(self, points: np.ndarray) -> np.ndarray:
        """Logarithm of the derivative of `constrained`."""
        (lower, upper), found = self.ends, np.zeros(np.shape(points))
        for distance in (points - lower, upper - points):
            u = np.maximum(1.0 - distance / self.bend, 0.0) if self.bend > 0.0 else np.zeros_like(found)
            found += np.log1p(u) - u * (1.0 + 0.5 * u)
        return found + np.log(self.constrained(points)) if self.logarithmic else found


def coordinate(parameter: Parameter) -> Coordinate:
    """Coordinate of an estimated parameter, whose prior is truncated to its bounds and then normalised again."""
    (low, high), mass = support(parameter), log_mass(parameter)
    family, frozen = FAMILIES[parameter.stated_prior.distribution], distribution(parameter.stated_prior)
    wide = low >= 0 and high > _DECADE * low and (family.ordered or mass < math.log1p(-_CUT))
    logarithmic = family.logarithmic or wide or parameter.scale != "lin"
    spread = [float(end) for end in frozen.ppf(_SPREAD)]
    if logarithmic and spread[0] > 0:
        spread = [math.log(end) for end in spread]
    ends = (_log(low), _log(high)) if logarithmic else (low, high)
    bend = min(0.5 * (spread[1] - spread[0]), _SHARE * (ends[1] - ends[0]))
    return Coordinate(low, high, logarithmic, bend, mass if abs(mass) > _NONE else 0.0)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _overshoot(distance: np.ndarray, bend: float) -> np.ndarray:
    """How far x goes beyond the beginning of a bend, in bends, for a distance from the end."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(1.0 - 2.0 * np.minimum(np.log(distance / bend), 0.0)) - 1.0


def _distance(x: np.ndarray, bend: float) -> np.ndarray:
    """Distance from the end for x, measured from the end."""
    with np.errstate(over="ignore"):
        u = np.maximum(1.0 - x / bend, 0.0)
        return bend * np.exp(-u * (1.0 + 0.5 * u))
