"""What the data say of a constant that was held fixed; a part of the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Constant:
    """What the data say of a constant that was held fixed.

    Attributes
    ----------
    value
        At which it was held.
    slope, slope_error
        Derivative of the log-evidence by its natural logarithm, and the Monte-Carlo error of that.
    information
        That the data hold about the logarithm, when the estimated parameters have followed.
    step
        By how much the logarithm would move, if it were free within a factor of 10 either way.
    gain
        By how much the log-evidence would rise then, to first order.
    moves
        Parameters that would move with it, in their posterior standard deviations; the largest first.
    """

    value: float
    slope: float
    slope_error: float
    information: float
    step: float
    gain: float
    moves: Mapping[str, float]

    @property
    def factor(self) -> float:
        """By what it would be multiplied."""
        return math.exp(max(min(self.step, 700.0), -700.0))
