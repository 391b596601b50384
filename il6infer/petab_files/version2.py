"""PEtab v2: tables to petab's own problem, with every name as it is written and every fault with its row.

Petab's reader (0.8.2) lets pandas guess: an experiment called NA is a missing value to it and vanishes. So tables are
read here, and its objects are made from what was read.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import sympy as sp

from il6infer._errors import Fault, raise_faults
from il6infer.petab_files import checks
from il6infer.petab_files.cells import (
    Line,
    formula,
    formulas,
    identifier,
    is_id,
    known,
    numbers,
    read_lines,
    real,
    unique,
)
from il6infer.petab_files.files import Listing
from il6infer.petab_files.package import C, petab
from il6infer.petab_files.tables import LN10, Tables, given, measurement
from il6infer.problems.noise import CENSORED, WITHOUT

_ESTIMATE = {"true": True, "false": False}
_PRIORS = {str(p.value) for p in petab.PriorDistribution}
_NOISES = {*(str(n.value) for n in petab.NoiseDistribution), *WITHOUT}
OWN_NOISE = "noiseDistributionOfExtension"
"""Attribute of petab's observables that has the name of a noise distribution that petab does not know."""
# Words of drafts of v2, which problems of the public collection have. They say the same distribution as the word that
# stands for them here, with a width (and a location) on the decadic scale.
_DECADIC = {"log10-normal": "log-normal", "log10-laplace": "log-laplace"}
_NEEDED = {
    "parameter": ("parameterId",),
    "measurement": ("observableId", "time", "measurement"),
    "observable": ("observableId", "observableFormula", "noiseFormula"),
    "condition": ("conditionId", "targetId", "targetValue"),
    "experiment": ("experimentId", "time", "conditionId"),
    "mapping": ("petabEntityId", "modelEntityId"),
}


def read_second(listing: Listing) -> Tables:
    """Read the tables of a v2 problem.

    Raises
    ------
    UserError
        With every fault of every table; of a row that hangs on another, only where that one is sound.
    """
    faults: list[Fault] = []
    lines = {kind: read_lines(listing.paths(kind), 2, kind, needed, faults) for kind, needed in _NEEDED.items()}
    raise_faults(faults, listing.subject)
    parameter_lines = list(unique(lines["parameter"], ("parameterId",), faults))
    parameters = [_parameter(line, faults) for line in parameter_lines]
    observable_lines = list(unique(lines["observable"], ("observableId",), faults))
    observables = [_observable(line, faults) for line in observable_lines]
    conditions = _conditions(lines["condition"], faults)
    changes = {(line["conditionId"], line["targetId"]): (line, "targetValue") for line in lines["condition"]}
    targets: dict[str, list[str]] = {}
    for name, target in changes:
        targets.setdefault(name, []).append(target)
    experiments = _experiments(lines["experiment"], targets, faults)
    mappings = [_mapping(line, faults) for line in unique(lines["mapping"], ("petabEntityId",), faults)]
    raise_faults(faults, listing.subject)
    by_id = {o.id: o for o in observables}
    starts = {e.id: _start(e) for e in experiments}
    measurements = [_measurement(line, by_id, starts, faults) for line in lines["measurement"]]
    raise_faults(faults, listing.subject)
    return Tables(
        parameters, observables, conditions, experiments, [m for m in measurements if m], [m for m in mappings if m],
        lines["measurement"], observable_lines, parameter_lines, changes,
    )  # fmt: skip


def _parameter(line: Line, faults: list[Fault]) -> petab.Parameter | None:
    before = len(faults)
    identifier(line, "parameterId", faults, in_formulas=True)
    estimate = checks.flag(line, _ESTIMATE, faults) if line["estimate"] else True
    prior, width = _distribution(line, "priorDistribution", _PRIORS, "", faults)
    lower, upper, nominal = checks.bounds(line, estimate=estimate, logarithmic=False, faults=faults)
    values = numbers(line, "priorParameters", faults)
    if estimate and values is not None:
        checks.prior_parameters(line, "priorParameters", prior, values, faults)
    if len(faults) > before:
        return None
    return petab.Parameter(
        **given(line, "lowerBound", "upperBound", "nominalValue", "estimate", "priorDistribution", "priorParameters"),
        lowerBound=lower, upperBound=upper, nominalValue=nominal, estimate=estimate,
        priorDistribution=prior or None, priorParameters=[width * v for v in values or ()],
    )  # fmt: skip


def _distribution(
    line: Line, column: str, words: Collection[str], default: str, faults: list[Fault]
) -> tuple[str, float]:
    """Read a distribution in v2's words, and the factor that takes its parameters to the natural logarithm."""
    if line[column] in _DECADIC:
        return _DECADIC[line[column]], LN10
    return checks.word(line, column, words, default, faults), 1.0


def _observable(line: Line, faults: list[Fault]) -> petab.Observable:
    identifier(line, "observableId", faults, in_formulas=True)
    expression, noise = formula(line, "observableFormula", faults), formula(line, "noiseFormula", faults)
    distribution, width = _distribution(line, "noiseDistribution", _NOISES, "normal", faults)
    if noise is not None and width != 1.0:
        noise = width * noise
    places = {
        column: _placeholders(line, column, faults) for column in (C.OBSERVABLE_PLACEHOLDERS, C.NOISE_PLACEHOLDERS)
    }
    plain = given(line, "observableFormula", "noiseFormula", "noiseDistribution", OWN_NOISE, *places)
    own = {OWN_NOISE: distribution} if distribution in WITHOUT else {}
    return petab.Observable(
        **plain, **own, observableFormula=expression, noiseFormula=noise,
        noiseDistribution=WITHOUT.get(distribution, distribution),
        **{column: ";".join(names) for column, names in places.items()},
    )  # fmt: skip


def _placeholders(line: Line, column: str, faults: list[Fault]) -> list[str]:
    names = [text.strip() for text in line[column].split(";")] if line[column] else []
    one_each = [Line(line.table, line.row, {column: name}) for name in names]
    return [one[column] for one in one_each if identifier(one, column, faults, in_formulas=True)]


def _conditions(lines: list[Line], faults: list[Fault]) -> list[petab.Condition]:
    """Conditions in the order of their ids, as petab has them."""
    changes: dict[str, list[petab.Change]] = {}
    for line in unique(lines, ("conditionId", "targetId"), faults):
        identifier(line, "targetId", faults, in_formulas=True)
        value = formula(line, "targetValue", faults)
        if value is not None:
            change = petab.Change(**given(line, "conditionId", "targetValue"), targetValue=value)
            changes.setdefault(line["conditionId"], []).append(change)
    return [petab.Condition(id=name, changes=changes[name]) for name in sorted(changes)]


def _experiments(lines: list[Line], targets: Mapping[str, list[str]], faults: list[Fault]) -> list[petab.Experiment]:
    """Experiments in the order of their ids, as petab has them; rows of one time make one period.

    `targets` are those of each condition: two conditions of one period may have none in common.
    """
    periods: dict[str, dict[float, list[str]]] = {}
    seen: dict[tuple[str, float, str], Line] = {}
    setting: dict[tuple[str, float, str], Line] = {}
    for line in lines:
        time = real(line, "time", faults, infinite=("-inf",))
        sound = identifier(line, "experimentId", faults) and time is not None
        if line["conditionId"]:
            # A name that cannot be an id is a fault of the condition table already.
            sound &= known(line, "conditionId", targets, "condition", faults) and is_id(line["conditionId"])
        if not sound or time is None:
            continue
        first = seen.setdefault((line["experimentId"], time, line["conditionId"]), line)
        if first is not line:
            faults.append(line.fault("experimentId", f"the same as {first.table}, row {first.row}.", "Remove one."))
            continue
        for target in targets.get(line["conditionId"], ()):
            other = setting.setdefault((line["experimentId"], time, target), line)
            if other is not line:
                what = f"'{line['conditionId']}' sets '{target}', as '{other['conditionId']}' (row {other.row}) does."
                faults.append(line.fault("conditionId", what, "Let only one condition of a time set it."))
        period = periods.setdefault(line["experimentId"], {}).setdefault(time, [])
        period += [line["conditionId"]] if line["conditionId"] else []
    return [
        petab.Experiment(
            id=name,
            periods=[petab.ExperimentPeriod(time=time, condition_ids=c) for time, c in periods[name].items()],
        )
        for name in sorted(periods)
    ]


def _mapping(line: Line, faults: list[Fault]) -> petab.Mapping | None:
    """Read what a mapping notes of an id; another name for an id of the model is none."""
    sound, own, theirs = identifier(line, "petabEntityId", faults), line["petabEntityId"], line["modelEntityId"]
    if theirs and theirs != own:
        what = f"'{own}' stands for '{theirs}' of the model, and ids of SBML are used as they are."
        remedy = f"Write '{theirs}' in place of '{own}' in all tables, and remove the row."
        faults.append(line.fault("modelEntityId", what, remedy))
        return None
    return petab.Mapping(**given(line)) if sound else None


def _start(experiment: petab.Experiment) -> float:
    """Time at which the simulation of an experiment starts; it has only a steady state where that is inf."""
    return min((p.time for p in experiment.periods if math.isfinite(p.time)), default=0.0)


def _measurement(
    line: Line, observables: Mapping[str, petab.Observable], starts: Mapping[str, float], faults: list[Fault]
) -> petab.Measurement | None:
    before = len(faults)
    if line["experimentId"]:
        known(line, "experimentId", starts, "experiment", faults)
    if not known(line, "observableId", observables, "observable", faults):
        return None
    observable = observables[line["observableId"]]
    found = checks.measured(line, str(observable.noise_distribution.value), faults)
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
    checks.too_early(line, starts.get(line["experimentId"], 0.0), faults)
    plain = given(line, "time", "measurement", *values)
    return measurement(plain, time=found[0], measurement=found[1], **values)
