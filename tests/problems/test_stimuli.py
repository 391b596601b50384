"""Stimuli that act on nothing are found by the structure of the equations."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
import sympy as sp

from il6infer.network.network import symbol
from il6infer.problems.spec import Experiment, Observable, Period
from il6infer.problems.stimuli import idle_stimuli
from tests.zoo import systems, toy
from tests.zoo.systems import network
from tests.zoo.texts import from_antimony

D, U, X, Y = map(symbol, "duxy")


def problem(formula, given=("d", "u")):
    """Dose d drives x and x drives y; u drives nothing."""
    system = network({"d": -D, "u": -U, "x": D - X, "y": X - Y}, dict.fromkeys("duxy", 0.0))
    changes = {name: sp.Float(3.0) for name in given}
    rest = Period(float("-inf"), {"d": sp.Float(0.0), "u": sp.Float(0.0)})
    return replace(
        toy.decay(), network=system, observables=(Observable("obs_x", formula, sp.Float(0.1)),),
        experiments=(Experiment("e", (rest, Period(0.0, changes))),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "idle"),
    [(Y, {"u": ("e",)}), (X + U, {}), (D, {"u": ("e",)}), (U, {"d": ("e",)})],
)
def test_what_no_read_out_depends_on_is_idle(formula, idle):
    assert idle_stimuli(problem(formula)) == idle


@pytest.mark.parametrize(("given", "idle"), [(("d",), {"d": ("e",)}), (("d", "u"), {})])
def test_what_acts_only_through_something_absent_is_idle(given, idle):
    """As Hyper-IL-6 that only sgp130Fc binds, which is given in another experiment."""
    bound = network({"d": -D * U, "u": -D * U, "x": U - X}, dict.fromkeys("dux", 0.0))

    assert idle_stimuli(replace(problem(X, given), network=bound)) == idle


def test_a_dose_of_zero_is_no_stimulus():
    assert idle_stimuli(problem(Y, given=("d",))) == {}


def test_a_parameter_that_has_the_value_of_another_is_no_stimulus():
    """As receptor numbers of a joint fit, which are one a cell, in a control that nothing depends on."""
    system = network({"x": -X}, {"x": 1.0}, {"k": 1.0})
    cells = Period(0.0, {"k": symbol("k_of_these_cells")})
    dosed = Period(0.0, {"k": sp.Float(2.0)})
    made = replace(problem(X), network=system, experiments=(Experiment("e", (cells,)),))

    assert idle_stimuli(made) == {}
    assert idle_stimuli(replace(made, experiments=(Experiment("e", (dosed,)),))) == {"k": ("e",)}


def test_what_is_given_after_the_last_measurement_is_idle():
    """Alone, and with what it would have acted on."""
    made = problem(Y, given=("d",))
    last = made.measurements["time"].max()
    [experiment] = made.experiments

    def later(by, changes):
        periods = (experiment.periods[0], Period(last + by, changes))
        return replace(made, experiments=(replace(experiment, periods=periods),))

    assert idle_stimuli(later(0.5, {"d": sp.Float(3.0)})) == {"d": ("e",)}
    assert idle_stimuli(later(0.0, {"d": sp.Float(3.0)})) == {}
    bound = network({"d": -D * U, "u": -D * U, "x": U * D - X}, dict.fromkeys("dux", 0.0))
    periods = (Period(0.0, {"d": sp.Float(3.0)}), Period(last + 1.0, {"u": sp.Float(3.0)}))
    alone = replace(problem(X), network=bound, experiments=(Experiment("e", periods),))
    assert idle_stimuli(alone) == {"d": ("e",), "u": ("e",)}


def test_a_parameter_that_acts_in_one_experiment_is_told_in_none_and_a_dose_where_it_does_nothing():
    """As few receptors in a control, and an antibody that nothing is there for."""
    system = network({"d": -D * symbol("k"), "x": D - X, "u": -U}, dict.fromkeys("dxu", 0.0), {"k": 1.0})
    cells = {"k": sp.Float(2.0)}
    made = replace(
        problem(X * (1 + D * U)), network=system,
        experiments=tuple(
            Experiment(name, (Period(0.0, {**cells, **dict.fromkeys(given, sp.Float(3.0))}),))
            for name, given in (("both", "du"), ("alone", "u"))
        ),
    )  # fmt: skip
    rows = made.measurements
    made = replace(made, measurements=pd.concat([rows.assign(experiment=e) for e in ("both", "alone")]))

    assert idle_stimuli(made) == {"u": ("alone",)}


def test_a_size_that_an_event_gives_a_compartment_acts_on_what_it_dilutes():
    net = from_antimony(
        "model m; compartment V = 1; species A in V; A = 2; k = 1; j = 1; J: A => ; 0.4*A*V; E: at (A < 1): V = k; end"
    )
    given = Period(0.0, {"k": sp.Float(0.5), "j": sp.Float(2.0)})
    made = systems.problem(net, [1.0, 4.0], [Experiment("e", (given,))])

    assert idle_stimuli(made) == {"j": ("e",)}
