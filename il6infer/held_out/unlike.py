"""How far conditions of a gel lie apart, by their doses: what a curve through data may know without any biology."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy as sp

from il6infer.problems.spec import Experiment, Problem

_Key = tuple[float, str]


def unlike(problem: Problem, experiments: Sequence[str]) -> np.ndarray:
    """Distance of each measurement's condition from each other's.

    Parameters
    ----------
    problem
        With the experiments.
    experiments
        Id of each measurement's; ``""`` is the model's own state.

    Returns
    -------
    array
        (measurements, measurements): between conditions that differ in doses alone, the distance of ln(1 + dose /
        lowest dose), over all doses; infinite where they differ in anything else (a wash, another genotype).
    """
    known = {one.id: _doses(one) for one in problem.experiments}
    names = list(dict.fromkeys(experiments))
    told = [known.get(name, ({}, frozenset())) for name in names]
    keys = sorted({key for doses, _ in told for key in doses})
    amounts = np.array([[doses.get(key, 0.0) for key in keys] for doses, _ in told]).reshape(len(told), len(keys))
    lowest = np.array([min(column[column > 0]) for column in amounts.T])
    places = np.log1p(amounts / lowest)
    apart = np.sqrt(((places[:, None] - places[None]) ** 2).sum(-1))
    other = np.array([[mine != others for _, others in told] for _, mine in told])
    where = [names.index(name) for name in experiments]
    return np.where(other, np.inf, apart)[np.ix_(where, where)]


def _doses(experiment: Experiment) -> tuple[dict[_Key, float], frozenset[tuple[float, str, str]]]:
    """Read what is added or set to a number above 0, by time and name; and all else that is done."""
    doses: dict[_Key, float] = {}
    rest = set()
    for period in experiment.periods:
        for name, change in period.changes.items():
            formula = sp.sympify(change)
            amount = formula.subs({symbol: 0 for symbol in formula.free_symbols if symbol.name == name})
            added = formula.is_number or sp.expand(formula - amount) in formula.free_symbols
            if added and amount.is_number and amount.is_real and amount > 0:
                doses[period.time, name] = float(amount)
            else:
                rest.add((period.time, name, str(formula)))
    return doses, frozenset(rest)
