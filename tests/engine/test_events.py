"""Events at the start, and events and conditions that resize a compartment, against sums written by hand."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import compile
from il6infer.network.network import symbol
from il6infer.problems.spec import Experiment, Period
from il6infer.runs.modes import with_modes
from il6infer.runs.segments import Quantities, Unroller
from tests.zoo.systems import problem
from tests.zoo.texts import from_antimony


def _jumps(trigger: str, initial: str, start: float = 0.0) -> list[float]:
    """Times of the segments that begin with the event."""
    net = from_antimony(f"model m; species x = 1; x' = 0; E: at {trigger}, t0={initial}: x = x + 1; end")
    asked = problem(net, [start])
    unroller = Unroller(with_modes(asked), Quantities(asked.parameters))
    return [s.start for s in unroller.segments(Experiment("e", (Period(start), Period(9.0)))) if s.jumps]


@pytest.mark.parametrize(
    ("trigger", "start", "if_false", "if_true"),
    [
        ("(time >= 0)", 0.0, [0.0], []),
        ("(time >= -3)", 0.0, [0.0], []),
        ("(time > 0)", 0.0, [0.0], [0.0]),  # false at 0, true at once after
        ("(time >= 2)", 0.0, [2.0], [2.0]),
        ("(time >= 2)", 4.0, [4.0], []),
        ("(time >= 9)", 0.0, [9.0], [9.0]),
        ("((time >= 1) && (time < 3))", 2.0, [2.0], []),
        ("((time >= 1) && (time < 3))", 4.0, [], []),
    ],
)
def test_a_trigger_that_holds_from_the_start(
    trigger: str, start: float, if_false: list[float], if_true: list[float]
) -> None:
    assert _jumps(trigger, "false", start) == if_false
    assert _jumps(trigger, "true", start) == if_true


@pytest.mark.parametrize("engine", ["diffsol", "rodas5p"])
def test_an_event_at_the_start_follows_the_condition(engine: str) -> None:
    net = from_antimony("model m; species x = 1; x' = 0; E: at (time >= 0), t0=false: x = 2*x; end")
    asked = problem(net, [0.0, 1.0], [Experiment("e", (Period(0.0, {"x": sp.Integer(5)}),))], {"s": 1.0})
    np.testing.assert_allclose(compile(asked, engine=engine).simulate(np.ones(1)).prediction, [10.0, 10.0])


@pytest.mark.parametrize("engine", ["diffsol", "rodas5p"])
@pytest.mark.parametrize("initial", ["false", "true"])
def test_a_trigger_of_estimated_parameters_alone(engine: str, initial: str) -> None:
    """It holds at the start or never, until a condition changes what it is of; it was refused once."""
    text = f"model m; species x = 1; x' = 0; a = 1; b = 2; c = 0; E: at (a + c > b), t0={initial}: x = 2*x; end"
    later = Experiment("e", (Period(0.0), Period(3.0, {"c": sp.Integer(5)})))
    asked = problem(from_antimony(text), [1.0, 4.0], [later], {"a": 1.0, "b": 2.0}, observed=["x"])
    compiled = compile(asked, engine=engine)
    at_start = 2.0 if initial == "false" else 1.0
    np.testing.assert_allclose(compiled.simulate(np.array([3.0, 2.0])).prediction, [at_start, at_start])
    np.testing.assert_allclose(compiled.simulate(np.array([1.0, 2.0])).prediction, [1.0, 2.0])


VOLUMES = """
model m
  compartment C = 2; var compartment C;
  species S in C = 6; substanceOnly species N in C = 8; species $B in C = 1; species W in C = 4;
  J: S -> ; C*k*S; k = 0.1;
  K: -> W; C*B;
  {event}
end
"""


@pytest.mark.parametrize("trigger", ["time >= 10", "S <= 6*exp(-1)"])
@pytest.mark.parametrize("engine", ["diffsol", "rodas5p"])
def test_an_event_that_resizes_a_compartment_keeps_amounts(engine: str, trigger: str) -> None:
    """At 10, C doubles: S halves, and so does the boundary species B that feeds W; W is set; N is an amount."""
    net = from_antimony(VOLUMES.format(event=f"E: at ({trigger}): C = C*2, W = W + 1;"))
    assert net.states == ("S", "N", "W")
    found = compile(problem(net, [10.5, 12.0], estimated={"k": 0.1}), engine=engine, rtol=1e-9, atol=1e-11)
    s, n, w = found.simulate(np.array([0.1])).prediction.reshape(2, 3).T
    np.testing.assert_allclose(s, [3 * np.exp(-1.05), 3 * np.exp(-1.2)], rtol=1e-6)
    np.testing.assert_allclose(n, [8.0, 8.0])
    np.testing.assert_allclose(w, 4 + 10 + 1 + 0.5 * np.array([0.5, 2.0]), rtol=1e-6)


@pytest.mark.parametrize("trigger", ["time >= 10", "S <= 6*exp(-1)"])
def test_a_boundary_species_of_a_volume_that_is_set_from_a_state_is_diluted(trigger: str) -> None:
    """At 10, C becomes 4 of 2."""
    net = from_antimony(VOLUMES.format(event=f"E: at ({trigger}): C = W/3.5;"))
    assert net.states == ("S", "N", "B", "W", "C")
    found = compile(problem(net, [11.0], estimated={"k": 0.1}), engine="rodas5p", rtol=1e-9, atol=1e-11)
    expected = [3 * np.exp(-1.1), 8.0, 0.5, 7 + 0.5, 4.0]
    np.testing.assert_allclose(found.simulate(np.array([0.1])).prediction, expected, rtol=1e-6)


def test_a_volume_that_an_event_sets_from_a_state_becomes_a_state() -> None:
    net = from_antimony(VOLUMES.replace("species $B in C = 1", "B = 1").format(event="E: at (time >= 10): C = W/3.5;"))
    assert net.states == ("S", "N", "W", "C")
    found = compile(problem(net, [11.0], estimated={"k": 0.1}), engine="diffsol", rtol=1e-9, atol=1e-11)
    s, n, w, c = found.simulate(np.array([0.1])).prediction
    np.testing.assert_allclose([s, n, w, c], [3 * np.exp(-1.1), 8.0, 7 + 1, 4.0], rtol=1e-6)


def test_an_assignment_at_the_same_time_wins_over_the_dilution() -> None:
    events = "F: at (time >= 10): S = S + 1; E: at (time >= 10): C = C*2;"
    asked = problem(from_antimony(VOLUMES.format(event=events)), [10.0], estimated={"k": 0.1}, observed=["S"])
    found = compile(asked, engine="diffsol", rtol=1e-9, atol=1e-11).simulate(np.array([0.1]))
    np.testing.assert_allclose(found.prediction, [6 * np.exp(-1) + 1], rtol=1e-6)


@pytest.mark.parametrize("start", [0.0, 10.0])
def test_a_condition_that_resizes_a_compartment_keeps_concentrations(start: float) -> None:
    net = from_antimony(VOLUMES.format(event="").replace("S in C = 6", "S in C; S = 3"))
    periods = (Period(0.0), Period(start, {"C": sp.Integer(4)}))[1 if start == 0 else 0 :]
    asked = problem(net, [10.0, 12.0], [Experiment("e", periods)], {"k": 0.1}, ["S", "N"])
    s, n = compile(asked, engine="diffsol", rtol=1e-9).simulate(np.array([0.1])).prediction.reshape(2, 2).T
    np.testing.assert_allclose(s, [3 * np.exp(-1), 3 * np.exp(-1.2)], rtol=1e-6)
    np.testing.assert_allclose(n, [8.0, 8.0])


@pytest.mark.parametrize("engine", ["diffsol", "rodas5p"])
def test_an_event_at_an_estimated_time(engine: str) -> None:
    """x' = 1 - x / 2 from 1, doubled at T: the state after moves with T."""
    text = "model m; species x = 1; x' = 1 - x/2; T = 1; E: at (time >= T), t0=false: x = 2*x; end"
    found = compile(
        problem(from_antimony(text), [0.0, 2.0], estimated={"T": 1.0}), engine=engine, rtol=1e-9, atol=1e-11
    )
    before = 2 - np.exp(-0.5)
    np.testing.assert_allclose(
        found.simulate(np.ones(1)).prediction, [1, 2 + (2 * before - 2) * np.exp(-0.5)], rtol=1e-6
    )
    # d/dT of 2 + (2 (2 - exp(-T/2)) - 2) exp(-(2 - T)/2)
    slope = np.exp(-0.5) * np.exp(-0.5) + (2 * before - 2) * np.exp(-0.5) / 2
    assert found.pullback(np.ones(1), np.array([0.0, 1.0]), np.zeros(2)) == pytest.approx([slope], rel=1e-6)
    # From the start on where T is not after it.
    np.testing.assert_allclose(found.simulate(np.array([-1.0])).prediction[0], 2.0)


def test_what_is_measured_before_a_strict_event_is_so_in_each_block_of_runs() -> None:
    """Of 40 runs, two blocks: x doubles at ``time > 1``, is measured at 1 before it, and at 2."""
    net = from_antimony("model m; species x = 1; x' = 0; E: at (time > 1): x = 2*x; end")
    runs = [Experiment(f"e{i}", (Period(0.0, {"x": sp.Float(i) + symbol("s")}),)) for i in range(40)]
    found = compile(problem(net, [1.0, 2.0], runs, {"s": 1.0}), engine="rodas5p")
    before, after = found.simulate(np.ones(1)).prediction.reshape(-1, 2).T
    np.testing.assert_allclose(before, 1.0 + np.arange(40))
    np.testing.assert_allclose(after, 2 * before)
    weights = np.tile([1.0, 100.0], 40)
    np.testing.assert_allclose(found.pullback(np.ones(1), weights, 0 * weights), [40 * 201.0])
