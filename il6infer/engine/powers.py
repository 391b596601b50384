"""Slopes by an exponent: of powers whose base is not positive, diffsol gives numbers where there are none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from il6infer.network.functions import plain
from il6infer.network.network import Network
from il6infer.network.primitives import Power, RelativePower
from il6infer.runs.numeric import Function


def has_exponents(network: Network) -> bool:
    """Whether rates hold a power whose exponent is no number."""
    return any(not power.args[1].is_number for rate in network.rhs for power in plain(rate).atoms(Power, RelativePower))


def remove_impossible(
    slopes: np.ndarray, rates: Function, states: Sequence[np.ndarray], p: np.ndarray, dp: np.ndarray, times: list[float]
) -> None:
    """Make NaN of slopes by an exponent from where on its base has none: DiffSL's powers are guarded there.

    Parameters
    ----------
    slopes
        (times - 1, states, parameters), changed.
    rates
        Of states, network parameters and time.
    states, times
        Where the run was, its start first.
    p, dp
        Network parameters, and their derivatives by the estimated ones.
    """
    for n, (state, at) in enumerate(zip(states, times, strict=True)):
        missing = np.isnan(rates.jacobian([*state, *p, at])[:, len(state) : -1]).any(axis=0)
        affected = (dp[missing] != 0).any(axis=0)
        slopes[max(n - 1, 0) :, :, affected] = np.nan
