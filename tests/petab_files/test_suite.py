"""Third-party PEtab problems against their published solutions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from il6infer.engine import compile
from il6infer.engine.evaluate import evaluate, simulation_table
from il6infer.engine.likelihood import slopes
from il6infer.petab_files.read import load

ROOT = Path(__file__).resolve().parents[3] / "shared"
SUITE = ROOT / "petab_suite"
CASES = sorted(str(path.parent.relative_to(SUITE)) for path in SUITE.glob("v*/sbml/*/*_solution.yaml"))
PUBLISHED = {
    "Boehm_JProteomeRes2014/Boehm_JProteomeRes2014.yaml": -138.22199693517703,
    "Raia_CancerResearch2011/Raia_CancerResearch2011.yaml": -346.089645,
    "Sobotta_nine/Sobotta_nine.yaml": 866.139188,
}


def test_the_suite_is_there(shared: Path) -> None:
    assert len(CASES) >= 25


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES or ["of a suite that is absent"])
def test_case_gives_the_published_solution(case: str, shared: Path) -> None:
    folder = ROOT / "petab_suite" / case
    number = folder.name
    solution = yaml.safe_load((folder / f"_{number}_solution.yaml").read_text())
    path = folder / f"_{number}.yaml"
    found = evaluate(path, rtol=1e-10, atol=1e-12)
    assert found.llh == pytest.approx(solution["llh"], abs=solution["tol_llh"])
    assert found.chi2 == pytest.approx(solution["chi2"], abs=solution["tol_chi2"])
    expected = pd.concat(pd.read_csv(folder / name, sep="\t") for name in solution["simulation_files"])
    table = simulation_table(path, found.simulation)
    np.testing.assert_allclose(
        table["simulation"].to_numpy(float), expected["simulation"].to_numpy(float), atol=solution["tol_simulations"]
    )
    for name, value in solution.get("log_prior", {}).items():
        assert found.log_prior[name] == pytest.approx(value, abs=1e-12)
    if "unnorm_log_posterior" in solution:
        posterior = found.summary()["unnorm_log_posterior"]
        assert posterior == pytest.approx(solution["unnorm_log_posterior"], abs=solution["tol_unnorm_log_posterior"])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_benchmark_problem_at_its_nominal_point(name: str, shared: Path) -> None:
    path = shared / "benchmark_problems" / name
    found = evaluate(path, gradient=True)
    assert found.llh == pytest.approx(PUBLISHED[name], abs=1e-3)
    assert set(found.outcomes.values()) == {"ok"}
    problem = load(path)
    engine = compile(problem, engine="rodas5p", rtol=1e-10, atol=1e-13)
    theta = np.array([p.nominal for p in problem.estimated])
    simulation = engine.simulate(theta)
    gradient = theta * engine.pullback(theta, *slopes(problem, simulation.prediction, simulation.noise))
    rng = np.random.default_rng(1)
    chosen = rng.choice(len(theta), min(len(theta), 12), replace=False)
    for i in chosen:
        ends = []
        for sign in (1, -1):
            point = theta.copy()
            point[i] *= np.exp(sign * 1e-4)
            ends.append(engine.log_likelihood(point).sum())
        difference = (ends[0] - ends[1]) / 2e-4
        assert gradient[i] == pytest.approx(difference, rel=1e-4, abs=1e-4)
        parameter = problem.estimated[i]
        factor = {"lin": 1 / theta[i], "log": 1.0, "log10": np.log(10.0)}[parameter.scale]
        assert found.gradient[parameter.id] == pytest.approx(gradient[i] * factor, rel=1e-4, abs=1e-4)
