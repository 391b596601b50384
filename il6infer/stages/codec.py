"""Stage files: frozen dataclasses as strict JSON, and back; a file that is not one is refused, field by field."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._files import read_text, write_json

Record = TypeVar("Record")

NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
"""Type of a field -> what a message calls it."""

_BAD: Any = object()


@dataclass(frozen=True)
class Bounds:
    """Numbers that a field may hold, as metadata of its type: ``Annotated[float, Bounds(minimum=1)]``.

    Attributes
    ----------
    minimum, maximum
        Smallest and largest allowed number.
    above, below
        Numbers that bound it and are not allowed themselves.
    """

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def fault(self, value: float) -> str:
        """Say what is wrong with a number; empty when nothing is."""
        if self.minimum is not None and value < self.minimum:
            return f"it must be at least {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"it must be at most {self.maximum:g}"
        if self.above is not None and not value > self.above:
            return f"it must be above {self.above:g}"
        if self.below is not None and not value < self.below:
            return f"it must be below {self.below:g}"
        return ""


def write(path: str | Path, record: Any) -> None:
    """Write a stage file, whole or not at all.

    Parameters
    ----------
    record
        A frozen dataclass of this package. A number that does not exist is None: JSON has no NaN.
    """
    write_json(path, encode(record))


def read(path: str | Path, kind: type[Record]) -> Record:
    """Read a stage file.

    Parameters
    ----------
    kind
        The dataclass that it holds, with ``WRITTEN_BY``: the command that writes it.

    Raises
    ------
    UserError
        If the file is missing or is no JSON; else with every field that is missing, unknown or of another type, and
        what to do about it.
    """
    command = kind.WRITTEN_BY  # type: ignore[attr-defined]
    try:
        content = json.loads(read_text(path))
    except UserError as error:
        raise UserError(f"{error} `{command}` writes it.") from None
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}, column {error.colno}"
        raise UserError(f"{where}: is not valid JSON: {error.msg}. `{command}` writes it.") from None
    except RecursionError:
        raise UserError(f"{path}: is nested too deeply to be read. `{command}` writes it.") from None
    return decode(kind, content, str(path), f"Run `{command}` again: it writes this file.")


def encode(value: Any) -> Any:
    """Give a record as JSON has it: objects with the fields in their order, lists, text, numbers."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    return value


def decode(kind: type[Record], content: Any, source: str, remedy: str = "", key: str = "field") -> Record:
    """Make a record of what JSON or YAML gives.

    Parameters
    ----------
    source, remedy
        What the message calls the file, and says to do about it.
    key
        What the message calls a field.

    Raises
    ------
    UserError
        With every field that is missing, unknown, of another type, or out of bounds.
    """
    faults: list[Fault] = []
    record = _value(kind, content, "", faults)
    named = [Fault(f"{key} '{f.where}'" if f.where else "the top level", f.what, f.remedy) for f in faults]
    raise_faults(named, source, remedy)
    return record


def check_fields(record: Any, source: str) -> None:
    """Check a record that was made in memory: its types and bounds. A number of numpy becomes Python's.

    Raises
    ------
    UserError
        With every field that is of another type, or out of bounds; `source` is what the message calls the record.
    """
    faults: list[Fault] = []
    for name, kind in hints(type(record)).items():
        value = getattr(record, name)
        if type(value).__module__ == "numpy" and hasattr(value, "item"):
            value = value.item()
            object.__setattr__(record, name, value)  # while it is being made
        _value(kind, value, name, faults)
    raise_faults(faults, source)


@cache
def hints(kind: type) -> dict[str, Any]:
    """Field -> its type, bounds included."""
    found = get_type_hints(kind, include_extras=True)
    return {field.name: found[field.name] for field in fields(kind)}


def _value(kind: Any, found: Any, at: str, faults: list[Fault]) -> Any:
    """Give the value of one type; `_BAD`, and a fault more, where it is not of that type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _bounded(_value(arguments[0], found, at, faults), found, arguments[1:], at, faults)
    if origin in (Union, types.UnionType):
        [inner] = [argument for argument in arguments if argument is not type(None)]
        return None if found is None else _value(inner, found, at, faults)
    if is_dataclass(kind):
        return _record(kind, found, at, faults)
    if origin is Literal:
        if found in arguments and isinstance(found, type(arguments[0])):
            return found
        return _refuse(found, "unknown.", at, faults, nearest(str(found), map(str, arguments)))
    if origin is tuple:
        return _items(arguments, found, at, faults)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(found, Mapping):
            return _refuse(found, "not a group of keys.", at, faults)
        items = {str(key): _value(arguments[1], item, _inside(at, key), faults) for key, item in found.items()}
        return _BAD if any(item is _BAD for item in items.values()) else items
    number = isinstance(found, int | float) and not isinstance(found, bool)
    right = {float: number, int: number and isinstance(found, int)}.get(kind, isinstance(found, kind))
    if not right:
        return _refuse(found, f"not {NAMES[kind]}.", at, faults)
    if kind is float and not abs(found) <= sys.float_info.max:
        return _refuse(found, "not a finite number.", at, faults)
    return found


def _record(kind: Any, found: Any, at: str, faults: list[Fault]) -> Any:
    if not isinstance(found, Mapping):
        return _refuse(found, "not a group of keys.", at, faults)
    known = {field.name: field for field in fields(kind)}
    faults += [
        Fault(_inside(at, key), "is unknown.", nearest(str(key), known)) for key in found if key not in known
    ]  # fmt: skip
    values = {}
    for name, field in known.items():
        if name in found:
            values[name] = _value(hints(kind)[name], found[name], _inside(at, name), faults)
        elif field.default is MISSING and field.default_factory is MISSING:
            faults.append(Fault(_inside(at, name), f"is missing, {said(hints(kind)[name])} was expected."))
            values[name] = _BAD
    bad = set(found) - set(known) or any(value is _BAD for value in values.values())
    return _BAD if bad else kind(**values)


def _items(arguments: tuple[Any, ...], found: Any, at: str, faults: list[Fault]) -> Any:
    if not isinstance(found, list | tuple):
        return _refuse(found, "not a list.", at, faults)
    many = len(arguments) == 2 and arguments[1] is Ellipsis
    if not many and len(found) != len(arguments):
        return _refuse(found, f"not a list of {len(arguments)}.", at, faults)
    kinds = [arguments[0]] * len(found) if many else arguments
    items = tuple(_value(k, item, _inside(at, i), faults) for i, (k, item) in enumerate(zip(kinds, found, strict=True)))
    return _BAD if any(item is _BAD for item in items) else items


def _bounded(value: Any, found: Any, bounds: tuple[Any, ...], at: str, faults: list[Fault]) -> Any:
    for bound in bounds:
        if value is not _BAD and (wrong := bound.fault(value)):
            return _refuse(found, f"not allowed: {wrong}.", at, faults)
    return value


def _refuse(found: Any, what: str, at: str, faults: list[Fault], remedy: str = "") -> Any:
    shown = "nothing" if found is None else repr(found)
    faults.append(Fault(at, f"{shown if len(shown) < 60 else f'{shown[:57]}...'} is {what}", remedy))
    return _BAD


def said(kind: Any) -> str:
    """Say what a field holds, for a message."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return said(arguments[0])
    if origin in (Union, types.UnionType):
        return f"{said(arguments[0])} or nothing"
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin is tuple:
        return "a list"
    return NAMES.get(kind, "a group of keys")


def _inside(at: str, key: Any) -> str:
    return f"{at}.{key}" if at else str(key)
