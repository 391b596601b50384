"""Names of library models: ``<receptor>_<feedback>[+<option>...][@<cell>]``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType

from il6infer._errors import UserError, nearest

RECEPTORS: Mapping[str, str] = MappingProxyType(
    {
        "classic": "IL-6 binds IL-6R of the cell, the pair engages gp130",
        "trans": "IL-6:sIL-6R of the medium, or Hyper-IL-6, engages gp130",
        "both": "classic and trans on one cell",
        "cluster": "IL-6:IL-6R of a presenting cell engages gp130 of a responding cell",
    }
)
"""Hypothesis on the receptor -> what it says."""

FEEDBACKS: Mapping[str, str] = MappingProxyType(
    {
        "none": "SOCS3 is made and does nothing",
        "socs3": "SOCS3 inhibits phosphorylation by JAK",
        "loss": "SOCS3 makes the cell lose its active receptor complexes",
        "dual": "SOCS3 does both",
    }
)
"""Hypothesis on what SOCS3 does -> what it says."""


@dataclass(frozen=True)
class Option:
    """What may be added to a model.

    Attributes
    ----------
    text
        What it adds, in one line.
    receptors
        Receptors it can be combined with.
    excludes
        Options that cannot stand beside it, and why not.
    """

    text: str
    receptors: tuple[str, ...] = tuple(RECEPTORS)
    excludes: Mapping[str, str] = field(default_factory=dict)


_WITH_IL6R = ("classic", "both")
_APART = "classic and trans drive different branches, which needs receptor complexes that are told apart"
_RIVALS = "it is a rival wiring: compare two models"
_WIRINGS = ("wiring_erk_akt", "wiring_shared", "wiring_stat3")


def _rivals(name: str, **more: str) -> Mapping[str, str]:
    return MappingProxyType({**{w: _RIVALS for w in _WIRINGS if w != name}, **more})


OPTIONS: Mapping[str, Option] = MappingProxyType(
    {
        "akt": Option("PI3K/AKT, read-out pAKT"),
        "antibodies": Option("tocilizumab and an antibody against IL-6 in the medium"),
        "assays": Option("read-outs sIL6R_medium, sIL6R_free (ELISA) and IL6R_gp130_coIP"),
        "dimer": Option("sgp130Fc has two sites, each of which binds a complex"),
        "drugs": Option("ruxolitinib, Stattic, actinomycin D and cycloheximide in the medium"),
        "hexamer": Option("two 1:1:1 complexes join to the 2:2:2 hexamer, which alone signals"),
        "jak": Option("JAKs phosphorylate gp130, STAT3 is recruited there, pSTAT3 dimerises before import"),
        "mapk": Option("SHP2-Ras/Raf-MEK-ERK, read-out pERK"),
        "sgp130": Option("monomeric sgp130 in the medium"),
        "shedding": Option("membrane IL-6R is shed (ADAM10/17) and becomes sIL-6R", _WITH_IL6R),
        "stat1": Option("STAT1 beside STAT3, read-out pSTAT1"),
        "surface_trap": Option("sgp130Fc (and sgp130) binds IL-6:IL-6R of the membrane too", _WITH_IL6R),
        "targets": Option("mRNA of ICAM1, CCL2 and CXCL8"),
        "trafficking": Option("endocytosis, recycling and lysosomal degradation of gp130"),
        "wiring_erk_akt": Option(
            "endothelial wiring: classic drives ERK and AKT, trans drives STAT3, ERK and AKT",
            ("both",),
            _rivals("wiring_erk_akt", hexamer=_APART, jak=_APART),
        ),
        "wiring_shared": Option(
            "endothelial wiring: classic and trans drive STAT3, ERK and AKT", ("both",), _rivals("wiring_shared")
        ),
        "wiring_stat3": Option(
            "endothelial wiring: classic drives STAT3, trans drives STAT3, ERK and AKT",
            ("both",),
            _rivals("wiring_stat3", hexamer=_APART, jak=_APART),
        ),
    }
)
"""Option -> what it adds; in alphabetical order, as in names."""

CELLS: Mapping[str, str] = MappingProxyType(
    {
        "hepatocyte": "mouse hepatocyte, primary",
        "PHH": "primary human hepatocyte",
        "HepG2": "HepG2 hepatoma line",
        "HUVEC": "human umbilical vein endothelial cell",
        "retinal_endothelial": "human retinal endothelial cell",
        "VSMC": "vascular smooth muscle cell",
        "HEK293": "HEK293 reporter line",
    }
)
"""Cell preset -> the cell."""


@dataclass(frozen=True)
class ModelName:
    """The parts of a model's name; `cell` is empty where none is given."""

    receptor: str
    feedback: str
    options: tuple[str, ...] = ()
    cell: str = ""

    def __str__(self) -> str:
        """Write the name as a configuration holds it."""
        options = "".join(f"+{option}" for option in self.options)
        return f"{self.receptor}_{self.feedback}{options}" + (f"@{self.cell}" if self.cell else "")

    @property
    def identifier(self) -> str:
        """The name where only letters, digits and _ may stand."""
        return re.sub(r"\W", "_", str(self))


def base_names() -> tuple[str, ...]:
    """Name every model without options: ``<receptor>_<feedback>``."""
    return tuple(f"{receptor}_{feedback}" for receptor, feedback in product(RECEPTORS, FEEDBACKS))


def parse_model_name(name: str) -> ModelName:
    """Take a model's name apart.

    Raises
    ------
    UserError
        If a part is unknown (the message names the nearest), stands twice or in another order than the alphabet's,
        or two parts do not go together.

    Examples
    --------
    >>> parse_model_name("both_socs3+mapk@HUVEC").options
    ('mapk',)
    """
    body, at, cell = name.partition("@")
    head, *options = body.split("+")
    if head not in base_names():
        raise UserError(f"unknown model '{name}'. {nearest(head, base_names())}")
    for option in options:
        if option not in OPTIONS:
            raise UserError(f"unknown option '{option}' in model '{name}'. {nearest(option, OPTIONS)}")
    if at and cell not in CELLS:
        raise UserError(f"unknown cell '{cell}' in model '{name}'. {nearest(cell, CELLS)}")
    receptor, feedback = head.split("_")
    found = ModelName(receptor, feedback, tuple(sorted(set(options))), cell)
    if str(found) != name:
        raise UserError(f"model '{name}': options stand once each, in alphabetical order. Write '{found}'.")
    for option in options:
        wanted, excluded = OPTIONS[option].receptors, OPTIONS[option].excludes
        if receptor not in wanted:
            heads = " or ".join(f"'{r}_{feedback}+{option}'" for r in wanted)
            raise UserError(f"model '{name}': option '{option}' does not go with receptor '{receptor}'. Use {heads}.")
        for other in options:
            if other in excluded:
                raise UserError(
                    f"model '{name}': option '{option}' does not go with '{other}': {excluded[other]}. "
                    f"Leave one of them out."
                )
    return found
