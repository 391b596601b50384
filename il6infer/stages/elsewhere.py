"""What a posterior has where no chain has been, as the verdict tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MASS, VARIANCE = 0.01, 0.2
"""Share of the posterior that may lie where no draw is (quantiles are off by as much), and variance that it may add to
a parameter, relative to that of the draws (a standard deviation is a tenth too small)."""


@dataclass(frozen=True)
class Elsewhere:
    """What lies where no chain has been.

    Attributes
    ----------
    mass
        Share of the posterior that lies outside of all draws; 0 where it is not told from none.
    variance
        Parameter that was sampled, and whose standard deviation the draws know -> variance that points outside of the
        draws add to it, relative to that of the draws; 0 where it is not told from none.
    """

    mass: float
    variance: Mapping[str, float]

    @property
    def missed(self) -> bool:
        """Whether it is more than a fit may leave."""
        return self.mass > MASS or max(self.variance.values(), default=0.0) > VARIANCE


@dataclass(frozen=True)
class LoneMode:
    """An optimum at which no chain began.

    Attributes
    ----------
    logp
        Log-density there.
    share
        Of the mass of all modes, as heights and widths say: a guess.
    """

    logp: float
    share: float

    def __str__(self) -> str:
        """Say it in words."""
        about = f"about {100 * self.share:.1g} %" if self.share >= 1e-4 else "less than 0.01 %"
        return (
            f"another optimum at log-density {self.logp:.1f} holds {about} of the mass, as its width says; no chain "
            "was started there"
        )
