"""Simulated experiments: a stated truth and a seed become raw instrument files with the noise of real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import yaml

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._files import atomic_write_text
from il6infer._outputs import atomic_files
from il6infer._yaml import read_yaml
from il6infer.ingestion.assay import Instrument
from il6infer.ingestion.assays import ASSAYS
from il6infer.ingestion.assemble import protocol_table
from il6infer.ingestion.protocol import Protocol, read_protocol, sheet_of
from il6infer.library.compose import compose

INSTRUMENTS: Mapping[str, Instrument] = {
    name: assay.instrument for name, assay in ASSAYS.items() if assay.instrument is not None
}
_KEYS = ("title", "model", "seed", "parameters", "protocol", "files")
_FILE_KEYS = ("path", "assay", "readout", "times", "settings")
# Tighter than any instrument's rounding, so that the files are the same bytes on every machine.
_RTOL, _ATOL = 1e-10, 1e-13


@dataclass(frozen=True)
class RawFile:
    """One instrument file to make.

    Attributes
    ----------
    readout
        Read-out of the model that the instrument sees.
    times
        Sampling times [min].
    settings
        Settings of the instrument, of the assay's settings class.
    """

    path: str
    assay: str
    readout: str
    times: tuple[float, ...]
    settings: Any


@dataclass(frozen=True)
class Truth:
    """What is true in a simulated experiment, and how it is looked at.

    Attributes
    ----------
    model
        Name of the model that makes the data.
    seed
        Root of all random numbers; each file draws from a generator of its own.
    parameters
        Parameter -> value where it differs from the prior median.
    protocol
        Rows of the protocol, as in a protocol file.
    files
        Files to make.
    """

    title: str
    model: str
    seed: int
    parameters: Mapping[str, float]
    protocol: tuple[Mapping[str, Any], ...]
    files: tuple[RawFile, ...]


def read_truth(path: Path) -> Truth:
    """Read a truth file (YAML).

    Raises
    ------
    UserError
        Every unknown key, model, assay, read-out, parameter or setting in one message.
    """
    raw = read_yaml(path)
    faults = [Fault(path.name, f"unknown key '{key}'.", nearest(key, _KEYS)) for key in raw if key not in _KEYS]
    faults += [Fault(path.name, f"key '{key}' is missing.") for key in _KEYS if key not in raw]
    raise_faults(faults, "truth")
    try:
        model = compose(raw["model"])
    except UserError as error:
        raise_faults([Fault(path.name, str(error))], "truth")
        raise
    known = list(model.priors["parameter"])
    for name in raw["parameters"]:
        if name not in known:
            faults.append(Fault(f"{path.name}, parameters", f"unknown parameter '{name}'.", nearest(name, known)))
    files = []
    for position, entry in enumerate(raw["files"], start=1):
        where = f"{path.name}, file {position}"
        faults += [Fault(where, f"unknown key '{k}'.", nearest(k, _FILE_KEYS)) for k in entry if k not in _FILE_KEYS]
        if entry.get("assay") not in INSTRUMENTS:
            faults.append(Fault(where, f"unknown assay '{entry.get('assay')}'.", nearest("", INSTRUMENTS)))
            continue
        if entry.get("readout") not in model.readouts:
            faults.append(Fault(where, f"unknown read-out '{entry.get('readout')}'.", nearest("", model.readouts)))
        kind = INSTRUMENTS[entry["assay"]].settings
        settings, allowed = entry.get("settings", {}), [f.name for f in fields(kind)]
        wrong = [key for key in settings if key not in allowed]
        faults += [Fault(where, f"unknown setting '{key}'.", nearest(key, allowed)) for key in wrong]
        if not wrong:
            times = tuple(float(t) for t in entry["times"])
            files.append(RawFile(entry["path"], entry["assay"], entry["readout"], times, kind(**settings)))
    raise_faults(faults, "truth")
    return Truth(
        str(raw["title"]), raw["model"], int(raw["seed"]), raw["parameters"], tuple(raw["protocol"]), tuple(files)
    )


def parameter_values(truth: Truth) -> pd.Series:
    """Give the true value of every model parameter: as stated, else the prior's median."""
    priors = compose(truth.model).priors
    values = pd.Series(priors["median"].to_numpy(dtype=float), index=list(priors["parameter"]))
    for name, value in truth.parameters.items():
        values[name] = float(value)
    return values


def _protocol(truth: Truth) -> Protocol:
    protocol, faults = read_protocol(sheet_of(truth.protocol, "truth"))
    raise_faults(faults, "truth")
    if protocol is None:
        raise ValueError("a protocol without faults was not read")
    return protocol


def readouts(truth: Truth) -> pd.DataFrame:
    """Noise-free read-outs at every sampling time of every condition.

    Returns
    -------
    pandas.DataFrame
        ``readout,condition,time_min,value``.
    """
    # Here, for petab and the engine take a second to import, and a truth may have been refused before.
    from il6infer.building.build import build
    from il6infer.engine import compile
    from il6infer.petab_files.read import load

    protocol = _protocol(truth)
    wanted = sorted({(file.readout, time) for file in truth.files for time in file.times})
    asked = pd.DataFrame(
        [
            {
                "dataset": "truth", "observable": readout, "condition": condition, "time_min": time, "replicate": 1,
                "batch": "truth", "value": 1.0, "unit": "1", "noise": "lognormal", "detection_limit": np.nan,
                "censored": "", "error": np.nan, "scale_sd": np.nan,
                "assay": "truth", "scale": False, "offset": False, "simulated": True,
                "source_file": "", "source_row": 1,
            }
            for readout, time in wanted for condition in protocol.conditions
        ]
    )  # fmt: skip
    steps = protocol_table(protocol, protocol.conditions)
    with TemporaryDirectory() as folder:
        path = build(asked, steps, compose(truth.model), Path(folder) / "problem", dataset="truth", fitted=False)
        problem = load(path)
    engine = compile(problem, rtol=_RTOL, atol=_ATOL)
    values = parameter_values(truth)
    theta = np.array([values.get(p.id, p.nominal) for p in problem.estimated])
    result = engine.simulate(theta)
    if not result.ok:
        raise_faults([Fault("truth", "the true model cannot be simulated.", "Change its parameters.")], "truth")
    table = asked[["observable", "condition", "time_min"]].rename(columns={"observable": "readout"})
    return table.assign(value=result.prediction)


def simulate(truth: Truth, output: Path) -> tuple[Path, ...]:
    """Write the raw files, the protocol, and the truth behind them.

    Parameters
    ----------
    output
        Folder; made if missing. ``truth_parameters.csv`` and ``truth_readouts.csv`` hold what a fit should find.

    Returns
    -------
    tuple of pathlib.Path
        Files written. The same truth gives the same bytes.
    """
    exact = readouts(truth)
    conditions = list(_protocol(truth).conditions)
    tables: dict[str, pd.DataFrame] = {}
    for file, seed in zip(truth.files, np.random.SeedSequence(truth.seed).spawn(len(truth.files)), strict=True):
        make = INSTRUMENTS[file.assay].make
        seen = exact[exact["readout"] == file.readout]
        tables[file.path] = make(file.times, conditions, seen, file.settings, np.random.default_rng(seed))
    columns = ["condition", "time_min", "action", "species", "dose", "unit"]
    columns += [column for column in ("knock_out", "set") if any(column in row for row in truth.protocol)]
    tables["protocol.csv"] = pd.DataFrame([{c: row.get(c, "") for c in columns} for row in truth.protocol])
    tables["truth_parameters.csv"] = parameter_values(truth).rename_axis("parameter").rename("value").reset_index()
    tables["truth_readouts.csv"] = exact
    with atomic_files(output) as folder:
        for name, table in tables.items():
            atomic_write_text(folder / name, table.to_csv(index=False, float_format="%.8g", lineterminator="\n"))
        atomic_write_text(folder / "README.md", _readme(truth, tables))
    return tuple(output / name for name in (*tables, "README.md"))


def _readme(truth: Truth, tables: Mapping[str, pd.DataFrame]) -> str:
    listing = "\n".join(f"- `{name}`: {len(table)} rows" for name, table in tables.items())
    stated = yaml.safe_dump(dict(sorted(truth.parameters.items())), sort_keys=False) if truth.parameters else "(none)\n"
    return (
        f"# SIMULATED: {truth.title}\n\n"
        "These numbers were not measured. `il6infer simulate` made them from a stated truth and a seed, in the form\n"
        "that instruments write; whoever runs it again gets the same bytes:\n\n"
        "    il6infer simulate resources/example/truth.yaml --output resources/example\n\n"
        f"Model `{truth.model}`, seed {truth.seed}. Parameters are at their prior medians but for:\n\n"
        f"```yaml\n{stated}```\n\n"
        f"Files:\n\n{listing}\n\n"
        "`truth_*.csv` are what a fit should find; the analysis does not read them.\n"
    )
