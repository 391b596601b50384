"""What to measure next to tell models apart, on cases whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import fftconvolve

from il6infer.prediction.contest import contest
from il6infer.problems.noise import NOISES, error_of
from il6infer.stages.predictions import Array, Lane, LaneReadings

TIMES = (0.0, 15.0, 60.0)


def rival(means, spread=0.0, noise=0.3, lanes=2, kind="log-normal", times=TIMES, readout="pSTAT3", draws=2000, seed=3):
    rng = np.random.default_rng(seed)
    values = np.array(means) + spread * rng.normal(size=(draws, 1))
    found = tuple(Lane(readout, "IL-6", time, 1.0, 0.0) for time in times)
    return LaneReadings(found, lanes, Array.of(values), (noise,) * len(times), (kind,) * len(times))


def test_the_lane_in_which_the_models_differ_is_measured_beside_one_in_which_they_do_not():
    found = contest({"a": rival([0, 1, 1]), "b": rival([0, 1, 2])}, {"a": 0.5, "b": 0.5}, 1)

    assert {lane.time_min for lane in found.lanes} in ({0.0, 60.0}, {15.0, 60.0})
    assert found.candidates == 3
    assert found.gain > found.random >= -0.01


@pytest.mark.parametrize("kind", NOISES)
def test_the_information_is_that_of_two_lanes_of_its_noise(kind):
    """Of two lanes of one gel the difference counts: 1 apart, and two errors of scale 0.3 wide."""
    level = 0 if NOISES[kind].logarithmic else 10
    found = contest(
        {"a": rival([level] * 3, kind=kind), "b": rival([level, level, level + 1], kind=kind)}, {"a": 0.5, "b": 0.5}, 1
    )
    x = np.linspace(-40, 40, 80001)
    error = error_of(kind)
    one = np.exp(-error.loss(x / 0.3)[0] - error.constant) / 0.3
    a = np.maximum(fftconvolve(one, one, mode="same") * (x[1] - x[0]), 1e-300)
    b = np.interp(x - 1, x, a)
    mixed = (a + b) / 2
    told = float(np.trapezoid(0.5 * a * np.log(a / mixed) + 0.5 * b * np.log(b / mixed), x))
    right = float(np.trapezoid(0.5 * (0.5 * a * a + 0.5 * b * b) / mixed, x))

    assert found.gain == pytest.approx(told, rel=0.1)
    assert (found.now, found.after) == (0.5, pytest.approx(right, abs=0.03))


@pytest.mark.parametrize("kind", ["log-normal", "normal"])
def test_a_brighter_gel_is_no_evidence(kind):
    logs = kind == "log-normal"
    level = [0.0, 1.0, 2.0] if logs else [1.0, 2.0, 3.0]
    brighter = [5.0, 6.0, 7.0] if logs else [50.0, 100.0, 150.0]
    noise = 0.3 if logs else 15.0
    found = contest(
        {"a": rival(level, kind=kind), "b": rival(brighter, kind=kind, noise=noise)}, {"a": 0.5, "b": 0.5}, 1
    )

    assert abs(found.gain) < 0.02
    assert found.after == pytest.approx(0.5, abs=0.02)


def test_what_a_model_leaves_open_is_no_evidence():
    """Where the posterior of each model allows what the other says, less is told."""
    sure = contest({"a": rival([0, 0, 0]), "b": rival([0, 0, 1])}, {"a": 0.5, "b": 0.5}, 1)
    wide = {}
    for name, mean in (("a", 0.0), ("b", 1.0)):
        one = rival([0, 0, mean])
        values = one.values.values + np.array([0, 0, 1.0]) * np.random.default_rng(5).normal(size=(2000, 1))
        wide[name] = LaneReadings(one.lanes, 2, Array.of(values), one.noise, one.kinds)

    assert contest(wide, {"a": 0.5, "b": 0.5}, 1).gain < 0.4 * sure.gain


@pytest.mark.parametrize(("found", "weights", "why"), [
    ({"a": rival([0, 1, 1]), "b": rival([0, 1, 2])}, {"a": 1.0, "b": 0.001}, "only a has a weight"),
    ({"a": rival([0, 1, 1]), "b": None}, {"a": 0.5, "b": 0.5}, "no two models with a weight have candidates"),
    ({"a": rival([0, 1, 1])}, {}, "no model has a weight"),
    ({"a": rival([0, 1, 1]), "b": rival([0, 1, 2], readout="pERK")}, {"a": 0.5, "b": 0.5},
     "the models have no candidate in common"),
])  # fmt: skip
def test_where_there_is_nothing_to_tell_apart_the_reason_is_said(found, weights, why):
    assert (contest(found, weights, 1).lanes, contest(found, weights, 1).absent) == ((), why)
