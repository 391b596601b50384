"""What descriptions of data sets measure and give, against the models that are fitted to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from il6infer._errors import raise_faults
from il6infer._tables import read_sheet
from il6infer._units import species_of, substances
from il6infer.configuration.check import library_of
from il6infer.configuration.configuration import Configuration, DataSet
from il6infer.configuration.hold_out import fitted
from il6infer.configuration.joint import members_of
from il6infer.configuration.load import models_of
from il6infer.library.assembly import readout_fault, species_fault


def check_readouts(config: Configuration, descriptions: Mapping[str, Mapping[str, Any]], source: str) -> None:
    """Refuse read-outs, and substances of the protocol, that a model of their data set lacks, before anything runs.

    Parameters
    ----------
    config
        As `il6infer.configuration.check.check_config` returns it.
    descriptions
        Data set -> its description as read; what is malformed there is left to `il6infer ingest` to explain.
    source
        What the message calls the configuration.

    Raises
    ------
    UserError
        With every such read-out of every file and substance of every protocol, and a model that has it.
    """
    library = library_of(config)
    faults = []
    for name, description in descriptions.items():
        described, models = config.datasets[name], _models(config, name)
        for where, readout in _measured(described.description or name, description):
            faults += [readout_fault(where, readout, model, library) for model in models]
        for where, species in _given(described, description):
            faults += [species_fault(where, species, model, library) for model in models]
    raise_faults([fault for fault in faults if fault], source)


def _given(described: DataSet, description: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Place and id of each known substance that the protocol gives, once each."""
    protocol = description.get("protocol")
    place, rows = f"{described.description}, protocol", protocol if isinstance(protocol, list) else []
    if isinstance(protocol, str):
        sheet, _ = read_sheet(Path(described.folder or "") / protocol, protocol)
        place, rows = protocol, [row.cells for row in sheet.rows] if sheet else []
    named = [str(row.get("species") or "") for row in rows if isinstance(row, Mapping)]
    for species in dict.fromkeys(map(species_of, named)):
        if species in substances():
            yield place, species


def _models(config: Configuration, dataset: str) -> list[str]:
    """Models that must know the read-outs of a data set: its own; of one that is held out, those that predict it."""
    names = fitted(config)
    asked = [dataset] if dataset in names else [n for n in names if config.datasets[n].petab is None]
    asked += [name for name in names if dataset in members_of(config, name)]
    return list(dict.fromkeys(model for name in asked for model in models_of(config, name)))


def _measured(file: str, description: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Place and name of each read-out."""
    files = description.get("files")
    for number, entry in enumerate(files if isinstance(files, list) else [], start=1):
        if isinstance(entry, Mapping):
            several = entry.get("observables")
            for name in [entry.get("observable"), *(several if isinstance(several, Mapping) else ())]:
                if isinstance(name, str):
                    yield f"{file}, files {number}", name
