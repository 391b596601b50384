"""Third-party PEtab problems: likelihoods against the published solutions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from il6infer._errors import UserError
from il6infer.problem.petab import load
from il6infer.simulate import compile

CASES = [f"v{v}.0.0/sbml/{n:04d}" for v in (1, 2) for n in range(1, 32, 2)]
STATE_TRIGGERED = "v2.0.0/sbml/0023"


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_suite_case_gives_the_published_likelihood(case: str, shared: Path) -> None:
    folder = shared / "petab_suite" / case
    if not folder.is_dir():
        pytest.skip(f"{case} is not in ../shared/petab_suite")
    number = folder.name
    solution = yaml.safe_load((folder / f"_{number}_solution.yaml").read_text())
    if case == STATE_TRIGGERED:
        with pytest.raises(UserError, match="state-triggered events are refused"):
            load(folder / f"_{number}.yaml")
        return
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
