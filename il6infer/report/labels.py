"""Words for models and parameters, where files have identifiers."""

from __future__ import annotations

from collections.abc import Sequence

from il6infer._errors import UserError
from il6infer.library.catalogue import Library, shipped
from il6infer.library.names import CELLS, parse_model_name

SHORT = 45
"""Letters up to which the text of a module is its label; beyond, its word has to do."""

FEEDBACK = 1
"""Place of what SOCS3 does among the parts of a name."""


def model_label(model: str, library: Library | None = None) -> str:
    """Name a model in words: what the receptor does, what SOCS3 does, options, cell."""
    return "; ".join(features(model, library)) or model.replace("_", " ")


def labels_apart(models: Sequence[str], library: Library | None = None) -> tuple[dict[str, str], tuple[str, ...]]:
    """Name models that stand side by side by what tells them apart, and by what SOCS3 does in each.

    Returns
    -------
    labels
        Model -> label; those of `model_label` where two would be called alike.
    common
        Parts in words that all have and no label says; empty of a single model, whose label says all.
    """
    whole = {model: model_label(model, library) for model in models}
    parts = {model: features(model, library) for model in models}
    if len(parts) < 2:
        return whole, ()
    first = parts[models[0]]
    common = tuple(part for part in first if all(part in own for own in parts.values()))
    common = tuple(part for part in common if not any(own.index(part) == FEEDBACK for own in parts.values()))
    short = {model: "; ".join(part for part in own if part not in common) for model, own in parts.items()}
    able = all(short.values()) and len({*short.values()}) == len(short)
    return (short, common) if able else (whole, ())


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
