"""PEtab problems (v2; v1 through petab's own converter) to the project's frozen `Problem`."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import pandas as pd
import sympy as sp

from il6infer._errors import Fault, UserError, raise_faults
from il6infer.network.checks import mended
from il6infer.network.network import TIME, Network, symbol
from il6infer.network.sbml import read_sbml, resolve
from il6infer.petab_files.checks import refuse_by_petab
from il6infer.petab_files.files import Listing, read_listing
from il6infer.petab_files.finite import refuse_without_value
from il6infer.petab_files.known_names import refuse_unknown
from il6infer.petab_files.limits import MAX_EXPERIMENTS, check_files, read_xml
from il6infer.petab_files.one_value import refuse_two_values
from il6infer.petab_files.package import SbmlModel, petab
from il6infer.petab_files.starts import start_where_the_table_says
from il6infer.petab_files.tables import Tables
from il6infer.petab_files.version1 import Kept, complete, read_first
from il6infer.petab_files.version1_cells import returned_values
from il6infer.petab_files.version2 import OWN_NOISE, read_second
from il6infer.problems.courses import read_correlations
from il6infer.problems.spec import Experiment, Observable, Parameter, Period, Prior, Problem


def load(path: Path, *, linted: bool = False) -> Problem:
    """Read a PEtab problem.

    Parameters
    ----------
    path
        The problem's YAML file.
    linted
        Whether to ask petab's own linter, too; a problem of v1 is always asked.

    Raises
    ------
    UserError
        If a file is missing or invalid, or asks for what is not supported, by name.
    """
    listing = read_listing(path)
    check_files(listing.files, listing.subject)
    tables, kept = read_first(listing) if listing.version == 1 else (read_second(listing), None)
    if not tables.measurements:
        where = ", ".join(table.name for table in listing.paths("measurement"))
        raise_faults([Fault(where or path.name, "there is no measurement.", "Add a row for each.")], listing.subject)
    if len(tables.experiments) > MAX_EXPERIMENTS:
        what = f"{len(tables.experiments)} experiments, at most {MAX_EXPERIMENTS} are supported."
        raise UserError(f"{path.name}: {what} Split the problem.")
    xml = mended(read_xml(listing.model_path))
    network = read_sbml(xml, listing.model_path.name)
    problem = _petab_problem(listing, tables, xml)
    refuse_unknown(tables, network, problem.model.sbml_model, listing.subject)
    refuse_two_values(tables, network, listing.subject)
    if linted or kept:
        refuse_by_petab(problem, path.name, listing.subject)
    network = start_where_the_table_says(network, [p.id for p in tables.parameters])
    translated = _translate(problem, network, path, kept)
    completed = complete(translated, kept) if kept else translated
    refuse_without_value(tables, completed, listing.subject, linted=linted)
    if listing.cells in {e.id for e in completed.experiments}:
        completed = replace(completed, cells=listing.cells)
    return read_correlations(completed, listing.subject, declared=listing.correlated)


def _petab_problem(listing: Listing, tables: Tables, xml: str) -> petab.Problem:
    """Petab's own problem, for its linter."""
    name, _ = listing.model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = SbmlModel.from_string(xml, model_id=name)
    return petab.Problem(
        config=petab.ProblemConfig(id=listing.id or None),
        models=[model],
        parameter_tables=[petab.ParameterTable(tables.parameters)],
        observable_tables=[petab.ObservableTable(tables.observables)],
        condition_tables=[petab.ConditionTable(tables.conditions)],
        experiment_tables=[petab.ExperimentTable(tables.experiments)],
        measurement_tables=[petab.MeasurementTable(tables.measurements)],
        mapping_tables=[petab.MappingTable(tables.mappings)],
    )


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
            distribution=_noise_distribution(o),
            placeholders=tuple(str(s) for s in o.observable_placeholders),
            noise_placeholders=tuple(str(s) for s in o.noise_placeholders),
            name=o.name or "",
        )
        for o in problem.observables
    )
    experiments = _experiments(problem, network, translate, kept)
    return Problem(
        id=problem.id or path.resolve().parent.name,
        network=_with_output_parameters(network, experiments, observables),
        parameters=tuple(_parameter(p) for p in problem.parameters),
        experiments=experiments,
        observables=observables,
        measurements=_measurements(problem, translate),
    )


def _noise_distribution(o: petab.Observable) -> str:
    own = (o.model_extra or {}).get(OWN_NOISE)
    return str(own or getattr(o.noise_distribution, "value", o.noise_distribution))


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
    problem: petab.Problem, network: Network, translate: _Symbols, kept: Kept | None
) -> tuple[Experiment, ...]:
    conditions = {
        c.id: {change.target_id: translate(change.target_value) for change in c.changes} for c in problem.conditions
    }
    returned = returned_values(conditions, kept.empty, problem.model.sbml_model, network) if kept else {}
    experiments = []
    for e in problem.experiments:
        periods = []
        for period in sorted(e.periods, key=lambda p: p.time):
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
    texts = {key: extra.get(key, "") for key in ("unit", "source")}
    return Parameter(p.id, lower, upper, nominal, bool(p.estimate), prior, **texts)


def _measurements(problem: petab.Problem, translate: _Symbols) -> pd.DataFrame:
    rows = []
    for m in problem.measurements:
        extra = m.model_extra or {}
        rows.append(
            {
                "observable": m.observable_id,
                "experiment": m.experiment_id or "",
                "time": float(m.time),
                "value": float(m.measurement),
                "observable_parameters": tuple(map(translate, m.observable_parameters)),
                "noise_parameters": tuple(map(translate, m.noise_parameters)),
                "batch": extra.get("datasetId", ""),
                "replicate": extra.get("replicateId", ""),
                "censored": extra.get("censored", ""),
            }
        )
    return pd.DataFrame(rows)
