"""Priors within their bounds: support, normalised density, quantiles and draws; and priors that cannot be used."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import scipy

from il6infer._errors import Fault, raise_faults
from il6infer.problems.families import FAMILIES
from il6infer.problems.spec import Parameter, Prior

_TINY, _NARROW = 1e-290, 1e-6
"""Mass, absolute and relative to that beyond it, below which differences of SciPy's probabilities are not used."""

_FALL, _NODES = 50.0, 4001
"""Such a prior is integrated from its higher end over so many e-foldings, and tabulated at so many points."""


@lru_cache(4096)  # SciPy takes a millisecond to make one
def distribution(prior: Prior) -> Any:
    """Frozen SciPy distribution of a PEtab prior, before truncation."""
    return FAMILIES[prior.distribution].scipy(*prior.parameters)


def support(parameter: Parameter) -> tuple[float, float]:
    """Give the ends of what a parameter may be: the prior's support within the bounds, above 0 on a log scale."""
    low, high = (float(end) for end in distribution(parameter.stated_prior).support())
    floor = 0.0 if parameter.scale != "lin" else -math.inf
    return max(low, parameter.lower, floor), min(high, parameter.upper)


def log_mass(parameter: Parameter) -> float:
    """Logarithm of the prior's mass on its `support`, also far out in a tail; -inf of none."""
    frozen, (low, high) = distribution(parameter.stated_prior), support(parameter)
    if not low < high:
        return -math.inf
    beyond, mass = _beyond(frozen, low, high)
    if mass > max(_TINY, _NARROW * beyond):
        cut = float(frozen.cdf(low) + frozen.sf(high))
        return math.log1p(-cut) if cut < 0.5 else math.log(mass)
    anchor, width = _anchor(parameter, low, high)
    line = _line_density(parameter)
    top = line(anchor)
    rise = scipy.integrate.quad(lambda y: math.exp(line(anchor + y) - top), 0.0, width, limit=200)[0]
    return top + math.log(abs(rise)) if rise else -math.inf


def draw(parameters: Sequence[Parameter], size: int, rng: np.random.Generator) -> np.ndarray:
    """Draws (size, parameters) from the priors truncated to their bounds, by inversion.

    Parameters
    ----------
    parameters
        Estimated ones.
    size
        How many draws.
    """
    columns = [_quantiles(parameter, rng.uniform, size) for parameter in parameters]
    return np.column_stack(columns) if columns else np.empty((size, 0))


def spread_out(parameters: Sequence[Parameter], size: int, rng: np.random.Generator) -> np.ndarray:
    """Draws (size, parameters) from the priors that cover them: a Latin hypercube.

    Of each parameter there is one value in each of `size` intervals of equal probability, in random order (McKay,
    Beckman and Conover 1979, doi 10.1080/00401706.1979.10489755).

    Parameters
    ----------
    parameters
        Estimated ones.
    size
        How many draws.
    """

    def choose(low: float, high: float, count: int) -> np.ndarray:
        return low + (high - low) * (rng.permutation(count) + rng.uniform(size=count)) / count

    columns = [_quantiles(parameter, choose, size) for parameter in parameters]
    return np.column_stack(columns) if columns else np.empty((size, 0))


def log_density(parameter: Parameter, value: float) -> float:
    """Log-density of a parameter's prior at `value`, truncated to its bounds: -inf beyond them, NaN if improper."""
    if not np.isfinite(parameter.stated_prior.parameters).all():
        return math.nan
    low, high = support(parameter)
    if not low <= value <= high:
        return -math.inf
    return float(_whole_density(parameter.stated_prior, value) - log_mass(parameter))


def quantile(parameter: Parameter, level: float) -> float:
    """Quantile of a parameter's prior truncated to its bounds."""
    return float(_quantiles(parameter, lambda low, high, size: np.array([low + level * (high - low)]), 1)[0])


def _quantiles(parameter: Parameter, choose: Any, size: int) -> np.ndarray:
    """Invert the truncated distribution function at `choose(low, high, size)`, probabilities between two."""
    frozen, (low, high) = distribution(parameter.stated_prior), support(parameter)
    beyond, mass = _beyond(frozen, low, high)
    if mass <= max(_TINY, _NARROW * beyond):
        found = _tabulated(parameter, low, high, choose(0.0, 1.0, size))
    elif frozen.sf(low) < 0.5:  # from above, where probabilities near 1 have lost their digits
        found = frozen.isf(frozen.sf(low) + frozen.sf(high) - choose(frozen.sf(high), frozen.sf(low), size))
    else:
        found = frozen.ppf(choose(frozen.cdf(low), frozen.cdf(high), size))
    return np.clip(found, low, high)


def _beyond(frozen: Any, low: float, high: float) -> tuple[float, float]:
    """Of two tail probabilities whose difference is the mass between the ends the larger, and the mass."""
    with np.errstate(over="ignore"):  # in SciPy's powers, far out
        from_above = frozen.sf(low) < 0.5
        larger, smaller = (frozen.sf(low), frozen.sf(high)) if from_above else (frozen.cdf(high), frozen.cdf(low))
    return float(larger), float(larger - smaller)


def _whole_density(prior: Prior, value: float) -> float:
    """Log-density before truncation; SciPy's of a Laplace variable is the logarithm of 0 beyond 745 scales."""
    with np.errstate(over="ignore", divide="ignore"):
        found = float(distribution(prior).logpdf(value))
    family = FAMILIES[prior.distribution]
    if math.isfinite(found) or (family.logarithmic and value <= 0):
        return found
    first, second = (*prior.parameters, 0.0)[:2]
    return family.density(value, first, second)[0] + log_normaliser(prior)


def log_normaliser(prior: Prior) -> float:
    """Give what the family's `density` leaves out, before truncation."""
    frozen, (first, second) = distribution(prior), (*prior.parameters, 0.0)[:2]
    value = float(frozen.ppf(0.3))
    return float(frozen.logpdf(value) - FAMILIES[prior.distribution].density(value, first, second)[0])


def _line_density(parameter: Parameter) -> Callable[[float], float]:
    """Log-density of t, which is the value or, for a logarithmic family, its logarithm; before truncation."""
    family, constant = FAMILIES[parameter.stated_prior.distribution], log_normaliser(parameter.stated_prior)
    first, second = (*parameter.stated_prior.parameters, 0.0)[:2]
    if family.logarithmic:
        return lambda t: family.density(math.exp(t), first, second)[0] + constant + t
    return lambda t: family.density(t, first, second)[0] + constant


def _anchor(parameter: Parameter, low: float, high: float) -> tuple[float, float]:
    """End of the support with the higher density, and how far inwards (signed) there is any mass; both of t."""
    family = FAMILIES[parameter.stated_prior.distribution]
    first, second = (*parameter.stated_prior.parameters, 0.0)[:2]
    line, ends = _line_density(parameter), []
    for value, inwards in ((low, 1.0), (high, -1.0)):
        if np.isfinite(value) and not (family.logarithmic and value <= 0):
            t = math.log(value) if family.logarithmic else value
            slope = family.density(value, first, second)[1]
            ends.append((line(t), t, inwards, slope * value + 1.0 if family.logarithmic else slope))
    _, t, inwards, slope = max(ends)
    whole = abs(ends[0][1] - ends[1][1]) if len(ends) == 2 else math.inf
    return t, inwards * min(whole, _FALL / abs(slope) if slope else math.inf)


def _tabulated(parameter: Parameter, low: float, high: float, levels: np.ndarray) -> np.ndarray:
    anchor, width = _anchor(parameter, low, high)
    steps = np.linspace(0.0, width, _NODES)
    line = _line_density(parameter)
    density = np.exp([line(anchor + y) - line(anchor) for y in steps])
    below = scipy.integrate.cumulative_simpson(density, x=np.abs(steps), initial=0.0)
    share = levels if width > 0 else 1.0 - levels
    found = anchor + np.interp(share * below[-1], below, steps)
    return np.exp(found) if FAMILIES[parameter.stated_prior.distribution].logarithmic else found


def prior_fault(parameter: Parameter) -> tuple[str, str] | None:
    """Say what is wrong with the bounds or the prior of an estimated parameter, and the remedy."""
    prior, bounds = parameter.prior, f"{parameter.lower:g} to {parameter.upper:g}"
    if math.isnan(parameter.lower) or math.isnan(parameter.upper):
        return f"its bounds are {bounds}, numbers were expected.", "Give both bounds, or leave the cells empty."
    if parameter.lower > parameter.upper:
        return f"its lower bound lies above its upper bound ({bounds}).", "Swap them."
    if prior is None or prior.distribution not in FAMILIES:
        name = "none" if prior is None else f"'{prior.distribution}'"
        return f"its prior distribution is {name}, one of {', '.join(FAMILIES)} was expected.", ""
    family, stated = FAMILIES[prior.distribution], f"{prior.distribution}{prior.parameters}"
    if len(prior.parameters) != len(family.parameters):
        count = f"{len(prior.parameters)} parameter{'s' if len(prior.parameters) != 1 else ''}"
        return f"its prior {stated} has {count}, expected: {', '.join(family.parameters)}.", ""
    if not np.isfinite(prior.parameters).all():
        remedy = "Give finite prior parameters or, for a uniform prior, finite bounds."
        return f"its prior {stated} is improper.", remedy
    small = [n for n, v in zip(family.parameters, prior.parameters, strict=True) if n in family.positive and not v > 0]
    if small:
        return f"its prior {stated} has a {small[0]} that is not above zero.", _positive_remedy(parameter)
    if family.ordered and not prior.parameters[0] < prior.parameters[1]:
        return f"its prior {stated} ends before it begins.", "Give the lower end first."
    if log_mass(parameter) == -math.inf:
        return f"no mass of its prior {stated} lies within its bounds {bounds}.", "Widen the bounds."
    return None


def _positive_remedy(parameter: Parameter) -> str:
    if parameter.scale == "lin":
        return ""
    return f"On the scale {parameter.scale} a bound must be above zero: give a small positive one, or the scale lin."


def check_priors(parameters: Sequence[Parameter]) -> None:
    """Refuse, in one message, parameters whose bounds or prior cannot be used."""
    found = [(parameter.id, prior_fault(parameter)) for parameter in parameters]
    raise_faults([Fault(f"parameter '{name}'", *fault) for name, fault in found if fault], "priors")
