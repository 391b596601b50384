"""What the pipeline exports, read by other tools: AMICI's log-likelihood and gradient, COPASI's time course."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import PEERS, ask_peer
from il6infer.building.build import build
from il6infer.engine import compile
from il6infer.engine.likelihood import slopes
from il6infer.ingestion import ingest, write
from il6infer.library.compose import compose
from il6infer.network.sbml import read_sbml
from il6infer.petab_files.read import load
from il6infer.stages.tables import MEASUREMENTS, PROTOCOL, read_table
from tests.library.odes import Odes

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (PEERS / "bin" / "python").exists(), reason="the peers are not installed: `make peers`"),
]


@pytest.mark.parametrize("model", ["classic_none", "both_socs3"])
def test_amici_agrees_on_what_the_pipeline_exports(model, tmp_path):
    write(ingest(ROOT / "config" / "datasets" / "example.yaml", "example", ROOT / "resources" / "example"), tmp_path)
    measurements = read_table(tmp_path / "measurements.csv", MEASUREMENTS)
    protocol = read_table(tmp_path / "protocol.csv", PROTOCOL)
    file = build(measurements, protocol, compose(model), tmp_path / model / "problem", dataset="example")
    problem = load(file)
    theta = np.array([p.nominal for p in problem.estimated]) * np.exp(
        np.random.default_rng(7).normal(scale=0.1, size=len(problem.estimated))
    )
    names = [p.id for p in problem.estimated]
    values = tmp_path / "values.json"
    values.write_text(json.dumps(dict(zip(names, theta, strict=True))))
    found = ask_peer("llh", file, str(values))
    engine = compile(problem, rtol=1e-9, atol=1e-12)
    simulation = engine.simulate(theta)
    gradient = engine.pullback(theta, *slopes(problem, simulation.prediction, simulation.noise))

    assert engine.log_likelihood(theta).sum() == pytest.approx(found["llh"], rel=1e-5)
    theirs = np.array([found["gradient"][name] for name in names])
    np.testing.assert_allclose(theta * gradient, theta * theirs, rtol=1e-3, atol=1e-3 * np.abs(theta * theirs).max())


@pytest.mark.parametrize("name", ["both_socs3", "classic_none"])
def test_copasi_simulates_the_models(name, tmp_path):
    file = tmp_path / "model.xml"
    file.write_text(compose(name).sbml, "utf-8")
    found = ask_peer("course", file)
    network = read_sbml(compose(name).sbml, name)
    odes = Odes(network)
    solution = odes.run(odes.initial({}), np.array([0.0, 60.0]), {})[-1]

    for state, value in zip(network.states, solution, strict=True):
        assert found[(network.names or {}).get(state) or state] == pytest.approx(value, rel=1e-5, abs=1e-9), state
