"""Values that a configuration gives for parameters, and constants that it frees: of which models, and faults."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from il6infer._errors import Fault, nearest, raise_faults
from il6infer.configuration.check import library_of
from il6infer.configuration.configuration import Configuration
from il6infer.configuration.load import free_of, models_of, values_of
from il6infer.library.catalogue import Library
from il6infer.library.compose import compose
from il6infer.library.freeing import free_fault, held_constants
from il6infer.library.genotypes import value_fault


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


def free_of_model(
    free: Mapping[str, Sequence[float] | None], values: Mapping[str, float], model: str, library: Library
) -> dict[str, Sequence[float] | None]:
    """Those of the constants to free that a model has and holds fixed; the others say nothing about it.

    Parameters
    ----------
    free
        Constant -> interval of its prior, or None.
    values
        What the configuration gives: these stay fixed.
    model
        Name, as `il6infer.library.compose.compose` reads it.
    """
    if not free:
        return {}
    rows = compose(model, library).priors
    fixed = set(rows["parameter"][rows["distribution"] == "fixed"]) - set(values)
    return {name: interval for name, interval in free.items() if name in fixed}


def constants_of_model(model: str, settled: Collection[str], library: Library) -> list[str]:
    """Constants that a model holds fixed and that could be freed, but those that the configuration settles.

    Parameters
    ----------
    model
        Name, as `il6infer.library.compose.compose` reads it.
    settled
        Names that the configuration gives a value or frees.
    """
    return [name for name in held_constants(compose(model, library)) if name not in settled]


def check_free(config: Configuration, source: str) -> None:
    """Check the constants to free against the models that they are for.

    Parameters
    ----------
    config
        As `il6infer.configuration.check.check_config` returns it.
    source
        What the message calls it.

    Raises
    ------
    UserError
        With every name that no model holds fixed, that is given a value too, or whose interval is none.
    """
    library, found = library_of(config), {}
    for name, dataset in config.datasets.items():
        key = f"datasets.{name}.free" if dataset.free is not None else "free"
        models = [compose(model, library) for model in models_of(config, name)] if free_of(config, name) else []
        for constant, interval in free_of(config, name).items():
            where, ends = f"key '{key}.{constant}'", None if interval is None else (interval[0], interval[1])
            faults = [free_fault(where, constant, ends, model) for model in models]
            if constant in values_of(config, name):
                what = "is given a value under 'values', too."
                found[where] = Fault(where, what, "Leave out one of the two: a given value is not estimated.")
            elif models and all(faults):
                found[where] = faults[0]
    raise_faults(filter(None, found.values()), source)


def check_values(config: Configuration, source: str) -> None:
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
    for name, dataset in config.datasets.items():
        if values := values_of(config, name):
            key = f"datasets.{name}.values" if dataset.values is not None else "values"
            asked.setdefault(key, (values, {}))[1].update(dict.fromkeys(models_of(config, name)))
    library = library_of(config)
    found = [f for key, (values, models) in asked.items() for f in _faults(key, values, list(models), library)]
    raise_faults(found, source)


def check_own(config: Configuration, source: str) -> None:
    """Check the parameters of joint fits that are one a data set, or pooled, against the models that they are for.

    Parameters
    ----------
    config
        As `il6infer.configuration.check.check_config` returns it.
    source
        What the message calls it.

    Raises
    ------
    UserError
        With every name that no model estimates: it would count for nothing.
    """
    library, faults = library_of(config), []
    for name, dataset in config.datasets.items():
        named = [(key, own) for key in ("own", "pooled") for own in getattr(dataset, key) or ()]
        if not named:
            continue
        models = models_of(config, name)
        tables = [compose(model, library).priors for model in models]
        known = set(free_of(config, name)).union(*(t["parameter"][t["distribution"] != "fixed"] for t in tables))
        for key, own in named:
            if own not in known:
                what = f"'{own}' is estimated by no model of this data set ({', '.join(models)})."
                faults.append(Fault(f"key 'datasets.{name}.{key}'", what, nearest(own, known)))
    raise_faults(faults, source)


def _faults(key: str, values: Mapping[str, float], models: Sequence[str], library: Library) -> Iterator[Fault]:
    known = set().union(*(compose(model, library).priors["parameter"] for model in models))
    for name, value in values.items():
        if name not in known:
            what = f"no model of this comparison ({', '.join(models)}) has a parameter of that name."
            yield Fault(f"key '{key}.{name}'", what, nearest(name, known))
        elif fault := value_fault(f"key '{key}.{name}'", name, value, library):
            yield fault
