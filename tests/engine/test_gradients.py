"""Gradients where sensitivities are far larger than states, against closed forms."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import cos, log, sin
from pathlib import Path

import pytest

from il6infer.cli import main as cli
from il6infer.engine.evaluate import Evaluation, evaluate
from il6infer.engine.rosenbrock import RosenbrockEngine
from tests.zoo import decay_v1
from tests.zoo.texts import to_sbml

MEASURED, NOISE = 1.0, 0.1


@dataclass(frozen=True)
class Steep:
    """A model of x and k, where x is read under log-normal noise, its right value, and that of d ln(x) / dk."""

    model: str
    k: float
    time: float
    x: float
    slope: float


def _growth(gap: float) -> Steep:
    """x' = k x^2 from 1: x = 1 / (1 - k t), and d ln(x) / dk = t x; `gap` is 1 - k t."""
    return Steep("x=1; x' = k*x^2;", 1.0, 1.0 - gap, 1.0 / gap, (1.0 - gap) / gap)


def _turns(time: float, k: float = 6.0) -> Steep:
    """An oscillation, after many turns: 2 + cos(k t)."""
    x = 2.0 + cos(k * time)
    return Steep("c=1; s=0; c' = -k*s; s' = k*c; x := 2 + c;", k, time, x, -time * sin(k * time) / x)


STEEP = {"growth that just stays finite": _growth(1e-4), "closer": _growth(1e-5), "many turns": _turns(150.3)}


def _evaluate(folder: Path, steep: Steep, engine: str) -> Evaluation:
    (folder / "model.xml").write_text(to_sbml(f"model steep\n{steep.model} k={steep.k!r};\nend\n"))
    tables = {
        "parameter": f"parameterId\tlowerBound\tupperBound\tnominalValue\testimate\nk\t0.01\t100\t{steep.k!r}\ttrue\n",
        "observable": f"observableId\tobservableFormula\tnoiseFormula\tnoiseDistribution\no\tx\t{NOISE}\tlog-normal\n",
        "measurement": f"observableId\texperimentId\ttime\tmeasurement\no\t\t{steep.time!r}\t{MEASURED}\n",
    }
    for name, table in tables.items():
        (folder / f"{name}.tsv").write_text(table)
    lists = "".join(f"{name}_files: [{name}.tsv]\n" for name in tables)
    models = "model_files: {m: {language: sbml, location: model.xml}}\n"
    (folder / "problem.yaml").write_text(f"format_version: 2.0.0\nid: steep\n{models}{lists}")
    return evaluate(folder / "problem.yaml", gradient=True, engine=engine)


@pytest.mark.parametrize("engine", ["rosenbrock", "diffsol"])
@pytest.mark.parametrize("name", STEEP)
def test_the_gradient_has_four_digits_where_the_solution_is_steep(name: str, engine: str, tmp_path: Path) -> None:
    steep = STEEP[name]
    found = _evaluate(tmp_path, steep, engine)
    right = (log(MEASURED) - log(steep.x)) / NOISE**2 * steep.slope
    assert found.gradient is not None
    if not found.unsettled:
        assert found.gradient["k"] == pytest.approx(right, rel=1e-4)
    else:
        assert found.gradient["k"] == pytest.approx(right, rel=2 * found.unsettled["k"])
    assert not (found.unsettled and engine == "rosenbrock")


def test_a_gradient_that_does_not_settle_says_so(tmp_path: Path) -> None:
    """As near to infinity as rounding lets it be: the change of the last decade is given, and bounds the error."""
    steep = _growth(3e-8)
    found = _evaluate(tmp_path, steep, "rosenbrock")
    right = (log(MEASURED) - log(steep.x)) / NOISE**2 * steep.slope
    assert found.gradient is not None
    assert found.unsettled["k"] > 1e-4
    assert found.gradient["k"] == pytest.approx(right, rel=2 * found.unsettled["k"])


def test_a_gradient_that_no_finer_tolerance_checks_says_so(tmp_path: Path, monkeypatch, caplog) -> None:
    def nowhere(engine: RosenbrockEngine, factor: float) -> RosenbrockEngine:
        return RosenbrockEngine(engine.problem, rtol=1e-9, atol=1e-11, lower_atol=False, max_steps=1, fallback=False)

    problem = decay_v1.write(tmp_path / "decay")
    monkeypatch.setattr(RosenbrockEngine, "finer", nowhere)
    words = ["petab", "evaluate", str(problem), "--gradient", "--output", str(tmp_path / "out")]

    assert cli.main(words) == 0
    assert "no smaller tolerance simulates this point: the gradient is that of rtol 1e-08, unchecked" in caplog.text


def test_a_slope_that_is_rounding_is_settled(tmp_path: Path) -> None:
    """At rest, where k is a factor of all rates: from 3e-14 it fell to 0, and that was infinite change of itself."""
    (tmp_path / "model.xml").write_text(
        to_sbml(
            "model toggle\n  species a=1.0001, b=1; k=4; u=0;\n  J1: => a; k/(1 + b^3) - a*k/4;\n"
            "  J2: => b; k/(1 + a^3) - b*k/4;\nend\n"
        )
    )
    tables = {
        "parameter": "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\nk\t0.1\t10\t4\ttrue\n",
        "observable": "observableId\tobservableFormula\tnoiseFormula\no\ta\t0.1\n",
        "condition": "conditionId\ttargetId\ttargetValue\nc\tu\t1\n",
        "experiment": "experimentId\ttime\tconditionId\ne\t-inf\t\ne\t0\tc\n",
        "measurement": "observableId\texperimentId\ttime\tmeasurement\no\te\t0\t1\n",
    }
    for name, table in tables.items():
        (tmp_path / f"{name}.tsv").write_text(table)
    lists = "".join(f"{name}_files: [{name}.tsv]\n" for name in tables)
    models = "model_files: {m: {language: sbml, location: model.xml}}\n"
    (tmp_path / "problem.yaml").write_text(f"format_version: 2.0.0\nid: toggle\n{models}{lists}")
    words = ["petab", "evaluate", str(tmp_path / "problem.yaml"), "--gradient", "--output", str(tmp_path / "out")]
    assert cli.main(words) == 0
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert abs(found["gradient"]["k"]) < 1e-9
    assert "gradient_unsettled" not in found or not found["gradient_unsettled"]
