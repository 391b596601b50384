"""Read YAML so that a fault names its line and column."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from il6infer._errors import NO_TEXT, Fault, UserError, raise_faults
from il6infer._files import read_text
from il6infer._numbers import VANISHES, vanishes

_MAX_BYTES, _MAX_NODES = 5_000_000, 200_000
"""Size of a file, and number of its keys and values when aliases are followed."""


_YAML, _EXPONENT = "tag:yaml.org,2002:", "!float_with_exponent"
_TAGS = {_EXPONENT, *(f"{_YAML}{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map"))}
_MERGED = f"{_YAML}merge"


_NUMERIC = {f"{_YAML}int", f"{_YAML}float", f"{_YAML}timestamp"}


def _short(tag: str) -> str:
    return tag.replace(_YAML, "!!")[:100]


class _Loader(yaml.SafeLoader):
    """Safe loader that refuses duplicate keys and reads ``1e-6`` as the number it is, dates and times as text."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Build what a node means; what its tag (``!!int x``) cannot mean is a fault with a place, as any other."""
        if node.tag not in _TAGS:
            what = f"the tag {_short(node.tag)} is not read: texts, numbers, true, false, null, lists and keys are"
            raise yaml.constructor.ConstructorError(None, None, what, node.start_mark)
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, TypeError) as error:
            written = f" '{node.value[:40]}'" if isinstance(node.value, str) else ""
            what = f"{_short(node.tag)}{written} cannot be read"
            raise yaml.constructor.ConstructorError(None, None, f"{what} ({error})", node.start_mark) from None

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:
        """Build a text; characters that are none (half a surrogate pair, say) come only by their numbers."""
        value = super().construct_scalar(node)
        if isinstance(value, str) and (found := NO_TEXT.search(value)):
            what = f"the character U+{ord(found[0]):04X} is no part of a text"
            raise yaml.constructor.ConstructorError(None, None, what, node.start_mark)
        return value


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict:
    """Build a mapping; a key given twice is a fault, for YAML would keep the last without a word."""
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key is a word, no list", key_node.start_mark)
        if key_node.tag == _MERGED:
            continue
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' stands twice", key_node.start_mark)
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


def _float(loader: _Loader, node: yaml.ScalarNode) -> float:
    if vanishes(node.value):
        raise yaml.constructor.ConstructorError(None, None, f"{node.value[:40]} {VANISHES}", node.start_mark)
    return loader.construct_yaml_float(node)


def _resolvers() -> dict[str, list]:
    """YAML 1.1 takes 1e-6 for text, 1:30 for 90, 010 for 8, and stumbles over the date 2020-99-99: mend these."""
    import re

    plain = {
        f"{_YAML}int": re.compile(r"^[-+]?(0|[1-9]\d*)$"),
        f"{_YAML}float": re.compile(r"^[-+]?(\d+\.\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|\.inf)$|^\.nan$", re.I),
    }
    exponent = re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$")
    table = {
        first: [
            (tag, plain.get(tag, rule)) for tag, rule in entries if tag not in (f"{_YAML}timestamp", f"{_YAML}value")
        ]
        for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for first in "-+0123456789":
        table[first] = [(_EXPONENT, exponent), *table.get(first, [])]
    return table


_Loader.yaml_implicit_resolvers = _resolvers()
_Loader.add_constructor(_EXPONENT, _float)
_Loader.add_constructor(f"{_YAML}float", _float)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


@lru_cache(maxsize=8)
def _load(text: str) -> Any:
    """Build what a text means; a command reads its description, and then looks which files it names."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is not None and _size(node, {}) > _MAX_NODES:
            mark = node.start_mark
            raise yaml.constructor.ConstructorError(
                None, None, f"it holds more than {_MAX_NODES:,} keys and values, aliases followed", mark
            )
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Count what a node holds when its aliases are followed; a few lines of aliases of aliases can hold billions."""
    if id(node) not in known:
        known[id(node)] = _MAX_NODES  # of a node that holds itself
        items = node.value if isinstance(node, yaml.CollectionNode) else []
        parts = [part for item in items for part in (item if isinstance(item, tuple) else (item,))]
        known[id(node)] = min(1 + sum(_size(part, known) for part in parts), _MAX_NODES + 1)
    return known[id(node)]


def refuse_two_meanings(path: str | Path) -> None:
    """Refuse words that YAML 1.1 makes numbers or dates of (0100 is 64, 1:30 is 90), and `read_yaml` does not.

    Snakemake reads a configuration by YAML 1.1; so one file would mean two things.

    Parameters
    ----------
    path
        A file that `read_yaml` reads.

    Raises
    ------
    UserError
        With each such word, and its line and column.
    """
    raise_faults([*_two_meanings(yaml.compose(read_text(path, _MAX_BYTES), _Loader), set())], str(path))


def _two_meanings(node: yaml.Node | None, seen: set[int]) -> Iterator[Fault]:
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.CollectionNode):
        for item in node.value:
            for part in item if isinstance(item, tuple) else (item,):
                yield from _two_meanings(part, seen)
    elif (
        isinstance(node, yaml.ScalarNode)
        and node.style is None
        and node.tag == yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG
    ):
        other = yaml.SafeLoader("").resolve(yaml.ScalarNode, node.value, (True, False))
        if other in _NUMERIC:
            mark, written = node.start_mark, node.value[:40]
            yield Fault(
                f"line {mark.line + 1}, column {mark.column + 1}",
                f"{written} is a text, or by YAML 1.1 a number or a date, as 64 is 0100.",
                f"Write a number in decimal digits alone, a text in quotes: '{written}'.",
            )


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping.

    Raises
    ------
    UserError
        When the file is missing, is no YAML (with line and column), gives a key twice, or is not a mapping.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path}: no such file. Check the path; it is taken from {Path.cwd()}.")
    text = read_text(path, _MAX_BYTES)
    try:
        content = copy.deepcopy(_load(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UserError(f"{path}{place}: is not valid YAML: {error.problem}.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: is not valid YAML: {error}.") from None
    except RecursionError:
        raise UserError(f"{path}: is nested too deeply to be read.") from None
    except ValueError as error:  # a whole number of thousands of digits
        raise UserError(f"{path}: holds a value that cannot be read: {error}.") from None
    if content is None:
        raise UserError(f"{path}: is empty, 'key: value' lines were expected.")
    if not isinstance(content, dict):
        raise UserError(f"{path}: 'key: value' lines were expected at the top, found a {type(content).__name__}.")
    return content
