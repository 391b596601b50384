"""What the cells of a condition are, as changes before the stimulus: they come to rest as such cells do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from il6infer._errors import Fault
from il6infer._tables import number
from il6infer.library.compose import Model, with_cells
from il6infer.library.genotypes import knock_out_fault, knocked_out, parameter_fault, value_fault
from il6infer.library.priors import cell_table, log_normal
from il6infer.stages.genotype import COLUMNS, MARKS, Genotype, factor_of, read_genotype


def genotypes_of(protocol: pd.DataFrame) -> tuple[dict[str, Genotype], list[Fault]]:
    """Condition -> what its cells are, where they are not those of the model; and what cannot be read of the table."""
    found, faults = {}, []
    for condition, rows in protocol.groupby("condition", sort=False):
        where = f"protocol, condition '{condition}'"
        cells = rows[[*COLUMNS]].drop_duplicates()
        if len(cells) > 1:
            what = "its rows say different things of its cells: knock_out and set must be the same in all of them."
            faults.append(Fault(where, what))
        genotype, wrong = read_genotype(*cells.iloc[0], joined=True)
        faults += [Fault(f"{where}, {column}", what) for column, what in wrong]
        if genotype:
            found[str(condition)] = genotype
    return found, faults


def genotype_faults(genotypes: Mapping[str, Genotype], model: Model) -> list[Fault]:
    """Find knock-outs and parameters that the model does not know, and values that these cannot take."""
    found: dict[str, Fault] = {}
    for condition, genotype in genotypes.items():
        for fault in _faults(f"protocol, condition '{condition}'", genotype, model):
            found.setdefault(f"{fault.what} {fault.remedy}", fault)
    return [*found.values(), *_of_other_cells(genotypes, model)]


def changes_of(genotype: Genotype, model: Model) -> dict[str, str]:
    """Parameter -> its value in these cells: a number, or an expression of parameters of the problem."""
    values = {name: _value(name, v, model) for name, v in _given(genotype, model).items()}
    lacking = dict.fromkeys(_lacking(genotype, model), "0.0")
    return {**lacking, **{name: value for name, value in values.items() if value}}


def _lacking(genotype: Genotype, model: Model) -> list[str]:
    """Find the parameters that are 0 in cells."""
    return [p for name in genotype.knock_out for p in knocked_out(name, model.name, model.library) or ()]


def _given(genotype: Genotype, model: Model) -> dict[str, float | str]:
    """Give what cells set; what a joint fit makes one a data set stays 0 in cells that lack it."""
    lacking = set(_lacking(genotype, model))
    return {name: v for name, v in genotype.set.items() if name not in lacking or not _marked(v)}


def is_of_joint(genotype: Genotype, parameter: str, model: Model) -> bool:
    """Tell whether cells have a parameter as the cells of their data set have it, and not by their genotype alone.

    Parameters
    ----------
    genotype
        Of the cells.
    parameter
        One that they change.
    model
        What the cells are a change of.
    """
    return _marked(genotype.set.get(parameter, 0.0)) and parameter not in _lacking(genotype, model)


def passed_over(genotypes: Mapping[str, Genotype], model: Model) -> list[str]:
    """List what a joint fit makes one a data set, pools or gives, and the model has no parameter for."""
    has = set(model.priors["parameter"])
    asked = [(n, v) for each in genotypes.values() for n, v in each.set.items() if _marked(v)]
    return list(dict.fromkeys(n for n, v in asked if n not in has and _parts(str(v))[0] != PRESET))


def _marked(value: float | str) -> bool:
    """Tell whether a joint fit gave it."""
    return isinstance(value, str) and bool(_parts(value)[0])


def _value(name: str, value: float | str, model: Model) -> str:
    """Write a value for PEtab; empty where a joint fit sets what the model lacks."""
    if not isinstance(value, str):
        return f"{value!r}"
    factor, rest = factor_of(value)
    if factor is not None:
        row = next(row for row in model.priors.itertuples() if row.parameter == name)
        of = _value(name, rest, model) if rest else f"{row.median!r}" if row.distribution == "fixed" else name
        fixed = number(of)
        return f"{factor!r}*{of}" if fixed is None else f"{factor * fixed!r}"
    kind, cells, _ = _parts(value)
    if kind and name not in set(model.priors["parameter"]):
        return ""
    if kind == GIVEN:
        return f"{float(cells)!r}"
    if kind == POOLED:
        return f"{name}*exp({spread_name(name)}*{deviation_name(name, cells)})"
    if kind == PRESET:
        row = _preset(name, cells)
        return f"{row.median!r}" if row.distribution == "fixed" else own_name(name, cells)
    return own_name(name, cells)


OWN, POOLED, PRESET, GIVEN = MARKS
"""How a joint fit marks what is one a data set, drawn around a common mean, that of a cell preset, or a given value."""


def _parts(value: str) -> tuple[str, str, str]:
    """Mark, or nothing; name; and the cell preset that has the prior, or nothing: that of the model."""
    mark = value[0] if value[:1] in (OWN, POOLED, PRESET, GIVEN) else ""
    name, _, cell = value.removeprefix(mark).partition(PRESET)
    return mark, name, name if mark == PRESET else cell


def _preset(name: str, cell: str) -> Any:
    """Row of a cell preset's parameter."""
    table = cell_table()
    return next(table[(table["cell"] == cell) & (table["parameter"] == name)].itertuples())


def with_genotypes(model: Model, genotypes: Mapping[str, Genotype]) -> Model:
    """Make a model in which conditions can set what the genotypes set."""
    return with_cells(model, dict.fromkeys(p for each in genotypes.values() for p in changes_of(each, model)))


def own_name(parameter: str, cells: str) -> str:
    """Id of a parameter that is estimated for some cells apart."""
    return f"{parameter}_{cells}"


def spread_name(parameter: str) -> str:
    """Id of the standard deviation, of the natural log, of a parameter between data sets."""
    return f"{parameter}_spread"


def deviation_name(parameter: str, cells: str) -> str:
    """Id of how far a parameter of some cells lies from the common mean, in such standard deviations."""
    return f"{parameter}_deviation_{cells}"


SPREAD = (0.3, 0.05, 1.5)
"""Median and 90 % interval of a spread between data sets, sd of ln: from nearly none to a factor of 4.5."""


@dataclass(frozen=True)
class OwnParameter:
    """A parameter that genotypes add to the problem; mean and sd of its prior, of the logarithm of a positive one."""

    id: str
    text: str
    mean: float
    sd: float
    unit: str
    source: str
    positive: bool = True


def own_parameters(genotypes: Mapping[str, Genotype], model: Model) -> list[OwnParameter]:
    """Parameters that the genotypes add to those of the model, each once, in order."""
    found: dict[str, OwnParameter] = {}
    rows = {row.parameter: row for row in model.priors.itertuples()}
    every = ((n, factor_of(v)[1]) for each in genotypes.values() for n, v in _given(each, model).items())
    for name, value in ((n, v) for n, v in every if v):
        kind, cells, preset = _parts(value)
        if name not in rows or kind == GIVEN or (kind == PRESET and _preset(name, cells).distribution == "fixed"):
            continue
        row = _preset(name, preset) if preset else rows[name]
        source = row.source + (f" (doi {row.doi})" if row.doi else "")
        if kind == POOLED:
            text = f"{row.description}: sd of ln between data sets"
            new = [OwnParameter(spread_name(name), text, *log_normal(*SPREAD), "sd of ln", "weak: 0.05 to 1.5")]
            text = f"{row.description}: where {cells} lies, in sds around the mean"
            new.append(OwnParameter(deviation_name(name, cells), text, 0.0, 1.0, "1", "standard normal", False))
        else:
            prior = log_normal(row.median, row.low, row.high)
            new = [OwnParameter(own_name(name, cells), f"{row.description}, in {cells}", *prior, row.unit, source)]
        for one in new:
            found.setdefault(one.id, one)
    return list(found.values())


def always_set(genotypes: Mapping[str, Genotype], conditions: set[str], model: Model) -> set[str]:
    """Parameters that every condition sets, and none from a common mean: the model's own value means nothing.

    Parameters
    ----------
    genotypes
        Condition -> genotype of its cells.
    conditions
        All that were measured.
    model
        What the cells are a change of.
    """
    each = [genotypes.get(name, Genotype()) for name in sorted(conditions)]
    of_others = [(n, *factor_of(v)) for g in each for n, v in g.set.items()]
    pooled = {n for n, factor, v in of_others if v.startswith(POOLED) or (factor is not None and not v)}
    found = [set(changes_of(genotype, model)) for genotype in each]
    return set.intersection(*found) - pooled if found else set()


def cells_of_predictions(measurements: pd.DataFrame, genotypes: Mapping[str, Genotype], model: Model) -> str:
    """Choose the condition in whose cells is predicted what was not measured; empty for those of the model.

    It is the first condition, of a joint fit the first of its first data set, whose cells no genotype of their own
    makes others; the first of all where there is none.

    Parameters
    ----------
    measurements
        Table of the ingest stage.
    genotypes
        Condition -> what its cells are, where they are not those of the model.
    """
    table = measurements
    if any(_marked(v) for genotype in genotypes.values() for v in genotype.set.values()):
        table = table[table["dataset"] == table["dataset"].iloc[0]]
    each = {name: genotypes.get(name, Genotype()) for name in dict.fromkeys(table["condition"])}
    changes = {name: changes_of(genotype, model) for name, genotype in each.items()}
    plain = [name for name, genotype in each.items() if all(is_of_joint(genotype, p, model) for p in changes[name])]
    chosen = (plain or list(each))[0]
    return str(chosen) if changes[chosen] else ""


def _faults(where: str, genotype: Genotype, model: Model) -> Iterator[Fault]:
    for name in genotype.knock_out:
        if fault := knock_out_fault(f"{where}, knock_out", name, model.name, model.library):
            yield fault
        for parameter in knocked_out(name, model.name, model.library) or ():
            value = genotype.set.get(parameter)
            if parameter != name and value is not None and not _marked(value):
                yield Fault(
                    f"{where}, set", f"'{parameter}' is set, and the knock-out of {name} makes it 0.", "Drop one."
                )
    priors = model.priors.set_index("parameter")["distribution"]
    for name, value in genotype.set.items():
        place = f"{where}, set"
        factor, rest = factor_of(value)
        if factor is not None:
            if fault := parameter_fault(place, name, model.name, model.library):
                yield fault
            elif name not in priors:
                what = f"a factor on '{name}' is given, but it is computed from others in model '{model.name}'."
                yield Fault(place, what, "Give one on what it is computed from, or its value in these cells.")
            continue
        kind, cells, _ = _parts(value) if isinstance(value, str) else ("", "", "")
        if kind == PRESET or (kind and name not in priors):
            continue  # of a joint fit: the configuration was checked, and this model may lack it
        value = float(cells) if kind == GIVEN else value
        if fault := parameter_fault(place, name, model.name, model.library):
            yield fault
        elif isinstance(value, str) and priors.get(name, "computed") in ("fixed", "computed"):
            why = "is fixed" if name in priors else "is computed from others"
            what = f"'{name}' is to be estimated for '{cells}', but it {why} in model '{model.name}' and has no prior."
            yield Fault(place, what, "Give its value in these cells as a number.")
        elif not isinstance(value, str) and (fault := value_fault(f"{place}, {name}", name, value, model.library)):
            yield fault


def _of_other_cells(genotypes: Mapping[str, Genotype], model: Model) -> Iterator[Fault]:
    """Find parameters that a joint fit takes for one quantity in cells of presets that have other priors of it."""
    own = {row.parameter: _interval(row) for row in model.priors.itertuples()}
    named = [(n, factor_of(v)[1]) for g in genotypes.values() for n, v in g.set.items() if n in own]
    every = [(n, *_parts(v)) for n, v in named if v]
    for name in dict.fromkeys(n for n, kind, _, preset in every if kind == POOLED and preset):
        cells = dict.fromkeys(preset for n, kind, _, preset in every if n == name and kind == POOLED)
        if {_interval(_preset(name, cell)) for cell in cells} != {own[name]}:
            what = f"'{name}' is to be drawn around a common mean, but cells of {' and '.join(cells)} "
            what += "have other priors of it." if len(cells) > 1 else f"have another prior of it than '{model.name}'."
            remedy = "Leave it out of 'pooled': it is then one a preset; under 'own' it is one a data set."
            yield Fault("pooled", what, remedy)
    meant: dict[tuple[str, str], dict[str, None]] = {}
    for name, kind, cells, preset in every:
        if kind not in (POOLED, GIVEN):
            of = {OWN: "a data set", PRESET: "a cell preset"}.get(kind, f"cells of {preset or 'a condition'}")
            meant.setdefault((name, cells), {})[of] = None
    for (name, cells), of in meant.items():
        if len(of) > 1:
            what = f"'{name}' is to be estimated for '{cells}', which names {' and '.join(of)}."
            yield Fault("protocol, set", what, "One name is one parameter: give one of them another.")


def _interval(row: Any) -> tuple[float, float, float]:
    return row.median, row.low, row.high
