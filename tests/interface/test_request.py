"""What may be asked of a model in memory: as people write it, and what cannot be, each said in full."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

import il6infer as il
from il6infer._errors import UserError
from il6infer.building.build import build
from il6infer.interface.request import request
from il6infer.library.compose import compose
from il6infer.petab_files.read import load
from tests.zoo.data_set import measurements, protocol

UNITS = "pg/ml, ng/ml, ug/ml, mg/ml, ng/l, ug/l, mg/l, fM, pM, nM, uM, mM"
MEDIUM = "HyperIL6, HyperIL6_sgp130Fc, IL6, IL6_sIL6R, IL6_sIL6R_sgp130Fc, sIL6R, sgp130Fc"
GENES = "IL6R, IL6R_0, IL6R_presenting_0, JAK1, JAK2, SOCS3, STAT1, TYK2, contact, ratio_IL6R_gp130"
POSITIVE = "but it must be a number above 0. Its unit is that of `il6infer models show`."

# Arguments -> the one fault that is said of them.
FAULTS = [
    ({"doses": {"IL6": "10 ng"}}, f"dose of 'IL6': unknown dose unit 'ng'. Known: {UNITS}."),
    ({"doses": {"IL6": "much"}}, "dose of 'IL6': 'much' is not a dose. Write a number and a unit, such as '10 ng/ml'."),
    ({"doses": {"IL6": True}}, "dose of 'IL6': True is not a dose. Write a number and a unit, such as '10 ng/ml'."),
    (
        {"doses": {"IL6": "0,5 ng/ml"}},
        "dose of 'IL6': is the comma of '0,5 ng/ml' a decimal? Write a point, and no thousands.",
    ),
    ({"doses": {"IL6": "1.000.0 nM"}}, "dose of 'IL6': '1.000.0' is not a number."),
    ({"doses": {"IL6": -1.0}}, "dose of 'IL6': -1.0 is below 0 or infinite."),
    ({"doses": {"IL6": [1.0, math.nan]}}, "dose of 'IL6': nan is below 0 or infinite."),
    ({"doses": {"IL6": []}}, "dose of 'IL6': there is none. Write 0 for none of it."),
    ({"doses": {"IL6": 1, "IL-6": 2}}, "dose of 'IL-6': 'IL6' has a dose already. Give all its doses as one list."),
    ({"doses": None}, "doses: names with their values were expected, such as {'IL6': 10}, found None."),
    ({"doses": "10 ng/ml"}, "doses: names with their values were expected, such as {'IL6': 10}, found '10 ng/ml'."),
    (
        {"doses": {"Tocilizumab": "10 ug/ml"}},
        "dose of 'Tocilizumab': 'tocilizumab' is given, but is not in the medium of model 'both_socs3'. "
        "Model 'both_socs3+antibodies' has it.",
    ),
    (
        {"doses": {"gp130": "5 nM"}},
        "dose of 'gp130': 'gp130' is given, but is not in the medium of model 'both_socs3'. "
        f"Did you mean 'sgp130Fc'? Known: {MEDIUM}.",
    ),
    ({"times": [5, 0]}, "times: increasing numbers from 0 on were expected [min], found [5, 0]."),
    ({"times": [0, 0]}, "times: increasing numbers from 0 on were expected [min], found [0, 0]."),
    ({"times": [-5, 0]}, "times: increasing numbers from 0 on were expected [min], found [-5, 0]."),
    ({"times": [0, math.nan]}, "times: increasing numbers from 0 on were expected [min], found [0, nan]."),
    ({"times": []}, "times: increasing numbers from 0 on were expected [min], found []."),
    ({"times": "0-60"}, "times: increasing numbers from 0 on were expected [min], found '0-60'."),
    ({"times": ["1 h"]}, "times: increasing numbers from 0 on were expected [min], found ['1 h']."),
    ({"at": {"IL6": "1 h"}}, "time of 'IL6': a time [min] was expected, found '1 h'."),
    ({"at": {"IL6": math.nan}}, "time of 'IL6': a time [min] was expected, found nan."),
    ({"at": {"sIL6R": 5}}, "time of 'sIL6R': it is not among the doses."),
    ({"wash": [10, math.inf]}, "wash: a time [min] was expected, found inf."),
    (
        {"readouts": "pERK"},
        "read-out 'pERK': read-out 'pERK' is measured, but model 'both_socs3' has none of that name. "
        "Model 'both_socs3+mapk' has it.",
    ),
    (
        {"parameters": {"Kd_IL6": 1.0}},
        "parameter 'Kd_IL6': model 'both_socs3' has no parameter 'Kd_IL6'. Did you mean 'Kd_IL6_IL6R'?",
    ),
    ({"parameters": {"Kd_IL6_IL6R": -5}}, f"parameter 'Kd_IL6_IL6R': -5 is given, {POSITIVE}"),
    ({"parameters": {"Kd_IL6_IL6R": 0}}, f"parameter 'Kd_IL6_IL6R': 0 is given, {POSITIVE}"),
    ({"parameters": {"Kd_IL6_IL6R": math.nan}}, "parameter 'Kd_IL6_IL6R': a number was expected, found nan."),
    ({"parameters": {"Kd_IL6_IL6R": "5 nM"}}, "parameter 'Kd_IL6_IL6R': a number was expected, found '5 nM'."),
    (
        {"parameters": ["K_SOCS3"]},
        "parameters: names with their values were expected, such as {'IL6': 10}, found ['K_SOCS3'].",
    ),
    (
        {"knock_out": ["SOCS33"]},
        "knock-out 'SOCS33': model 'both_socs3' knows no knock-out 'SOCS33'. Did you mean 'SOCS3'? "
        f"Known: {GENES}. A rate (k_...) of the model can be 0, too.",
    ),
    (
        {"knock_out": ["IL6R_0"], "parameters": {"IL6R_0": 3.0}},
        "parameter 'IL6R_0': it has a value, and is 0 by knock-out 'IL6R_0'. Give one.",
    ),
    ({"prior_draws": -1}, "prior_draws: a whole number from 0 on was expected, found -1."),
    ({"threads": 0}, "threads: a whole number from 1 on was expected, found 0."),
    ({"seed": 1.5}, "seed: a whole number from 0 on was expected, found 1.5."),
]


@pytest.fixture(scope="module")
def model():
    return il.model("both_socs3")


@pytest.mark.parametrize(("changes", "fault"), FAULTS, ids=[fault.split(",")[0] for _, fault in FAULTS])
def test_what_cannot_be_is_said(model, changes, fault):
    with pytest.raises(il.UserError) as error:
        model.simulate(**{"doses": {"IL6": 1.0}, "times": [0, 1], **changes})
    assert str(error.value) == f"request to 'both_socs3': 1 fault\n  - {fault}"


def test_all_faults_are_one_message(model):
    with pytest.raises(il.UserError, match=r"^request to 'both_socs3': 4 faults\n"):
        model.simulate({"IL6": "much"}, [1, 0], readouts=["pStat3"], parameters={"k_off": 1.0})


def test_names_as_people_write_them_and_one_in_place_of_several(model):
    usual = model.simulate({"IL6": "10 ng/ml"}, [0, 20], readouts=["pSTAT3"], knock_out=["SOCS3"], wash=[10])
    people = model.simulate({"IL-6": "0.01 µg/mL"}, [0, 20], readouts="pSTAT3", knock_out="SOCS3", wash=10)
    single = model.simulate({"IL6": "10 ng/ml"}, 20, readouts="pSTAT3", knock_out="SOCS3", wash=np.array([10.0]))

    assert people["pSTAT3"].equals(usual["pSTAT3"])
    assert single["pSTAT3"].values == pytest.approx(usual["pSTAT3"].values[1:], rel=1e-9)


@pytest.mark.slow
def test_a_value_means_the_same_in_the_experiment_as_in_the_model():
    """Of parameters from which others, or the start, are computed, too."""
    model = il.model("both_socs3", cell="HepG2")
    asked = {"doses": {"IL6": "10 ng/ml", "sIL6R": "25 ng/ml"}, "times": [0, 10, 60], "readouts": ["pSTAT3"]}
    for name in ("ratio_IL6R_gp130", "gp130_0", "Kd_complex_gp130"):
        value = 1.7 * model.priors.set_index("parameter").loc[name, "median"]
        once = model.simulate(**asked, parameters={name: value})["pSTAT3"]
        always = model.with_values({name: value}).simulate(**asked)["pSTAT3"]
        np.testing.assert_allclose(once, always, rtol=1e-4, err_msg=name)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"rtol": -1.0}, "rtol: -1.0 is not allowed: it must be above 0."),
        ({"atol": 1.0}, "atol: 1.0 is not allowed: it must be at most 0.01."),
        ({"max_steps": 0}, "max_steps: 0 is not allowed: it must be at least 1."),
    ],
)
def test_a_solver_that_cannot_be_is_said(options, fault):
    with pytest.raises(il.UserError) as error:
        il.Solver(**options)
    assert str(error.value) == f"options of the solver: 1 fault\n  - {fault}"


def test_numbers_of_numpy_are_numbers(model):
    settings = il.FitSettings(seed=np.int64(3), target_accept=np.float32(0.5))

    assert (settings.seed, settings.target_accept) == (3, 0.5)
    assert {type(settings.seed), type(settings.target_accept)} == {int, float}
    assert model.with_values({"cell_number": np.float64(5e4)}).sbml == model.with_values({"cell_number": 5e4}).sbml


def test_what_cannot_be_asked_of_a_fit_is_said(model):
    fit = il.Fit(model.problem, {"posterior": xr.Dataset()})
    names = "atol, chains, draws, engine, mass_matrix, max_steps, nuisance, rtol, sampler, seed, starts, target_accept"
    asked = {
        "fit: a problem was expected, as `il6infer.petab` reads it, found 'problem.yaml'.":
            lambda: il.fit("problem.yaml"),
        f"settings of the fit: 1 fault\n  - drawz: is no setting. Did you mean 'draws'? Known: {names}, threads, tune.":
            lambda: il.fit(model.problem, drawz=1),
        "leave_out: 'gel' is unknown. Known: batch, condition, data_set.": lambda: fit.leave_out("gel"),
        "settings of the comparison: 1 fault\n  - runs: 0 is not allowed: it must be at least 3.":
            lambda: fit.evidence(runs=0),
        "settings of the comparison: 1 fault\n  - criterion: 'waic' is unknown. Known: evidence, leave_out, loo.":
            lambda: il.compare([fit], criterion="waic"),
        "none.nc: no such file. Run `il6infer fit` first.": lambda: il.load_fit("none.nc", model.problem),
    }  # fmt: skip
    for message, ask in asked.items():
        with pytest.raises(il.UserError) as error:
            ask()
        assert str(error.value) == message


def test_fits_of_one_name_are_not_compared(model):
    fit = il.Fit(model.problem, {})
    for fits, what in (([], "there is no fit"), ([fit, fit], "two fits are of problems of one id")):
        with pytest.raises(il.UserError) as error:
            il.compare(fits)
        assert str(error.value) == f"compare: {what}. Give fits by names of their own, as {{'a': fit, 'b': other}}."


def test_a_value_that_is_a_text_is_said(model):
    with pytest.raises(il.UserError) as error:
        model.with_values({"cell_number": "5e4"})
    assert str(error.value) == f"values for model 'both_socs3': 1 fault\n  - cell_number: '5e4' is given, {POSITIVE}"


def test_what_is_dissolved_is_known_where_a_constraint_comes_first_in_the_alphabet(tmp_path):
    table, steps = (each.assign(condition="z" + each["condition"]) for each in (measurements(), protocol()))
    path = build(
        table, steps, compose("classic_none"), tmp_path / "p", dataset="toy", constraints=["high_affinity_sites"]
    )
    problem = load(path)
    rest = dict.fromkeys(("readouts", "parameters", "at"))
    asked = request(problem, {"IL6": "1 nM"}, [0.0, 10.0], **rest, wash=(), knock_out=(), counts={})

    assert problem.experiments[0].id == "literature_high_affinity_sites"
    assert asked.dimensions == {}
    with pytest.raises(UserError, match="dose of 'gp130': it is not dissolved in the medium"):
        request(problem, {"gp130": "1 nM"}, [0.0, 10.0], **rest, wash=(), knock_out=(), counts={})
