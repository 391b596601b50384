"""Do the data agree with what was assumed: the priors of what was estimated, the values of what was not."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.special import xlogy

from il6infer._files import Groups
from il6infer.problems.families import FAMILIES
from il6infer.stages.constant import Constant
from il6infer.stages.settings import Thresholds
from il6infer.stages.verdict import ParameterStatistics, Reason, check

FACTOR = 10.0
"""A constant that is freed is thought to lie within this factor of its value, either way, with 90 %."""

SPREAD = math.log(FACTOR) / 1.6448536269514722
"""Standard deviation of its natural logarithm then."""

MOVED, NAMED = 1.0, 4
"""Standard deviations by which a parameter must move with a constant to be named, and how many are named."""

NUISANCE = ("scale_", "offset_", "sigma_")
"""Parameters of instruments, which are named last."""

DELTA = 0.01
"""Exponents of the power scaling are 1 + DELTA and its inverse."""


def constants(idata: Groups) -> dict[str, Constant]:
    """Read what the data say of each constant that was held fixed, and what freeing it would give.

    The posterior is taken for normal in the logarithm of the constant. Freed with a log-normal prior of standard
    deviation `SPREAD` about its value, it would move by slope / (information + 1 / SPREAD^2), and the log-evidence
    would rise by half of slope^2 / (information + 1 / SPREAD^2) less half of ln(1 + SPREAD^2 information). The slope
    counts as two of its Monte-Carlo errors nearer to zero than it is.
    """
    found = {}
    for name, told in json.loads(idata["posterior"].attrs.get("constants", "{}")).items():
        slope, error, information = (float(told[key]) for key in ("slope", "slope_error", "information"))
        sure = math.copysign(max(abs(slope) - 2.0 * error, 0.0), slope)
        precision = information + SPREAD**-2
        step = sure / precision
        gain = 0.5 * sure * step - 0.5 * math.log1p(SPREAD**2 * information)
        moves = {parameter: step * float(change) for parameter, change in told["response"].items()}
        chosen = sorted(moves, key=lambda parameter: (parameter.startswith(NUISANCE), -abs(moves[parameter])))
        found[name] = Constant(
            value=float(told["value"]), slope=slope, slope_error=error, information=information, step=step, gain=gain,
            moves={p: moves[p] for p in chosen[:NAMED] if abs(moves[p]) > MOVED},
        )  # fmt: skip
    return found


def pull_checks(found: Mapping[str, Constant], limits: Thresholds) -> Iterator[Reason]:
    """Check that the data do not ask for another value of what was held fixed: all that fail, else the nearest."""
    ranked = sorted(found, key=lambda name: -found[name].gain)
    failed = [name for name in ranked if found[name].gain > limits.pull_max]
    for name in failed or ranked[:1]:
        yield check(
            "pull at a fixed constant", found[name].gain, _pulled(name, found[name]), at_most=limits.pull_max,
            subject="constant", where=name,
        )  # fmt: skip


def _pulled(name: str, told: Constant) -> str:
    way = "up" if told.step > 0 else "down"
    far = abs(told.step) > math.log(FACTOR)
    where = f"by more than a factor of {FACTOR:g}" if far else f"towards {told.value * math.exp(told.step):.2g}"
    moved = [f"{parameter} ({abs(by):.1f} sd {'up' if by > 0 else 'down'})" for parameter, by in told.moves.items()]
    said = f"The data pull {name} {way}, from {told.value:.4g} {where}: free within a factor of {FACTOR:g}, it would "
    said += "raise the log-evidence by about so much."
    if moved:
        said += f" With it would move {', '.join(moved)}: this fit's values of these are not to be trusted."
    return f"{said} Free it (`free:` in the configuration, `il6infer problem --free {name}`)."


def conflict_checks(idata: Groups, parameters: Mapping[str, ParameterStatistics]) -> Iterator[Reason]:
    """Check that posteriors lie where their priors do: all that do not, else the one nearest to that.

    The value is the prior's probability of less than the posterior's median.
    """
    estimated = json.loads(idata["posterior"].attrs.get("estimated", "{}"))
    levels = {}
    for name, row in parameters.items():
        if row.median is not None:
            levels[name] = prior_level(estimated.get(name, {}), row.median, idata["prior"][name].values.ravel())
    ranked = sorted(levels, key=lambda name: -abs(levels[name] - 0.5))
    failed = [name for name in ranked if not 0.05 <= levels[name] <= 0.95]
    for name in failed or ranked[:1]:
        row = parameters[name]
        remedy = (
            f"Its posterior, {_short(row.median)} ({_short(row.q05)} to {_short(row.q95)}), lies outside the 90 % "
            f"interval of its prior, {_short(row.prior_q05)} to {_short(row.prior_q95)}: either that prior does not "
            "hold for these cells, or the parameter makes up for what the model lacks."
        )
        yield check(
            "prior conflict", levels[name], remedy, at_least=0.05, at_most=0.95, subject="parameter", where=name
        )


def _short(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g}"


def prior_level(about: Mapping[str, Any], value: float, drawn: np.ndarray) -> float:
    """Probability of less than a value under a prior within its bounds, or among its draws where it is not stated.

    Parameters
    ----------
    about
        What a fit states of the parameter: ``prior``, ``lower``, ``upper``.
    value
        On the linear scale, in the unit of the parameter.
    drawn
        Draws of its prior.
    """
    stated = about.get("prior")
    if not stated:
        return float(np.mean(drawn < value))
    frozen = FAMILIES[stated[0]].scipy(*stated[1:])
    low, high = about.get("lower"), about.get("upper")
    below = 0.0 if low is None else float(frozen.cdf(low))
    above = 0.0 if high is None else float(frozen.sf(high))
    mass = 1.0 - below - above
    if not mass > 1e-6:  # cut far out in a tail
        return float(np.mean(drawn < value))
    return float(np.clip((float(frozen.cdf(value)) - below) / mass, 0.0, 1.0))


def sensitivities(idata: Groups) -> dict[str, tuple[float, float]]:
    """Change of each posterior when the prior, and when the likelihood, is raised to a power a little off 1.

    Kallioinen, Paananen, Bürkner and Vehtari 2023, doi 10.1007/s11222-023-10366-5: cumulative Jensen-Shannon distance
    for each doubling of the exponent. Above 0.05 the one has a say; a parameter to which only the prior has is not
    told by the data, and one to which both have may be in conflict. All priors are scaled together. The distance is
    taken over the range of the draws, of the logarithm where a parameter cannot be below zero: over a wider range, in
    which nothing happens, it would be smaller.

    Returns
    -------
    dict
        Parameter -> of the prior, of the likelihood; NaN where one is not finite at some draw.
    """
    estimated = json.loads(idata["posterior"].attrs.get("estimated", "{}"))
    draws = {str(name): values.values.ravel() for name, values in idata["posterior"].data_vars.items()}
    prior = np.zeros(next(iter(draws.values())).shape)
    for name, values in draws.items():
        if stated := estimated.get(name, {}).get("prior"):
            with np.errstate(divide="ignore", over="ignore"):
                prior += FAMILIES[stated[0]].scipy(*stated[1:]).logpdf(values)
    likelihood = likelihood_of(idata)
    lines = {name: _on_its_line(values, estimated.get(name, {})) for name, values in draws.items()}
    return {name: (_sensitivity(values, prior), _sensitivity(values, likelihood)) for name, values in lines.items()}


def likelihood_of(idata: Groups) -> np.ndarray:
    """Log-likelihood (draws,) of all measurements at each draw."""
    size = idata["posterior"].sizes["chain"] * idata["posterior"].sizes["draw"]
    own = idata["log_likelihood"].data_vars.values()
    return sum((values.values.reshape(size, -1).sum(axis=1) for values in own), np.zeros(size))


def _on_its_line(values: np.ndarray, about: Mapping[str, Any]) -> np.ndarray:
    """Logarithms of a parameter that cannot be below zero; draws of another may happen to be all above."""
    low, stated = about.get("lower"), about.get("prior")
    ends = [float("-inf" if low is None else low)]
    ends += [float(FAMILIES[stated[0]].scipy(*stated[1:]).support()[0])] if stated else []
    return np.log(values) if max(ends) >= 0 and (values > 0).all() else values


def _sensitivity(values: np.ndarray, component: np.ndarray) -> float:
    if not np.isfinite(component).all() or np.ptp(values) == 0:
        return math.nan
    order = np.argsort(values, kind="stable")
    line, centred = values[order], component[order] - component.mean()
    found = []
    for exponent in (1.0 + DELTA, 1.0 / (1.0 + DELTA)):
        scaled = (exponent - 1.0) * centred
        weights = np.exp(scaled - scaled.max())
        found.append(_distance(line, weights / weights.sum()))
    return float(np.mean(found) / math.log2(1.0 + DELTA))


def _distance(line: np.ndarray, weights: np.ndarray) -> float:
    """Cumulative Jensen-Shannon distance of sorted draws from the same with weights, the larger of both directions."""
    equal = np.full(len(line), 1.0 / len(line))
    both = []
    for gaps, first, second in ((np.diff(line), equal, weights), (np.diff(line)[::-1], equal[::-1], weights[::-1])):
        p, q = np.cumsum(first)[:-1], np.cumsum(second)[:-1]
        middle = 0.5 * (p + q)
        total = gaps @ (xlogy(p, p / middle) + xlogy(q, q / middle)) / math.log(2.0)
        both.append(math.sqrt(max(total / (gaps @ (p + q)), 0.0)))
    return max(both)
