"""Held-out measurements as functions of what the fit knows and of what they estimate alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

from il6infer._errors import UserError
from il6infer.network.network import symbol
from il6infer.problems.spec import Parameter, Problem


@dataclass(frozen=True)
class Row:
    """One measurement: ``scale * course + offset``, with a noise.

    Attributes
    ----------
    scale, offset, noise
        Expressions of parameters of the problem.
    """

    scale: sp.Expr
    offset: sp.Expr
    noise: sp.Expr

    @property
    def names(self) -> set[str]:
        """Parameters that it needs beside its course."""
        return {s.name for e in (self.scale, self.offset, self.noise) for s in e.free_symbols}


def rows_of(problem: Problem) -> list[Row]:
    """Take the read-outs of a problem apart into scale, offset and noise.

    Raises
    ------
    UserError
        If a read-out is not a course times a scale plus an offset, or its noise hangs on the course.
    """
    known = {o.id: o for o in problem.observables}
    found = []
    for row in problem.measurements.itertuples():
        observable = known[row.observable]
        given = dict(zip(map(symbol, observable.placeholders), row.observable_parameters, strict=True))
        noisy = dict(zip(map(symbol, observable.noise_placeholders), row.noise_parameters, strict=True))
        scale, offset = sp.Integer(1), sp.Integer(0)
        for place, value in given.items():
            slope = sp.diff(observable.formula, place)
            if slope == 1:
                offset = sp.sympify(value)
            elif not slope.has(*given):
                scale = sp.sympify(value)
            else:
                raise UserError(f"observable '{observable.id}' is not a course times a scale plus an offset.")
        noise = sp.sympify(observable.noise).xreplace(noisy)
        parameters = {p.id for p in problem.parameters}
        if {s.name for s in noise.free_symbols} - parameters:
            raise UserError(f"observable '{observable.id}' has a noise that hangs on its course.")
        found.append(Row(scale, offset, noise))
    return found


def of_courses(problem: Problem, rows: Sequence[Row]) -> set[str]:
    """Parameters that only read-outs name: those that no course depends on."""
    named = set().union(*(row.names for row in rows), set())
    network = problem.network
    inner = {s.name for e in (*network.rhs, *network.initial) for s in e.free_symbols} | set(network.parameters)
    inner |= {
        s.name for e in problem.experiments for p in e.periods for v in p.changes.values() for s in v.free_symbols
    }
    return named - inner


def groups(rows: Sequence[Row], series: Sequence[tuple[str, str]], alone: set[str]) -> list[np.ndarray]:
    """Rows that one and the same parameter of `alone` joins, or that are of one series; each group apart from others.

    Parameters
    ----------
    series
        Read-out and gel of each row.
    """
    leader: dict[object, int] = {}
    root = list(range(len(rows)))

    def top(i: int) -> int:
        while root[i] != i:
            i = root[i]
        return i

    for i, (row, key) in enumerate(zip(rows, series, strict=True)):
        for name in [key, *sorted(row.names & alone)]:
            root[top(i)] = top(leader.setdefault(name, i))
    tops = np.array([top(i) for i in range(len(rows))])
    return [np.flatnonzero(tops == t) for t in dict.fromkeys(tops.tolist())]


@dataclass(frozen=True)
class Coordinates:
    """Normal coordinates of the parameters that are estimated alone: logarithms of those with a log-normal prior."""

    names: tuple[str, ...]
    logarithmic: np.ndarray
    mean: np.ndarray
    sd: np.ndarray

    def values(self, coordinates: np.ndarray) -> dict[str, np.ndarray]:
        """Values (draws, samples) of each parameter."""
        with np.errstate(over="ignore"):
            return {
                name: np.exp(coordinates[..., i]) if self.logarithmic[i] else coordinates[..., i]
                for i, name in enumerate(self.names)
            }


def coordinates_of(parameters: Sequence[Parameter]) -> Coordinates:
    """Coordinates of parameters with normal or log-normal priors.

    Raises
    ------
    UserError
        If a prior is of another family.
    """
    for p in parameters:
        if p.stated_prior.distribution not in ("normal", "log-normal"):
            what = f"parameter '{p.id}' is estimated from held-out data alone, and its prior is "
            raise UserError(f"{what}{p.stated_prior.distribution}: normal and log-normal ones are supported.")
    priors = np.array([p.stated_prior.parameters for p in parameters]).reshape(len(parameters), 2)
    logs = np.array([p.stated_prior.distribution == "log-normal" for p in parameters], dtype=bool)
    return Coordinates(tuple(p.id for p in parameters), logs, priors[:, 0], priors[:, 1])


def evaluated(expressions: Sequence[sp.Expr], values: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Values (*shape, expressions) of expressions of parameters, each of which is an array of that shape.

    Parameters
    ----------
    expressions
        Of parameters.
    values
        Parameter -> its draws, of that shape.
    shape
        Of the draws.
    """
    found = np.empty((*shape, len(expressions)))
    for expression in dict.fromkeys(expressions):
        names = sorted(s.name for s in expression.free_symbols)
        function = sp.lambdify([symbol(n) for n in names], expression, "numpy")
        value = np.broadcast_to(function(*(values[n] for n in names)), shape)
        found[..., [i for i, e in enumerate(expressions) if e == expression]] = value[..., None]
    return found
