"""Empty cells of PEtab v1's condition table.

After pre-equilibration an empty cell says for a species that its state is kept, and for anything else that the model's
own value holds again.
"""

from __future__ import annotations

from collections.abc import Mapping

import libsbml
import sympy as sp

from il6infer.network.network import Network, symbol
from il6infer.network.sbml import resolve

Changes = dict[str, sp.Expr]


def returned_values(
    conditions: Mapping[str, Changes], empty: Mapping[str, tuple[str, ...]], model: libsbml.Model, network: Network
) -> dict[str, Changes]:
    """Say what empty cells change in every period but the first.

    Parameters
    ----------
    conditions
        Condition -> what its filled cells change.
    empty
        Condition -> targets whose cells are empty.

    Returns
    -------
    dict
        Condition -> parameters that return to the model's own values.
    """
    species = {s.getId() for s in model.getListOfSpecies()}
    own = dict(zip(network.parameters, network.defaults, strict=True))
    returned = {}
    for condition, changes in conditions.items():
        gone = empty.get(condition, ())
        back = resolve({t: own[t] for t in gone if t in own and t not in species}, f"condition '{condition}': values")
        # An own value that follows another parameter follows the value that this condition gives it.
        given = {symbol(target): value for target, value in changes.items()}
        returned[condition] = {target: value.xreplace(given) for target, value in back.items()}
    return returned
