"""Words for models, conditions and parameters, where files have identifiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from il6infer._errors import UserError
from il6infer._units import substances
from il6infer.library.catalogue import Library, shipped
from il6infer.library.names import CELLS, parse_model_name
from il6infer.stages.genotype import MARKS

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


def condition_labels(protocol: Iterable[Mapping[str, str]], conditions: Iterable[str]) -> dict[str, str]:
    """Condition -> what was done, in words: ``IL-6 10 ng/ml + sIL-6R 25 ng/ml``.

    Parameters
    ----------
    protocol
        Rows of the protocol: condition, time_min, action, species, dose, unit; knock_out and set, where cells differ.
    conditions
        Those that were measured; one without a row of its own, or whose words another has too, keeps its name.
    """
    steps: dict[str, list[Mapping[str, str]]] = {}
    for row in protocol:
        steps.setdefault(str(row["condition"]), []).append(row)
    said = {name: _condition(steps[name]) if name in steps else name.replace("_", " ") for name in conditions}
    twice = {words for words, count in Counter(said.values()).items() if count > 1}
    return {name: f"{words} ({name})" if words in twice else words for name, words in said.items()}


def _own(given: str) -> str:
    """Give what a condition's cells have of their own; nothing of what a joint fit gives all of their data set."""
    name, _, value = given.partition("=")
    return "" if value[:1] in MARKS else f"{name}={value.partition('@')[0]}" if value else given


def _condition(rows: Iterable[Mapping[str, str]]) -> str:
    known = substances()
    moments: dict[float, list[str]] = {}
    cells: dict[str, None] = {}
    for row in rows:
        lacking = [name for name in row.get("knock_out", "").split(";") if name]
        cells |= {f"cells without {' and '.join(lacking)}": None} if lacking else {}
        cells |= {f"cells with {value}": None for value in map(_own, row.get("set", "").split(";")) if value}
        action, time = row["action"], float(row["time_min"] or 0)
        name = known[row["species"]].name.split(",")[0] if row["species"] in known else row["species"]
        if action == "add":
            moments.setdefault(time, []).append(f"{name} {row['dose']} {row['unit']}".strip())
        elif action == "set":
            moments.setdefault(time, []).append(f"{name} held at {row['dose']} {row['unit']}".strip())
        elif action == "wash":
            moments.setdefault(time, []).append("wash")
    said = [" + ".join(words) + (f" at {time:g} min" if time else "") for time, words in sorted(moments.items())]
    return "; ".join([*(said or ["no stimulus"]), *cells])
