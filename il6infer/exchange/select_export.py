"""The models of a comparison as a PEtab Select problem, for tools that choose between models by criteria."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import yaml

from il6infer._files import atomic_write_text
from il6infer.petab_files.files import read_listing

FORMAT = "1.0.0"


def export(problems: Mapping[str, Path], folder: Path, *, criterion: str = "AICc") -> Path:
    """Write ``model_space.tsv`` and ``petab_select_problem.yaml``.

    Each model is a subspace of its own: the models differ in their networks, not in parameters that are switched off.

    Parameters
    ----------
    problems
        Model -> its PEtab problem (YAML file).
    criterion
        AIC, AICc or BIC.

    Returns
    -------
    Path
        The YAML file.

    Raises
    ------
    UserError
        If a problem's file is missing, or names what is.
    """
    for problem in problems.values():
        read_listing(problem)
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {"model_subspace_id": name, "model_subspace_petab_yaml": Path(os.path.relpath(path, folder)).as_posix()}
        for name, path in problems.items()
    ]
    atomic_write_text(folder / "model_space.tsv", pd.DataFrame(rows).to_csv(sep="\t", index=False))
    problem = {
        "format_version": FORMAT,
        "criterion": criterion,
        "method": "brute_force",
        "model_space_files": ["model_space.tsv"],
    }
    path = folder / "petab_select_problem.yaml"
    atomic_write_text(path, yaml.safe_dump(problem, sort_keys=False))
    return path
