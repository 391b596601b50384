"""A PEtab problem as a data set of the workflow: the tables that the ingest stage would have written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from il6infer._files import digest
from il6infer._tables import sound_sheet
from il6infer.petab_files.files import copy_problem, read_listing
from il6infer.petab_files.read import load
from il6infer.problems.noise import NOISES
from il6infer.problems.spec import STEADY_STATE, Problem
from il6infer.stages.ingest import IngestSummary, RawFile

MODEL = "petab"
"""What the workflow calls the one model of such a data set."""


def adopt(path: Path, name: str, output: Path) -> tuple[Problem, IngestSummary]:
    """Copy the problem to ``output / petab / problem``, read it, and sum it up."""
    problem = load(path)
    copy_problem(path, output / MODEL / "problem")
    table = problem.data
    files = tuple(
        RawFile(file.name, "PEtab", batch="", sha256=digest(file), rows=_lines(file), values={}, dropped=(), quality={})
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


def measurement_table(problem: Problem, name: str, names: Mapping[str, str]) -> pd.DataFrame:
    """Measurements in the columns of the ingest stage.

    Parameters
    ----------
    names
        Observable -> name of the read-out.
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
            "noise": [NOISES[kind].table for kind in problem.noise_kinds],
            "detection_limit": "",
            "assay": "PEtab",
            "scale": False,
            "offset": False,
            "simulated": False,
            "source_file": "",
            "source_row": table.index.to_numpy() + 2,
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
            "concentration_nM": "",
            "dose": str(value),
            "unit": "",
        }
        for experiment in problem.experiments
        for period in experiment.periods
        for target, value in period.changes.items()
    ]
    columns = ["condition", "time_min", "action", "species", "concentration_nM", "dose", "unit"]
    return pd.DataFrame(rows, columns=columns)


def _lines(file: Path) -> int:
    return len(sound_sheet(file, "PEtab problem", "\t", without_rows=True).rows)
