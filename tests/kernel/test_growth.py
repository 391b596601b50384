"""Compilation grows with the number of reactions, and has no size at which it explodes."""

from __future__ import annotations

import time

import numpy as np
import pytest

from il6infer.engine import compile
from il6infer.kernel.equations import model_source
from il6infer.kernel.layout import layout
from il6infer.kernel.rates import LOOPED
from il6infer.network.conservation import moieties
from il6infer.network.network import symbol
from il6infer.runs.plan import make_plan
from tests.zoo.systems import network, problem


def _chain(states: int) -> object:
    """Chain of conversions x0 -> x1 -> ... with one estimated rate."""
    x, k = [symbol(f"x{i}") for i in range(states)], symbol("k")
    rates = {str(x[0]): 1 - k * x[0]} | {str(x[i]): k * x[i - 1] - x[i] for i in range(1, states)}
    return problem(network(rates, {}, {"k": 0.5}), [1.0], estimated={"k": 0.5}, observed=["x0"])


@pytest.mark.parametrize("states", [32, pytest.param(40, marks=pytest.mark.slow)])
def test_a_multiple_of_eight_states_compiles_like_any_other_number(states):
    """LLVM looks for checksums in loops of 8, 16, ... passes; unrolled loops over entries took it minutes at 32."""
    kernel = compile(_chain(states)).kernel
    start = time.process_time()
    kernel._compiled("simulate")

    assert time.process_time() - start < 30  # 2 s on a quiet machine; 280 s with the fault


def _lines(states: int) -> int:
    asked = _chain(states)
    plan = make_plan(asked)
    spec = layout(asked, plan)
    return model_source(asked, plan, spec)[0].count("\n")


def test_code_grows_linearly_with_the_states():
    # Of more than 100 results a function comes in parts, whose heads and ends are lines, too; numbers are a list then.
    lines = [_lines(states) for states in (50, 100, 200)]

    assert lines[1] - lines[0] > 300
    assert lines[2] - lines[1] < 2.1 * (lines[1] - lines[0])


def test_code_of_a_large_model_does_not_grow():
    assert _lines(LOOPED + 700) == _lines(LOOPED + 500) < 500


def test_moieties_are_the_whole_left_null_space():
    rng = np.random.default_rng(1)
    names = [f"x{i}" for i in range(12)]
    stoichiometry = np.zeros((12, 8))
    for column in stoichiometry.T:
        column[rng.choice(12, 3, replace=False)] = [-1.0, 1.0, 2.0]
    fluxes = [symbol(names[i]) * (i + 1) for i in range(8)]
    rates = {
        name: sum(n * v for n, v in zip(row, fluxes, strict=True))
        for name, row in zip(names, stoichiometry, strict=True)
    }
    found = moieties(network(rates, {}, {}, stoichiometry, fluxes))

    assert found.shape == (12 - np.linalg.matrix_rank(stoichiometry), 12)
    assert np.linalg.matrix_rank(found) == len(found)
    assert np.abs(found @ stoichiometry).max() < 1e-12
