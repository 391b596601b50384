"""States of rest of the second engine: where a run no longer moves, if that is stable by its eigenvalues."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy
import sympy as sp

from il6infer.engine.located import Failed
from il6infer.network.graphs import all_replaced, replaced
from il6infer.network.network import TIME, Network
from il6infer.runs.outcome import Outcome

STEADY_FROM, STEADY_TO = 1e3, 1e9
"""A steady state is looked for after these times [unit of the model], tenfold at a time."""

ELSEWHERE = math.sqrt(0.5)
"""A run that seems to rest is looked at after this share of the time, too: whole numbers of periods are at rest."""

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


def time_to_rest(
    look: Callable[[float], tuple[np.ndarray, np.ndarray]],
    stays: Callable[[np.ndarray, np.ndarray], bool],
    rtol: float,
    atol: float,
) -> float:
    """Time after which the state no longer moves when time grows tenfold.

    Parameters
    ----------
    look
        Time -> state (states,) and network parameters with their modes after it.
    stays
        Whether a run that stands still at a state, with these parameters, does so for ever.
    rtol, atol
        Tolerances of the states.

    Raises
    ------
    Failed
        With `NO_STEADY_STATE`, where there is none.
    """
    end, before = STEADY_FROM, None
    try:
        while end <= STEADY_TO:
            after, modes = look(end)
            allowed = 10 * (rtol * np.abs(after) + atol)
            rests = before is not None and (np.abs(after - before) <= allowed).all() and stays(after, modes)
            # Not to the digit: the solver's error is another one there.
            if rests and (np.abs(look(ELSEWHERE * end)[0] - after) <= 1e3 * allowed).all():
                return end
            end, before = 10.0 * end, after
    except Failed as failure:
        if failure.outcome != Outcome.STEP_LIMIT:
            raise
    raise Failed(Outcome.NO_STEADY_STATE)


def standing_still(network: Network) -> Network:
    """Network whose time is 0 for ever, as before an experiment."""
    now = {TIME: sp.Integer(0)}
    return replace(
        network,
        rhs=all_replaced(network.rhs, now),
        fluxes=all_replaced(network.fluxes, now),
        derived={name: replaced(e, now) for name, e in network.derived.items()},
        modes=tuple(
            replace(m, function=None if m.function is None else replaced(m.function, now)) for m in network.modes
        ),
        events=tuple(
            replace(e, changes={name: replaced(own, now) for name, own in e.changes.items()}) for e in network.events
        ),
    )
