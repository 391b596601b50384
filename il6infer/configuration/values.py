"""Values that a configuration gives for parameters: which models have them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from il6infer._errors import Fault, nearest, raise_faults
from il6infer.configuration.check import library_of
from il6infer.configuration.load import models_of, values_of
from il6infer.library.catalogue import Library
from il6infer.library.compose import compose, value_fault


def of_model(values: Mapping[str, float], model: str, library: Library) -> dict[str, float]:
    """Those of the values whose parameter a model has; the others say nothing about it.

    Parameters
    ----------
    values
        Parameter -> value.
    model
        Name, as `il6infer.library.compose.compose` reads it.
    """
    known = set(compose(model, library).priors["parameter"]) if values else set()
    return {name: value for name, value in values.items() if name in known}


def check_values(config: Mapping[str, Any], source: str) -> None:
    """Check the values of a configuration against the models that they are for.

    Parameters
    ----------
    config
        As `il6infer.configuration.check.check_config` returns it.
    source
        What the message calls it.

    Raises
    ------
    UserError
        With every parameter that no model has, and every value that its parameter cannot take.
    """
    asked: dict[str, tuple[Mapping[str, float], dict[str, None]]] = {}
    for name, dataset in config["datasets"].items():
        if values := values_of(config, name):
            key = f"datasets.{name}.values" if "values" in dataset else "values"
            asked.setdefault(key, (values, {}))[1].update(dict.fromkeys(models_of(config, name)))
    library = library_of(config)
    found = [f for key, (values, models) in asked.items() for f in _faults(key, values, list(models), library)]
    raise_faults(found, source)


def _faults(key: str, values: Mapping[str, float], models: Sequence[str], library: Library) -> Iterator[Fault]:
    known = set().union(*(compose(model, library).priors["parameter"] for model in models))
    for name, value in values.items():
        if name not in known:
            what = f"no model of this comparison ({', '.join(models)}) has a parameter of that name."
            yield Fault(f"key '{key}.{name}'", what, nearest(name, known))
        elif fault := value_fault(f"key '{key}.{name}'", name, value, library):
            yield fault
