"""What a configuration holds out: data that are never fitted, and are predicted by the fits to the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from il6infer._errors import Fault, nearest
from il6infer.configuration.configuration import Configuration
from il6infer.configuration.joint import members_of


@dataclass(frozen=True)
class HoldOut:
    """Held-out data of one data set that is fitted.

    Attributes
    ----------
    conditions, batches
        Of its own.
    datasets
        Data sets that are held out whole, and that its models predict.
    members
        Those of them that a joint fit would have.
    """

    conditions: tuple[str, ...]
    batches: tuple[str, ...]
    datasets: tuple[str, ...]
    members: tuple[str, ...] = ()

    @property
    def others(self) -> tuple[str, ...]:
        """Held-out data sets whose tables are not those of the fit."""
        return tuple(name for name in self.datasets if name not in self.members)

    def __bool__(self) -> bool:
        """Whether there is anything to predict."""
        return bool(self.conditions or self.batches or self.datasets)


def fitted(config: Configuration) -> list[str]:
    """Names of the data sets that are fitted: all but those that are held out whole."""
    return [name for name in config.datasets if name not in config.hold_out.datasets]


def held_out_of(config: Configuration, dataset: str) -> HoldOut:
    """Say what the fits of a data set predict, without having seen it; a PEtab problem predicts nothing."""
    if config.datasets[dataset].petab is not None:
        return HoldOut((), (), ())
    section, members = config.hold_out, members_of(config, dataset)
    conditions, batches = (
        (*(n for d, n in map(_parts, names) if d in ("", dataset)),
         *(f"{d}_{n}" for d, n in map(_parts, names) if d in members))
        for names in (section.conditions, section.batches)
    )  # fmt: skip
    return HoldOut(conditions, batches, section.datasets, tuple(n for n in section.datasets if n in members))


def hold_out_faults(config: Mapping[str, Any]) -> Iterator[Fault]:
    """Find names of data sets that are none, and names of conditions or batches that do not say whose they are."""
    section, datasets = config.get("hold_out"), config.get("datasets")
    if not isinstance(section, Mapping) or not isinstance(datasets, Mapping):
        return
    out = _texts(section.get("datasets"))
    for name in out:
        if name not in datasets:
            yield Fault("key 'hold_out.datasets'", f"there is no data set '{name}'.", nearest(name, datasets))
        elif isinstance(datasets[name], Mapping) and "petab" in datasets[name]:
            what = f"'{name}' is a PEtab problem, which brings its own model: the others cannot predict it."
            yield Fault("key 'hold_out.datasets'", what, "Give it as raw files.")
    raw = {n: d for n, d in datasets.items() if isinstance(d, Mapping) and "petab" not in d}
    left = [n for n, d in raw.items() if n not in out and "joint" not in d]
    if out and not left:
        yield Fault("key 'hold_out.datasets'", "no data set is left to be fitted.", "Leave at least one out of it.")
    yield from _cells_in_two_units(config, datasets, [n for n in out if n in raw], left)
    for key in ("conditions", "batches"):
        for text in _texts(section.get(key)):
            dataset, name = _parts(text)
            if dataset and (dataset not in raw or dataset in out):
                what = f"'{text}' is of data set '{dataset}', which is not fitted from raw files."
                yield Fault(f"key 'hold_out.{key}'", what, nearest(dataset, raw.keys() - set(out)))
            elif not dataset and (len(left) > 1 or len(raw) > len(left) + len(out)):
                several = " or ".join(f"'{d}.{name}'" for d in left[:3])
                what = f"'{text}' does not say of which data set."
                yield Fault(f"key 'hold_out.{key}'", what, f"Write {several}.")


def _cells_in_two_units(
    config: Mapping[str, Any], datasets: Mapping[str, Any], out: list[str], left: list[str]
) -> Iterator[Fault]:  # fmt: skip
    """Find data sets of cells of a preset that models without a cell would predict."""
    counted = [name for name in out if datasets[name].get("cell")]
    for name in left if counted else ():
        models = datasets[name].get("models", config.get("models"))
        of_no_cell = models is None or any("@" not in model for model in _texts(models))  # none: those of the defaults
        if of_no_cell and not datasets[name].get("cell"):
            what = (
                f"has no 'cell', and {counted[0]}, which its models predict, has: their receptors are counted in other "
            )
            yield Fault(f"key 'datasets.{name}'", f"{what}units.", "Give each of them a cell, or none.")


def _parts(text: str) -> tuple[str, str]:
    """Split a name into that of its data set, or nothing, and its own."""
    dataset, dot, name = text.rpartition(".")
    return (dataset, name) if dot else ("", text)


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
