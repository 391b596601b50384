"""Files that users write, checked against a JSON schema: every fault in one message, defaults filled in."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._numbers import vanishes

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_BOOLEANS = {"true": True, "false": False}
_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a group of keys",
    "array": "a list",
}


def check(
    content: Mapping[str, Any],
    schema: Mapping[str, Any],
    source: str,
    more: Iterable[Fault] = (),
    *,
    formats: Mapping[str, Callable[[str], object]] | None = None,
    infinite: bool = False,
) -> dict[str, Any]:
    """Copy of `content` with the schema's defaults; text is the number, true or false that the schema wants.

    Parameters
    ----------
    content
        As read from YAML; is not changed.
    source
        What the message calls it.
    more
        Further faults, for the same message.
    formats
        Format of the schema -> function that raises a `UserError` for text that has not that format.
    infinite
        Whether a number may be infinite.

    Raises
    ------
    UserError
        With every fault, when there is one.
    """
    content = _meant(content, schema, schema.get("$defs", {}))
    errors = sorted(validator(schema, formats).iter_errors(content), key=lambda error: [str(p) for p in error.path])
    faults = [fault for error in errors for fault in _faults(error)]
    raise_faults([*faults, *_not_finite(content, [], infinite), *more], source)
    return _filled(content, schema)


def validator(schema: Mapping[str, Any], formats: Mapping[str, Callable[[str], object]] | None = None) -> Validator:
    """Make a validator (draft 2020-12); the ``$`` of a pattern is the end of the text, not a last line break."""
    from jsonschema import Draft202012Validator, FormatChecker, ValidationError
    from jsonschema.validators import extend

    def pattern(_: Validator, wanted: str, found: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(found, str) and not re.search(re.sub(r"\$$", r"\\Z", wanted), found):
            yield ValidationError(f"{found!r} does not match {wanted!r}")

    checker = FormatChecker(formats=())
    for name, refuse in (formats or {}).items():

        def right(text: object, refuse: Callable[[str], object] = refuse) -> bool:
            if isinstance(text, str):
                refuse(text)
            return True

        checker.checks(name, raises=UserError)(right)
    return extend(Draft202012Validator, {"pattern": pattern})(schema, format_checker=checker)


def _not_finite(content: Any, path: list[Any], infinite: bool) -> Iterator[Fault]:
    """Find numbers that are none: a schema's bounds do not see them, for every comparison with NaN is false."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _not_finite(value, [*path, key], infinite)
    elif isinstance(content, list):
        for position, value in enumerate(content):
            yield from _not_finite(value, [*path, position], infinite)
    elif isinstance(content, float) and (math.isnan(content) or not (infinite or math.isfinite(content))):
        yield Fault(f"key '{_dotted(path)}'", f"{content} is not a finite number.")


def _meant(content: Any, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    """Copy in which a text stands as the number, true, false or nothing that the schema wants there.

    Snakemake reads ``1e-6`` in a file, and all that stands inside ``--config 'fit={draws: 100}'``, as text.
    """
    schema = definitions.get(schema.get("$ref", "").removeprefix("#/$defs/"), schema)
    if isinstance(content, Mapping):
        parts, other = schema.get("properties", {}), schema.get("additionalProperties")
        other = other if isinstance(other, Mapping) else {}
        return {key: _meant(value, parts.get(key, other), definitions) for key, value in content.items()}
    if isinstance(content, list):
        return [_meant(item, schema.get("items", {}), definitions) for item in content]
    kinds = schema.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else {*kinds}
    if isinstance(content, float) and "integer" in kinds and content.is_integer():
        return int(content)
    if not isinstance(content, str) or "string" in kinds:
        return content
    if "boolean" in kinds and content.lower() in _BOOLEANS:
        return _BOOLEANS[content.lower()]
    if "null" in kinds and content in ("null", "~"):
        return None
    if not _NUMBER.fullmatch(content) or vanishes(content):
        return content
    if "integer" in kinds and content.lstrip("+-").isdecimal():
        return int(content)
    return float(content) if "number" in kinds else content


def _faults(error: Any) -> Iterator[Fault]:
    """Faults of one error of jsonschema, in the words of a user."""
    here = _dotted(error.absolute_path)
    rule, expected, found = error.validator, error.validator_value, error.instance
    if rule == "additionalProperties":
        known = error.schema.get("properties", {})
        for key in found:
            if key not in known:
                yield Fault(f"key '{_dotted([*error.absolute_path, key])}'", "is unknown.", nearest(str(key), known))
    elif rule == "required":
        for key in expected:
            if key not in found:
                yield Fault(f"key '{_dotted([*error.absolute_path, key])}'", "is missing.", _what(error, key))
    elif rule == "type":
        names = [expected] if isinstance(expected, str) else expected
        wanted = " or ".join(_TYPES.get(name, name) for name in names)
        yield Fault(f"key '{here}'", f"{_shown(found)} is not {wanted}.", _as_keys(error))
    elif rule == "enum":
        yield Fault(f"key '{here}'", f"{_shown(found)} is unknown.", nearest(str(found), map(str, expected)))
    elif rule == "format":
        yield Fault(f"key '{here}'", f"{error.cause}")
    elif rule in _BOUNDS:
        yield Fault(f"key '{here}'", f"{_shown(found)} is not allowed: it must be {_BOUNDS[rule]} {expected}.")
    elif rule == "pattern":
        yield Fault(f"key '{here}'", f"{_shown(found)} is not {error.schema['$comment']}.")
    elif rule in ("minItems", "minProperties"):
        has = f"has {len(found)}, at least {expected} were" if found else f"is empty, at least {expected} was"
        yield Fault(f"key '{here}'", f"{has} expected.")
    elif rule == "minLength":
        yield Fault(f"key '{here}'", "is empty, a text was expected.")
    elif rule == "maxLength":
        yield Fault(f"key '{here}'", f"'{found[:20]}...' has {len(found)} characters, {expected} are allowed.")
    elif rule == "uniqueItems":
        yield Fault(f"key '{here}'", f"{_shown(found)} names something twice.")
    else:
        yield Fault(f"key '{here}'", f"{error.message}.")


_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
}


def _dotted(path: Any) -> str:
    return ".".join(str(part) for part in path) or "(top level)"


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)


def _what(error: Any, key: str) -> str:
    """Give the schema's description of a key, as the remedy when the key is missing."""
    return error.schema.get("properties", {}).get(key, {}).get("description", "")


def _as_keys(error: Any) -> str:
    """Write a list of names as the keys without values that the schema wants there; empty where it wants none."""
    other = error.schema.get("additionalProperties")
    kinds = other.get("type", ()) if isinstance(other, Mapping) else ()
    named = isinstance(error.instance, list) and all(isinstance(name, str) for name in error.instance)
    return f"Write {{{', '.join(error.instance)}}}." if named and error.instance and "null" in kinds else ""


def _filled(content: Any, schema: Mapping[str, Any]) -> Any:
    """Copy with defaults, key by key in the schema's order."""
    if not isinstance(content, Mapping):
        return copy.deepcopy(content)
    known: Mapping[str, Any] = schema.get("properties", {})
    other = schema.get("additionalProperties")
    filled: dict[str, Any] = {}
    for key, part in known.items():
        if key in content:
            filled[key] = _filled(content[key], part)
        elif "default" in part:
            filled[key] = _filled(part["default"], part)
    for key, value in content.items():
        if key not in known:
            filled[key] = _filled(value, other if isinstance(other, Mapping) else {})
    return filled
