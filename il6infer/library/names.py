"""Names of library models: ``<receptor>_<feedback>[+<option>...][@<cell>]``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

from il6infer._errors import UserError, nearest
from il6infer.library.catalogue import Library, shipped

CELLS: Mapping[str, str] = MappingProxyType(
    {
        "hepatocyte": "mouse hepatocyte, primary",
        "PHH": "primary human hepatocyte",
        "HepG2": "HepG2 hepatoma line",
        "HUVEC": "human umbilical vein endothelial cell",
        "retinal_endothelial": "human retinal endothelial cell",
        "VSMC": "vascular smooth muscle cell",
        "HEK293": "HEK293 reporter line",
        "MEF": "mouse embryonic fibroblast",
        "RPE1": "retinal pigment epithelium line",
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


def base_names(library: Library | None = None) -> tuple[str, ...]:
    """Name every model without options: ``<receptor>_<feedback>``; `library` as in `parse_model_name`."""
    library = library or shipped()
    return tuple(f"{receptor}_{feedback}" for receptor, feedback in product(library.receptors, library.feedbacks))


def in_order(name: str) -> str:
    """Give the name of a model as the house writes it, options in the order of the alphabet; no part is looked up."""
    body, at, cell = name.partition("@")
    head, *options = body.split("+")
    return "+".join([head, *sorted(options)]) + at + cell


def parse_model_name(name: str, library: Library | None = None) -> ModelName:
    """Take a model's name apart.

    Parameters
    ----------
    library
        Modules that names may be made of; None: those that come with the package.

    Raises
    ------
    UserError
        If a part is unknown (the message names the nearest), stands twice, or does not go with another.

    Examples
    --------
    >>> parse_model_name("both_socs3+mapk@HUVEC").options
    ('mapk',)
    """
    library = library or shipped()
    known = library.options
    body, at, cell = name.partition("@")
    head, *options = body.split("+")
    if head not in base_names(library):
        raise UserError(f"unknown model '{name}'. {nearest(head, base_names(library))}")
    for option in options:
        if option not in known:
            raise UserError(f"unknown option '{option}' in model '{name}'. {nearest(option, known)}")
    if at and cell not in CELLS:
        raise UserError(f"unknown cell '{cell}' in model '{name}'. {nearest(cell, CELLS)}")
    receptor, feedback = head.split("_")
    found = ModelName(receptor, feedback, tuple(sorted(set(options))), cell)
    if len(found.options) < len(options):
        raise UserError(f"model '{name}': options stand once each. Write '{found}'.")
    brought = sorted(library.with_brought(options) & known.keys() - set(options))
    for option in (*options, *brought):
        wanted, excluded = known[option].receptors, known[option].excludes
        if wanted is not None and receptor not in wanted:
            heads = " or ".join(f"'{r}_{feedback}+{option}'" for r in wanted)
            raise UserError(f"model '{name}': option '{option}' does not go with receptor '{receptor}'. Use {heads}.")
        if receptor in excluded:
            raise UserError(
                f"model '{name}': option '{option}' does not go with receptor '{receptor}': {excluded[receptor]}. "
                f"Leave the option out, or take another receptor."
            )
        for other in (*options, *brought):
            if other in excluded:
                raise UserError(
                    f"model '{name}': option '{option}' does not go with '{other}': {excluded[other]}. "
                    f"Leave one of them out."
                )
    return found


def cells_name(parameter: str) -> str:
    """Name in the model of the value that a parameter has in the cells of a condition; see `compose.with_cells`."""
    return f"{parameter}_cells"
