"""Names of literature constraints: published findings on several parameters together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from il6infer._errors import Fault, UserError
from il6infer.library.catalogue import Library
from il6infer.library.names import parse_model_name


@dataclass(frozen=True)
class Constraint:
    """What a constraint says, and the option that a model needs to say it.

    Attributes
    ----------
    text
        The finding, in one line.
    option
        Option of a model's name; without it the model has no such molecule.
    """

    text: str
    option: str


CONSTRAINTS: Mapping[str, Constraint] = MappingProxyType(
    {"free_IL6": Constraint("most IL-6 in serum is free, beside sIL-6R and sgp130 (Baran 2018)", "sgp130")}
)
"""Constraint -> what it says; `il6infer/building/constraints.csv` holds the numbers."""


def models_lacking_option(
    constraints: Sequence[str], models: Iterable[str], where: str, library: Library | None = None
) -> Iterator[Fault]:
    """Find models that lack the option that a constraint is about, with the name of one that has it.

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
            if name in CONSTRAINTS and (option := CONSTRAINTS[name].option) not in parts.options:
                able = replace(parts, options=tuple(sorted({*parts.options, option})))
                what = (
                    f"model '{model}' has no {option}, which constraint '{name}' is about ({CONSTRAINTS[name].text})."
                )
                yield Fault(where, what, f"Use '{able}', or leave the constraint out.")
