"""Read-outs that descriptions of data sets measure, against the models that are fitted to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from il6infer._errors import raise_faults
from il6infer.configuration.check import library_of
from il6infer.configuration.load import models_of
from il6infer.library.assembly import readout_fault


def check_readouts(config: Mapping[str, Any], descriptions: Mapping[str, Mapping[str, Any]], source: str) -> None:
    """Refuse read-outs that a model of their data set lacks, before anything runs.

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
        With every such read-out of every file, and a model that has it.
    """
    library = library_of(config)
    raise_faults(
        [
            fault
            for name, description in descriptions.items()
            for where, readout in _measured(config["datasets"][name]["description"], description)
            for model in models_of(config, name)
            if (fault := readout_fault(where, readout, model, library))
        ],
        source,
    )


def _measured(file: str, description: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Place and name of each read-out."""
    files = description.get("files")
    for number, entry in enumerate(files if isinstance(files, list) else [], start=1):
        if isinstance(entry, Mapping):
            several = entry.get("observables")
            for name in [entry.get("observable"), *(several if isinstance(several, Mapping) else ())]:
                if isinstance(name, str):
                    yield f"{file}, files {number}", name
