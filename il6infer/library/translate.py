"""Antimony to SBML, and what only then shows to be wrong with a module of the user's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree

import antimony

from il6infer._errors import Fault, raise_faults
from il6infer.library.declared import reactions_of, species_of
from il6infer.library.header import Module


def sbml_of(identifier: str, text: str) -> str:
    """Translate an Antimony model.

    Raises
    ------
    ValueError
        If it is not valid Antimony.
    """
    # Antimony keeps global state.
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text) < 0:
        raise ValueError(f"{identifier}: {antimony.getLastError()}")
    sbml = antimony.getSBMLString(identifier)
    # The generator's version would make the same model differ between machines.
    return re.sub(r"<!-- Created by .*? -->\s*", "", sbml, flags=re.DOTALL)


def own_sbml(name: str, identifier: str, text: str, texts: Mapping[str, str], own: Sequence[Module]) -> str:
    """Translate a model that holds modules of the user's own.

    Parameters
    ----------
    name, identifier
        Of the model.
    text
        The model in Antimony.
    texts
        Module -> its part of the text.
    own
        Modules of the user's.

    Raises
    ------
    UserError
        If it is not valid Antimony, names species that no module declares, or parameters that have no value.
    """
    subject = f"model '{name}'"
    try:
        sbml = sbml_of(identifier, text)
    except ValueError as error:
        raise_faults([_syntax(str(error), text, own)], subject)
        raise
    raise_faults(_unknown(sbml, texts, own), subject)
    return sbml


def _syntax(message: str, text: str, own: Sequence[Module]) -> Fault:
    """Place an error of Antimony, which counts the lines of the whole model, in the user's file."""
    said = message.partition(": ")[2].strip().splitlines()[0]
    found = re.search(r"line (\d+)", said)
    line = text.splitlines()[int(found[1]) - 1].strip() if found else ""
    for module in own:
        for number, there in enumerate(module.body.splitlines(), start=module.lines["body"]):
            if line and there.strip() == line:
                return Fault(f"{module.file}, line {number}", f"is not valid Antimony: {said}")
    return Fault(", ".join(m.file for m in own), f"the model is not valid Antimony: {said}")


def _unknown(sbml: str, texts: Mapping[str, str], own: Sequence[Module]) -> Iterator[Fault]:
    root = ElementTree.fromstring(sbml)
    space = root.tag.partition("}")[0] + "}"
    kinds = ("species", "reaction", "parameter")
    ids = {kind: {e.get("id", ""): e for e in root.iter(f"{space}{kind}")} for kind in kinds}
    set_later = {e.get("variable") for e in root.iter(f"{space}assignmentRule")}
    set_later |= {e.get("symbol") for e in root.iter(f"{space}initialAssignment")}
    declared = {s for part in texts.values() for s in species_of(part)}
    named = {r for part in texts.values() for r in reactions_of(part)}
    for species in ids["species"].keys() - declared:
        yield Fault(_file(species, own), f"no module declares the species '{species}'.",
                    f"Declare it, 'species {species} in medium = 0;', or correct its name.")  # fmt: skip
    for reaction in ids["reaction"].keys() - named:
        yield Fault(_file(reaction, own), f"a reaction has no name of its own (Antimony calls it '{reaction}').",
                    "Write each on one line, 'name: A + B -> C; rate;'.")  # fmt: skip
    for parameter, element in ids["parameter"].items():
        if element.get("value") is None and parameter not in set_later:
            yield Fault(_file(parameter, own), f"parameter '{parameter}' has no prior and no value.",
                        "Give it a row in priors.csv beside your modules, or correct its name.")  # fmt: skip


def _file(name: str, own: Sequence[Module]) -> str:
    """Place of a name in the user's files, as messages call it."""
    for module in own:
        for number, line in enumerate(module.body.splitlines(), start=module.lines["body"]):
            if re.search(rf"\b{re.escape(name)}\b", line.partition("//")[0]):
                return f"{module.file}, line {number}"
    return ", ".join(m.file for m in own)
