"""The reference problem with simulated data as a PEtab problem, for tools that read no other."""

from __future__ import annotations

from pathlib import Path

import antimony
import numpy as np
import pandas as pd
import yaml

from benchmarks.problems import SHARED, simulated_reference

FAR = 15.0
"""Bounds, in standard deviations of the priors: PEtab asks for finite ones."""


def write(folder: Path) -> Path:
    """Write the problem to a folder; return its YAML file."""
    problem = simulated_reference()
    folder.mkdir(parents=True, exist_ok=True)
    antimony.loadAntimonyFile(str(SHARED / "bench" / "reference.ant"))
    (folder / "model.xml").write_text(antimony.getSBMLString("il6_reference"), "utf-8")
    conditions = pd.read_csv(SHARED / "bench" / "reference_conditions.csv")
    rows = problem.measurements
    tables = {
        "conditions": conditions.rename(columns={"condition_id": "conditionId"}),
        "observables": pd.DataFrame(
            {
                "observableId": [f"of_{o.id}" for o in problem.observables],
                "observableFormula": [o.id for o in problem.observables],
                "observableTransformation": "log",
                "noiseFormula": [str(o.noise) for o in problem.observables],
            }
        ),
        "measurements": pd.DataFrame(
            {
                "observableId": "of_" + rows["observable"],
                "simulationConditionId": rows["experiment"],
                "measurement": rows["value"],
                "time": rows["time"],
            }
        ),
        "parameters": pd.DataFrame(
            [
                {
                    "parameterId": p.id,
                    "parameterScale": "log",
                    "lowerBound": p.nominal * np.exp(-FAR),
                    "upperBound": p.nominal * np.exp(FAR),
                    "nominalValue": p.nominal,
                    "estimate": 1,
                    "objectivePriorType": "parameterScaleNormal",
                    "objectivePriorParameters": ";".join(map(repr, map(float, p.prior.parameters))),
                }
                for p in problem.estimated
            ]
        ),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.tsv", sep="\t", index=False)
    path = folder / "reference.yaml"
    files = {
        "sbml_files": ["model.xml"],
        "condition_files": ["conditions.tsv"],
        "observable_files": ["observables.tsv"],
        "measurement_files": ["measurements.tsv"],
    }
    path.write_text(
        yaml.safe_dump({"format_version": 1, "parameter_file": "parameters.tsv", "problems": [files]}), "utf-8"
    )
    return path
