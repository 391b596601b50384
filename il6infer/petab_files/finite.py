"""Formulas whose value no simulation can make finite, and noise that is not above zero."""

from __future__ import annotations

import math
from collections.abc import Iterator

import sympy as sp

from il6infer._errors import Fault, raise_faults
from il6infer.network.network import symbol
from il6infer.petab_files.cells import Line
from il6infer.petab_files.tables import Tables
from il6infer.problems.spec import Problem


def refuse_without_value(tables: Tables, problem: Problem, subject: str, *, linted: bool) -> None:
    """Refuse formulas that are infinite, and noise that is not above zero, where no simulation is needed to know it.

    Parameters
    ----------
    linted
        Whether to look at the nominal values of estimated parameters, too.

    Raises
    ------
    UserError
        With every such formula.
    """
    faults: list[Fault] = []
    for observable, line in zip(tables.observables, tables.observable_lines, strict=True):
        _refuse_infinite(line, "observableFormula", observable.formula, faults)
        _refuse_infinite(line, "noiseFormula", observable.noise_formula, faults)
    for condition in tables.conditions:
        for change in condition.changes:
            if (condition.id, change.target_id) in tables.change_lines:
                line, column = tables.change_lines[condition.id, change.target_id]
                _refuse_infinite(line, column, sp.sympify(change.target_value), faults)
    lines = {o.id: line for o, line in zip(tables.observables, tables.observable_lines, strict=True)}
    faults += _noises(problem, lines, tables.measurement_lines, linted=linted)
    if linted and not faults:
        faults += _without_value_at_nominal(problem, lines)
    raise_faults(faults, subject)


def _refuse_infinite(line: Line, column: str, expression: sp.Basic, faults: list[Fault]) -> None:
    branches = {e: sp.Dummy() for e in expression.atoms(sp.Piecewise)}
    whole = expression.xreplace(branches)
    # A number such as 1e400 is infinite where numbers are doubles.
    if whole.has(sp.oo, -sp.oo, sp.nan, sp.zoo) or any(math.isinf(float(n)) for n in whole.atoms(sp.Float)):
        faults.append(line.fault(column, f"'{line[column]}' is not finite.", "Correct the formula."))


def _without_value_at_nominal(problem: Problem, lines: dict[str, Line]) -> Iterator[Fault]:
    """Look at observables with the values of parameters that no condition sets: a quotient by 0, a root below 0."""
    targets = {target for e in problem.experiments for period in e.periods for target in period.changes}
    values = {
        symbol(p.id): sp.Float(p.nominal)
        for p in problem.parameters
        if p.id not in targets and math.isfinite(p.nominal)
    }
    for observable in problem.observables:
        for column, expression in (("observableFormula", observable.formula), ("noiseFormula", observable.noise)):
            branches = {e: sp.Dummy() for e in expression.atoms(sp.Piecewise)}
            if expression.xreplace(branches).xreplace(values).has(sp.oo, -sp.oo, sp.nan, sp.zoo, sp.I):
                line = lines[observable.id]
                what = f"'{line[column]}' has no value at the nominal values of its parameters."
                yield line.fault(column, what, "Correct the formula or the values.")


def _noises(problem: Problem, observables: dict[str, Line], rows: list[Line], *, linted: bool) -> Iterator[Fault]:
    network = problem.network
    targets = {target for e in problem.experiments for period in e.periods for target in period.changes}
    values = {symbol(n): e for n, e in zip(network.parameters, network.defaults, strict=True) if n not in targets}
    for p in problem.parameters:
        values[symbol(p.id)] = sp.Float(p.nominal) if linted or not p.estimate else symbol(p.id)
    by_id = {o.id: o for o in problem.observables}
    seen: set[tuple] = set()
    for row, line in zip(problem.measurements.itertuples(), rows, strict=True):
        if (key := (row.observable, row.noise_parameters)) in seen:
            continue
        seen.add(key)
        observable = by_id[row.observable]
        given = dict(zip(map(symbol, observable.noise_placeholders), row.noise_parameters, strict=True))
        noise = observable.noise.xreplace(given).xreplace(values)
        if noise.is_number and float(noise) <= 0:
            where, column = (line, "noiseParameters") if given else (observables[row.observable], "noiseFormula")
            what = f"the noise of '{observable.id}' is {float(noise):g}, which must be above zero."
            yield where.fault(column, what, "Correct the formula or the value that it names.")
