"""(Measurements, protocol, model) to a PEtab v2 folder that any tool of the field can open."""

from __future__ import annotations

import logging
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd
import yaml

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._files import WRITTEN, on_disk
from il6infer.building.along_courses import correlation_faults, with_correlation_tables
from il6infer.building.constraints import cells_faults, constrained_cells, constraint_faults, with_constraints
from il6infer.building.gel_noise import with_gel_noise
from il6infer.building.genotypes import (
    OwnParameter,
    always_set,
    cells_of_predictions,
    genotype_faults,
    genotypes_of,
    own_parameters,
    passed_over,
    with_genotypes,
)
from il6infer.building.idle import tell_idle
from il6infer.building.instruments import instrument_parameters
from il6infer.building.joint import of_readouts, readout_name_faults, with_readouts
from il6infer.building.linear_noise import with_linear_noise
from il6infer.building.protocols import protocol_tables
from il6infer.building.units import unit_faults
from il6infer.building.zeros import zero_faults
from il6infer.library.assembly import readout_fault, species_fault
from il6infer.library.compose import Model
from il6infer.library.priors import Z90, log_normal
from il6infer.petab_files.lint import check
from il6infer.problems.courses import EXTENSION as CORRELATION
from il6infer.problems.noise import EXTENSION, KINDS, NOISES, WITHOUT
from il6infer.problems.spec import CARRIERS, CELLS, Problem
from il6infer.problems.student import FREEDOM
from il6infer.stages.conditions import condition_names
from il6infer.stages.gel_names import gel_names
from il6infer.stages.genotype import Genotype

logger = logging.getLogger("il6infer")

_BESIDE = (".provenance", ".snakemake_timestamp", ".DS_Store")
"""What may lie beside the files of a problem, and is made again with it or of no worth."""

REACH = 10.0
"""Bounds of a normal prior lie so many sds from its mean."""

WIDE = 1e4
"""Bounds lie this factor beyond the 90 % interval: they guard the solver and cut no prior mass."""


def build(
    measurements: pd.DataFrame,
    protocol: pd.DataFrame,
    model: Model,
    folder: Path,
    *,
    dataset: str,
    constraints: Sequence[str] = (),
    gel_noise: bool = False,
    along_course: str = "independent",
    fitted: bool = True,
) -> Path:
    """Write the PEtab v2 problem of one data set and one model.

    Each experimental condition is one experiment: pre-equilibration at rest (nothing in the medium; cells of another
    genotype with their own parameters), then one period for each time of its protocol. An instrument reads
    ``scale * read-out + offset``, with a scale (and offset) for each gel or plate and one noise parameter for each
    read-out, or for each of its gels where the noise is linear and the units are the gel's own.

    Parameters
    ----------
    measurements, protocol
        Tables of the ingest stage.
    model
        Of the library.
    folder
        Written whole or not at all; an earlier problem of that name is replaced.
    constraints
        Literature constraints that are added (see `il6infer.building.constraints`).
    gel_noise
        Let the noise of a read-out differ between gels (see `il6infer.building.gel_noise`).
    along_course
        How errors of a read-out hang together along a course of lanes: one of `il6infer._along_courses.ALONG`.
    fitted
        Whether it is to be fitted: then a value that no parameters could give is refused.

    Returns
    -------
    pathlib.Path
        The problem's YAML file.

    Raises
    ------
    UserError
        With every read-out that the model lacks or has in another unit, every condition without protocol or never
        measured, every constraint that the model cannot express, every value that it predicts to be 0 where that is
        impossible.
    """
    constraints = [constraints] if isinstance(constraints, str) else constraints
    measured = with_readouts(measurements, model)
    faults = _faults(measured, protocol, model) + unit_faults(measured, model)
    faults += readout_name_faults(measurements, model)
    genotypes, unread = genotypes_of(protocol)
    faults += unread + genotype_faults(genotypes, model)
    faults += constraint_faults(constraints, model, list(protocol["condition"].unique()))
    faults += [] if faults else cells_faults(constraints, genotypes, protocol, model)
    faults += correlation_faults(measurements, along_course)
    raise_faults(faults, f"problem of '{dataset}' and model '{model.name}'")
    for name in passed_over(genotypes, model):
        logger.warning("%s: model '%s' has no parameter '%s', and passes over what the joint fit says of it.",
                       dataset, model.name, name)  # fmt: skip
    model = with_genotypes(model, genotypes)
    conditions, experiments = protocol_tables(protocol, genotypes, model)
    tables = {
        "conditions": conditions,
        "experiments": experiments,
        "observables": of_readouts(_observables(measurements), measurements["observable"], measured["observable"]),
        "measurements": _measurement_table(measurements),
        "parameters": _parameters(measurements, genotypes, model, gel_noise=gel_noise),
    }
    if gel_noise:  # before linear noise of a gel's own, which leaves no noise of the read-out to vary
        tables = with_gel_noise(tables, measurements)
    tables = with_linear_noise(tables, measurements)
    tables = with_correlation_tables(tables, measurements, along_course)
    tables = with_constraints(tables, constraints, constrained_cells(constraints, genotypes, protocol, model))
    _refuse_foreign(folder, {"model.xml", "problem.yaml", *(f"{name}.tsv" for name in tables), *_BESIDE})
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        (temporary / "model.xml").write_text(model.sbml, "utf-8", newline="\n")
        for name, table in tables.items():
            table.to_csv(temporary / f"{name}.tsv", sep="\t", index=False, lineterminator="\n")
        config = {
            "format_version": "2.0.0",
            "id": f"{dataset}_{model.identifier}",
            "model_files": {model.identifier: {"language": "sbml", "location": "model.xml"}},
            **{f"{name.removesuffix('s')}_files": [f"{name}.tsv"] for name in tables},
        }
        if set(tables["observables"]["noiseDistribution"]) & set(WITHOUT):
            about = {"version": "1.0.0", "required": True, "config": {"degrees_of_freedom": FREEDOM}}
            config["extensions"] = {EXTENSION: about}
        if tables["observables"]["observableId"].str.startswith(CARRIERS).any():
            version = "1.1.0" if along_course == "shared" else "1.0.0"
            config.setdefault("extensions", {})[CORRELATION] = {"version": version, "required": True}
        if cells := cells_of_predictions(measurements, genotypes, model):
            about = {"version": "1.0.0", "required": False, "config": {"experiment": cells}}
            config.setdefault("extensions", {})[CELLS] = about
        (temporary / "problem.yaml").write_text(yaml.safe_dump(config, sort_keys=False), "utf-8", newline="\n")
        problem = check(temporary / "problem.yaml")
        faults = _differences(problem, tables) or (zero_faults(problem, condition_names(protocol)) if fitted else [])
        raise_faults(faults, f"problem of '{dataset}' and model '{model.name}'")
        tell_idle(problem, temporary, model.name, condition_names(protocol))
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o777 & ~umask)
        for path in temporary.iterdir():
            on_disk(path)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
        WRITTEN.extend(sorted(folder.iterdir()))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder / "problem.yaml"


def _refuse_foreign(folder: Path, own: set[str]) -> None:
    """Refuse to replace a folder that holds anything but a problem, such as somebody's data."""
    found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if foreign := [name for name in found if name not in own]:
        listed = ", ".join(map(repr, foreign[:5])) + (" and others" if len(foreign) > 5 else "")
        raise UserError(
            f"{folder}: holds {listed}, and a problem replaces its whole folder. Give a folder that is not there yet."
        )


def _faults(measurements: pd.DataFrame, protocol: pd.DataFrame, model: Model) -> list[Fault]:
    names = measurements["observable"].unique()
    faults = [f for n in names if (f := readout_fault("measurements", str(n), model.name, model.library))]
    if measurements.empty:
        faults.append(Fault("measurements", "the table has no rows.", f"Measure one of {', '.join(model.readouts)}."))
    planned, measured = set(protocol["condition"]), set(measurements["condition"])
    faults += [
        Fault("protocol", f"condition '{c}' is measured but has no protocol.", nearest(c, planned))
        for c in sorted(measured - planned)
    ]
    faults += [
        Fault("measurements", f"condition '{c}' of the protocol is never measured.", nearest(c, measured))
        for c in sorted(planned - measured)
    ]
    species = set(protocol["species"].dropna()) - {""}
    plain = [word for word, kind in KINDS.items() if NOISES[kind].error == "normal"]
    stated = measurements[measurements["error"].notna() & ~measurements["noise"].isin(plain)]
    faults += [
        Fault(
            "measurements", f"values of '{name}' state an error of their own, which is that of a normal distribution.",
            "Choose 'noise: lognormal' or 'normal' for it, or read it without its errors.",
        )
        for name in stated["observable"].unique()
    ]  # fmt: skip
    lacking = sorted(species - set(model.medium))
    faults += [f for s in lacking if (f := species_fault("protocol", s, model.name, model.library))]
    return faults


def _differences(problem: Problem, tables: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Find experiments and measurements that are not read back as they were written."""
    faults = []
    planned, read = set(tables["experiments"]["experimentId"]), {e.id for e in problem.experiments}
    if planned != read:
        what = f"wrote {', '.join(sorted(planned - read))}; read back {', '.join(sorted(read - planned))}."
        faults.append(Fault("experiments.tsv", what, "Rename these conditions."))
    again = problem.measurements[~problem.measurements["observable"].str.startswith(CARRIERS)]
    texts = {"observableId": "observable", "experimentId": "experiment", "datasetId": "batch", "censored": "censored"}
    for column, name in texts.items():
        written = tables["measurements"].get(column, pd.Series("", index=again.index)).fillna("")
        if list(written) != list(again[name]):
            faults.append(Fault("measurements.tsv", f"column {column} is not read back as it was written."))
    for column, name in (("measurement", "value"), ("time", "time")):
        if not np.array_equal(tables["measurements"][column].to_numpy(float), again[name].to_numpy(float)):
            faults.append(Fault("measurements.tsv", f"column {column} is not read back as it was written."))
    return faults


def _observables(measurements: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for name, group in measurements.groupby("observable", sort=False):
        placeholders = _placeholders(name, group)
        formula = name
        if _scaled(group).any():
            formula = f"observableParameter1_{name} * {name}"
        if group["offset"].any():
            formula = f"{formula} + observableParameter{len(placeholders)}_{name}"
        rows.append(
            {
                "observableId": f"obs_{name}",
                "observableName": name,
                "observableFormula": formula,
                "noiseFormula": f"sigma_{name}",
                "noiseDistribution": KINDS[group["noise"].iloc[0]],
                "observablePlaceholders": ";".join(placeholders),
            }
        )
        if group["error"].notna().any():  # besides the noise of the read-out
            error = f"noiseParameter1_{name}"
            rows[-1] |= {"noiseFormula": f"sqrt(sigma_{name}^2 + {error}^2)", "noisePlaceholders": error}
    return pd.DataFrame(rows).fillna("")


def _scaled(rows: pd.DataFrame) -> pd.Series:
    """Whether each measurement has a factor of its gel or plate, unknown or nearly known."""
    return rows["scale"] | rows["scale_sd"].notna()


def _placeholders(name: str, group: pd.DataFrame) -> list[str]:
    count = int(_scaled(group).any()) + int(group["offset"].any())
    return [f"observableParameter{i}_{name}" for i in range(1, count + 1)]


def _measurement_table(measurements: pd.DataFrame) -> pd.DataFrame:
    scaled = _scaled(measurements)
    with_scale = scaled.groupby(measurements["observable"]).any()
    with_error = measurements.groupby("observable")["error"].count() > 0
    with_offset = measurements.groupby("observable")["offset"].any()
    overrides = []
    for row, gel, own in zip(measurements.itertuples(), gel_names(measurements), scaled, strict=True):
        given = []
        if with_scale[row.observable]:
            given.append(f"scale_{gel}" if own else "1")
        if with_offset[row.observable]:
            given.append(f"offset_{gel}" if row.offset else "0")
        overrides.append(";".join(given))
    table = pd.DataFrame(
        {
            "observableId": "obs_" + measurements["observable"],
            "experimentId": measurements["condition"],
            "time": [np.format_float_positional(time, trim="-") for time in measurements["time_min"]],
            "measurement": measurements["value"],
            "observableParameters": overrides,
            "noiseParameters": [
                f"{0.0 if np.isnan(row.error) else row.error:.10g}" if with_error[row.observable] else ""
                for row in measurements.itertuples()
            ],
            "datasetId": measurements["batch"],
            "replicateId": measurements["replicate"].astype(str),
        }
    )
    return table.assign(censored=measurements["censored"]) if measurements["censored"].any() else table


def _parameters(
    measurements: pd.DataFrame, genotypes: Mapping[str, Genotype], model: Model, *, gel_noise: bool
) -> pd.DataFrame:
    """Parameters with priors; those that every condition sets mean nothing, and are left out."""
    rows = []
    unused = always_set(genotypes, set(measurements["condition"]), model)
    for p in model.priors.itertuples():
        if p.distribution == "fixed":
            continue
        mean, sd = log_normal(p.median, p.low, p.high)
        source = p.source + (f" (doi {p.doi})" if p.doi else "")
        if p.parameter not in unused:
            rows.append(_parameter(p.parameter, p.description, mean, sd, p.unit, source))
    rows += [_own_row(p) for p in own_parameters(genotypes, model)]
    rows += [_own_row(p) for p in instrument_parameters(measurements, gel_noise=gel_noise)]
    return pd.DataFrame(rows)


def _own_row(p: OwnParameter) -> dict[str, object]:
    row = _parameter(p.id, p.text, p.mean, p.sd, p.unit, p.source)
    ends = {"lowerBound": p.mean - REACH * p.sd, "upperBound": p.mean + REACH * p.sd, "nominalValue": p.mean}
    return row if p.positive else {**row, **ends, "priorDistribution": "normal"}


def _parameter(name: str, description: str, mean: float, sd: float, unit: str, source: str) -> dict[str, object]:
    return {
        "parameterId": name,
        "parameterName": description,
        "lowerBound": math.exp(mean - Z90 * sd) / WIDE,
        "upperBound": math.exp(mean + Z90 * sd) * WIDE,
        "nominalValue": math.exp(mean),
        "estimate": "true",
        "priorDistribution": "log-normal",
        "priorParameters": f"{mean:.12g};{sd:.12g}",
        "unit": unit,
        "source": source,
    }
