"""Conserved moieties: sums of states that no reaction changes."""

from __future__ import annotations

import numpy as np
import sympy as sp

from il6infer.models.network import Network, symbol


def moieties(network: Network) -> np.ndarray:
    """Left null space of the stoichiometry, in row-echelon form.

    A state that nothing changes is a moiety of its own. Where volumes differ the stoichiometry is in the unit of the
    states, so that weights are ratios of volumes.

    Returns
    -------
    numpy.ndarray
        (moieties, states): each row times the state is constant in time, whatever the parameters. Rows that the
        right-hand side itself does not keep (volumes that conditions change) are left out.
    """
    stoichiometry = np.asarray(network.stoichiometry, dtype=float)
    if not np.isfinite(stoichiometry).all():
        stoichiometry = np.eye(len(network.states))[:, [i for i, e in enumerate(network.rhs) if e != 0]]
    active = [r for r, flux in enumerate(network.fluxes) if flux != 0] if len(network.fluxes) else []
    if stoichiometry.shape[1] == len(network.fluxes):
        stoichiometry = stoichiometry[:, active]
    matrix = sp.Matrix([[sp.nsimplify(float(v), rational=True) for v in row] for row in stoichiometry.T])
    size = len(network.states)
    if not stoichiometry.shape[1]:
        return np.eye(size)
    basis = matrix.nullspace()
    if not basis:
        return np.zeros((0, size))
    echelon = sp.Matrix([list(vector) for vector in basis]).rref()[0]
    rows = np.array(echelon.tolist(), dtype=float)
    return rows[[_kept(network, row) for row in rows]]


def _kept(network: Network, row: np.ndarray) -> bool:
    """Whether the right-hand side keeps the sum, at two points chosen at random."""
    total = sp.Add(*[sp.Float(w) * e for w, e in zip(row, network.rhs, strict=True) if w])
    free = sorted(total.free_symbols, key=str)
    rng = np.random.default_rng(0)
    for _ in range(2):
        point = {s: sp.Float(rng.uniform(0.5, 2.0)) for s in free}
        if abs(complex(total.xreplace(point).evalf())) > 1e-9:
            return False
    return True


def totals(network: Network, state: np.ndarray) -> np.ndarray:
    """Amount of each moiety in a state (states,)."""
    return moieties(network) @ np.asarray(state, dtype=float)


def names(network: Network) -> tuple[str, ...]:
    """Each moiety as a sum of states, for a reader."""
    texts = []
    for row in moieties(network):
        terms = [(w, symbol(s)) for w, s in zip(row, network.states, strict=True) if w]
        texts.append(" + ".join(str(s) if w == 1 else f"{w:g} {s}" for w, s in terms))
    return tuple(texts)
