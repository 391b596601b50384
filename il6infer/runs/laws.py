"""Sums that stay constant while a run comes to rest: the rates alone do not say how large they are there.

What a model conserves in general is not all: a receptor in two forms is conserved before the drug that degrades it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import sympy as sp

from il6infer.network.conservation import is_nothing, moieties, moieties_of_course
from il6infer.network.graphs import replaced, symbols_of
from il6infer.network.network import TIME, Network, symbol
from il6infer.problems.spec import Problem
from il6infer.runs.jumps import EVALUATE
from il6infer.runs.modes import located, located_events
from il6infer.runs.plan import Plan
from il6infer.runs.segments import Segment, theta


class Laws(NamedTuple):
    """Conservation laws of each steady state of a problem."""

    sets: tuple[np.ndarray, ...]
    """(laws, states) each; the first holds in every run."""
    equations: tuple[list[int], ...]
    """(laws,) each, see `equations`."""
    before: tuple[int, ...]
    """(runs,) set of the run's pre-equilibration, 0 where there is none."""
    after: tuple[int, ...]
    """(runs,) set of the steady state at its end, 0 where none is measured."""


def laws_at_rest(problem: Problem, plan: Plan, constants: Mapping[sp.Symbol, sp.Expr]) -> Laws:
    """Work out what is conserved in each pre-equilibration and at the end of each run that is measured at rest.

    Parameters
    ----------
    problem
        With modes, but as its rates are written: a zero is not seen in what `il6infer.runs.precompute` makes of them.
    plan
        Of that problem; it may have further parameters.
    constants
        Network parameters whose values are the same in every run.
    """
    network = problem.network
    # Zero to the power of a parameter is zero, but where that is at a bound of zero, where its run fails.
    positive = {theta(p.id): sp.Dummy(positive=True) for p in problem.estimated if p.lower >= 0}
    quantities = [replaced(e, positive) for e in plan.quantities]
    reader = _Reader(network, quantities, constants)
    before = [reader.before(run[0]) if run[0].steady else 0 for run in plan.runs]
    ends = [bool(len(times)) and times[-1] == np.inf for times in plan.run_times]
    after = [reader.after(run) if end else 0 for run, end in zip(plan.runs, ends, strict=True)]
    named = set[sp.Basic]().union(*[symbols_of(rate) for rate in network.rhs])
    ends = np.array([symbol(name) not in named for name in network.states])
    chosen = tuple(equations(own, ends) for own in reader.sets)
    return Laws(tuple(reader.sets), chosen, tuple(before), tuple(after))


class Courses:
    """Conservation laws of courses of a network, by which parameters and states are zero as they begin."""

    def __init__(self, network: Network) -> None:
        self._network, self._known = network, dict[tuple, np.ndarray]()
        self._modes = {mode.parameter for mode in located(network)}

    def laws(self, parameters: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Give the laws (laws, states) of a course.

        Parameters
        ----------
        parameters
            (parameters,) values; no other ones come later.
        start
            (states,) where it begins.
        """
        signs, absent = np.sign(parameters), _unchanged(self._network, np.flatnonzero(start == 0))
        # A condition may come to hold.
        signs[[name in self._modes for name in self._network.parameters]] = -1.0
        key = signs.tobytes(), absent
        if key not in self._known:
            values = {
                symbol(name): sp.Dummy(positive=True) if sign else sp.Integer(0)
                for name, sign in zip(self._network.parameters, signs, strict=True)
                if sign >= 0
            }
            self._known[key] = moieties_of_course(self._network, values, values, absent)
        return self._known[key]


def equations(laws: np.ndarray, ends: np.ndarray) -> list[int]:
    """State whose equation each law may replace: row reduction makes them independent.

    Parameters
    ----------
    laws
        (laws, states).
    ends
        (states,) whether no rate depends on a state, so that only a law can say where it rests: chosen before others.
    """
    matrix, found = np.array(laws, dtype=float), []
    for row in range(len(matrix)):
        size = np.abs(matrix[row])
        chosen = int(np.argmax(np.where(ends & (size > 1e-9 * size.max()), 2 * size.max() + size, size)))
        found.append(chosen)
        for other in range(row + 1, len(matrix)):
            matrix[other] -= matrix[row] * matrix[other, chosen] / matrix[row, chosen]
    return found


def _unchanged(network: Network, states: np.ndarray) -> frozenset[int]:
    """Those of some states that no event changes."""
    changed = {name for event in located_events(network) for name in event.changes}
    return frozenset(int(i) for i in states if network.states[i] not in changed)


class _Reader:
    """Finds the sets, each once."""

    def __init__(self, network: Network, quantities: Sequence[sp.Expr], constants: Mapping[sp.Symbol, sp.Expr]) -> None:
        self._network, self._quantities, self._constants = network, quantities, constants
        self._symbols = [symbol(name) for name in network.parameters]
        self._positive = {s: sp.Dummy(positive=True) for s in self._symbols if s not in constants}
        self._modes = {symbol(mode.parameter): mode for mode in located(network)}
        self.sets = [moieties(network, constants)]
        self._known: dict[tuple, int] = {}

    def before(self, segment: Segment) -> int:
        """Give the set of a pre-equilibration; where an event happens there, no law is asked for."""
        zeros = frozenset(map(int, np.flatnonzero(self._absent([segment]))))
        return self._set([segment], zeros, {TIME: sp.Integer(0)} | self._at_time_zero(segment))

    def after(self, run: Sequence[Segment]) -> int:
        """Give the set of what is measured at rest at the end of a run."""
        return self._set(run, _unchanged(self._network, np.flatnonzero(self._absent(run))), {})

    def _set(self, run: Sequence[Segment], absent: frozenset[int], time: Mapping[sp.Symbol, sp.Expr]) -> int:
        now, always = self._values(run[-1:]), self._values(run)
        key = tuple(now.items()), tuple(always.items()), absent, tuple(time.items())
        if key not in self._known:
            values, before = ({**self._constants, **own, **time} for own in (now, always))
            self._known[key] = self._number(moieties_of_course(self._network, values, before, absent), absent)
        return self._known[key]

    def _at_time_zero(self, segment: Segment) -> dict[sp.Symbol, sp.Expr]:
        """Tell which conditions on time alone hold (1) or do not (0) while time is 0."""
        values = {s: self._quantities[i] for s, i in zip(self._symbols, segment.values, strict=False)}
        found: dict[sp.Symbol, sp.Expr] = {}
        for own, mode in self._modes.items():
            function = replaced(mode.located_function, {TIME: sp.Integer(0)}).xreplace(values)
            if function.is_positive or function.is_negative:
                found[own] = sp.Integer(1 if function.is_positive else 0)
        return found

    def _number(self, found: np.ndarray, absent: frozenset[int]) -> int:
        """Give the number of a set; that of the first where no other law is of states that are there."""
        present = [i for i in range(len(self._network.states)) if i not in absent]
        if _rank(found[:, present]) == _rank(self.sets[0][:, present]):
            return 0
        known = (n for n, own in enumerate(self.sets) if np.array_equal(own, found))
        number = next(known, len(self.sets))
        self.sets += [found] if number == len(self.sets) else []
        return number

    def _values(self, segments: Sequence[Segment]) -> dict[sp.Symbol, sp.Expr]:
        """Tell which parameters are zero, or above zero, all the time; of those that vary between runs."""
        known: dict[sp.Symbol, sp.Expr] = {}
        for i, own in enumerate(self._symbols):
            if own in self._modes:
                continue
            quantities = {self._quantities[segment.values[i]] for segment in segments}
            if all(map(is_nothing, quantities)):
                known[own] = sp.Integer(0)
            elif own in self._positive and all(q.is_positive for q in quantities):
                known[own] = self._positive[own]
        return known

    def _absent(self, segments: Sequence[Segment]) -> np.ndarray:
        """Find the states (states,) that are zero at the start, and that no jump makes anything else."""
        values = {s: self._quantities[i] for s, i in zip(self._symbols, segments[0].values, strict=False)}
        zero = np.array([is_nothing(replaced(e, values)) for e in self._network.initial], dtype=bool)
        for segment in segments:
            for state, kind, index in segment.jumps:
                if kind == EVALUATE or not is_nothing(self._quantities[index]):
                    zero[state] = False
                elif segment is segments[0]:
                    zero[state] = True
        return zero


def _rank(laws: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(laws)) if laws.size else 0
