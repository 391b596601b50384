"""The page in a real browser: Debian's chromium, driven by playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from il6infer.prediction.explore import draft, explorer
from il6infer.prediction.weighing import weigh
from il6infer.report import render
from il6infer.stages import read, write
from il6infer.stages.comparison import Comparison
from il6infer.stages.predictions import Array, DrawnCurve, DrawnNumber, DrawnPrediction, ModelPredictions
from tests.report.conftest import made  # noqa: F401 (a fixture)
from tests.zoo import competitor


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium): the page is not opened")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """Start the browser once."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make venv")
    path = _chromium()
    with api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


def predicted() -> ModelPredictions:
    """Predictions with a model for the browser, whose references are the solution in closed form."""
    problem = competitor.problem()
    problem = replace(problem, network=replace(problem.network, derived={"level": problem.observables[0].formula}))
    drafted = draft(problem)
    assert drafted.why == ""
    thetas, times = np.array([[1.0, 0.2], [2.0, 0.2], [0.5, 0.2]]), np.linspace(0.0, 100.0, 81)
    courses = np.empty((len(thetas), 1, len(drafted.settings), len(times)))
    for j, chosen in enumerate(drafted.settings):
        ligand, inhibitor = chosen.get("IL6", 0.0), chosen.get("sgp130Fc", 0.0)
        level = ligand / (2 + ligand) / (1 + inhibitor / thetas[:, :1])
        courses[:, 0, j] = 2 * level * (1 - np.exp(-50 * times)) + 1
    curve = DrawnCurve("ligand", "", tuple(times), Array.of(courses[:, 0, 0]), None)
    number = DrawnNumber("ligand: peak", "", "", Array.of(courses[:, 0, 0].max(axis=1)), None)
    one = DrawnPrediction("courses", "courses", "What a ligand does", "time [min]", "level", (curve,), (number,))
    found = explorer(problem, drafted, thetas, courses, times)
    return ModelPredictions("toy", 3, 0, True, True, (), (one,), found, "")


@pytest.fixture(scope="module")
def analysis(made: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:  # noqa: F811
    """Configuration and results of the toy, with predictions and an explorer: one fit passed, one did not converge."""
    folder = shutil.copytree(made[0].parent, tmp_path_factory.mktemp("browser") / "run")
    config, results = folder / "config.yaml", folder / "results"
    config.write_text(config.read_text() + "predictions: predictions.yaml\n")
    comparison = read(results / "toy" / "comparison.json", Comparison)
    own = {row.model: predicted() for row in comparison.models}
    for model, one in own.items():
        write(results / "toy" / model / "predictions.json", one)
    write(results / "toy" / "predictions.json", weigh(own, comparison))
    return config, results


@pytest.fixture(scope="module")
def page_file(analysis: tuple[Path, Path]) -> Path:
    """Write the page of the toy."""
    path = analysis[0].parent / "index.html"
    path.write_text(render(*analysis), encoding="utf-8")
    return path
