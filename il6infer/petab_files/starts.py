"""Parameters of the table that events change: what the table gives is the value that they start with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from il6infer.network.network import Network, symbol
from il6infer.network.sbml import resolve


def start_where_the_table_says(network: Network, given: Iterable[str]) -> Network:
    """Let states that are parameters of the table start with that value, and what their initial value sets, too.

    Parameters
    ----------
    network
        Model whose parameters are states where events change them.
    given
        Ids of the parameter table.
    """
    moved = [name for name in given if name in network.states]
    if not moved:
        return network
    taken = {*network.states, *network.parameters, *network.derived}
    own: dict[str, str] = {}
    for name in moved:
        start = f"{name}_at_start"
        while start in taken:
            start += "_"
        own[name] = start
        taken.add(start)
    assignments = {name: e for name, e in (network.assignments or {}).items() if name not in own}
    written = {s: assignments.get(s, e) for s, e in zip(network.states, network.initial, strict=True)}
    written |= {name: symbol(start) for name, start in own.items()}
    initial = resolve(written, "initial values")
    at_start = {symbol(name): e for name, e in initial.items()}
    defaults = [
        assignments.get(name, e).xreplace(at_start)
        for name, e in zip(network.parameters, network.defaults, strict=True)
    ]
    return replace(
        network,
        parameters=(*network.parameters, *own.values()),
        # The name alone is the problem's parameter, for the network's own is a state.
        defaults=(*defaults, *map(symbol, own)),
        initial=tuple(initial[s] for s in network.states),
        assignments=assignments,
    )
