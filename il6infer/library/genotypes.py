"""What cells can lack or have of their own: genes and parameters that a model knows, and models that know others."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from numbers import Real

from il6infer._errors import Fault, UserError, nearest
from il6infer.library.assembly import parts_of, replaced
from il6infer.library.catalogue import Library
from il6infer.library.header import Module
from il6infer.library.names import CELLS, ModelName, parse_model_name
from il6infer.library.priors import cell_table, prior_table

_RATES = re.compile(r"k_\w+|\w+_basal")
"""Parameters that may be 0 in any module; a header names what else a cell can lack."""


def may_be_zero(parameter: str, library: Library) -> bool:
    """Whether a parameter can be 0: rates, basal ones, and those that a header lists under ``knock_outs``."""
    return bool(_RATES.fullmatch(parameter)) or any(parameter in m.knock_outs for m in library.modules.values())


def value_fault(where: str, name: str, value: float, library: Library) -> Fault | None:
    """Fault of a value that a parameter cannot take: it must be above 0, or 0 where that is a knock-out.

    Parameters
    ----------
    where
        Place that the fault is reported at.
    name, value
        Parameter, and the value given.
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    if number and (0 < value < math.inf or (value == 0 and may_be_zero(name, library))):
        return None
    shown = f"{value:g}" if number else repr(value)
    what = f"{shown} is given, but it must be a number above 0."
    return Fault(where, what, "Its unit is that of `il6infer models show`.")


def knocked_out(name: str, model: str, library: Library) -> tuple[str, ...] | None:
    """Parameters that are 0 where a gene, or a parameter, is knocked out; None where the model does not know it.

    Parameters
    ----------
    name
        A gene, as a header has it under ``genes``, or a parameter that may be 0.
    model
        Name of the model.

    Returns
    -------
    tuple
        Empty where the cells of the model lack it anyway.
    """
    return _knocked_out(name, parts_of(parse_model_name(model, library), library), library)


def parameters_of_gene(name: str, library: Library) -> tuple[str, ...]:
    """Parameters that are 0, in the models that have them, where a gene is knocked out; of a parameter, itself."""
    known = [m.genes[name] for m in library.modules.values() if name in m.genes]
    return tuple(dict.fromkeys(p for parameters in known for p in parameters)) if known else (name,)


def genes_of(library: Library) -> dict[str, tuple[str, ...]]:
    """Gene -> parameters that are 0, in the models that have them, where it is knocked out."""
    return {gene: parameters_of_gene(gene, library) for m in library.modules.values() for gene in m.genes}


def knock_out_fault(where: str, name: str, model: str, library: Library) -> Fault | None:
    """Fault of a knock-out that a model does not know, with the models that know it; None where it knows it.

    Parameters
    ----------
    where
        Place that the fault is reported at.
    name
        A gene or a parameter.
    model
        Name of the model.
    """
    if knocked_out(name, model, library) is not None:
        return None
    what = f"model '{model}' knows no knock-out '{name}'."
    able = [str(n) for n in _like(model, library) if _knocked_out(name, parts_of(n, library), library) is not None]
    if able:
        return Fault(where, what, f"{_listed(able)} it.")
    known = {gene for m in library.modules.values() for gene in m.genes}
    known |= {parameter for m in library.modules.values() for parameter in m.knock_outs}
    return Fault(where, what, f"{nearest(name, known)} A rate (k_...) of the model can be 0, too.")


def parameter_fault(where: str, name: str, model: str, library: Library) -> Fault | None:
    """Fault of a parameter that a model lacks, with the models that have it; None where its text names it.

    Parameters
    ----------
    where
        Where it is asked for, for the message.
    name
        Of the parameter.
    model
        Name of the model.
    library
        Modules that models are made of.
    """
    parts = parse_model_name(model, library)
    own, tabled = parts_of(parts, library), _tabled(library)
    if _names(name, own) and name in _parameters(own, tabled):
        return None
    if _names(name, own) and name in {word for m in own for word in (*m.medium, *m.readouts, *_states(m))}:
        what = f"'{name}' is a state or read-out of model '{model}', and no parameter: only a parameter can be set."
        return Fault(where, what, "`il6infer models show` lists the parameters that it follows from.")
    able = [str(n) for n in _like(model, library) if name in _parameters(parts_of(n, library), tabled)]
    remedy = f"{_listed(able)} it." if able else _near(name, _parameters(own, tabled))
    return Fault(where, f"model '{model}' has no parameter '{name}'.", remedy)


def parameters_of_model(model: str, library: Library) -> set[str]:
    """Names of the parameters of a model, those that it computes of others too."""
    return _parameters(parts_of(parse_model_name(model, library), library), _tabled(library))


def _parameters(parts: tuple[Module, ...], tabled: set[str]) -> set[str]:
    """Parameters that modules use: those of `tabled`, and those that their texts give."""
    words, given = zip(*(_words(_text(m, parts)) for m in parts), strict=True)
    return (set().union(*words) & tabled) | set().union(*given)


def _tabled(library: Library) -> set[str]:
    """Parameters of the tables of priors."""
    return {*prior_table(library.priors)["parameter"], *cell_table()["parameter"]}


@cache
def _words(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Words of the text of a module, and those of them that it gives a value."""
    text = re.sub(r"//.*", "", text)
    return frozenset(re.findall(r"[A-Za-z_]\w*", text)), frozenset(re.findall(r"^\s*(\w+) = ", text, re.MULTILINE))


def _states(module: Module) -> list[str]:
    """States that the text of a module declares, ``species A in medium = 0, B in medium = 0;``."""
    declared = re.findall(r"^\s*species ([^;]+);", module.body, re.MULTILINE)
    return [word for text in declared for word in re.findall(r"(?:^|,)\s*(\w+)", text)]


def _near(name: str, known: set[str]) -> str:
    return nearest(name, known).partition(" Known:")[0] if "Did you mean" in nearest(name, known) else (
        "`il6infer models show` lists its parameters."
    )  # fmt: skip


def _listed(models: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in models[:3]) + (" and others" if len(models) > 3 else "")
    return f"Model {shown} has" if len(models) == 1 else f"Models {shown} have"


def _knocked_out(name: str, parts: tuple[Module, ...], library: Library) -> tuple[str, ...] | None:
    genes = [m.genes[name] for m in parts if name in m.genes]
    if genes:
        return tuple(dict.fromkeys(parameter for parameters in genes for parameter in parameters))
    return (name,) if may_be_zero(name, library) and _names(name, parts) else None


def _names(parameter: str, parts: tuple[Module, ...]) -> bool:
    text = "\n".join(re.sub(r"//.*", "", _text(m, parts)) for m in parts)
    return bool(re.search(rf"\b{re.escape(parameter)}\b", text))


def _text(module: Module, parts: tuple[Module, ...]) -> str:
    """Text of a module of a model, with the parameters that other modules put in the place of its own."""
    return replaced(f"{module.body}\n{module.inhibition}", parts)


def _like(model: str, library: Library) -> Iterator[ModelName]:
    """Names with one part of a model's changed: another receptor, feedback or cell, one option more."""
    parts = parse_model_name(model, library)
    asked = [replace(parts, options=tuple(sorted({*parts.options, option}))) for option in library.options]
    asked += [replace(parts, feedback=feedback) for feedback in library.feedbacks]
    asked += [replace(parts, receptor=receptor) for receptor in library.receptors]
    asked += [replace(parts, cell=cell) for cell in CELLS]
    for name in asked:
        try:
            yield parse_model_name(str(name), library)
        except UserError:
            continue
