"""The model library: Antimony modules composed by name, with read-outs and priors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product

import antimony
import pandas as pd

from il6infer._errors import UserError, nearest
from il6infer.models.priors import prior_table

RECEPTORS = {
    "classic": ("receptor_classic",),
    "trans": ("receptor_trans",),
    "both": ("receptor_classic", "receptor_trans"),
}
"""Hypothesis on the receptor -> modules that engage gp130."""

FEEDBACKS = {"none": "1", "socs3": "1/(1 + SOCS3_p/K_SOCS3)"}
"""Hypothesis on feedback -> factor on STAT3 phosphorylation."""

COMPLEXES = {"receptor_classic": ("C_classic",), "receptor_trans": ("C_trans", "C_hyper")}
MEDIUM = ("IL6", "sIL6R", "sgp130Fc", "HyperIL6", "IL6_sIL6R", "IL6_sIL6R_sgp130Fc", "HyperIL6_sgp130Fc")
"""Everything dissolved in the medium: what a wash removes and what is absent at rest."""

UNITS = {"nM": "nM", "1/min": "per_min", "1/(nM min)": "per_nM_min", "1": "dimensionless"}
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


@dataclass(frozen=True)
class Model:
    """One composed model.

    Attributes
    ----------
    antimony, sbml
        The same model in both languages.
    modules
        Names of the modules it is made of.
    module_of
        Reaction or species id -> module that defines it.
    readouts
        Ids of the assignment rules that instruments may read.
    medium
        Species dissolved in the medium.
    priors
        Rows of the prior table for this model's parameters.
    """

    name: str
    antimony: str
    sbml: str
    modules: tuple[str, ...]
    module_of: dict[str, str]
    readouts: tuple[str, ...]
    medium: tuple[str, ...]
    priors: pd.DataFrame


def names() -> tuple[str, ...]:
    """Name every model of the library: ``<receptor>_<feedback>``."""
    return tuple(f"{receptor}_{feedback}" for receptor, feedback in product(RECEPTORS, FEEDBACKS))


@cache
def compose(name: str) -> Model:
    """Compose a model by name.

    Raises
    ------
    UserError
        If there is no such model; the message names the nearest.
    """
    if name not in names():
        raise UserError(f"unknown model '{name}'. {nearest(name, names())}")
    receptor, feedback = name.split("_")
    modules = ("medium", "gp130", *RECEPTORS[receptor], "stat3", "socs3", "reporter")
    texts = {m: files("il6infer.models").joinpath(f"{m}.ant").read_text("utf-8") for m in modules}
    complexes = [c for m in RECEPTORS[receptor] for c in COMPLEXES[m]]
    body = "".join(texts.values())
    used = set(re.findall(r"[A-Za-z_]\w*", body + FEEDBACKS[feedback]))
    priors = prior_table()
    priors = priors[priors["parameter"].isin(used)].reset_index(drop=True)
    lines = [
        f"// il6infer model {name}: receptor {receptor}, feedback {feedback}. Concentrations in nM, time in min.",
        f"model {name}",
        "  unit time_unit = 60 second; unit nM = 1e-9 mole/litre;",
        "  unit per_min = 1/time_unit; unit per_nM_min = 1/(nM*time_unit);",
        "  compartment medium = 1, cell = 1;",
        body,
        f"  active_receptor := ({' + '.join(complexes)})/gp130_0;",
        f"  inhibition := {FEEDBACKS[feedback]};",
        *(_declaration(row.parameter, row.median, row.unit, row.description) for row in priors.itertuples()),
        "end",
    ]
    text = "\n".join(lines) + "\n"
    return Model(
        name=name,
        antimony=text,
        sbml=_sbml(name, text),
        modules=modules,
        module_of={entity: m for m, module in texts.items() for entity in _defined(module)},
        readouts=READOUTS,
        medium=MEDIUM,
        priors=priors,
    )


def _declaration(name: str, value: float, unit: str, description: str) -> str:
    """Write the Antimony that gives a parameter its value, unit and name."""
    return f'  {name} = {value!r}; {name} has {UNITS[unit]}; {name} is "{description}";'


def _defined(module: str) -> list[str]:
    """List the ids of the reactions and species that a module defines."""
    reactions = re.findall(r"^\s*(\w+):", module, re.MULTILINE)
    species = [s for line in re.findall(r"^\s*species (.*);", module, re.MULTILINE) for s in line.split(",")]
    return reactions + [s.split()[0] for s in species]


def _sbml(name: str, text: str) -> str:
    """Translate an Antimony model to SBML (antimony keeps global state, so it is cleared first)."""
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text) < 0:
        raise ValueError(f"{name}: {antimony.getLastError()}")
    sbml = antimony.getSBMLString(name)
    # The generator's version would make the same model differ between machines.
    return re.sub(r"<!-- Created by .*? -->\s*", "", sbml, flags=re.DOTALL)
