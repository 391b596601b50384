"""The configuration against the library: models by name, and constraints that they can express."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from il6infer._errors import Fault
from il6infer.configuration.configuration import Configuration
from il6infer.configuration.load import check_keys, schema
from il6infer.library.catalogue import Library, read_library
from il6infer.library.constraint_names import models_lacking_molecule
from il6infer.library.names import parse_model_name


def check_config(config: Mapping[str, Any], source: str) -> Configuration:
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
    folder = config.get("modules")
    library = read_library(folder if isinstance(folder, str) else None)
    formats = {"model-name": lambda name: parse_model_name(name, library)}
    return check_keys(config, source, _lacking_option(config, library), formats)


def library_of(config: Configuration) -> Library:
    """Give the modules that names of models may be made of: the package's, and those of the configuration's folder.

    Raises
    ------
    UserError
        With every fault of the folder's files.
    """
    return read_library(config.modules)


def _lacking_option(config: Mapping[str, Any], library: Library) -> list[Fault]:
    """Find models that lack what a constraint of their data set is about; each once, for data sets may share a list."""
    datasets, found = config.get("datasets"), {}
    for name, described in datasets.items() if isinstance(datasets, Mapping) else ():
        if not isinstance(described, Mapping) or "petab" in described:
            continue
        where, owner = (f"datasets.{name}.models", described) if "models" in described else ("models", config)
        models = owner.get("models", schema()["properties"]["models"]["default"])
        constraints = described.get("constraints", config.get("constraints"))
        lacking = models_lacking_molecule(_texts(constraints), _texts(models), f"key '{where}'", library)
        found |= dict.fromkeys(lacking)
    return list(found)


def _texts(value: Any) -> list[str]:
    """Texts of a list; what else there is, the schema refuses."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
