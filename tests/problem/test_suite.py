"""Third-party PEtab problems: likelihoods against the published solutions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from il6infer.problem.petab import load
from il6infer.simulate import compile

CASES = [
    *(f"v1.0.0/sbml/{n:04d}" for n in (1, 3, 5, 9, 11, 13, 15, 17, 19)),
    *(f"v2.0.0/sbml/{n:04d}" for n in (1, 3, 5, 7, 9, 11, 13, 15, 17, 21, 27, 29, 31)),
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # petab's own, of its v1 converter
@pytest.mark.parametrize("case", CASES)
def test_suite_case_gives_the_published_likelihood(case: str, shared: Path) -> None:
    folder = shared / "petab_suite" / case
    number = folder.name
    solution = yaml.safe_load((folder / f"_{number}_solution.yaml").read_text())
    problem = load(folder / f"_{number}.yaml")
    engine = compile(problem, rtol=1e-10, atol=1e-12)
    theta = np.array([p.nominal for p in problem.estimated])
    assert engine.log_likelihood(theta).sum() == pytest.approx(solution["llh"], abs=solution["tol_llh"])


@pytest.mark.slow
def test_boehm_at_its_nominal_point(shared: Path) -> None:
    problem = load(shared / "benchmark_problems/Boehm_JProteomeRes2014/Boehm_JProteomeRes2014.yaml")
    engine = compile(problem, rtol=1e-9, atol=1e-12)
    theta = np.array([p.nominal for p in problem.estimated])
    assert engine.log_likelihood(theta).sum() == pytest.approx(-138.22199693517703, abs=1e-3)
