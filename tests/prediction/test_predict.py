"""Predictions against models whose answers are known: a receptor that an inhibitor competes for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import arviz as az
import numpy as np
import pytest
import sympy as sp

from il6infer.library.compose import compose
from il6infer.network.network import Event, symbol
from il6infer.network.sbml import read_sbml
from il6infer.prediction.ask import lacks
from il6infer.prediction.explore import draft
from il6infer.prediction.interventions import interventions_of
from il6infer.prediction.predict import predict
from il6infer.prediction.shares import carriers
from il6infer.problems.spec import STEADY_STATE, Experiment, Observable, Period
from il6infer.stages import codec
from il6infer.stages.predictions import ModelPredictions
from tests.zoo.competitor import ASKED, SOLVER, numbers, posterior, problem
from tests.zoo.systems import network


def test_courses_have_their_peak_area_and_inhibition(found):
    got = numbers(found, "courses")

    np.testing.assert_allclose(got["ligand: peak"], 1 / 3, rtol=1e-4)
    np.testing.assert_allclose(got["half the gain: peak"], 1 / 6, rtol=1e-4)
    np.testing.assert_allclose(got["ligand: area"], 100 / 3, rtol=1e-3)
    np.testing.assert_allclose(got["half the gain: inhibition of the rise, against ligand"], 50, rtol=1e-4)


def test_what_lasts_beyond_the_last_time_has_no_duration_and_what_still_rises_no_peak(found):
    """Both were the last simulated time, 100 min, with an interval as narrow as if it had been measured."""
    got = numbers(found, "courses")
    rising = numbers(found, "rising")

    assert np.isnan(got["ligand: duration"]).all()
    assert np.isnan(rising["ligand: time to peak"]).all()
    assert np.isfinite(rising["ligand: peak"]).all()


def test_a_model_without_what_is_asked_says_so(found):
    [courses] = [p for p in found.predictions if p.id == "courses"]
    missing = courses.curves[2]

    assert (missing.values, missing.absent) == (None, "the model has no trans-signalling")
    assert {n.absent for n in courses.numbers if n.label.startswith("no such thing")} == {missing.absent}


def test_dose_responses_have_the_ec50_and_slope_of_the_curve(found):
    got = numbers(found, "response")

    np.testing.assert_allclose(got["doses of ligand: EC50"], 2.0, rtol=0.01)
    np.testing.assert_allclose(got["doses of ligand: Hill slope"], 1.0, rtol=0.02)
    np.testing.assert_allclose(got["doses of ligand: largest response"], 1.0, rtol=1e-3)


def test_the_ic50_of_a_competitor_is_its_constant_at_each_draw(found):
    got, chosen = numbers(found, "inhibitor"), posterior()["posterior"]["K"].values.ravel()

    np.testing.assert_allclose(got["inhibitor: IC50"], chosen, rtol=0.01)
    np.testing.assert_allclose(got["inhibitor: IC90"], 9 * chosen, rtol=0.02)
    np.testing.assert_allclose(got["inhibitor: Hill slope"], 1.0, rtol=0.02)


def test_the_window_lies_between_the_doses_that_block_and_those_that_spare(found):
    got = numbers(found, "window")
    chance = [values for label, values in got.items() if label.startswith("probability")]

    assert (chance[0] == 100).all()
    np.testing.assert_allclose(got["window, where there is one: lowest dose"], 0.9, rtol=0.04)
    np.testing.assert_allclose(got["window, where there is one: highest dose of the range"], 1000 / 9, rtol=0.04)


def test_where_there_is_no_window_it_has_no_ends(found):
    got = numbers(found, "none")

    assert [float(v.max()) for label, v in got.items() if label.startswith("probability")] == [0.0]
    assert np.isnan(got["window, where there is one: lowest dose"]).all()


def test_shares_add_up_and_a_species_that_the_model_lacks_carries_nothing(found):
    got = numbers(found, "share")

    np.testing.assert_allclose(got["ligand: through a"], 75, rtol=1e-4)
    np.testing.assert_allclose(got["ligand: through b"], 25, rtol=1e-4)


def test_where_hexamers_alone_signal_the_share_of_a_mode_is_theirs_by_halves():
    """Complexes that have not joined carry nothing: their share, 50 %, was told for that of the signal."""
    ligand = symbol("IL6")
    rates = {"IL6": sp.Integer(0), "C_a": 100 * ligand, "C_b": 100 * ligand, "C_endosome": 9 * ligand,
             "H_a": ligand, "H_a_b": 2 * ligand, "H_b": 3 * ligand}  # fmt: skip
    own = problem()
    experiments = (Experiment("e", (Period(STEADY_STATE, {"IL6": sp.Float(0)}), Period(0.0))),)
    observables = (Observable("obs_R", 2.0 * symbol("C_a") + 1.0, symbol("sigma")),)
    model = replace(own, network=network(rates, dict.fromkeys(rates, 0.0)), experiments=experiments,
                    parameters=own.parameters[1:], observables=observables)  # fmt: skip
    parts = {"a": ["C_a"], "b": ["C_b"], "lost": ["C_c"]}
    share = {"id": "share", "title": "share", "share": {"experiments": ["one"], "parts": parts}}
    file = {key: value for key, value in ASKED.items() if key != "next"}
    asked = interventions_of({**file, "predictions": [share]}, Path("p.yaml"))
    draws = az.from_dict(posterior={"sigma": np.full((1, 4), 0.2)})
    got = numbers(predict(model, draws, asked, seed=1, **SOLVER), "share")

    # Two gp130 in a hexamer: 2 of H_a and one of each H_a_b for a, 2 of H_b and one of each H_a_b for b.
    np.testing.assert_allclose(got["ligand: through a"], 100 * 4 / 12, rtol=1e-4)
    np.testing.assert_allclose(got["ligand: through b"], 100 * 8 / 12, rtol=1e-4)
    np.testing.assert_array_equal(got["ligand: through lost"], 0.0)


@pytest.mark.parametrize("name", ["both_none+hexamer", "cluster_none+hexamer+trafficking", "both_none", "linear_none"])
def test_what_carries_the_modes_of_a_model_is_all_that_signals(name):
    model = compose(name)
    own = read_sbml(model.sbml, name)
    complexes = [s for s in own.states if s.startswith("C_") and s != "C_endosome"]
    total: dict[str, float] = {}
    for species in complexes:
        for state, weight in carriers(own, species).items():
            total[state] = total.get(state, 0.0) + weight
    signal = own.derived["active_receptor"]
    state, weight = next(iter(total.items()))
    carried = sum(w * symbol(s) for s, w in total.items())

    assert sp.simplify(signal - sp.diff(signal, symbol(state)) / weight * carried) == 0


def test_a_new_measurement_has_the_noise_of_the_gel_on_the_scale_of_the_read_out(found):
    [courses] = [p for p in found.predictions if p.id == "courses"]
    deviation = courses.curves[0].new.values - courses.curves[0].values.values

    assert deviation.std() == pytest.approx(0.1, rel=0.03)  # sigma 0.2 on a gel that reads twice the signal
    assert deviation.mean() == pytest.approx(0.0, abs=0.003)


def test_both_answers_of_the_verdict_ride_along(found):
    assert (found.sampled, found.reproduces) == (True, False)
    assert found.reasons == ("lack-of-fit p 1e-06 (limit: at least 0.01) at y. The model misses the data.",)


def test_the_plan_measures_where_the_parameter_shows_and_only_what_was_measured(found):
    plan = found.plan
    doing = [(lane.done, lane.time_min) for lane in plan.lanes]

    assert (plan.candidates, plan.absent) == (4, "")  # R in two experiments at two times; A was not measured
    assert {lane.readout for lane in plan.lanes} == {"R"}
    assert ("blocked", 50.0) in doing  # K shows where there is an inhibitor, at no other place
    assert plan.gain > plan.random >= 0
    assert list(plan.shrinkage) == ["K"]  # sigma is no parameter of the cells
    assert plan.shrinkage["K"] < 1


def test_a_predictions_file_survives_its_codec(found):
    again = codec.decode(ModelPredictions, codec.encode(found), "x")

    assert again == found


def test_what_a_model_computes_is_not_set_in_vain(asked):
    own = problem().network
    computing = replace(own, computed={"gain": symbol("K")})

    assert lacks(own, asked.plans["half"]) == ""
    assert lacks(computing, asked.plans["half"]) == "the model computes 'gain' of others, which would overwrite it"


def test_a_model_with_events_has_no_explorer_and_says_why():
    own = problem()
    event = Event("e", sp.Gt(symbol("IL6"), 1.0), {"IL6": sp.Integer(0)})

    assert draft(replace(own, network=replace(own.network, events=(event,)))).why == (
        "the model has events, which the explorer does not simulate"
    )


def test_command_refuses_a_missing_file(root, tmp_path):
    words = ("predict", "ask", "p.yaml", "p.nc", "--predictions", "gone.yaml", "--output", str(tmp_path / "x.json"))
    done = subprocess.run([sys.executable, "-m", "il6infer", *words], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "gone.yaml" in done.stderr
