"""Read YAML so that a fault names its line and column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from il6infer._errors import UserError


class _Loader(yaml.SafeLoader):
    """Safe loader that refuses duplicate keys and reads ``1e-6`` as the number it is."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict:
    """Build a mapping; a key given twice is a fault, for YAML would keep the last without a word."""
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' stands twice", key_node.start_mark)
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


def _float(loader: _Loader, node: yaml.ScalarNode) -> float:
    return float(loader.construct_scalar(node))


def _resolvers() -> dict[str, list]:
    """YAML 1.1 reads 1e-6 (no point) as text; put the wider number pattern in front."""
    import re

    exponent = re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$")
    table = {first: list(entries) for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()}
    for first in "-+0123456789":
        table[first] = [("!float_with_exponent", exponent), *table.get(first, [])]
    return table


_Loader.yaml_implicit_resolvers = _resolvers()
_Loader.add_constructor("!float_with_exponent", _float)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping.

    Raises
    ------
    UserError
        When the file is missing, is no YAML (with line and column), gives a key twice, or is not a mapping.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file. Check the path; it is taken from {Path.cwd()}.") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder, a YAML file was expected.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 (a subclass of SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UserError(f"{path}{place}: is not valid YAML: {error.problem}.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: is not valid YAML: {error}.") from None
    if content is None:
        raise UserError(f"{path}: is empty, 'key: value' lines were expected.")
    if not isinstance(content, dict):
        raise UserError(f"{path}: 'key: value' lines were expected at the top, found a {type(content).__name__}.")
    return content
