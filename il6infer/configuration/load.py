"""The configuration of an analysis: read, checked against its schema, defaults filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from il6infer import _schema
from il6infer._errors import Fault
from il6infer._yaml import read_yaml
from il6infer.configuration.comparing import comparison_faults
from il6infer.configuration.configuration import Configuration, from_keys
from il6infer.configuration.hold_out import hold_out_faults
from il6infer.configuration.joint import OF_JOINT, cell_of, joint_faults, with_cell
from il6infer.library.names import in_order
from il6infer.stages.schema import section
from il6infer.stages.settings import SEED, Calibrating, Comparing, Identifying, Sampling, Thresholds

SCHEMA = Path(__file__).parent / "config.schema.yaml"

Said = TypeVar("Said")


def load_config(path: str | Path) -> Configuration:
    """Read a configuration; see config/README.md for its keys.

    Names of models are not looked up: that is `il6infer.configuration.check.check_config`.

    Raises
    ------
    UserError
        With every fault of the file in one message.
    """
    return check_keys(read_yaml(path), str(path))


def check_keys(
    config: Mapping[str, Any],
    source: str,
    more: Iterable[Fault] = (),
    formats: Mapping[str, Callable[[str], object]] | None = None,
) -> Configuration:
    """Return the configuration with every default filled in, after its schema has found no fault.

    Parameters
    ----------
    config
        As read from YAML; is not changed.
    source
        What the message calls it: the file, or the files that were merged.
    more, formats
        As in `il6infer._schema.check`.
    """
    faults = [*_half_described(config), *_named_twice(config), *hold_out_faults(config), *joint_faults(config),
              *comparison_faults(config), *more]  # fmt: skip
    found = _schema.check(config, schema(), source, faults, formats=formats)
    for owner in (found, *found["datasets"].values()):
        if "models" in owner:
            owner["models"] = [in_order(name) for name in owner["models"]]
    return from_keys(found, source)


@cache
def schema() -> dict[str, Any]:
    """JSON schema of a configuration; sections ``fit`` and ``verdict`` are those of `il6infer.stages.settings`."""
    found = read_yaml(SCHEMA)
    kinds = {"fit": Sampling, "verdict": Thresholds, "sbc": Calibrating, "comparison": Comparing}
    kinds["identifiability"] = Identifying
    sections = {name: section(kind) for name, kind in kinds.items()}
    found["properties"] |= {name: {**part, **found["properties"][name]} for name, part in sections.items()}
    found["properties"]["seed"]["default"] = SEED
    return found


def models_of(config: Configuration, dataset: str) -> list[str]:
    """Models that are fitted to a data set; a PEtab problem has one of its own."""
    described = config.datasets[dataset]
    if described.petab is not None:
        return ["petab"]
    cell = cell_of(config, dataset)
    return [with_cell(model, cell) for model in _own(described.models, config.models)]


def constraints_of(config: Configuration, dataset: str) -> tuple[str, ...]:
    """Literature constraints that are added to a data set's problems; a PEtab problem has its own."""
    described = config.datasets[dataset]
    return () if described.petab is not None else _own(described.constraints, config.constraints)


def values_of(config: Configuration, dataset: str) -> Mapping[str, float]:
    """Parameter -> value that the configuration gives for a data set's models; PEtab and joint fits have their own."""
    described = config.datasets[dataset]
    brings_its_own = described.petab is not None or described.joint is not None
    return {} if brings_its_own else _own(described.values, config.values)


def _named_twice(config: Mapping[str, Any]) -> Iterator[Fault]:
    """Find models that a list names twice, their options in another order."""
    datasets = config.get("datasets")
    lists = {"models": config.get("models")}
    for name, described in datasets.items() if isinstance(datasets, Mapping) else ():
        lists[f"datasets.{name}.models"] = described.get("models") if isinstance(described, Mapping) else None
    for key, models in lists.items():
        first: dict[str, str] = {}
        for model in models if isinstance(models, list) else ():
            if isinstance(model, str) and first.setdefault(in_order(model), model) != model:
                what = f"'{model}' is the same model as '{first[in_order(model)]}'."
                yield Fault(f"key '{key}'", what, "Name it once.")


def free_of(config: Configuration, dataset: str) -> Mapping[str, tuple[float, float] | None]:
    """Give the constants that a data set's models estimate, each with the interval of its prior, or None."""
    described = config.datasets[dataset]
    return {} if described.petab is not None else _own(described.free, config.free)


def cells_of_held_out(config: Configuration, dataset: str, model: str, other: str) -> tuple[str, dict[str, float]]:
    """Say what sets the cells of a data set that is held out whole apart from those of a fit that predicts it.

    Parameters
    ----------
    dataset, model
        What is fitted, and with which model.
    other
        Data set that is held out.

    Returns
    -------
    tuple
        Preset of its cells, empty where they are the model's; and parameter -> value that the configuration gives for
        it and not for the fit.
    """
    apart = cell_of(config, other)
    named = model in _own(config.datasets[dataset].models, config.models)
    fit = values_of(config, dataset)
    values = {name: value for name, value in values_of(config, other).items() if fit.get(name) != value}
    return ("" if named or apart == cell_of(config, dataset) else apart), values


def _own(said: Said | None, of_all: Said) -> Said:
    """Give what a data set says itself, else what holds for all."""
    return of_all if said is None else said


def _half_described(config: Mapping[str, Any]) -> Iterator[Fault]:
    """Find data sets that are neither raw files nor a PEtab problem, or both."""
    datasets = config.get("datasets")
    for name, described in datasets.items() if isinstance(datasets, Mapping) else ():
        if not isinstance(described, Mapping):
            continue  # the schema says so
        where = f"key 'datasets.{name}'"
        others = [
            key
            for key in ("description", "folder", "models", "constraints", "values", "free", "cell", *OF_JOINT)
            if key in described
        ]
        missing = [key for key in ("description", "folder") if key not in described]
        if "petab" in described and others:
            what = f"has 'petab' and {', '.join(map(repr, others))}."
            yield Fault(where, what, "A PEtab problem brings its own model and data: leave the others out.")
        elif "joint" in described and (
            own := [k for k in ("description", "folder", "values", "cell") if k in described]
        ):
            what = f"has 'joint' and {', '.join(map(repr, own))}."
            yield Fault(where, what, "A joint fit takes them from its data sets: leave them out.")
        elif not {"petab", "joint"} & described.keys() and missing:
            what = f"{' and '.join(map(repr, missing))} {'is' if len(missing) == 1 else 'are'} missing."
            yield Fault(where, what, "Give both, or 'petab': a PEtab problem.")
