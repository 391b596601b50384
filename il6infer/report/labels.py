"""Words for models and parameters, where files have identifiers."""

from __future__ import annotations

from il6infer._errors import UserError
from il6infer.library.catalogue import Library, shipped
from il6infer.library.names import CELLS, parse_model_name

SHORT = 45
"""Letters up to which the text of a module is its label; beyond, its word has to do."""


def model_label(model: str, library: Library | None = None) -> str:
    """Name a model in words: what the receptor does, what SOCS3 does, options, cell."""
    return "; ".join(features(model, library)) or model.replace("_", " ")


def features(model: str, library: Library | None = None) -> tuple[str, ...]:
    """Give the parts of a model's name in words; of one that is not composed, its name alone."""
    library = library or shipped()
    try:
        parts = parse_model_name(model, library)
    except UserError:
        return ("the model of the PEtab problem",) if model == "petab" else (model.replace("_", " "),)
    receptor, feedback = library.receptors[parts.receptor], library.feedbacks[parts.feedback]
    said = [receptor.text if len(receptor.text) <= SHORT else f"{parts.receptor} signalling"]
    said.append(feedback.text if len(feedback.text) <= SHORT else f"feedback {parts.feedback}")
    said += [_option(option, library.options[option].text) for option in parts.options]
    return (*said, *([CELLS[parts.cell]] if parts.cell else ()))


def _option(name: str, text: str) -> str:
    """Label of an option: what its text says after a colon, else its word."""
    _, colon, after = text.partition(": ")
    return after if colon else f"with {name.replace('_', ' ')}"
