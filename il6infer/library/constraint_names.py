"""Names of literature constraints: published findings on several parameters together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from il6infer._errors import Fault, UserError
from il6infer.library.catalogue import Library
from il6infer.library.names import ModelName, parse_model_name


@dataclass(frozen=True)
class Constraint:
    """What a constraint says, and what a model needs to say it.

    Attributes
    ----------
    text
        The finding, in one line.
    fits
        Whether a model, by the parts of its name, has the molecules that it is about.
    able
        Turns the parts of a model's name into those of a model that has it.
    lacks
        What a model without it has not got, in words.
    """

    text: str
    fits: Callable[[ModelName], bool]
    able: Callable[[ModelName], ModelName]
    lacks: str


def _with_option(option: str) -> Callable[[ModelName], ModelName]:
    return lambda name: replace(name, options=tuple(sorted({*name.options, option})))


CONSTRAINTS: Mapping[str, Constraint] = MappingProxyType(
    {
        "free_IL6": Constraint(
            "most IL-6 in serum is free, beside sIL-6R and sgp130 (Baran 2018)",
            lambda name: "sgp130" in name.options,
            _with_option("sgp130"),
            "sgp130",
        ),
        "high_affinity_sites": Constraint(
            "cells with IL-6R and gp130 bind IL-6 with 10-40 pM (Sonne 1990)",
            lambda name: name.receptor in ("classic", "both"),
            lambda name: replace(name, receptor="both"),
            "membrane IL-6R",
        ),
    }
)
"""Constraint -> what it says; `il6infer/building/constraints.csv` holds the numbers."""


def models_lacking_molecule(
    constraints: Sequence[str], models: Iterable[str], where: str, library: Library | None = None
) -> Iterator[Fault]:
    """Find models that lack the molecule that a constraint is about, with the name of one that has it.

    Parameters
    ----------
    constraints, models
        Names; those that do not exist are left to who checks names.
    where
        What the message calls the list of models.
    library
        Modules that names may be made of; None: those of the package.
    """
    for model in models:
        try:
            parts = parse_model_name(model, library)
        except UserError:
            continue
        for name in constraints:
            if name in CONSTRAINTS and not (asked := CONSTRAINTS[name]).fits(parts):
                what = f"model '{model}' has no {asked.lacks}, which constraint '{name}' is about ({asked.text})."
                yield Fault(where, what, f"Use '{asked.able(parts)}', or leave the constraint out.")
