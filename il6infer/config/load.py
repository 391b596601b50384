"""The configuration of an analysis: read, checked against its schema, defaults filled in."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._yaml import read_yaml
from il6infer.library.constraint_names import unspeakable
from il6infer.library.names import parse_model_name

SCHEMA = Path(__file__).parent / "config.schema.yaml"

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a group of keys",
    "array": "a list",
}


def load_config(path: str | Path) -> dict[str, Any]:
    """Read a configuration; see config/README.md for its keys.

    Raises
    ------
    UserError
        With every fault of the file in one message.
    """
    return check_config(read_yaml(path), str(path))


def check_config(config: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the configuration with every default filled in, after the schema has found no fault.

    Parameters
    ----------
    config
        As read from YAML; is not changed.
    source
        What the message calls it: the file, or the files that were merged.
    """
    content = _numbers(config, _schema())
    return check(content, _schema(), source, [*_half_described(content), *_unspeakable(content)])


def models_of(config: Mapping[str, Any], dataset: str) -> list[str]:
    """Models that are fitted to a data set; a PEtab problem has one of its own."""
    described = config["datasets"][dataset]
    return ["petab"] if "petab" in described else described.get("models", config["models"])


def constraints_of(config: Mapping[str, Any], dataset: str) -> list[str]:
    """Literature constraints that are added to a data set's problems; a PEtab problem has its own."""
    described = config["datasets"][dataset]
    return [] if "petab" in described else described.get("constraints", config["constraints"])


def values_of(config: Mapping[str, Any], dataset: str) -> dict[str, float]:
    """Parameter -> value that the configuration gives for a data set's models; a PEtab problem has its own."""
    described = config["datasets"][dataset]
    return {} if "petab" in described else described.get("values", config["values"])


def _unspeakable(config: Mapping[str, Any]) -> list[Fault]:
    """Find models that cannot express a constraint of their data set; each once, for data sets may share a list."""
    datasets, found = config.get("datasets"), {}
    for name, described in datasets.items() if isinstance(datasets, Mapping) else ():
        if not isinstance(described, Mapping) or "petab" in described:
            continue
        where, owner = (f"datasets.{name}.models", described) if "models" in described else ("models", config)
        models = owner.get("models", _schema()["properties"]["models"]["default"])
        constraints = described.get("constraints", config.get("constraints"))
        found |= dict.fromkeys(unspeakable(_texts(constraints), _texts(models), f"key '{where}'"))
    return list(found)


def _texts(value: Any) -> list[str]:
    """Texts of a list; what else there is, the schema refuses."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _half_described(config: Mapping[str, Any]) -> Iterator[Fault]:
    """Find data sets that are neither raw files nor a PEtab problem, or both."""
    datasets = config.get("datasets")
    for name, described in datasets.items() if isinstance(datasets, Mapping) else ():
        if not isinstance(described, Mapping):
            continue  # the schema says so
        where = f"key 'datasets.{name}'"
        others = [key for key in ("description", "folder", "models", "constraints", "values") if key in described]
        missing = [key for key in ("description", "folder") if key not in described]
        if "petab" in described and others:
            what = f"has 'petab' and {', '.join(map(repr, others))}."
            yield Fault(where, what, "A PEtab problem brings its own model and data: leave the others out.")
        elif "petab" not in described and missing:
            what = f"{' and '.join(map(repr, missing))} {'is' if len(missing) == 1 else 'are'} missing."
            yield Fault(where, what, "Give both, or 'petab': a PEtab problem.")


def check(
    content: Mapping[str, Any], schema: Mapping[str, Any], source: str, more: Iterable[Fault] = ()
) -> dict[str, Any]:
    """Copy of `content` with the schema's defaults; `UserError` with all faults, and `more`, when it breaks it."""
    from jsonschema import Draft202012Validator, FormatChecker

    formats = FormatChecker(formats=())
    formats.checks("model-name", raises=UserError)(lambda name: not isinstance(name, str) or parse_model_name(name))
    validator = Draft202012Validator(schema, format_checker=formats)
    errors = sorted(validator.iter_errors(content), key=lambda error: [str(p) for p in error.path])
    raise_faults([*(fault for error in errors for fault in _faults(error)), *more], source)
    return _filled(content, schema)


@cache
def _schema() -> dict[str, Any]:
    return read_yaml(SCHEMA)


def _numbers(content: Any, schema: Mapping[str, Any]) -> Any:
    """Copy in which text that is a number stands as one where the schema wants a number.

    Snakemake reads ``1e-6`` in a file, and every number inside ``--config 'fit={draws: 100}'``, as text.
    """
    if isinstance(content, Mapping):
        parts, other = schema.get("properties", {}), schema.get("additionalProperties")
        other = other if isinstance(other, Mapping) else {}
        return {key: _numbers(value, parts.get(key, other)) for key, value in content.items()}
    if not isinstance(content, str) or not _NUMBER.fullmatch(content):
        return content
    kind = schema.get("type")
    if kind == "integer" and content.lstrip("+-").isdecimal():
        return int(content)
    return float(content) if kind == "number" else content


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
        yield Fault(f"key '{here}'", f"{_shown(found)} is not {wanted}.")
    elif rule == "enum":
        yield Fault(f"key '{here}'", f"{_shown(found)} is unknown.", nearest(str(found), map(str, expected)))
    elif rule == "format":
        yield Fault(f"key '{here}'", f"{error.cause}")
    elif rule in _BOUNDS:
        yield Fault(f"key '{here}'", f"{_shown(found)} is not allowed: it must be {_BOUNDS[rule]} {expected}.")
    elif rule == "pattern":
        yield Fault(f"key '{here}'", f"{_shown(found)} is not a name.", "Use letters, digits and _, a letter first.")
    elif rule in ("minItems", "minProperties"):
        yield Fault(f"key '{here}'", f"is empty, at least {expected} was expected.")
    elif rule == "minLength":
        yield Fault(f"key '{here}'", "is empty, a text was expected.")
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
