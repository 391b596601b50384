"""What SBML can say and the engine cannot simulate right: found all at once, named by element and id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import libsbml

from il6infer._errors import Fault, UserError, raise_faults

MAX_XML_DEPTH = 3_000
"""Of the elements of a file."""

MAX_TERMS = 1_000_000
"""Of a function, with those of the functions that it calls."""

_TAG = re.compile(r"<(?![!?])[^>]*>")
# What exporters are known to write, that SBML forbids, and that can mean one thing alone.
_TYPED_NAME = re.compile(r"""(<ci\b[^<>]*?)\s+type\s*=\s*("[^"]*"|'[^']*')""")
_APPLIED_NAME = re.compile(r"<apply>(\s*<ci\b[^<>]*>\s*(\w+)\s*</ci>\s*)</apply>")
_FUNCTION = re.compile(r"""<functionDefinition\b[^<>]*?\sid\s*=\s*["'](\w+)["']""")
_CHECKED = (libsbml.LIBSBML_CAT_IDENTIFIER_CONSISTENCY, libsbml.LIBSBML_CAT_MATHML_CONSISTENCY)
_UNCHECKED = (
    libsbml.LIBSBML_CAT_GENERAL_CONSISTENCY,
    libsbml.LIBSBML_CAT_UNITS_CONSISTENCY,
    libsbml.LIBSBML_CAT_OVERDETERMINED_MODEL,
    libsbml.LIBSBML_CAT_MODELING_PRACTICE,
    libsbml.LIBSBML_CAT_SBO_CONSISTENCY,
)
# Packages that add to the dynamics or replace them; layout, render and the like only decorate.
_PACKAGES = ("arrays", "comp", "distrib", "dyn", "multi", "qual", "spatial")


def parse(text: str, source: str) -> libsbml.SBMLDocument:
    """Parse SBML and check its ids and formulas.

    Raises
    ------
    UserError
        With every error of libsbml, by line, or every element that is not supported, by name and id.
    """
    _refuse_depth(text, source)
    text = mended(text)
    document = libsbml.readSBMLFromString(text)
    raise_faults(_errors(document, source), "SBML")
    model = document.getModel()
    if model is None:
        raise UserError(f"{source}: no SBML model in the file.")
    _refuse_endless_functions(model, source)
    for category in _CHECKED:
        document.setConsistencyChecks(category, True)
    for category in _UNCHECKED:
        document.setConsistencyChecks(category, False)
    document.checkConsistency()
    raise_faults(_errors(document, source), "SBML")
    raise_faults((Fault(source, f"{what} is not supported.") for what in _unsupported(document, model, text)), "SBML")
    return document


def mended(text: str) -> str:
    """SBML without the number type of a name, and with a name that is no function in place of its call on nothing.

    Parameters
    ----------
    text
        The XML; its lines stay where they are.
    """
    functions = set(_FUNCTION.findall(text))
    return _APPLIED_NAME.sub(lambda m: m[0] if m[2] in functions else m[1], _TYPED_NAME.sub(r"\1", text))


def _refuse_depth(text: str, source: str) -> None:
    """Refuse XML that is nested deeper than libsbml reads: it would end the whole process."""
    depth = 0
    for tag in _TAG.finditer(text):
        depth += -1 if tag[0][1] == "/" else not tag[0].endswith("/>")
        if depth > MAX_XML_DEPTH:
            line = text.count("\n", 0, tag.start()) + 1
            raise UserError(f"{source}, line {line}: elements nested more than {MAX_XML_DEPTH} levels deep.")


def _refuse_endless_functions(model: libsbml.Model, source: str) -> None:
    """Refuse functions that call themselves, or that in full hold more terms than can be: libsbml would follow them."""
    own: dict[str, tuple[int, list[str]]] = {}
    for function in model.getListOfFunctionDefinitions():
        nodes, count, called = [function.getMath()], 0, []
        while nodes:
            node = nodes.pop()
            if node is None:
                continue
            count += 1
            if node.getType() == libsbml.AST_FUNCTION:
                called.append(node.getName())
            nodes += [node.getChild(i) for i in range(node.getNumChildren())]
        own[function.getId()] = (count, called)
    sizes: dict[str, int] = {}
    try:
        order = [*TopologicalSorter({name: own.keys() & set(calls) for name, (_, calls) in own.items()}).static_order()]
    except CycleError as error:
        circle = " -> ".join(f"'{name}'" for name in error.args[1])
        raise UserError(f"{source}: functions call each other in a circle: {circle}.") from None
    for name in order:
        count, calls = own[name]
        sizes[name] = count + sum(sizes.get(called, 0) for called in calls)
        if sizes[name] > MAX_TERMS:
            what = f"it has more than {MAX_TERMS:,} terms when the functions that it calls are put in."
            raise UserError(f"{source}, functionDefinition '{name}': {what} Call them less often.")


def _errors(document: libsbml.SBMLDocument, source: str) -> list[Fault]:
    errors = [document.getError(i) for i in range(document.getNumErrors())]
    return [
        Fault(f"{source}, line {e.getLine()}", " ".join(e.getMessage().split()))
        for e in errors
        if e.getSeverity() >= libsbml.LIBSBML_SEV_ERROR
    ]


def _is_used(package: str, document: libsbml.SBMLDocument, model: libsbml.Model, text: str) -> bool:
    """Whether a package that a file declares changes the model; definitions that nothing instantiates do not."""
    if package == "comp":
        return model.getPlugin(package).getNumSubmodels() > 0
    plugin = document.getPlugin(package)
    prefix = re.escape(plugin.getPrefix())
    return text.count(plugin.getURI()) > 1 or bool(re.search(rf"<{prefix}:|\s{prefix}:(?!required\b)\w+\s*=", text))


def _unsupported(document: libsbml.SBMLDocument, model: libsbml.Model, text: str) -> Iterator[str]:
    """Elements that change the result and cannot be simulated."""
    for i in range(document.getNumPlugins()):
        package = document.getPlugin(i).getPackageName()
        if package in _PACKAGES and document.getPkgRequired(package) and _is_used(package, document, model, text):
            yield f"SBML package '{package}'"
    symbols = (model.getListOfCompartments(), model.getListOfSpecies(), model.getListOfParameters())
    for element in (element for elements in symbols for element in elements):
        if element.getId() == "time":
            yield f"{element.getElementName()} 'time' (the id of the time itself: rename it)"
    compartments = {c.getId() for c in model.getListOfCompartments()}
    for rule in model.getListOfRules():
        if rule.isAlgebraic():
            yield f"algebraicRule '{libsbml.formulaToL3String(rule.getMath())} = 0'"
        elif rule.getVariable() in compartments:
            yield f"{rule.getElementName()} of compartment '{rule.getVariable()}' (a volume that varies)"
    references = {}
    for reaction in model.getListOfReactions():
        yield from _unsupported_reaction(reaction)
        for reference in (*reaction.getListOfReactants(), *reaction.getListOfProducts()):
            references[reference.getId()] = reaction.getId()
    for rule in model.getListOfRules():
        if rule.getVariable() in references and rule.getVariable():
            name = rule.getVariable()
            yield f"{rule.getElementName()} of stoichiometry '{name}' in reaction '{references[name]}'"
    for event in model.getListOfEvents():
        if event.isSetDelay():
            yield f"delay of event '{event.getId()}'"
        for assignment in event.getListOfEventAssignments():
            if assignment.getVariable() in references:
                yield f"event '{event.getId()}' that changes stoichiometry '{assignment.getVariable()}'"


def _unsupported_reaction(reaction: libsbml.Reaction) -> Iterator[str]:
    name = reaction.getId()
    if reaction.isSetFast() and reaction.getFast():
        yield f"fast reaction '{name}'"
    if reaction.getKineticLaw() is None or reaction.getKineticLaw().getMath() is None:
        yield f"reaction '{name}' without a kineticLaw"
    for reference in (*reaction.getListOfReactants(), *reaction.getListOfProducts()):
        if reference.isSetStoichiometryMath() and not reference.getStoichiometryMath().getMath().isNumber():
            yield f"stoichiometryMath of '{reference.getSpecies()}' in reaction '{name}'"
