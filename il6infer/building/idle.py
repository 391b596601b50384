"""What experiments give and a model lets act on nothing, said in a warning and in the tables of the problem."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from il6infer.problems.spec import Problem
from il6infer.problems.stimuli import idle_stimuli

logger = logging.getLogger("il6infer")

_NOTHING = "0.0"
"""Value of a change that gives nothing, as the table has it."""


def tell_idle(problem: Problem, folder: Path, model: str, conditions: Mapping[str, str]) -> None:
    """Say what is given and acts on nothing: as a warning, and in a column of the table of conditions.

    Parameters
    ----------
    problem
        As read back.
    folder
        Its files.
    model
        Name of the model, for the message.
    conditions
        Experiment -> what was done in it, for the message; the table has its identifier.
    """
    idle = idle_stimuli(problem)
    for target, experiments in idle.items():
        logger.warning(
            "%s: %s, given in %s, acts on nothing that is measured there in model '%s': these experiments are "
            "predicted as if none had been given.",
            problem.id, target, ", ".join(conditions.get(name, name) for name in experiments), model,
        )  # fmt: skip
    if idle:
        changes, experiments = (
            pd.read_csv(folder / f"{name}.tsv", sep="\t", dtype=str, keep_default_na=False)
            for name in ("conditions", "experiments")
        )
        told = notes(changes, experiments, idle, model)
        changes.assign(note=told).to_csv(folder / "conditions.tsv", sep="\t", index=False, lineterminator="\n")


def notes(
    conditions: pd.DataFrame, experiments: pd.DataFrame, idle: Mapping[str, Sequence[str]], model: str
) -> list[str]:
    """Say of each change in which of its experiments it acts on nothing; a condition may stand in others, too.

    Parameters
    ----------
    conditions, experiments
        Tables of the problem.
    idle
        Target -> experiments in which it acts on nothing.
    model
        Its name.
    """
    told = []
    for row in conditions.itertuples():
        using = experiments.loc[experiments["conditionId"] == row.conditionId, "experimentId"]
        without = [e for e in dict.fromkeys(using) if e in idle.get(row.targetId, ()) and row.targetValue != _NOTHING]
        told.append(f"acts on nothing that is measured in {', '.join(without)} in {model}" if without else "")
    return told
