"""Results of two models, and their page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from il6infer.comparison import Fit, compare
from il6infer.diagnosis import Thresholds, diagnose
from il6infer.report import render
from il6infer.stages import write
from il6infer.stages.ingest import IngestSummary
from tests.report.identifiability import identifiability
from tests.report.prior_check import prior_check
from tests.zoo.posterior import N, normal_mean


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Configuration and results of two models: `both_socs3` passed, `both_none` with a chain that is stuck."""
    tmp_path = tmp_path_factory.mktemp("made")
    config = {
        "title": "Toy <script>alert(1)</script>", "question": "Which?", "models": ["both_socs3", "both_none"],
        "datasets": {"toy": {"description": "toy.yaml", "folder": "."}},
    }  # fmt: skip
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    results = tmp_path / "results"
    fits = []
    for model, stuck in (("both_socs3", False), ("both_none", True)):
        folder = results / "toy" / model
        folder.mkdir(parents=True)
        idata = normal_mean(stuck=stuck)
        idata.to_netcdf(str(folder / "posterior.nc"), engine="h5netcdf")
        verdict = diagnose(idata, Thresholds())
        write(folder / "verdict.json", verdict)
        write(folder / "identifiability.json", identifiability(stuck))
        write(folder / "prior_check.json", prior_check(silent=stuck))
        (folder / "diagram.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><g id="a"></g></svg>')
        fits.append(Fit(model, idata, verdict))
    write(results / "toy" / "comparison.json", compare("toy", fits))
    observed = fits[0].idata["observed_data"]["y"].values
    pd.DataFrame(
        {
            "observable": "y", "condition": "experiment", "time_min": range(N), "batch": "batch", "replicate": 1,
            "value": observed, "unit": "ratio", "noise": "normal", "assay": "table", "simulated": "true",
            "dataset": "toy", "detection_limit": "", "censored": "", "error": "", "scale_sd": "",
            "scale": "false", "offset": "false",
            "source_file": "y.csv", "source_row": range(2, N + 2),
        }
    ).to_csv(results / "toy" / "measurements.csv", index=False)  # fmt: skip
    pd.DataFrame(
        [["experiment", 0, "add", "IL6", 0.48, 10, "ng/ml"]],
        columns=["condition", "time_min", "action", "species", "concentration_nM", "dose", "unit"],
    ).assign(knock_out="", set="").to_csv(results / "toy" / "protocol.csv", index=False)
    about = IngestSummary("toy", "Toy data", True, "none", "made up", "", None, None, N, {"y": N}, {}, (), {})
    write(results / "toy" / "ingest.json", about)
    return tmp_path / "config.yaml", results


@pytest.fixture(scope="module")
def page(made: tuple[Path, Path]) -> str:
    """Page of these results as they are."""
    return render(*made)


@pytest.fixture
def run(made: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Copy of these results that a test may change."""
    folder = shutil.copytree(made[0].parent, tmp_path / "run")
    return folder / "config.yaml", folder / "results"
