"""Whether a state of rest is stable: the second engine's own judgement, by eigenvalues."""

from __future__ import annotations

import numpy as np
import scipy

MARGIN = 1e-9
"""Damping, as a share of the eigenvalue, below which an oscillation counts as undamped."""

ROUNDING = 1e-14
"""Share of the largest slope below which slopes and eigenvalues are zero but for rounding."""


def is_stable(jacobian: np.ndarray, moved: np.ndarray, moieties: np.ndarray) -> bool:
    """Whether the run stays at a state where its rates are zero.

    Parameters
    ----------
    jacobian
        (states, states), of the rates.
    moved
        (states,), whether the state differs from where the run began. One that never moved stays where it is.
    moieties
        (moieties, states), sums that are constant.

    Returns
    -------
    bool
        Whether all eigenvalues have negative real parts, apart from those of moieties and of states on which nothing
        depends, not even their own rate (what a reaction without return makes).
    """
    # Where a partner is absent but for rounding, so is what depends on it.
    rounding = ROUNDING * np.abs(jacobian[moved]).max(initial=0.0)
    inner = moved & (np.abs(jacobian[moved]) > rounding).any(axis=0)
    collected = moved & ~inner
    # A moiety that such a state is part of says nothing of the others alone.
    others = scipy.linalg.null_space(moieties[:, collected].T).T if collected.any() else np.eye(len(moieties))
    laws = others @ moieties[:, inner]
    keeping = scipy.linalg.null_space(laws) if laws.size else np.eye(int(inner.sum()))
    reduced = keeping.T @ jacobian[np.ix_(inner, inner)] @ keeping
    values = np.linalg.eigvals(reduced) if reduced.size else np.empty(0)
    rounding = ROUNDING * np.abs(reduced).max(initial=0.0)
    return bool((values.real < -np.maximum(MARGIN * np.abs(values), rounding)).all())
