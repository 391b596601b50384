"""The library at draws of its priors: every run simulates, conserves what it must, and starts from rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from il6infer.engine import compile
from il6infer.library.compose import compose
from il6infer.network.conservation import moieties
from il6infer.problems.priors import draw
from il6infer.problems.spec import Problem
from tests.library.odes import Odes
from tests.library.representative import EACH_OPTION, LIBRARY
from tests.library.stimulation import DOSES, stimulation

TOLERANCES = ((1e-6, 1e-8), (1e-3, 1e-5))
"""(rtol, atol): defaults of the engine, and of the bundled analysis."""

POOLS = {
    "STAT3": {"STAT3": 1, "pSTAT3_c": 1, "pSTAT3_dimer": 2, "pSTAT3_n": 1, "STAT3_n": 1},
    "STAT1": {"STAT1": 1, "STAT1_p": 1},
    "sgp130Fc": dict.fromkeys(
        (
            "sgp130Fc",
            "IL6_sIL6R_sgp130Fc",
            "HyperIL6_sgp130Fc",
            "IL6_sIL6R_sgp130Fc_IL6_sIL6R",
            "IL6_sIL6R_sgp130Fc_HyperIL6",
            "HyperIL6_sgp130Fc_HyperIL6",
        ),
        1,
    ),
}
"""What biology says is kept, whatever a model's stoichiometry says: pool -> states and what each holds of it."""


def check_draws(name: str, count: int, folder: Path) -> None:
    """Simulate draws of the prior, and hold each against the conservation laws and the equations of rest."""
    problem = stimulation(name, folder)
    thetas = draw(problem.estimated, count, np.random.default_rng(4))
    for rtol, atol in TOLERANCES:
        # `rodas5p` by name is the kernel alone: no second engine hides what it cannot do.
        engine = compile(problem, engine="rodas5p", rtol=rtol, atol=atol)
        outcomes = [engine.simulate(theta).outcome for theta in thetas]
        assert {number: list(o) for number, o in enumerate(outcomes) if o.any()} == {}

        runs = [engine.states(theta) for theta in thetas]
        dosed, vehicle = (
            np.array([run[engine.plan.experiments[experiment]] for run in runs]) for experiment in ("dosed", "vehicle")
        )
        assert min(states.min() for run in runs for states in run) >= -atol
        # Without a wash the totals stay what the doses made them.
        assert conserved(dosed, moieties(problem.network)) < 1e-9
        check_pools(name, problem.network.states, dosed)
        assert np.max(np.abs(vehicle - vehicle[:, :1]) / (np.abs(vehicle[:, :1]) + atol)) < 1e-9
        check_rest(name, problem, thetas, vehicle[:, 0], nothing=1e-5 * atol)


def conserved(states: np.ndarray, kept: np.ndarray) -> float:
    """Largest change of a moiety over a run, relative to the terms that make it up."""
    totals, sizes = states @ kept.T, np.abs(states) @ np.abs(kept.T)
    return float(np.max(np.abs(totals - totals[:, :1]) / np.maximum(sizes, 1e-300)))


def check_pools(name: str, ids: tuple[str, ...], dosed: np.ndarray) -> None:
    """Find all STAT3 and STAT1, and the dose of sgp130Fc, unless cells take it up with their receptors."""
    for pool, holds in POOLS.items():
        if pool not in ids or (pool == "sgp130Fc" and ("cluster" in name or "surface_trap" in name)):
            continue
        total = sum(weight * dosed[..., ids.index(state)] for state, weight in holds.items() if state in ids)
        np.testing.assert_allclose(total, DOSES.get(pool, 1.0), rtol=1e-9, err_msg=pool)


def check_rest(name: str, problem: Problem, thetas: np.ndarray, rest: np.ndarray, *, nothing: float) -> None:
    """Find no rate of change before stimulation, by other code than the engine's, and a medium that holds nothing."""
    system, ids = Odes(problem.network), [p.id for p in problem.estimated]
    for theta, state in zip(thetas, rest, strict=True):
        values = {p: v for p, v in zip(ids, theta, strict=True) if p in problem.network.parameters}
        assert np.max(np.abs(system.rhs(state, values))) < 1e-12
    # What waits for an absent partner keeps its 0 to the rounding of the integration, 1e-6 of the tolerance at most.
    held = {s: rest[:, problem.network.states.index(s)] for s in compose(name).medium}
    shed = held.pop("sIL6R")
    assert max(np.max(np.abs(levels)) for levels in held.values()) < nothing
    assert (shed > 1e-9).all() if "shedding" in name else (np.abs(shed) < nothing).all()


@pytest.mark.parametrize("name", ["both_dual"])
def test_draws_simulate_conserve_and_start_from_rest(name: str, tmp_path: Path) -> None:
    check_draws(name, 40, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*LIBRARY, *EACH_OPTION])
def test_a_thousand_draws_simulate_conserve_and_start_from_rest(name: str, tmp_path: Path) -> None:
    check_draws(name, 1000, tmp_path)
