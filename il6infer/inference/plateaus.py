"""Parameters of which the data know only on which side of a value they lie: beyond it all is the same to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from il6infer.problems.priors import quantile
from il6infer.problems.spec import Parameter
from il6infer.stages.plateau import Plateau

FLAT = 0.5
"""Log-likelihoods that differ by less are the same."""

NEAR = 2.0
"""A plateau that lies farther below the mode is none that the posterior sees."""

LEAST_SHARE = 0.05
"""Share of the prior's mass that a plateau holds at least."""

_LEVELS = np.concatenate([[0.001], np.linspace(0.02, 0.98, 49), [0.999]])
"""Levels of the prior's quantiles at which the likelihood is asked."""

_HALVINGS = 6


def find_plateaus(
    log_likelihood: Callable[[np.ndarray], float], parameters: Sequence[Parameter], values: np.ndarray
) -> list[Plateau]:
    """Move each parameter from either end of its prior inwards, with the others as they are, while nothing changes.

    Parameters
    ----------
    log_likelihood
        Of values (parameters,), on the linear scale.
    parameters
        That are sampled.
    values
        (parameters,) at the mode.

    Returns
    -------
    list of Plateau
        At most one for each side of a parameter; one that is all of the prior is told once.
    """
    top, found = log_likelihood(values), []
    for i, parameter in enumerate(parameters):

        def at(level: float, i: int = i, parameter: Parameter = parameter) -> tuple[float, float]:
            moved = values.copy()
            moved[i] = quantile(parameter, level)
            return moved[i], log_likelihood(moved)

        for side, levels in (("below", _LEVELS), ("above", _LEVELS[::-1])):
            end, height = at(levels[0])
            if not height > top - NEAR:
                continue
            inside, outside, edge = levels[0], None, end
            for level in levels[1:]:
                value, here = at(level)
                if not abs(here - height) < FLAT:
                    outside = level
                    break
                inside, edge = level, value
            if outside is None:
                found.append(without_an_edge(parameter))
                break
            for _ in range(_HALVINGS):
                value, here = at(0.5 * (inside + outside))
                if abs(here - height) < FLAT:
                    inside, edge = 0.5 * (inside + outside), value
                else:
                    outside = 0.5 * (inside + outside)
            share = float(inside if side == "below" else 1.0 - inside)
            if share >= LEAST_SHARE:
                found.append(Plateau(parameter.id, side, float(edge), float(end), share))
    return found


def without_an_edge(parameter: Parameter) -> Plateau:
    """Say of a parameter that all of its prior is the same to the data."""
    low, high = (quantile(parameter, float(level)) for level in (_LEVELS[0], _LEVELS[-1]))
    return Plateau(parameter.id, "everywhere", high, low, 1.0)
