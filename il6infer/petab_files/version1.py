"""PEtab v1: tables to the objects of v2, and what v2 cannot say kept beside them.

Petab's own converter (0.8.2) reads names as missing values, drops observable transformations, takes decadic logarithms
for natural ones, refuses priors on decadic scales, and forgets scales of parameters and empty cells of conditions. So
the tables are read here.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import re
from collections.abc import Callable, Mapping

import sympy as sp

from il6infer._errors import Fault, raise_faults
from il6infer.petab_files import checks
from il6infer.petab_files.cells import Line, formula, formulas, identifier, known, read_lines, unique
from il6infer.petab_files.files import Listing
from il6infer.petab_files.package import C, petab
from il6infer.petab_files.tables import LN10, Tables, given, measurement
from il6infer.problems.noise import CENSORED
from il6infer.problems.spec import Parameter, Prior, Problem

_SCALES: dict[str, Callable[[float], float]] = {"lin": float, "log": math.exp, "log10": lambda x: 10.0**x}
_WIDTH = {"log": 1.0, "log10": LN10}
_LINEAR = {"uniform": "uniform", "normal": "normal", "laplace": "laplace", "logNormal": "log-normal",
           "logLaplace": "log-laplace"}  # fmt: skip
_ON_SCALE = {"parameterScaleUniform": "uniform", "parameterScaleNormal": "normal", "parameterScaleLaplace": "laplace"}
_BETWEEN_BOUNDS = ("uniform", "parameterScaleUniform")
"""Priors whose parameters may be left out: they are the bounds."""
_NOISE = ("normal", "laplace")
_ESTIMATE = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}
_NEEDED = {
    "parameter": ("parameterId", "parameterScale", "lowerBound", "upperBound", "estimate"),
    "measurement": ("observableId", "simulationConditionId", "time", "measurement"),
    "observable": ("observableId", "observableFormula", "noiseFormula"),
    "condition": ("conditionId",),
}
_LABELS = ("conditionId", "conditionName")
_PLACEHOLDER = re.compile(r"(observable|noise)Parameter\d+_(\w+)")

logger = logging.getLogger("il6infer")


@dataclasses.dataclass(frozen=True)
class Kept:
    """What v2 cannot say of a v1 problem.

    Attributes
    ----------
    noise
        Observable -> distribution in v2's words, and the factor that makes its noise one of the natural logarithm.
    priors
        Parameter -> prior on the linear scale; None means that the bounds and the scale say it.
    scales
        Parameter -> ``lin``, ``log`` or ``log10``.
    empty
        Condition -> targets whose cells are empty.
    """

    noise: Mapping[str, tuple[str, float]]
    priors: Mapping[str, tuple[str, tuple[float, float] | None]]
    scales: Mapping[str, str]
    empty: Mapping[str, tuple[str, ...]]


def read_first(listing: Listing) -> tuple[Tables, Kept]:
    """Read the tables of a v1 problem.

    Raises
    ------
    UserError
        With every fault of every table; of a row that hangs on another, only where that one is sound.
    """
    faults: list[Fault] = []
    lines = {kind: read_lines(listing.paths(kind), 1, kind, needed, faults) for kind, needed in _NEEDED.items()}
    raise_faults(faults, listing.subject)
    observable_lines = list(unique(lines["observable"], ("observableId",), faults))
    noise = {line["observableId"]: _noise(line, faults) for line in observable_lines}
    owners = {line["observableId"]: False for line in observable_lines}
    owners |= {line["observableId"]: True for line in lines["measurement"]}
    observables = [_observable(line, owners, faults) for line in observable_lines]
    parameters, priors, scales = [], {}, {}
    parameter_lines = list(unique(lines["parameter"], ("parameterId",), faults))
    for line in parameter_lines:
        parameter, priors[line["parameterId"]], scales[line["parameterId"]] = _parameter(line, faults)
        parameters.append(parameter)
    conditions, empty = _conditions(lines["condition"], faults)
    raise_faults(faults, listing.subject)
    kept = Kept(noise, priors, scales, empty)
    by_id = {o.id: o for o in observables if o is not None}
    plain = not any(set(line.cells) - {*_LABELS} for line in lines["condition"]) and not any(
        line["preequilibrationConditionId"] for line in lines["measurement"]
    )
    ids = dict.fromkeys(empty)
    experiments = {} if plain else _experiments([line for line in lines["measurement"] if _names_known(line, ids)])
    measurements = [_measurement(line, by_id, ids, noise, experiments, faults) for line in lines["measurement"]]
    raise_faults(faults, listing.subject)
    changes = {(line["conditionId"], column): (line, column) for line in lines["condition"] for column in line.cells}
    tables = Tables(
        [p for p in parameters if p], list(by_id.values()), conditions,
        [experiments[key] for key in sorted(experiments, key=lambda key: experiments[key].id)],
        [m for m in measurements if m], [], lines["measurement"], observable_lines, parameter_lines, changes,
    )  # fmt: skip
    return tables, kept


def _noise(line: Line, faults: list[Fault]) -> tuple[str, float]:
    scale = checks.word(line, "observableTransformation", _SCALES, "lin", faults)
    kind = checks.word(line, "noiseDistribution", _NOISE, "normal", faults)
    return kind if scale == "lin" else f"log-{kind}", LN10 if scale == "log10" else 1.0


def _observable(line: Line, owners: Mapping[str, bool], faults: list[Fault]) -> petab.Observable | None:
    """Make one of plain normal noise; its own distribution is kept aside.

    Parameters
    ----------
    owners
        Observable -> whether it is measured.
    """
    sound = identifier(line, "observableId", faults, in_formulas=True)
    expression, noise = formula(line, "observableFormula", faults), formula(line, "noiseFormula", faults)
    if not sound or expression is None or noise is None:
        return None
    name = line["observableId"]
    of_others = [
        _of_others(line, "observableFormula", expression, owners, faults),
        _of_others(line, "noiseFormula", noise, owners, faults),
    ]
    return petab.Observable(
        observableId=name, observableName=line["observableName"] or None,
        observableFormula=expression, noiseFormula=noise,
        observablePlaceholders=";".join([*_placeholders(expression, "observable", name), *of_others[0]]),
        noisePlaceholders=";".join([*_placeholders(noise, "noise", name), *of_others[1]]),
    )  # fmt: skip


def _placeholders(expression: sp.Basic, kind: str, name: str) -> list[str]:
    """List placeholders of a formula in the order of their numbers: ``observableParameter10_x`` is the tenth."""
    pattern = re.compile(rf"{kind}Parameter(\d+)_{name}")
    found = {int(match[1]): s.name for s in expression.free_symbols if (match := pattern.fullmatch(s.name))}
    return [found[number] for number in sorted(found)]


def _of_others(
    line: Line, column: str, expression: sp.Basic, owners: Mapping[str, bool], faults: list[Fault]
) -> list[str]:
    """List placeholders of other observables: without a value here, so a fault where the observable is measured."""
    name, found = line["observableId"], []
    for place in sorted(s.name for s in expression.free_symbols):
        match = _PLACEHOLDER.fullmatch(place)
        if match is None or match[2] == name or match[2] not in owners:
            continue
        what = f"'{place}' is a placeholder of '{match[2]}', and has no value in a formula of '{name}'."
        if owners[name]:
            faults.append(line.fault(column, what, f"Write '{place.removesuffix(match[2])}{name}'."))
        else:
            logger.warning("%s: %s Nothing measures '%s', so the row is passed over.", line.where(column), what, name)
            found.append(place)
    return found


def _parameter(line: Line, faults: list[Fault]) -> tuple[petab.Parameter | None, tuple, str]:
    before = len(faults)
    identifier(line, "parameterId", faults, in_formulas=True)
    estimate = checks.flag(line, _ESTIMATE, faults)
    scale = checks.word(line, "parameterScale", _SCALES, "lin", faults)
    kinds = [*_LINEAR, *_ON_SCALE]
    kind = checks.word(line, "objectivePriorType", kinds, "parameterScaleUniform", faults)
    values = _prior_values(line, faults)
    if values is not None:
        checks.prior_values(line, "objectivePriorParameters", (_LINEAR | _ON_SCALE)[kind], values, faults)
    elif estimate and kind not in _BETWEEN_BOUNDS and not line["objectivePriorParameters"]:
        what = f"the cell is empty; a {kind} prior has two parameters."
        faults.append(line.fault("objectivePriorParameters", what, "Give them with ';' between them."))
    logarithmic = scale != "lin" and kind == "parameterScaleUniform" and values is None
    lower, upper, nominal = checks.bounds(line, estimate=estimate, logarithmic=logarithmic, faults=faults)
    if len(faults) > before:
        return None, (kind, values), scale
    texts = {key: line[key] for key in ("parameterName", "unit", "source") if line[key]}
    parameter = petab.Parameter(
        parameterId=line["parameterId"], lowerBound=lower, upperBound=upper, nominalValue=nominal, estimate=estimate,
        **texts,
    )  # fmt: skip
    return parameter, (kind, values), scale


def _prior_values(line: Line, faults: list[Fault]) -> tuple[float, float] | None:
    text = line["objectivePriorParameters"]
    if not text:
        return None
    try:
        first, second = map(float, text.split(";"))
    except ValueError:
        what = f"'{text}': two numbers with ';' between them were expected."
        faults.append(line.fault("objectivePriorParameters", what))
        return None
    return first, second


def _conditions(lines: list[Line], faults: list[Fault]) -> tuple[list[petab.Condition], dict[str, tuple[str, ...]]]:
    """Read conditions in the order of their ids, and the targets of each whose cells are empty."""
    conditions: dict[str, petab.Condition] = {}
    empty: dict[str, tuple[str, ...]] = {}
    heads = dict.fromkeys((line.table, column) for line in lines for column in line.cells if column not in _LABELS)
    sound = {head for head in heads if _is_target(*head, faults)}
    for line in unique(lines, ("conditionId",), faults):
        name = line["conditionId"]
        targets = [column for column in line.cells if (line.table, column) in sound]
        filled = [target for target in targets if not line.blank(target)]
        values = {target: formula(line, target, faults) for target in filled}
        changes = [petab.Change(target_id=t, target_value=v) for t, v in values.items() if v is not None]
        conditions[name] = petab.Condition(id=name, changes=changes)
        empty[name] = tuple(target for target in targets if target not in filled)
    return [conditions[name] for name in sorted(conditions)], empty


def _is_target(table: str, column: str, faults: list[Fault]) -> bool:
    """Whether what heads a column of the condition table can be set."""
    head = Line(table, 1, {column: column})
    if not column:
        faults.append(Fault(head.where(), "a column with values has no name.", "Name or remove it."))
        return False
    return identifier(head, column, faults, in_formulas=True)


def _experiments(lines: list[Line]) -> dict[tuple[str, str], petab.Experiment]:
    """Make one for each pair of pre-equilibration and simulation condition, named as petab's converter names it."""
    experiments: dict[tuple[str, str], petab.Experiment] = {}
    taken: set[str] = set()
    for line in lines:
        before, after = key = line["preequilibrationConditionId"], line["simulationConditionId"]
        if key in experiments:
            continue
        name = f"experiment__{f'{before}_' if before else ''}__{after}"
        while name in taken:
            name += "_"
        taken.add(name)
        first = [petab.ExperimentPeriod(time=-math.inf, condition_ids=[before])] if before else []
        second = petab.ExperimentPeriod(time=0.0, condition_ids=[after])
        experiments[key] = petab.Experiment(id=name, periods=[*first, second])
    return experiments


def _names_known(line: Line, conditions: Mapping[str, object]) -> bool:
    before = line["preequilibrationConditionId"]
    return line["simulationConditionId"] in conditions and (not before or before in conditions)


def _measurement(
    line: Line,
    observables: Mapping[str, petab.Observable],
    conditions: Mapping[str, object],
    noise: Mapping[str, tuple[str, float]],
    experiments: Mapping[tuple[str, str], petab.Experiment],
    faults: list[Fault],
) -> petab.Measurement | None:
    before = len(faults)
    known(line, "simulationConditionId", conditions, "condition", faults)
    if line["preequilibrationConditionId"]:
        known(line, "preequilibrationConditionId", conditions, "condition", faults)
    if not known(line, "observableId", observables, "observable", faults):
        return None
    observable = observables[line["observableId"]]
    found = checks.measured(line, noise[observable.id][0], faults)
    checks.word(line, "censored", filter(None, CENSORED), "", faults)
    values: dict[str, list[sp.Basic]] = {}
    for column, wanted in (
        (C.OBSERVABLE_PARAMETERS, observable.observable_placeholders),
        (C.NOISE_PARAMETERS, observable.noise_placeholders),
    ):
        values[column] = formulas(line, column, faults)
        checks.overrides(line, column, len(values[column]), len(wanted), faults)
    if found is None or len(faults) > before:
        return None
    checks.too_early(line, 0.0, faults)
    key = line["preequilibrationConditionId"], line["simulationConditionId"]
    experiment = experiments[key].id if key in experiments else None
    named = ("simulationConditionId", "preequilibrationConditionId", "experimentId")
    plain = given(line, "time", "measurement", *named, *values)
    return measurement(plain, experimentId=experiment, time=found[0], measurement=found[1], **values)


def complete(problem: Problem, kept: Kept) -> Problem:
    """Put back what was kept."""
    observables = []
    for observable in problem.observables:
        distribution, factor = kept.noise[observable.id]
        scaled = observable.noise * sp.Float(factor) if factor != 1.0 else observable.noise
        observables.append(dataclasses.replace(observable, distribution=distribution, noise=scaled))
    parameters = tuple(_completed(parameter, kept) for parameter in problem.parameters)
    return dataclasses.replace(problem, observables=tuple(observables), parameters=parameters)


def _completed(parameter: Parameter, kept: Kept) -> Parameter:
    scale = kept.scales[parameter.id]
    if not parameter.estimate:
        return dataclasses.replace(parameter, scale=scale)
    kind, values = kept.priors[parameter.id]
    if values is None:
        uniform = "uniform" if scale == "lin" or kind == "uniform" else "log-uniform"
        prior = Prior(uniform, (parameter.lower, parameter.upper))
    elif kind in _LINEAR:
        prior = Prior(_LINEAR[kind], values)
    elif scale == "lin":
        prior = Prior(_ON_SCALE[kind], values)
    elif kind == "parameterScaleUniform":
        prior = Prior("log-uniform", (_SCALES[scale](values[0]), _SCALES[scale](values[1])))
    else:
        prior = Prior(f"log-{_ON_SCALE[kind]}", (values[0] * _WIDTH[scale], values[1] * _WIDTH[scale]))
    return dataclasses.replace(parameter, scale=scale, prior=prior)
