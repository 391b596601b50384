"""A PEtab v1 problem with a known solution: A decays from a0 at rate k, read as scale * A."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.zoo.texts import to_sbml

TIMES = (0.0, 1.0, 2.0, 4.0)
VALUES = (1.9, 1.25, 0.7, 0.28)
NOMINAL = {"a0": 1.0, "k": 0.5, "scale": 2.0}
SIGMA = 0.1

YAML = (
    "format_version: 1\nparameter_file: parameters.tsv\nproblems:\n"
    "- condition_files: [conditions.tsv]\n  measurement_files: [measurements.tsv]\n"
    "  observable_files: [observables.tsv]\n  sbml_files: [model.xml]\n"
)
"""A PEtab v1 problem of one file of each kind."""

_MODEL = """
model decay
  compartment cell = 1;
  species A in cell = a0;
  k = 0.3; a0 = 3;
  J0: A => ; cell*k*A;
end
"""


def write(
    folder: Path,
    *,
    transformation: str = "log10",
    noise: str = "normal",
    prior: tuple[str, str] = ("parameterScaleNormal", "0;1"),
    formula: str = "observableParameter1_obs * A",
) -> Path:
    """Write the problem; returns the path of its YAML file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.xml").write_text(to_sbml(_MODEL))
    tables = {
        "parameters.tsv": [
            "parameterId parameterScale lowerBound upperBound nominalValue estimate objectivePriorType "
            "objectivePriorParameters",
            "a0 lin 0 10 1 1 normal 1;2",
            f"k log10 0.001 100 0.5 1 {' '.join(prior)}",
            "scale log 0.01 100 2 1 parameterScaleUniform -2;3",
        ],
        "conditions.tsv": ["conditionId", "c"],
        "observables.tsv": [
            "observableId observableFormula noiseFormula observableTransformation noiseDistribution",
            f"obs|{formula}|{SIGMA}|{transformation}|{noise}",
        ],
        "measurements.tsv": [
            "observableId simulationConditionId measurement time observableParameters",
            *(f"obs c {value} {time} scale" for time, value in zip(TIMES, VALUES, strict=True)),
        ],
    }
    for name, rows in tables.items():
        (folder / name).write_text("".join(row.replace("|" if "|" in row else " ", "\t") + "\n" for row in rows))
    (folder / "problem.yaml").write_text(YAML)
    return folder / "problem.yaml"


def prediction(values: dict[str, float] = NOMINAL) -> np.ndarray:
    """Exact solution at the measured times."""
    return values["scale"] * values["a0"] * np.exp(-values["k"] * np.array(TIMES))
