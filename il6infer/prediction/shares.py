"""What carries the signal of a mode: its complexes, or the hexamers that these join to where those alone signal."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations_with_replacement

from il6infer.network.network import Network


def carriers(network: Network, species: str) -> Mapping[str, float]:
    """Give the states that stand for a species of a part in a share, each with how much of it counts.

    Where 1:1:1 complexes join to hexamers, which alone signal (option hexamer), complexes that have not joined carry
    nothing: what counts of a mode is the gp130 of hexamers, by halves.

    Parameters
    ----------
    network
        Of the model.
    species
        Name, such as ``C_trans``; one that the model lacks carries nothing.

    Returns
    -------
    Mapping
        State or derived quantity -> weight.

    Examples
    --------
    ``C_trans`` of a model of both modes with hexamers is ``2 H_trans + H_classic_trans + H_trans_hyper``.
    """
    known = {*network.states, *network.derived}
    modes = [name.removeprefix("C_") for name in network.states if name.startswith("C_")]
    found: dict[str, float] = {}
    if species in network.states and species.startswith("C_"):
        for one, other in combinations_with_replacement(modes, 2):
            halves = [one, other].count(species.removeprefix("C_"))
            names = [f"H_{one}"] if one == other else [f"H_{one}_{other}", f"H_{other}_{one}"]
            found |= {name: float(halves) for name in names if halves and name in known}
    return found or ({species: 1.0} if species in known else {})
