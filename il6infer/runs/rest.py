"""What a network does with time, for runs that are measured at rest or start from it."""

from __future__ import annotations

from il6infer.network.derivatives import derivative
from il6infer.network.functions import plain
from il6infer.network.graphs import symbols_of
from il6infer.network.network import TIME, Network, symbol
from il6infer.runs.modes import located


def depends_on_time(network: Network) -> str:
    """Say what of the rates depends on time other than at times known before; empty where nothing does.

    Parameters
    ----------
    network
        With modes, see `il6infer.runs.modes`.
    """
    return never_rests(network) or next(
        (f"the condition '{m.condition}'" for m in located(network) if TIME in symbols_of(m.located_function)), ""
    )


def never_rests(network: Network) -> str:
    """Say what moves with time for ever; empty where a run may come to rest.

    A condition on time, such as ``time > T`` or ``time > A``, changes once, and stays.

    Parameters
    ----------
    network
        With modes, see `il6infer.runs.modes`.
    """
    states = {symbol(name) for name in network.states}
    for name, rate in zip(network.states, network.rhs, strict=True):
        if TIME in symbols_of(rate):
            return f"the rate of change of '{name}'"
    for mode in located(network):
        if symbols_of(derivative(plain(mode.located_function), TIME)) & {TIME, *states}:
            return f"the condition '{mode.condition}'"
    return ""
