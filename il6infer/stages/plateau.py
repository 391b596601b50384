"""A plateau of the likelihood, as the verdict tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plateau:
    """Values of a parameter that are all the same to the data, with the other parameters as at the best mode.

    Attributes
    ----------
    side
        Where they lie: ``below`` or ``above`` the edge, or ``everywhere``.
    edge
        Where the log-likelihood has changed by a half.
    end
        To where it was looked: the prior's 0.1 or 99.9 % quantile.
    share
        Of the prior's mass.
    """

    parameter: str
    side: str
    edge: float
    end: float
    share: float

    def __str__(self) -> str:
        """Say it in words."""
        if self.side == "everywhere":
            low, high = sorted((self.edge, self.end))
            return f"{self.parameter}: between {low:.2g} and {high:.2g} all is the same to the data"
        way = "down" if self.side == "below" else "up"
        return f"{self.parameter} {self.side} {self.edge:.2g}: all is the same to the data, {way} to {self.end:.2g}"
