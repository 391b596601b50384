"""The configuration against the library: models by name, and constraints that they can express."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from il6infer._errors import Fault
from il6infer.configuration.load import check_keys, schema
from il6infer.library.constraint_names import unspeakable
from il6infer.library.names import parse_model_name


def check_config(config: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the configuration with every default filled in, after nothing was found wrong with it.

    Parameters
    ----------
    config
        As read from YAML; is not changed.
    source
        What the message calls it: the file, or the files that were merged.

    Raises
    ------
    UserError
        With every fault in one message.
    """
    return check_keys(config, source, _unspeakable(config), {"model-name": parse_model_name})


def _unspeakable(config: Mapping[str, Any]) -> list[Fault]:
    """Find models that cannot express a constraint of their data set; each once, for data sets may share a list."""
    datasets, found = config.get("datasets"), {}
    for name, described in datasets.items() if isinstance(datasets, Mapping) else ():
        if not isinstance(described, Mapping) or "petab" in described:
            continue
        where, owner = (f"datasets.{name}.models", described) if "models" in described else ("models", config)
        models = owner.get("models", schema()["properties"]["models"]["default"])
        constraints = described.get("constraints", config.get("constraints"))
        found |= dict.fromkeys(unspeakable(_texts(constraints), _texts(models), f"key '{where}'"))
    return list(found)


def _texts(value: Any) -> list[str]:
    """Texts of a list; what else there is, the schema refuses."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
