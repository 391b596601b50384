"""Unconstrained coordinates of the parameters: smooth one-to-one maps from their supports to the real line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy.special import expit

from il6infer._errors import Fault, raise_faults
from il6infer.problem.priors import FAMILIES, distribution
from il6infer.problem.spec import Parameter

NEGLIGIBLE_MASS = 1e-3
"""A bound that cuts off less prior mass than this is left out: it would only bend the geometry."""

_DECADE = 10.0


class Map(IntEnum):
    """How a value depends on its coordinate x."""

    IDENTITY = 0
    ABOVE = 1
    """low + exp(x)"""
    BELOW = 2
    """high - exp(x)"""
    BETWEEN = 3
    """low + (high - low) / (1 + exp(-x))"""
    BETWEEN_LOGARITHMS = 4
    """exp of the same between log(low) and log(high)"""


@dataclass(frozen=True)
class Coordinate:
    """Coordinate of one parameter.

    Attributes
    ----------
    low, high
        Support of the prior as it is sampled; infinite where it has no end.
    mass
        Prior mass on the support: 1, or what truncation leaves.
    map
        From the real line to the support: logarithmic where the values are positive and span more than a decade.
    """

    low: float
    high: float
    mass: float
    map: Map

    def unconstrained(self, values: np.ndarray) -> np.ndarray:
        """Coordinates of values."""
        match self.map:
            case Map.ABOVE:
                return np.log(values - self.low)
            case Map.BELOW:
                return np.log(self.high - values)
            case Map.BETWEEN:
                return np.log(values - self.low) - np.log(self.high - values)
            case Map.BETWEEN_LOGARITHMS:
                return np.log(np.log(values / self.low)) - np.log(np.log(self.high / values))
        return values

    def constrained(self, points: np.ndarray) -> np.ndarray:
        """Values of coordinates."""
        match self.map:
            case Map.ABOVE:
                return self.low + np.exp(points)
            case Map.BELOW:
                return self.high - np.exp(points)
            case Map.BETWEEN:
                return self.low + (self.high - self.low) * expit(points)
            case Map.BETWEEN_LOGARITHMS:
                return self.low * np.exp(np.log(self.high / self.low) * expit(points))
        return points


def coordinate(parameter: Parameter) -> Coordinate:
    """Coordinate of an estimated parameter.

    The prior is truncated to the parameter's bounds where they cut off more than `NEGLIGIBLE_MASS`, and then
    normalised again.
    """
    low, high = (float(end) for end in distribution(parameter.prior).support())
    cut, mass = cut_mass(parameter), 1.0
    if cut > NEGLIGIBLE_MASS:
        low, high, mass = max(low, parameter.lower), min(high, parameter.upper), 1.0 - cut
    return Coordinate(low, high, mass, _map(low, high))


def cut_mass(parameter: Parameter) -> float:
    """Prior mass outside of the parameter's bounds."""
    frozen = distribution(parameter.prior)
    return float(frozen.cdf(parameter.lower) + frozen.sf(parameter.upper))


def check_priors(parameters: Sequence[Parameter]) -> None:
    """Refuse, in one message, parameters whose prior cannot be sampled."""
    faults = []
    for parameter in parameters:
        where, prior = f"parameter '{parameter.id}'", parameter.prior
        if prior is None or prior.distribution not in FAMILIES:
            name = "none" if prior is None else f"'{prior.distribution}'"
            faults.append(Fault(where, f"its prior distribution is {name}, one of {', '.join(FAMILIES)} was expected."))
        elif not np.isfinite(prior.parameters).all():
            remedy = "Give finite prior parameters or, for a uniform prior, finite bounds."
            faults.append(Fault(where, f"its prior {prior.distribution}{prior.parameters} is improper.", remedy))
        elif not 1.0 - cut_mass(parameter) > 0:
            what = f"no mass of its prior {prior.distribution}{prior.parameters} lies within its bounds"
            faults.append(Fault(where, f"{what} {parameter.lower:g} to {parameter.upper:g}.", "Widen the bounds."))
    raise_faults(faults, "priors")


def _map(low: float, high: float) -> Map:
    if np.isinf(low) and np.isinf(high):
        return Map.IDENTITY
    if np.isinf(high):
        return Map.ABOVE
    if np.isinf(low):
        return Map.BELOW
    return Map.BETWEEN_LOGARITHMS if low > 0 and high > _DECADE * low else Map.BETWEEN
