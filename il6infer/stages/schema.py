"""JSON schema of a stage file, from the dataclass that it is read into."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from il6infer.stages.codec import Bounds, hints

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_KEYWORDS = {"minimum": "minimum", "maximum": "maximum", "above": "exclusiveMinimum", "below": "exclusiveMaximum"}
_PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema(kind: type) -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a stage file.

    Parameters
    ----------
    kind
        Its dataclass. Descriptions are those of the docstrings.
    """
    definitions: dict[str, Any] = {}
    body = _of_record(kind, definitions)
    return {"$schema": DRAFT, "title": kind.__name__, **body} | ({"$defs": definitions} if definitions else {})


def section(kind: type) -> dict[str, Any]:
    """Give the part of a schema that describes one record without records inside."""
    return _of_record(kind, {})


def described(kind: type) -> dict[str, str]:
    """Field -> what the docstring says of it, in its section Attributes."""
    found: list[tuple[str, str]] = []
    for one in reversed(kind.__mro__):
        _, _, section = inspect.cleandoc(one.__doc__ or "").partition("Attributes\n----------\n")
        found += re.findall(r"^(\S.*)\n((?:    .*\n?|\n)+)", section, flags=re.M)
    return {name.strip(): " ".join(words.split()) for names, words in found for name in names.split(",")}


def _of_record(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    about = described(kind)
    properties, required = {}, []
    for field in fields(kind):
        part = _of(hints(kind)[field.name], definitions)
        if field.name in about:
            part = {**part, "description": about[field.name]}
        if field.default is not MISSING:
            part = {**part, "default": field.default}
        elif field.default_factory is MISSING:
            required.append(field.name)
        properties[field.name] = part
    return {
        "description": (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " "),
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        limits = {
            _KEYWORDS[name]: value
            for bound in arguments[1:]
            if isinstance(bound, Bounds)
            for name, value in vars(bound).items()
            if value is not None
        }
        return {**_of(arguments[0], definitions), **limits}
    if origin in (Union, types.UnionType):
        [inner] = [argument for argument in arguments if argument is not type(None)]
        return {"anyOf": [_of(inner, definitions), {"type": "null"}]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple and arguments[-1] is not Ellipsis:
        size = len(arguments)
        return {
            "type": "array",
            "prefixItems": [_of(a, definitions) for a in arguments],
            "minItems": size,
            "maxItems": size,
        }
    if origin is tuple:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    if is_dataclass(kind):
        name = kind.__name__  # type: ignore[union-attr]
        if name not in definitions:
            definitions[name] = {}
            definitions[name] = _of_record(kind, definitions)  # type: ignore[arg-type]
        return {"$ref": f"#/$defs/{name}"}
    return {"type": _PRIMITIVES[kind]}
