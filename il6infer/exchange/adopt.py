"""A PEtab problem as a data set of the workflow: the tables that the ingest stage would have written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from il6infer._errors import UserError
from il6infer._files import digest
from il6infer._tables import sound_sheet
from il6infer.petab_files.files import copy_problem, read_listing
from il6infer.petab_files.read import load
from il6infer.problems.noise import NOISES
from il6infer.problems.spec import STEADY_STATE, Problem
from il6infer.stages.ingest import IngestSummary, RawFile
from il6infer.stages.tables import MEASUREMENTS, NAME, PROTOCOL, adopted, write_table
from il6infer.stages.tables import names as column_names

MODEL = "petab"
"""What the workflow calls the one model of such a data set."""


def adopt(path: Path, name: str, output: Path) -> tuple[Problem, IngestSummary]:
    """Copy the problem to ``output / petab / problem``, read it, and sum it up.

    Parameters
    ----------
    name
        Of the data set: letters, digits and _.

    Raises
    ------
    UserError
        If the problem cannot be read, or the name is none.
    """
    if not re.fullmatch(NAME, name, re.ASCII):
        raise UserError(f"data set name '{name}': use letters, digits and _, with a letter or _ first.")
    problem = load(path)
    copy_problem(path, output / MODEL / "problem")
    table = problem.data
    rows = Counter(file for file, _ in _places(path))
    files = tuple(
        RawFile(
            file.name, "PEtab", batch="", sha256=digest(file), rows=rows[file.name], values={}, dropped=(), quality={}
        )
        for file in read_listing(path).paths("measurement")
    )
    return problem, IngestSummary(
        dataset=name,
        title=f"PEtab problem {problem.id}",
        simulated=False,
        cell="as the problem has it",
        source=path.name,
        notes="",
        description=None,
        protocol=None,
        values=len(table),
        observables=_counts(table["observable"]),
        conditions=_counts(table["experiment"]),
        files=files,
        molecular_weights={},
    )


def _counts(column: pd.Series) -> dict[str, int]:
    return {str(key): int(count) for key, count in column.value_counts(sort=False).items()}


def write_tables(problem: Problem, path: Path, name: str, names: Mapping[str, str], output: Path) -> None:
    """Write ``measurements.csv`` and ``protocol.csv``, as far as a PEtab problem says what an ingested one does.

    Parameters
    ----------
    problem, path
        As it was read, and where its YAML file is.
    name
        Of the data set.
    names
        Observable -> name of the read-out.
    """
    subject = f"data set '{name}'"
    measured = measurement_table(problem, name, names, _places(path))
    write_table(output / "measurements.csv", measured, adopted(MEASUREMENTS), subject, shown=None)
    write_table(output / "protocol.csv", protocol_table(problem), adopted(PROTOCOL), subject, shown=None)


def measurement_table(
    problem: Problem, name: str, names: Mapping[str, str], places: Sequence[tuple[str, int]]
) -> pd.DataFrame:
    """Measurements in the columns of the ingest stage.

    Parameters
    ----------
    names
        Observable -> name of the read-out.
    places
        File and row of each measurement of the problem.
    """
    table = problem.data
    return pd.DataFrame(
        {
            "dataset": name,
            "observable": table["observable"].map(names),
            "condition": table["experiment"],
            "time_min": table["time"],
            "replicate": table["replicate"],
            "batch": table["batch"],
            "value": table["value"],
            "unit": "",
            "noise": table["observable"].map({o.id: NOISES[o.distribution].table for o in problem.observables}),
            "detection_limit": float("nan"),
            "censored": table["censored"],
            "error": float("nan"),
            "assay": "PEtab",
            "scale": False,
            "scale_sd": float("nan"),
            "offset": False,
            "simulated": False,
            "source_file": [places[i][0] for i in table.index],
            "source_row": [places[i][1] for i in table.index],
        }
    )


def protocol_table(problem: Problem) -> pd.DataFrame:
    """List what each experiment changes, when: one row a change."""
    rows = [
        {
            "condition": experiment.id,
            "time_min": "before" if period.time == STEADY_STATE else f"{period.time:g}",
            "action": "set",
            "species": target,
            "concentration_nM": float("nan"),
            "dose": str(value),
            "unit": "",
            "knock_out": "",
            "set": "",
        }
        for experiment in problem.experiments
        for period in experiment.periods
        for target, value in period.changes.items()
    ]
    return pd.DataFrame(rows, columns=list(column_names(PROTOCOL)))


def _places(path: Path) -> list[tuple[str, int]]:
    """File and row of each measurement."""
    listing = read_listing(path)
    return [
        (file.name, row.number)
        for file in listing.paths("measurement")
        for row in sound_sheet(file, listing.subject, "\t", without_rows=True).rows
    ]
