"""Runs that a solver has led over a zero of what rates divide by, as over -K_m in Michaelis and Menten's law."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import sympy as sp

from il6infer.network.denominators import denominators
from il6infer.network.functions import plain
from il6infer.network.network import TIME, Network, symbol
from il6infer.runs.numeric import Function


class Denominators:
    """What rates divide by, where no solution leads over its zero; see `il6infer.network.denominators`.

    Parameters
    ----------
    network
        With modes.
    varying
        Symbols of its parameters.
    """

    def __init__(self, network: Network, varying: Sequence[sp.Symbol]) -> None:
        states = [symbol(s) for s in network.states]
        found = denominators(map(plain, network.rhs), states)
        self._values = Function([*states, *varying, TIME], found) if found else None

    def passed(self, points: Iterable[tuple[np.ndarray, float]], p: np.ndarray) -> bool:
        """Whether one has another sign than at the first point.

        Parameters
        ----------
        points
            (state, time) along a run.
        p
            (parameters,).
        """
        if self._values is None:
            return False
        signs = np.sign([self._values([*state, *p, at]) for state, at in points])
        return bool((signs * signs[0] < 0).any())
