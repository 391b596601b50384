"""Detailed balance: around every cycle of reversible reactions the equilibrium constants multiply to 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm

import numpy as np
import sympy as sp

from il6infer.network.network import Network, symbol


@dataclass(frozen=True)
class Cycle:
    """A cycle of reversible reactions.

    Attributes
    ----------
    reactions
        Reaction -> how often the cycle runs it (negative: backwards).
    product
        Product of the equilibrium constants, each to that power: 1 where detailed balance holds.
    """

    reactions: Mapping[str, int]
    product: sp.Expr

    @property
    def balanced(self) -> bool:
        """Whether the product is 1 whatever the parameters (Wegscheider's condition)."""
        return self.product == 1


def equilibrium_constants(network: Network) -> dict[str, sp.Expr]:
    """Equilibrium constant (forward over backward rate constant) of each reversible mass-action reaction.

    A reaction is reversible when its flux is a difference of two mass-action rates, or when another reaction with
    mass-action rate undoes it. A reaction of any other kind is driven, and no condition binds it; so is exchange with
    what the model leaves out (synthesis and loss).
    """
    found: dict[str, sp.Expr] = {}
    one_way: dict[tuple[float, ...], tuple[str, sp.Expr]] = {}
    for reaction in network.reactions:
        name, flux, column = reaction.id, reaction.rate, reaction.changes
        if not (np.any(column < 0) and np.any(column > 0)):
            continue
        terms = sp.Add.make_args(sp.expand(flux))
        if len(terms) == 1:
            one_way[tuple(column)] = (name, terms[0])
        elif len(terms) == 2:
            forward, backward = _constant(network, terms[0], column), _constant(network, -terms[1], -column)
            if forward is None or backward is None:
                forward, backward = _constant(network, terms[1], column), _constant(network, -terms[0], -column)
            if forward is not None and backward is not None:
                found[name] = sp.cancel(forward / backward)
    for column, (name, rate) in one_way.items():
        opposite = tuple(-n for n in column)
        if opposite not in one_way or one_way[opposite][0] in found:
            continue
        forward = _constant(network, rate, np.array(column))
        backward = _constant(network, one_way[opposite][1], np.array(opposite))
        if forward is not None and backward is not None:
            found[name] = sp.cancel(forward / backward)
    return found


def cycles(network: Network) -> tuple[Cycle, ...]:
    """Independent cycles of the reversible reactions, with the product that detailed balance asks to be 1."""
    constants = equilibrium_constants(network)
    if not constants:
        return ()
    changes = {reaction.id: reaction.changes for reaction in network.reactions}
    matrix = sp.Matrix([[sp.Rational(str(n)) for n in changes[name]] for name in constants]).T
    found = []
    for vector in matrix.nullspace():
        scale = lcm(*[int(n.q) for n in vector])
        powers = {name: int(n * scale) for name, n in zip(constants, vector, strict=True) if n}
        product = sp.Mul(*[constants[name] ** power for name, power in powers.items()])
        found.append(Cycle(powers, sp.simplify(product)))
    return tuple(found)


def _constant(network: Network, rate: sp.Expr, column: np.ndarray) -> sp.Expr | None:
    """Rate constant of a mass-action rate whose reactants are the states that `column` consumes; else None."""
    reactants = {symbol(s): -n for s, n in zip(network.states, column, strict=True) if n < 0}
    monomial = sp.Mul(*[s ** sp.Rational(str(n)) for s, n in reactants.items()])
    constant = sp.cancel(rate / monomial)
    states = {symbol(s) for s in network.states}
    return None if constant.free_symbols & states or constant.could_extract_minus_sign() else constant
