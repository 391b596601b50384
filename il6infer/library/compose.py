"""The model library: Antimony modules composed by name, with read-outs and priors."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import antimony
import pandas as pd

from il6infer._errors import Fault, nearest, raise_faults
from il6infer.library.assembly import (
    INHIBITION,
    complexes_of,
    gp130_unit,
    modules_of,
    reactions_of,
    species_of,
    texts_of,
)
from il6infer.library.names import (
    CELLS,
    FEEDBACKS,
    OPTIONS,
    RECEPTORS,
    ModelName,
    base_names,
    parse_model_name,
)
from il6infer.library.priors import cell_table, prior_table

MEDIUM = ("IL6", "sIL6R", "sgp130Fc", "HyperIL6", "IL6_sIL6R", "IL6_sIL6R_sgp130Fc", "HyperIL6_sgp130Fc")
"""Everything dissolved in the medium of every model: what a wash removes and what is absent at rest."""

MEDIUM_OF = {
    "antibodies": ("tocilizumab", "anti_IL6", "tocilizumab_sIL6R", "anti_IL6_IL6"),
    "dimer": ("IL6_sIL6R_sgp130Fc_IL6_sIL6R", "IL6_sIL6R_sgp130Fc_HyperIL6", "HyperIL6_sgp130Fc_HyperIL6"),
    "drugs": ("ruxolitinib", "stattic", "actinomycinD", "cycloheximide"),
    "sgp130": ("sgp130", "IL6_sIL6R_sgp130", "HyperIL6_sgp130"),
}
"""Module -> what it adds to the medium."""

UNITS = {"nM": "nM", "1/min": "per_min", "1/(nM min)": "per_nM_min", "1": "dimensionless", "ml": "ml"}
"""Unit in the prior table -> id of the unit in the models."""

READOUTS = (
    "pSTAT3",
    "pSTAT3_cytoplasm",
    "pSTAT3_nucleus",
    "tSTAT3_cytoplasm",
    "pgp130",
    "SOCS3_mRNA",
    "SOCS3_protein",
    "luciferase",
)
"""Read-outs of every model."""

READOUTS_OF = {
    "stat1": ("pSTAT1",),
    "mapk": ("pERK",),
    "akt": ("pAKT",),
    "targets": ("ICAM1_mRNA", "CCL2_mRNA", "CXCL8_mRNA"),
    "assays": ("sIL6R_free", "sIL6R_medium", "IL6R_gp130_coIP"),
    "cell": ("gp130_per_cell",),
    "cell_classic": ("IL6R_per_cell",),
}
"""Module -> read-outs that it adds."""

_KNOCK_OUT = re.compile(r"k_\w+|JAK[12]|TYK2|IL6R_0|IL6R_presenting_0|ratio_IL6R_gp130|contact|\w+_basal")
"""Parameters that may be 0: rates, and levels of what a cell can lack."""


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
    medium
        Species dissolved in the medium, free and bound to each other: what a wash removes.
    priors
        Rows of the prior table for this model's parameters.
    """

    name: str
    identifier: str
    antimony: str
    sbml: str
    modules: tuple[str, ...]
    module_of: dict[str, str]
    readouts: tuple[str, ...]
    medium: tuple[str, ...]
    priors: pd.DataFrame


def names() -> tuple[str, ...]:
    """Name every model without options: ``<receptor>_<feedback>``."""
    return base_names()


def gallery() -> tuple[str, ...]:
    """Name the models that are drawn in docs/models: each word of a name in the simplest model that shows it."""
    return (
        *(f"{receptor}_dual" for receptor in RECEPTORS),
        *(f"both_{feedback}" for feedback in FEEDBACKS if feedback != "dual"),
        *(f"both_socs3+{option}" for option in OPTIONS),
        *(f"both_socs3@{cell}" for cell in CELLS),
    )


@cache
def compose(name: str) -> Model:
    """Compose a model by name, ``<receptor>_<feedback>[+<option>...][@<cell>]``.

    Raises
    ------
    UserError
        If a part of the name is unknown (the message names the nearest) or does not go with the others.
    """
    parts = parse_model_name(name)
    modules = modules_of(parts)
    texts = texts_of(modules)
    body = "".join(texts.values())
    priors = _priors(parts, body)
    lines = [
        f"// il6infer model {name}: {_summary(parts)}. Concentrations in nM, time in min.",
        f"model {parts.identifier}",
        "  unit time_unit = 60 second; unit nM = 1e-9 mole/litre;",
        "  unit per_min = 1/time_unit; unit per_nM_min = 1/(nM*time_unit);",
        *(["  unit ml = 1e-3 litre;"] if parts.cell else []),
        "  compartment medium = 1, cell = 1;",
        body,
        f"  active_receptor := ({complexes_of(modules).signalling})/{gp130_unit(modules)};",
        f"  inhibition := {INHIBITION[parts.feedback]};",
        *(_declaration(row.parameter, row.median, row.unit, row.description) for row in priors.itertuples()),
        "end",
    ]
    text = "\n".join(lines) + "\n"
    return Model(
        name=name,
        identifier=parts.identifier,
        antimony=text,
        sbml=_sbml(parts.identifier, text),
        modules=modules,
        module_of={entity: m for m, module in texts.items() for entity in reactions_of(module) + species_of(module)},
        readouts=(*READOUTS, *(r for m in modules for r in READOUTS_OF.get(m, ()))),
        medium=(*MEDIUM, *(s for m in modules for s in MEDIUM_OF.get(m, ()))),
        priors=priors,
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
        elif fault := value_fault(name, name, value):
            faults.append(fault)
    raise_faults(faults, f"values for model '{model.name}'")
    text, priors = model.antimony, model.priors.copy()
    for name, value in values.items():
        text = re.sub(rf"^  {name} = [^;]+;", f"  {name} = {value!r};", text, flags=re.MULTILINE)
        row = priors["parameter"] == name
        priors.loc[row, ["distribution", "median", "low", "high"]] = ["fixed", value, math.nan, math.nan]
        given = ["given by the user", "", "the user's cells", "not stated", "an input"]
        priors.loc[row, ["source", "doi", "cell_type", "temperature", "why"]] = given
    return replace(model, antimony=text, sbml=_sbml(model.identifier, text), priors=priors)


def value_fault(where: str, name: str, value: float) -> Fault | None:
    """Fault of a value that a parameter cannot take: it must be above 0, or 0 where that is a knock-out."""
    if 0 < value < math.inf or (value == 0 and _KNOCK_OUT.fullmatch(name)):
        return None
    what = f"{value:g} is given, but it must be a number above 0."
    return Fault(where, what, "Its unit is that of `il6infer models show`.")


def _summary(parts: ModelName) -> str:
    """Say what a model is made of, in the comment above it."""
    options = f", options {', '.join(parts.options)}" if parts.options else ""
    return f"receptor {parts.receptor}, feedback {parts.feedback}{options}" + (
        f", cell {parts.cell}" if parts.cell else ""
    )


def _priors(parts: ModelName, body: str) -> pd.DataFrame:
    """Rows of the prior tables for the parameters that a model's text uses and does not give itself."""
    used = set(re.findall(r"[A-Za-z_]\w*", body + INHIBITION[parts.feedback]))
    given = set(re.findall(r"^\s*(\w+) = ", body, re.MULTILINE))
    table = prior_table()
    if parts.cell:
        cells = cell_table()
        own = cells[cells["cell"] == parts.cell].drop(columns="cell")
        table = pd.concat([table, own], ignore_index=True)
    return table[table["parameter"].isin(used - given)].reset_index(drop=True)


def _declaration(name: str, value: float, unit: str, description: str) -> str:
    """Write the Antimony that gives a parameter its value, unit and name."""
    return f'  {name} = {value!r}; {name} has {UNITS[unit]}; {name} is "{description}";'


def _sbml(name: str, text: str) -> str:
    """Translate an Antimony model to SBML (antimony keeps global state, so it is cleared first)."""
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text) < 0:
        raise ValueError(f"{name}: {antimony.getLastError()}")
    sbml = antimony.getSBMLString(name)
    # The generator's version would make the same model differ between machines.
    return re.sub(r"<!-- Created by .*? -->\s*", "", sbml, flags=re.DOTALL)
