"""Reading of a data set's description (YAML), checked against ``dataset.schema.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

import jsonschema

from il6infer._errors import Fault, nearest
from il6infer._schema import validator
from il6infer._yaml import read_yaml
from il6infer.ingestion.assays import ASSAYS
from il6infer.ingestion.specs import Description

BLANK = "???"
"""What `il6infer init` writes where only a person can say what is right."""

_TYPES = {
    "string": "a text",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "number": "a number",
    "null": "null",
}


@cache
def schema() -> Mapping[str, Any]:
    """Load the JSON schema of a description; its files are those of the assays."""
    text = (resources.files("il6infer") / "ingestion" / "dataset.schema.json").read_text(encoding="utf-8")
    found = json.loads(text)
    files = found["properties"]["files"]["items"]
    files["properties"]["assay"]["enum"] = list(ASSAYS)
    files["allOf"] = [
        {
            "if": {"required": ["assay"], "properties": {"assay": {"const": name}}},
            "then": {"$ref": f"#/$defs/{name}"},
        }
        for name in ASSAYS
    ]
    found["$defs"] |= {name: assay.schema for name, assay in ASSAYS.items()}
    return found


def shown() -> str:
    """Text of the schema for users (workflow/schemas/dataset.schema.yaml)."""
    return json.dumps(schema(), indent=2) + "\n"


def read_description(path: Path) -> tuple[Description | None, list[Fault]]:
    """Read and check a description.

    Parameters
    ----------
    path
        The YAML file.

    Returns
    -------
    tuple
        The description with those of its files that have no fault (None when protocol or files are unusable),
        and every fault found.

    Raises
    ------
    UserError
        The file is missing, is not YAML or not a mapping.
    """
    document = read_yaml(path)
    blanks = [
        Fault(_where(path.name, document, place), f"{BLANK} is still to be filled in.") for place in _blanks(document)
    ]
    if blanks:
        return None, blanks
    faulty: set[str | int] = set()
    faults: dict[str, Fault] = {}
    for error in validator(schema()).iter_errors(document):
        place = list(error.absolute_path)
        faulty.add(place[1] if len(place) > 1 and place[0] == "files" else place[0] if place else "")
        for fault in _faults(error, path.name, document):
            faults.setdefault(str(fault), fault)
    if "files" not in document or faulty & {"protocol", "files"}:
        return None, list(faults.values())
    protocol = document.get("protocol", ())
    description = Description(
        path=path,
        title=str(document.get("title", "")),
        protocol=protocol if isinstance(protocol, str) else tuple(protocol),
        files=tuple(ASSAYS[e["assay"]].file(e) for i, e in enumerate(document["files"]) if i not in faulty),
        **{
            key: document[key]
            for key in ("simulated", "cell", "source", "notes", "conditions")
            if _usable(key, document, faulty)
        },
    )
    return description, list(faults.values())


def _blanks(document: Any, place: tuple[str | int, ...] = ()) -> Iterable[tuple[str | int, ...]]:
    """Places of the document where a blank stands."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            if key == BLANK:
                yield (*place, key)
            yield from _blanks(value, (*place, key))
    elif isinstance(document, list):
        for i, value in enumerate(document):
            yield from _blanks(value, (*place, i))
    elif document == BLANK:
        yield place


def _usable(key: str, document: Mapping[str, Any], faulty: set[str | int]) -> bool:
    return key in document and key not in faulty


def _keys(subschema: Mapping[str, Any]) -> list[str]:
    return list(subschema.get("properties", {}))


def _where(name: str, document: Any, place: Iterable[str | int]) -> str:
    """Name a place in the document, lists counted from 1, files named by their path."""
    parts = [name]
    for key in place:
        document = document[key]
        if isinstance(key, int):
            path = document.get("path") if isinstance(document, Mapping) else None
            parts[-1] += f" {key + 1}" + (f" ({path})" if isinstance(path, str) else "")
        else:
            parts.append(str(key))
    return ", ".join(parts)


def _faults(error: jsonschema.ValidationError, name: str, document: Mapping[str, Any]) -> list[Fault]:
    where = _where(name, document, error.absolute_path)
    found: Any = error.instance
    rule: Any = error.validator_value
    if error.validator == "additionalProperties":
        known = _keys(cast("Mapping[str, Any]", error.schema))
        return [Fault(where, *_unknown(str(key), known, found)) for key in found if key not in known]
    if error.validator == "required":
        return [Fault(where, f"key '{key}' is missing.") for key in rule if key not in found]
    if error.validator == "enum" and error.absolute_path[-1] == "unit":
        return [Fault(where, f"unknown value '{found}'.", f"Known: {', '.join(map(str, rule))}.")]
    if error.validator == "enum":
        return [Fault(where, f"unknown value '{found}'.", nearest(str(found), map(str, rule)))]
    if error.validator == "type":
        expected = " or ".join(_TYPES[kind] for kind in ([rule] if isinstance(rule, str) else rule))
        return [Fault(where, f"{_shown(found)} where {expected} is expected.")]
    if error.validator == "pattern":
        return [Fault(where, f"'{found}' is not a name.", "Use letters, digits and _, with a letter or _ first.")]
    if error.validator in ("minItems", "minLength", "minProperties"):
        return [Fault(where, "is empty.")]
    if error.validator == "exclusiveMinimum":
        return [Fault(where, f"{found} where a number above {rule} is expected.")]
    return [Fault(where, f"{error.message}.")]


def _unknown(key: str, known: list[str], entry: Mapping[str, Any]) -> tuple[str, str]:
    """Say what is wrong with a key that is not known, and what to do: it may be another assay's."""
    own = entry.get("assay")
    others = [name for name, assay in ASSAYS.items() if own in ASSAYS and key in assay.keys]
    if not others:
        return f"unknown key '{key}'.", nearest(key, known)
    what = f"'{key}' is a key of assay {' and '.join(others)}, and this file's is {own}."
    return what, f"Take it out, or say 'assay: {others[0]}'. Known: {', '.join(sorted(known))}."


def _shown(found: Any) -> str:
    if isinstance(found, bool):
        return str(found).lower()
    if found is None:
        return "nothing"
    if isinstance(found, Mapping):
        return "a mapping"
    return "a list" if isinstance(found, list) else repr(found)
