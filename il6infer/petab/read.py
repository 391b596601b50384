"""PEtab problems (v2; v1 through petab's own converter) to the project's frozen `Problem`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import petab.v2 as petab
import sympy as sp
from pydantic import ValidationError

from il6infer._errors import Fault, UserError, raise_faults
from il6infer.network.network import TIME, Network, symbol
from il6infer.network.sbml import read_sbml, resolve
from il6infer.petab.files import is_first_version, problem_files, read_problem_file
from il6infer.petab.limits import check_files
from il6infer.petab.version1 import Kept, complete, convert
from il6infer.petab.version1_cells import empty_cells
from il6infer.problem.spec import Experiment, Observable, Parameter, Period, Prior, Problem

logger = logging.getLogger("il6infer")


def load(path: Path) -> Problem:
    """Read a PEtab problem.

    Parameters
    ----------
    path
        The problem's YAML file.

    Raises
    ------
    UserError
        If a file is missing or invalid, or asks for what is not supported, by name.
    """
    return read(path)[1]


def read(path: Path) -> tuple[petab.Problem, Problem]:
    """Read a PEtab problem as petab does, v1 converted, and as `load` does.

    Raises
    ------
    UserError
        If a file is missing or invalid, or asks for what is not supported, by name.
    """
    check_files(problem_files(path))
    with _opened(path) as (problem, sbml, kept):
        network = read_sbml(sbml.read_text("utf-8"), sbml.name)
        translated = _translate(problem, network, path, kept)
        return problem, complete(translated, kept) if kept else translated


@contextmanager
def _opened(path: Path) -> Iterator[tuple[petab.Problem, Path, Kept | None]]:
    """Petab's own problem, the path of its SBML file, and what v2 cannot say of a v1 problem.

    A problem of v1 is converted in a temporary folder.
    """
    config = read_problem_file(path)
    with TemporaryDirectory() as temporary:
        folder, kept = path.parent, None
        try:
            if is_first_version(config):
                kept = convert(path, Path(temporary))
                folder = Path(temporary) / "v2"
                problem = petab.Problem.from_yaml(folder / path.name)
            else:
                problem = petab.Problem.from_yaml(path)
        except ValidationError as error:
            faults = [
                Fault(
                    path.name, f"{'.'.join(map(str, e['loc']))}: {e['msg']} (found {e['input']!r})".replace("\n", " ")
                )
                for e in error.errors()
            ]
            raise_faults(faults, "PEtab problem")
            raise
        except (ValueError, KeyError, OSError) as error:
            raise UserError(f"{path}: petab cannot read the problem: {error}") from error
        models = problem.config.model_files or {}
        if len(models) != 1:
            raise UserError(f"{path}: {len(models)} models in the problem; exactly one is supported.")
        [model] = models.values()
        if model.language != "sbml":
            raise UserError(f"{path}: model language '{model.language}'; only sbml is supported.")
        yield problem, folder / str(model.location), kept


class _Symbols:
    """Petab's expressions in the project's symbols; each distinct one is translated once."""

    def __init__(self, network: Network) -> None:
        self._expand = network.expand
        self._known: dict[sp.Basic, sp.Expr] = {}

    def __call__(self, expression: sp.Basic) -> sp.Expr:
        expression = sp.sympify(expression)
        if expression not in self._known:
            plain = {s: TIME if s.name == "time" else symbol(s.name) for s in expression.free_symbols}
            self._known[expression] = expression.xreplace(plain).xreplace(self._expand)
        return self._known[expression]


def _translate(problem: petab.Problem, network: Network, path: Path, kept: Kept | None) -> Problem:
    translate = _Symbols(network)
    taken = {*network.states, *network.parameters}
    written = {o.id: translate(o.formula) for o in problem.observables}
    # A formula may name other observables; an id that the model has too means the model's.
    named = resolve({i: e for i, e in written.items() if i not in taken}, f"{path.name}: observable formulas")
    formulas = {
        symbol(i): named.get(i, e.xreplace({symbol(n): f for n, f in named.items()})) for i, e in written.items()
    }
    observables = tuple(
        Observable(
            id=o.id,
            formula=formulas[symbol(o.id)],
            noise=translate(o.noise_formula).xreplace(formulas),
            distribution=str(getattr(o.noise_distribution, "value", o.noise_distribution)),
            placeholders=tuple(str(s) for s in o.observable_placeholders),
            noise_placeholders=tuple(str(s) for s in o.noise_placeholders),
            name=o.name or "",
        )
        for o in problem.observables
    )
    experiments = _experiments(problem, network, translate, path, kept)
    return Problem(
        id=problem.id or path.parent.name,
        network=_with_output_parameters(network, experiments, observables),
        parameters=tuple(_parameter(p) for p in problem.parameters),
        experiments=experiments,
        observables=observables,
        measurements=_measurements(problem, observables, translate, path),
    )


def _with_output_parameters(
    network: Network, experiments: tuple[Experiment, ...], observables: tuple[Observable, ...]
) -> Network:
    """Add what conditions set and only observables name: without a condition it has no value."""
    asked = {s.name for o in observables for s in o.formula.free_symbols | o.noise.free_symbols}
    taken = {*network.states, *network.parameters, *network.derived}
    targets = {target: None for e in experiments for period in e.periods for target in period.changes}
    added = tuple(target for target in targets if target in asked - taken)
    return replace(network, parameters=network.parameters + added, defaults=network.defaults + (sp.nan,) * len(added))


def _experiments(
    problem: petab.Problem, network: Network, translate: _Symbols, path: Path, kept: Kept | None
) -> tuple[Experiment, ...]:
    conditions = {
        c.id: {change.target_id: translate(change.target_value) for change in c.changes} for c in problem.conditions
    }
    returned: dict[str, dict[str, sp.Expr]] = {}
    if kept:
        conditions, returned = empty_cells(conditions, kept.empty, kept.species, network)
    experiments = []
    for e in problem.experiments:
        periods = []
        for period in sorted(e.periods, key=lambda p: p.time):
            unknown = [c for c in period.condition_ids if c not in conditions]
            if unknown:
                raise UserError(f"{path.name}: experiment '{e.id}' uses unknown condition '{unknown[0]}'.")
            changes: dict[str, sp.Expr] = {}
            for condition in period.condition_ids:
                changes |= conditions[condition] | (returned.get(condition, {}) if periods else {})
            if periods and periods[-1].time == float(period.time):
                changes = {**periods.pop().changes, **changes}
            periods.append(Period(float(period.time), changes))
        experiments.append(Experiment(e.id, tuple(periods)))
    return tuple(experiments)


def _parameter(p: petab.Parameter) -> Parameter:
    extra = p.model_extra or {}
    lower = float("-inf") if p.lb is None else float(p.lb)
    upper = float("inf") if p.ub is None else float(p.ub)
    prior = None
    if p.estimate:
        # The specification's default: uniform over the bounds.
        distribution = getattr(p.prior_distribution, "value", p.prior_distribution) or "uniform"
        prior = Prior(str(distribution), tuple(map(float, p.prior_parameters)) or (lower, upper))
    nominal = float("nan") if p.nominal_value is None else float(p.nominal_value)
    texts = {key: "" if pd.isna(extra.get(key, "")) else str(extra.get(key, "")) for key in ("unit", "source")}
    return Parameter(p.id, lower, upper, nominal, bool(p.estimate), prior, **texts)


def _measurements(
    problem: petab.Problem, observables: tuple[Observable, ...], translate: _Symbols, path: Path
) -> pd.DataFrame:
    wanted = {o.id: (len(o.placeholders), len(o.noise_placeholders)) for o in observables}
    rows, faults = [], []
    for number, m in enumerate(problem.measurements, start=2):
        where = f"{path.name}, measurement table row {number}"
        given = (len(m.observable_parameters), len(m.noise_parameters))
        if m.observable_id not in wanted:
            faults.append(Fault(where, f"unknown observable '{m.observable_id}'."))
        elif given != wanted[m.observable_id]:
            expected = wanted[m.observable_id]
            faults.append(
                Fault(
                    where,
                    f"'{m.observable_id}' takes {expected[0]} observable and {expected[1]} noise parameters, "
                    f"{given[0]} and {given[1]} are given.",
                )
            )
        extra = m.model_extra or {}
        labels = {k: "" if pd.isna(extra.get(k, "")) else str(extra.get(k, "")) for k in ("datasetId", "replicateId")}
        rows.append(
            {
                "observable": m.observable_id,
                "experiment": m.experiment_id or "",
                "time": float(m.time),
                "value": float(m.measurement),
                "observable_parameters": tuple(map(translate, m.observable_parameters)),
                "noise_parameters": tuple(map(translate, m.noise_parameters)),
                "batch": labels["datasetId"],
                "replicate": labels["replicateId"],
            }
        )
    raise_faults(faults, "PEtab problem")
    return pd.DataFrame(rows)
