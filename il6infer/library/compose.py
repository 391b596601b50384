"""The model library: Antimony modules composed by name, with read-outs and priors."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache

import pandas as pd

from il6infer._errors import Fault, nearest, raise_faults
from il6infer.library.assembly import complexes_of, gp130_unit, inhibition, parts_of, texts_of
from il6infer.library.catalogue import Library, shipped
from il6infer.library.declared import reactions_of, species_of
from il6infer.library.genotypes import value_fault
from il6infer.library.names import CELLS, ModelName, cells_name, parse_model_name
from il6infer.library.priors import UNITS, cell_table, prior_table
from il6infer.library.translate import own_sbml, sbml_of


@dataclass(frozen=True)
class Model:
    """One composed model.

    Attributes
    ----------
    identifier
        The name where only letters, digits and _ may stand: id of the SBML model.
    antimony, sbml
        The same model in both languages.
    modules
        Names of the modules it is made of.
    module_of
        Reaction or species id -> module that defines it.
    readouts
        Ids of the assignment rules that instruments may read.
    readout_units
        Their units, ``fraction`` (any relative number), ``nM`` or ``molecules/cell``.
    medium
        Species dissolved in the medium, free and bound to each other: what a wash removes.
    priors
        Rows of the prior table for this model's parameters.
    library
        The modules that it was chosen from.
    """

    name: str
    identifier: str
    antimony: str
    sbml: str
    modules: tuple[str, ...]
    module_of: dict[str, str]
    readouts: tuple[str, ...]
    readout_units: Mapping[str, str]
    medium: tuple[str, ...]
    priors: pd.DataFrame
    library: Library


def gallery() -> tuple[str, ...]:
    """Name the models that are drawn in docs/models: each word of a name in the simplest model that shows it."""
    library = shipped()
    return (
        *(f"{receptor}_dual" for receptor in library.receptors),
        *(f"both_{feedback}" for feedback in library.feedbacks if feedback != "dual"),
        *(f"both_socs3+{option}" for option in library.shown_options),
        *(f"both_socs3@{cell}" for cell in CELLS),
    )


def compose(name: str, library: Library | None = None) -> Model:
    """Compose a model by name, ``<receptor>_<feedback>[+<option>...][@<cell>]``.

    Parameters
    ----------
    library
        Modules that the name may be made of (`il6infer.library.catalogue.read_library`); None: those of the package.

    Raises
    ------
    UserError
        If a part of the name is unknown (the message names the nearest) or does not go with the others; if a module of
        the user's own has a fault that shows only in a model.
    """
    library = library or shipped()
    return _composed(str(parse_model_name(name, library)), library)


@cache
def _composed(name: str, library: Library) -> Model:
    parts = parse_model_name(name, library)
    modules = parts_of(parts, library)
    texts = texts_of(modules)
    body, factor = "".join(texts.values()), inhibition(modules)
    priors = _priors(parts, body + factor, library)
    lines = [
        f"// il6infer model {name}: {_summary(parts)}. The medium in nM, the cell in molecules, time in min.",
        f"model {parts.identifier}",
        "  unit time_unit = 60 second; unit nM = 1e-9 mole/litre;",
        "  unit per_min = 1/time_unit; unit per_nM_min = 1/(nM*time_unit);",
        "  unit ml = 1e-3 litre; unit per_cell = item; unit nM_per_copy = 1e-9 mole/(litre*item);",
        '  per_cell is "molecules/cell";',
        "  compartment medium = 1, cell = 1;",
        body,
        f"  active_receptor := ({complexes_of(modules).signalling})/{gp130_unit(modules)};",
        f"  inhibition := {factor};",
        *(f"  {r} has {UNITS[unit]};" for m in modules for r, unit in m.readout_units.items() if unit in UNITS),
        *(_declaration(row.parameter, row.median, row.unit, row.description) for row in priors.itertuples()),
        "end",
    ]
    text = "\n".join(lines) + "\n"
    own = [library.modules[m] for m in texts if m in library.own]
    sbml = own_sbml(name, parts.identifier, text, texts, own) if own else sbml_of(parts.identifier, text)
    return Model(
        name=name,
        identifier=parts.identifier,
        antimony=text,
        sbml=sbml,
        modules=tuple(texts),
        module_of={entity: m for m, module in texts.items() for entity in reactions_of(module) + species_of(module)},
        readouts=tuple(r for m in modules for r in m.readouts),
        readout_units={r: m.readout_units.get(r, "fraction") for m in modules for r in m.readouts},
        medium=tuple(s for m in modules for s in m.medium),
        priors=priors,
        library=library,
    )


def with_values(model: Model, values: Mapping[str, float]) -> Model:
    """Give parameters of a model values of the user's own cells, such as ``cell_number`` or ``ratio_IL6R_gp130``.

    They are then no longer estimated; the SBML holds them, so that they mean the same in every tool.

    Raises
    ------
    UserError
        With every name that is no parameter of the model's prior table, and every value that is not above 0, or 0 where
        that is a knock-out.
    """
    known = list(model.priors["parameter"])
    faults = []
    for name, value in values.items():
        if name not in known:
            faults.append(Fault(name, f"model '{model.name}' has no parameter of that name.", nearest(name, known)))
        elif fault := value_fault(name, name, value, model.library):
            faults.append(fault)
    raise_faults(faults, f"values for model '{model.name}'")
    text, priors = model.antimony, model.priors.copy()
    for name, value in values.items():
        text = re.sub(rf"^  {name} = [^;]+;", f"  {name} = {float(value)!r};", text, flags=re.MULTILINE)
        row = priors["parameter"] == name
        priors.loc[row, ["distribution", "median", "low", "high"]] = ["fixed", float(value), math.nan, math.nan]
        given = ["given by the user", "", "the user's cells", "not stated", "an input"]
        priors.loc[row, ["source", "doi", "cell_type", "temperature", "why"]] = given
    return replace(model, antimony=text, sbml=sbml_of(model.identifier, text), priors=priors)


def with_cells(model: Model, parameters: Collection[str]) -> Model:
    """Give cells of other conditions values of their own of some parameters, which PEtab's conditions can then set.

    A parameter that is estimated cannot be the target of a condition. So the model reads ``<parameter>_cells`` in its
    place, which is that parameter wherever no condition says otherwise.
    """
    text = model.antimony
    for name in parameters:
        declared = re.search(rf"^  {name} = [^;]+;.*$", text, re.MULTILINE)
        if declared is None:
            raise ValueError(f"model '{model.name}' does not declare '{name}'")
        head, body, tail = text[: declared.start()], declared.group(), text[declared.end() :]
        own = cells_name(name)
        unit = re.search(rf"\b{name} has ([^;]+);", body)
        line = f"\n  {own} = {name};" + (f" {own} has {unit[1]};" if unit else "")
        text = re.sub(rf"\b{name}\b", own, head) + body + line + re.sub(rf"\b{name}\b", own, tail)
    return replace(model, antimony=text, sbml=sbml_of(model.identifier, text)) if parameters else model


def _summary(parts: ModelName) -> str:
    """Say what a model is made of, in the comment above it."""
    options = f", options {', '.join(parts.options)}" if parts.options else ""
    return f"receptor {parts.receptor}, feedback {parts.feedback}{options}" + (
        f", cell {parts.cell}" if parts.cell else ""
    )


def _priors(parts: ModelName, text: str, library: Library) -> pd.DataFrame:
    """Rows of the prior tables for the parameters that a model's text uses and does not give itself."""
    used = set(re.findall(r"[A-Za-z_]\w*", text))
    given = set(re.findall(r"^\s*(\w+) = ", text, re.MULTILINE))
    table = prior_table(library.priors)
    if parts.cell:
        cells = cell_table()
        own = cells[cells["cell"] == parts.cell].drop(columns="cell")
        table = pd.concat([table[~table["parameter"].isin(own["parameter"])], own], ignore_index=True)
    return table[table["parameter"].isin(used - given)].reset_index(drop=True)


def _declaration(name: str, value: float, unit: str, description: str) -> str:
    """Write the Antimony that gives a parameter its value, unit and name."""
    return f'  {name} = {value!r}; {name} has {UNITS[unit]}; {name} is "{description}";'
