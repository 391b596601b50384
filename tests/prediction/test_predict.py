"""Predictions against models whose answers are known: a receptor that an inhibitor competes for."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace

import arviz as az
import numpy as np
import pytest
import sympy as sp
import yaml

from il6infer._errors import UserError
from il6infer.library.compose import compose
from il6infer.network.network import Event, symbol
from il6infer.network.sbml import read_sbml
from il6infer.prediction.ask import lacks
from il6infer.prediction.explore import draft
from il6infer.prediction.interventions import interventions_of, read_interventions
from il6infer.prediction.predict import predict
from il6infer.prediction.shares import carriers
from il6infer.prediction.tables import write_tables
from il6infer.prediction.weighing import weigh
from il6infer.problems.spec import STEADY_STATE, Experiment, Observable, Parameter, Period, Prior, Problem
from il6infer.report.predictions import spread_text
from il6infer.stages import codec
from il6infer.stages.comparison import Comparison
from il6infer.stages.predictions import Array, ModelPredictions, Spread
from tests.zoo import toy
from tests.zoo.systems import network
from tests.zoo.verdicts import comparison as compared
from tests.zoo.verdicts import model_row, verdict

SOLVER = {"engine": "rodas5p", "rtol": 1e-8, "atol": 1e-10}
STEP = [{"time_min": 0, "action": "add", "species": "IL6", "dose": 1, "unit": "nM"}]
DOSES = {"species": "sgp130Fc", "low": 0.001, "high": 1000, "unit": "nM", "points": 61, "time_min": -10}
ASKED = {
    "until": 100,
    "experiments": {
        "one": {"title": "ligand", "steps": STEP},
        "half": {"title": "half the gain", "steps": STEP, "scale": {"gain": 0.5}},
        "doses": {"title": "doses of ligand", "steps": [], "doses": {"species": "IL6", "low": 0.01, "high": 10000,
                                                                    "unit": "nM", "points": 61}},
        "tight": {"title": "tight", "steps": STEP, "set": {"K": 0.1}, "doses": DOSES},
        "loose": {"title": "loose", "steps": STEP, "set": {"K": 1000}, "doses": DOSES},
        "as_fitted": {"title": "inhibitor", "steps": STEP, "doses": DOSES},
        "blocked": {"title": "blocked", "steps": [{**STEP[0], "species": "sgp130Fc"}, *STEP]},
        "absent": {"title": "no such thing", "steps": STEP, "requires": ["C_trans"]},
    },
    "predictions": [
        {"id": "courses", "title": "courses", "readout": "R", "courses": ["one", "half", "absent"], "against": "one"},
        {"id": "response", "title": "response", "readout": "R", "doses": ["doses"], "response": "level", "time": 100},
        {"id": "inhibitor", "title": "inhibitor", "readout": "R", "inhibition": ["as_fitted"], "response": "area"},
        {"id": "window", "title": "window", "readout": "R", "window": {"blocks": "tight", "spares": "loose"}},
        {"id": "none", "title": "no window", "readout": "R", "window": {"blocks": "loose", "spares": "tight"}},
        {"id": "rising", "title": "rising", "readout": "slow", "courses": ["one"]},
        {"id": "share", "title": "share", "share": {"experiments": ["one"], "parts": {"a": ["A"], "b": ["B", "C_x"]}}},
    ],
    "next": {"readouts": ["R", "A"], "experiments": ["one", "blocked", "absent"], "times": [0, 50], "lanes": 4},
}  # fmt: skip


def problem() -> Problem:
    """R follows gain IL6 / (2 + IL6) / (1 + sgp130Fc / K) at once; A and B rise as 3 to 1; R is read on a gel."""
    line, ligand, inhibitor = toy.line(), symbol("IL6"), symbol("sgp130Fc")
    level = symbol("gain") * ligand / (2 + ligand) / (1 + inhibitor / symbol("K"))
    rates = {"IL6": sp.Integer(0), "sgp130Fc": sp.Integer(0), "R": 50 * (level - symbol("R")),
             "A": 3 * ligand - symbol("A"), "B": ligand - symbol("B"), "slow": ligand}  # fmt: skip
    parameters = (
        Parameter("K", 0.0, np.inf, 1.0, True, Prior("log-normal", (0.0, 1.0)), "nM"),
        Parameter("sigma", 0.0, np.inf, 0.2, True, Prior("log-normal", (0.0, 1.0)), ""),
    )
    rows = line.measurements.assign(observable="obs_R", experiment="e", batch="gel", value=1.5)
    return replace(
        line,
        network=network(rates, dict.fromkeys(rates, 0.0), {"gain": 1.0, "K": 1.0}),
        parameters=parameters,
        experiments=(
            Experiment("e", (Period(STEADY_STATE, {"IL6": sp.Float(0), "sgp130Fc": sp.Float(0)}), Period(0.0))),
        ),
        observables=(Observable("obs_R", 2.0 * symbol("R") + 1.0, symbol("sigma")),),
        measurements=rows,
    )


def posterior(seed: int = 3) -> az.InferenceData:
    rng = np.random.default_rng(seed)
    draws = {"K": np.exp(rng.normal(0.0, 0.5, (4, 100))), "sigma": np.full((4, 100), 0.2)}
    return az.from_dict(posterior=draws)


@pytest.fixture(scope="module")
def asked():
    return interventions_of(ASKED, _path("predictions.yaml"))


def _path(name):
    from pathlib import Path

    return Path(name)


@pytest.fixture(scope="module")
def found(asked) -> ModelPredictions:
    return predict(problem(), posterior(), asked, seed=1, verdict=verdict(reproduces=False), **SOLVER)


def numbers(found: ModelPredictions, name: str) -> dict[str, np.ndarray]:
    [one] = [p for p in found.predictions if p.id == name]
    return {n.label: n.values.values for n in one.numbers if n.values is not None}


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
    asked = interventions_of({**file, "predictions": [share]}, _path("p.yaml"))
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


def other(found: ModelPredictions, factor: float) -> ModelPredictions:
    """Predictions of a model all of whose values are larger by a factor."""

    def scaled(array: Array | None) -> Array | None:
        return None if array is None else Array.of(factor * array.values)

    return replace(found, predictions=tuple(
        replace(p, curves=tuple(replace(c, values=scaled(c.values), new=scaled(c.new)) for c in p.curves),
                numbers=tuple(replace(n, values=scaled(n.values)) for n in p.numbers))
        for p in found.predictions
    ))  # fmt: skip


def comparison(**weights: float | None) -> Comparison:
    rows = tuple(model_row(m, weight=w, reproduces=w is not None) for m, w in weights.items())
    return compared("toy", 1, rows)


def test_an_average_is_the_mixture_of_the_models_by_their_weights(found):
    both = {"a": found, "b": other(found, 2.0), "c": other(found, 1000.0)}
    weighed = weigh(both, comparison(a=0.25, b=0.75, c=None))
    [ic50] = [n for p in weighed.predictions for n in p.numbers if n.label == "inhibitor: IC50"]
    draws = numbers(found, "inhibitor")["inhibitor: IC50"]
    pooled = np.concatenate([draws, *[2 * draws] * 3])

    assert ic50.average.median == pytest.approx(np.quantile(pooled, 0.5), rel=0.01)
    assert ic50.average.q05 == pytest.approx(np.quantile(pooled, 0.05), rel=0.02)
    assert ic50.average.mean == pytest.approx(pooled.mean(), rel=1e-5)
    assert (weighed.misfits.keys(), weighed.weights) == ({"c"}, {"a": 0.25, "b": 0.75})


def test_a_probability_along_doses_is_a_share_of_draws_and_no_median_of_yes_and_no(found):
    [drawn] = [p for p in found.predictions if p.id == "window"]
    said = drawn.curves[-1].values.values.copy()
    said[:] = 0.0
    said[: len(said) // 4, 3] = 100.0
    curves = (*drawn.curves[:-1], replace(drawn.curves[-1], values=Array.of(said)))
    own = replace(found, predictions=(replace(drawn, curves=curves),))
    [shown] = weigh({"a": own}, comparison(a=1.0)).predictions
    band = shown.curves[-1].average

    assert band.median[3] == pytest.approx(100 * (len(said) // 4) / len(said))
    assert band.median[2] == 0.0
    assert band.q05 == band.median == band.q95


def test_a_dose_is_written_by_mass_too_and_no_other_number_is(found, tmp_path):
    weighed = weigh({"a": found}, comparison(a=1.0))
    write_tables(tmp_path, weighed)
    masses = {n.label: n.mass for p in weighed.predictions for n in p.numbers}
    with (tmp_path / "numbers.csv").open() as handle:
        written = {row["number"]: row["kDa"] for row in csv.DictReader(handle)}

    assert (masses["inhibitor: IC50"], written["inhibitor: IC50"]) == (210, "210")
    assert (masses["doses of ligand: EC50"], written["doses of ligand: EC50"]) == (20.8, "20.8")
    assert {label for label, mass in masses.items() if mass} == {
        n.label for p in weighed.predictions for n in p.numbers if n.unit == "nM"
    }
    assert masses["inhibitor: Hill slope"] is None
    assert written["inhibitor: Hill slope"] == ""


@pytest.mark.parametrize(
    ("median", "mass", "words"),
    [
        (2.0, None, "2 (1\N{EN DASH}20) nM"),
        (2.0, 210.0, "2 (1\N{EN DASH}20) nM = 420 (210\N{EN DASH}4200) ng/ml"),
        (5.0, 210.0, "5 (1\N{EN DASH}20) nM = 1.05 (0.21\N{EN DASH}4.2) ug/ml"),
        (0.01, 20.8, "0.01 (1\N{EN DASH}20) nM = 208 (20800\N{EN DASH}416000) pg/ml"),
    ],
)
def test_a_dose_is_read_in_the_unit_of_mass_that_suits_it(median, mass, words):
    assert spread_text(Spread(3.0, 1.0, median, 20.0, 0.0), "nM", "IC50", mass) == words


def test_a_range_below_zero_is_read_without_a_dash():
    assert spread_text(Spread(-8.0, -15.2, -8.45, -3.6, 0.0), "%", "inhibition") == "-8.45 (-15.2 to -3.6) %"
    assert spread_text(Spread(1.0, -1.0, 1.0, 3.0, 0.0), "%", "inhibition") == "1 (-1 to 3) %"


def test_without_a_weight_nothing_has_an_average(found):
    weighed = weigh({"a": found}, comparison(a=None))

    assert weighed.unanswered == "no model reproduces the data"
    assert {n.average for p in weighed.predictions for n in p.numbers} == {None}
    assert {c.average for p in weighed.predictions for c in p.curves} == {None}


def test_models_that_were_asked_otherwise_are_not_averaged(found):
    asked_less = replace(found, predictions=found.predictions[:1])
    with pytest.raises(UserError) as caught:
        weigh({"a": found, "b": asked_less}, comparison(a=0.5, b=0.5))

    assert str(caught.value) == (
        "'b' was asked for other predictions than 'a'. Run `il6infer predict ask` again, with one file of predictions "
        "for all models."
    )


def test_tables_say_of_each_row_what_the_fit_is_worth(found, tmp_path):
    rows = (model_row("a", weight=1.0, conflicts=("the prior of k",)), model_row("b", reproduces=False))
    write_tables(tmp_path, weigh({"a": found, "b": found}, compared("toy", 1, rows)))
    with (tmp_path / "numbers.csv").open() as handle:
        rows = [row for row in csv.DictReader(handle) if row["number"] == "inhibitor: IC50"]

    assert [(row["model"], row["sampled"], row["reproduces"], row["agrees"]) for row in rows] == [
        ("a", "yes", "yes", "no"), ("b", "yes", "no", "yes"), ("average", "yes", "yes", "no"),
    ]  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {
        "numbers.csv", "courses.csv", "response.csv", "inhibitor.csv", "window.csv", "none.csv", "rising.csv",
    }  # fmt: skip


FAULTS = [
    ({"courses": ["one"], "doses": ["doses"], "readout": "R"},
     "has 2 of courses, doses, inhibition, window and share. Give exactly one of them."),
    ({"readout": "R"}, "has none of courses, doses, inhibition, window and share. Give exactly one of them."),
    ({"courses": ["oen"], "readout": "R"}, "unknown experiment 'oen'. Did you mean 'one'?"),
    ({"courses": ["doses"], "readout": "R"}, "courses cannot use one with 'doses'; 'doses' has them."),
    ({"doses": ["one"], "readout": "R"}, "doses needs an experiment with 'doses'; 'one' has none."),
    ({"courses": ["one"]}, "has no read-out. Give one, such as 'readout: pSTAT3'."),
    ({"doses": ["doses"], "readout": "R", "response": "level"},
     "'time' goes with 'response: level', and only with it. Give both, or neither."),
    ({"doses": ["doses"], "readout": "R", "response": "level", "time": 101},
     "time 101 min is after the last simulated time, 100 min."),
    ({"doses": ["doses"], "against": "one", "readout": "R"},
     "'against' goes with courses only. Inhibition is against dose 0 of the same experiment."),
    ({"window": {"blocks": "tight", "spares": "doses"}, "readout": "R"},
     "the two experiments of a window have other doses. Give both the same 'doses'."),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "fault"), FAULTS, ids=[f[:30] for _, f in FAULTS])
def test_faults_of_a_predictions_file_say_where_and_what_to_do(entry, fault, tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump({**ASKED, "predictions": [{"id": "x", "title": "t", **entry}]}))
    with pytest.raises(UserError) as caught:
        read_interventions(path)

    assert f"p.yaml, prediction 'x': {fault}" in str(caught.value)


def test_faults_of_candidates_say_where(tmp_path):
    path = tmp_path / "p.yaml"
    bad = {"readouts": ["R"], "experiments": ["oen", "doses"], "times": [5, 500], "costs": {"Q": 1}}
    path.write_text(yaml.safe_dump({**ASKED, "next": bad}))
    with pytest.raises(UserError) as caught:
        read_interventions(path)

    for fault in (
        "p.yaml, next: unknown experiment 'oen'. Did you mean 'one'?",
        "p.yaml, next: 'doses' has 'doses'. Name an experiment of one dose a lane.",
        "p.yaml, next: time 500 min is after the last simulated time. Raise 'until'.",
        "p.yaml, next, costs: 'Q' is none of the read-outs.",
    ):
        assert fault in str(caught.value)


def test_the_file_of_the_project_is_in_order(root):
    found = read_interventions(root / "config" / "predictions.yaml")

    assert {one.kind for one in found.asked} == {"courses", "doses", "inhibition", "window", "share"}


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
