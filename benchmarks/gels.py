"""A small PEtab problem with gels, whose calibration by simulated data is quick: receptor and STAT3, five gels.

`python -m benchmarks gels` writes it to benchmarks/results/gels. Fourteen parameters: four rates, a scale and an offset
of each of three gels of pSTAT3, a scale of each of two gels of the active receptor, and a noise of each read-out; all
but the rates can be integrated out. The measured values are but places for simulated ones.
"""

from __future__ import annotations

import math
from pathlib import Path

import antimony
import pandas as pd

MODEL = """
model gels
  compartment cell = 1; species pR in cell = 0, pS in cell = 0
  ligand = 1; k_act = 0.1; k_deact = 0.1; k_phos = 0.3; k_dephos = 0.1
  -> pR; cell * (k_act * ligand * (1 - pR) - k_deact * pR)
  -> pS; cell * (k_phos * pR * (1 - pS) - k_dephos * pS)
end
"""

RATES = {"k_act": 0.1, "k_deact": 0.1, "k_phos": 0.3, "k_dephos": 0.1}
"""Medians of their priors [1/min]."""

DOSES, TIMES = {"low": 0.3, "high": 3.0}, (5.0, 10.0, 20.0, 40.0, 80.0)

GELS = {"pS_wb": ("scale_S1;offset_S1", "scale_S2;offset_S2", "scale_S3;offset_S3"), "pR_wb": ("scale_R1", "scale_R2")}
"""Read-out -> the parameters of each of its gels."""

MEDIANS = {"scale": (1.0, 1.0), "offset": (0.05, 1.0), "sigma": (0.15, 0.4)}
"""Median and width, on the natural logarithm, of the priors of what is no rate."""


def write(folder: Path) -> Path:
    """Write the problem to a folder; return its YAML file."""
    priors = {name: (median, 0.7) for name, median in RATES.items()}
    nuisance = [name for gels in GELS.values() for gel in gels for name in gel.split(";")]
    priors |= {name: MEDIANS[name.split("_")[0]] for name in [*nuisance, *(f"sigma_{readout}" for readout in GELS)]}
    tables = {
        "parameters": [
            {"parameterId": name, "lowerBound": 0, "upperBound": "inf", "nominalValue": median, "estimate": "true",
             "priorDistribution": "log-normal", "priorParameters": f"{math.log(median)};{width}"}
            for name, (median, width) in priors.items()
        ],
        "observables": [
            {"observableId": "pS_wb", "observableFormula": "offset + scale * pS", "noiseFormula": "sigma_pS_wb",
             "noiseDistribution": "log-normal", "observablePlaceholders": "scale;offset"},
            {"observableId": "pR_wb", "observableFormula": "gain * pR", "noiseFormula": "sigma_pR_wb",
             "noiseDistribution": "log-normal", "observablePlaceholders": "gain"},
        ],
        "conditions": [{"conditionId": d, "targetId": "ligand", "targetValue": dose} for d, dose in DOSES.items()],
        "experiments": [{"experimentId": dose, "time": 0, "conditionId": dose} for dose in DOSES],
        "measurements": [
            {"observableId": readout, "experimentId": dose, "time": time, "measurement": 1.0,
             "observableParameters": gel}
            for readout, gels in GELS.items() for gel in gels for dose in DOSES for time in TIMES
        ],
    }  # fmt: skip
    if antimony.loadAntimonyString(MODEL) < 0:
        raise SystemExit(antimony.getLastError())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.xml").write_text(antimony.getSBMLString("gels"), "utf-8")
    for name, rows in tables.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}.tsv", sep="\t", index=False)
    lists = "".join(f"{name.removesuffix('s')}_files: [{name}.tsv]\n" for name in tables)
    head = "format_version: 2.0.0\nid: gels\nmodel_files: {gels: {language: sbml, location: model.xml}}\n"
    (folder / "problem.yaml").write_text(head + lists, "utf-8")
    return folder / "problem.yaml"


def run(folder: Path) -> None:
    """Write it, and say how it is calibrated."""
    path = write(folder / "gels")
    print(f"written; next: il6infer sbc run {path} --batch 0 --output sbc/0.json, then il6infer sbc gather")
