"""Cells of another genotype: what the protocol says becomes a condition before the stimulus, exactly."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from il6infer._errors import UserError
from il6infer.building.build import build
from il6infer.building.genotypes import genotype_faults, with_genotypes
from il6infer.calibration.ranks import run_batch
from il6infer.engine import compile
from il6infer.ingestion.protocol import Step
from il6infer.library.catalogue import shipped
from il6infer.library.compose import Model, compose, with_values
from il6infer.library.genotypes import knocked_out, may_be_zero, parameter_fault
from il6infer.petab_files.lint import check
from il6infer.prediction.claims import VirtualExperiment
from il6infer.prediction.courses import experiments_of
from il6infer.problems.noise import slopes
from il6infer.problems.spec import STEADY_STATE
from il6infer.stages.genotype import Genotype
from il6infer.stages.settings import Calibrating, FitSettings
from tests.zoo import recovery
from tests.zoo.data_set import measurements, protocol


def two_genotypes(knock_out: str = "", given: str = "") -> tuple[pd.DataFrame, pd.DataFrame]:
    """The data set of the zoo, its conditions once in the model's cells and once (``mutant_...``) in others."""
    table, steps = measurements(), protocol()
    table = pd.concat([table, table.assign(condition="mutant_" + table["condition"])], ignore_index=True)
    others = steps.assign(condition="mutant_" + steps["condition"], knock_out=knock_out, set=given)
    return table, pd.concat([steps, others], ignore_index=True)


def simulated(model: Model, folder: Path, knock_out: str = "", given: str = "", **values: float):
    """Problem, engine and predictions of the two genotypes at the nominal parameters, but for `values`."""
    problem = check(build(*two_genotypes(knock_out, given), model, folder / "problem", dataset="toy"))
    engine = compile(problem, rtol=1e-10, atol=1e-13)
    theta = np.array([values.get(p.id, p.nominal) for p in problem.estimated])
    return problem, engine, theta, engine.simulate(theta).prediction


@pytest.mark.parametrize(
    ("model", "knock_out", "given", "as_values"),
    [
        ("both_socs3", "SOCS3", "", {"k_SOCS3_mRNA": 0.0}),
        ("both_dual+jak", "JAK1;IL6R", "", {"JAK1": 0.0, "IL6R_0": 0.0}),
        ("classic_socs3@HepG2", "", "ratio_IL6R_gp130=0.2;gp130_0=5e4",
         {"ratio_IL6R_gp130": 0.2, "gp130_0": 5e4}),
        ("both_socs3", "", "IL6R_0=x5;hill_SOCS3=x0.5", {"IL6R_0": 18000.0, "hill_SOCS3": 0.9}),
        ("trans_loss", "k_internalisation", "k_basal=0.01", {"k_internalisation": 0.0, "k_basal": 0.01}),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_a_genotype_predicts_what_a_model_of_such_cells_predicts(model, knock_out, given, as_values, tmp_path):
    problem, _, theta, found = simulated(compose(model), tmp_path, knock_out, given)
    plain = check(
        build(measurements(), protocol(), with_values(compose(model), as_values), tmp_path / "p", dataset="t")
    )
    known = dict(zip([p.id for p in problem.estimated], theta, strict=True))
    expected = compile(plain, rtol=1e-10, atol=1e-13).simulate(np.array([known[p.id] for p in plain.estimated]))
    wild = check(build(measurements(), protocol(), compose(model), tmp_path / "w", dataset="t"))
    unchanged = compile(wild, rtol=1e-10, atol=1e-13).simulate(np.array([known[p.id] for p in wild.estimated]))

    half = len(found) // 2
    np.testing.assert_allclose(found[half:], expected.prediction, rtol=1e-7)
    np.testing.assert_allclose(found[:half], unchanged.prediction, rtol=1e-7)
    assert not np.allclose(found[half:], found[:half], rtol=1e-3)


def test_a_knock_out_is_at_rest_before_the_stimulus(tmp_path):
    problem, engine, theta, _ = simulated(compose("both_socs3"), tmp_path, "SOCS3")
    states = engine.states(theta)[engine.plan.experiments["mutant_vehicle"]]

    np.testing.assert_allclose(states, np.tile(states[0], (len(states), 1)), rtol=1e-7, atol=1e-12)
    assert states[0, problem.network.states.index("SOCS3_p")] == pytest.approx(0.0, abs=1e-12)
    periods = {e.id: e.periods for e in problem.experiments}
    assert periods["mutant_il6"][0].time == STEADY_STATE
    assert float(periods["mutant_il6"][0].changes["k_SOCS3_mRNA_cells"]) == 0.0
    assert "k_SOCS3_mRNA_cells" not in periods["il6"][0].changes


def test_gradients_are_exact_where_conditions_set_parameters(tmp_path):
    problem, engine, theta, _ = simulated(compose("both_socs3"), tmp_path, "SOCS3", "k_internalisation=mutant")
    ids = [p.id for p in problem.estimated]
    assert {"k_internalisation", "k_internalisation_mutant"} <= set(ids)
    theta = theta * np.linspace(0.9, 1.1, len(theta))
    simulation = engine.simulate(theta)
    measured = problem.measurements["value"].to_numpy()
    bars = slopes(problem.noise_kinds, measured, simulation.prediction, simulation.noise, problem.sides)
    gradient = engine.pullback(theta, *bars)
    for name in ("k_internalisation", "k_internalisation_mutant", "k_SOCS3_mRNA", "k_phosphorylation"):
        i, step = ids.index(name), 1e-5 * theta[ids.index(name)]
        above, below = theta.copy(), theta.copy()
        above[i] += step
        below[i] -= step
        slope = (engine.log_likelihood(above).sum() - engine.log_likelihood(below).sum()) / (2 * step)
        assert gradient[i] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_a_parameter_of_some_cells_has_the_prior_of_all_and_one_that_none_has_is_left_out(tmp_path):
    table, steps = two_genotypes()
    steps["set"] = np.where(steps["condition"].str.startswith("mutant"), "IL6R_0=mutant", "IL6R_0=wild_type")
    problem = check(build(table, steps, compose("both_socs3"), tmp_path / "p", dataset="toy"))
    known = {p.id: p for p in problem.parameters}

    assert "IL6R_0" not in known
    assert known["IL6R_0_mutant"].prior == known["IL6R_0_wild_type"].prior
    assert known["IL6R_0_mutant"].unit == "molecules/cell"


def test_a_factor_is_one_on_what_is_estimated_and_adds_no_parameter(tmp_path):
    problem, engine, theta, found = simulated(compose("both_socs3"), tmp_path, "", "IL6R_0=x0.5", IL6R_0=8000.0)
    [change] = {str(e.periods[0].changes["IL6R_0_cells"]) for e in problem.experiments if e.id.startswith("mutant")}
    halved = [4000.0 if p.id == "IL6R_0" else value for p, value in zip(problem.estimated, theta, strict=True)]
    half = len(found) // 2

    assert change == "0.5*IL6R_0"
    assert [p.id for p in problem.estimated if p.id.startswith("IL6R_0")] == ["IL6R_0"]
    np.testing.assert_allclose(engine.simulate(np.array(halved)).prediction[:half], found[half:], rtol=1e-7)


@pytest.mark.parametrize(
    ("model", "knock_out", "given", "said"),
    [
        (
            "classic_socs3", "JAK1", "",
            "protocol, condition 'mutant_vehicle', knock_out: model 'classic_socs3' knows no knock-out 'JAK1'. "
            "Model 'classic_socs3+jak' has it.",
        ),
        (
            "classic_socs3", "TP53", "",
            "protocol, condition 'mutant_vehicle', knock_out: model 'classic_socs3' knows no knock-out 'TP53'. "
            "Known: IL6R, IL6R_0, IL6R_presenting_0, JAK1, JAK2, SOCS3, STAT1, TYK2, contact, ratio_IL6R_gp130. "
            "A rate (k_...) of the model can be 0, too.",
        ),
        (
            "classic_socs3", "", "k_imports=0.2",
            "protocol, condition 'mutant_vehicle', set: model 'classic_socs3' has no parameter 'k_imports'. "
            "Did you mean 'k_import'?",
        ),
        (
            "classic_none", "", "K_SOCS3=0.2",
            "protocol, condition 'mutant_vehicle', set: model 'classic_none' has no parameter 'K_SOCS3'. "
            "Models 'classic_socs3', 'classic_dual' have it.",
        ),
        (
            "classic_socs3", "", "STAT3=5",
            "protocol, condition 'mutant_vehicle', set: 'STAT3' is a state or read-out of model 'classic_socs3', and "
            "no parameter: only a parameter can be set. "
            "`il6infer models show` lists the parameters that it follows from.",
        ),
        (
            "classic_socs3", "", "k_import=mutant",
            "protocol, condition 'mutant_vehicle', set: 'k_import' is to be estimated for 'mutant', but it is fixed in "
            "model 'classic_socs3' and has no prior. Give its value in these cells as a number.",
        ),
        (
            "classic_socs3", "", "hill_SOCS3=0",
            "protocol, condition 'mutant_vehicle', set, hill_SOCS3: 0 is given, but it must be a number above 0. "
            "Its unit is that of `il6infer models show`.",
        ),
        (
            "classic_socs3", "SOCS3", "k_SOCS3_mRNA=x2",
            "protocol, condition 'mutant_vehicle', set: 'k_SOCS3_mRNA' is set, and the knock-out of SOCS3 makes it 0. "
            "Drop one.",
        ),
        (
            "classic_socs3@HepG2", "", "IL6R_0=x5",
            "protocol, condition 'mutant_vehicle', set: a factor on 'IL6R_0' is given, but it is computed from others "
            "in model 'classic_socs3@HepG2'. Give one on what it is computed from, or its value in these cells.",
        ),
        (
            "classic_socs3", "", "K_SOCS=x2",
            "protocol, condition 'mutant_vehicle', set: model 'classic_socs3' has no parameter 'K_SOCS'. "
            "Did you mean 'K_SOCS3'?",
        ),
        (
            "classic_socs3", "SOCS3", "k_SOCS3_mRNA=2",
            "protocol, condition 'mutant_vehicle', set: 'k_SOCS3_mRNA' is set, and the knock-out of SOCS3 makes it 0. "
            "Drop one.",
        ),
    ],
)  # fmt: skip
def test_what_a_model_does_not_know_is_refused_with_the_models_that_do(model, knock_out, given, said, tmp_path):
    with pytest.raises(UserError) as error:
        build(*two_genotypes(knock_out, given), compose(model), tmp_path / "p", dataset="toy")

    assert str(error.value) == f"problem of 'toy' and model '{model}': 1 fault\n  - {said}"


@pytest.mark.parametrize(
    ("knock_out", "given", "said"),
    [
        ("", "k_basal=abc def", ", set: 'k_basal=abc def' is not PARAMETER=VALUE."),
        ("", "gp130_0=500;gp130_0=600", ", set: 'gp130_0' is set twice."),
        ("k_internalisation", "k_internalisation=1", ", set: 'k_internalisation' is knocked out, too."),
    ],
)
def test_what_a_protocol_that_was_edited_cannot_mean_is_refused(knock_out, given, said, tmp_path):
    """`il6infer ingest` refuses it, and the table that it wrote may have been changed since."""
    table, steps = two_genotypes(knock_out, given)
    mutants = [name for name in dict.fromkeys(steps["condition"]) if name.startswith("mutant_")]
    with pytest.raises(UserError) as error:
        build(table, steps, compose("classic_socs3"), tmp_path / "p", dataset="toy")

    assert str(error.value).splitlines()[1:] == [f"  - protocol, condition '{name}'{said}" for name in mutants]


def test_rows_of_one_condition_have_one_kind_of_cells(tmp_path):
    table, steps = two_genotypes("SOCS3")
    steps.loc[steps[steps["condition"] == "mutant_il6"].index[-1:], "knock_out"] = ""
    doubled = pd.concat([steps, steps[steps["condition"] == "mutant_il6"].assign(time_min=30.0, knock_out="SOCS3")])
    with pytest.raises(UserError, match="condition 'mutant_il6': its rows say different things of its cells"):
        build(table, doubled, compose("classic_socs3"), tmp_path / "p", dataset="toy")


def test_a_parameter_that_an_option_puts_in_the_place_of_another_is_known_by_its_own_name():
    library = shipped()
    for option, module in library.options.items():
        for old, new in module.replaces.items():
            name = f"both_socs3+{option}"
            assert parameter_fault("here", new, name, library) is None
            assert knocked_out(new, name, library) == ((new,) if may_be_zero(new, library) else None)
            assert parameter_fault("here", old, name, library) is not None
            assert knocked_out(old, name, library) is None
            assert parameter_fault("here", old, "both_socs3", library) is None


@pytest.mark.parametrize(
    "name", ["classic_socs3+deactivation@hepatocyte", "trans_dual+stat1", "both_socs3+drugs", "both_socs3+basal"]
)
def test_each_word_of_a_model_can_be_set_or_is_refused(name):
    model = compose(name)
    words = sorted({*re.findall(r"[A-Za-z_]\w*", model.antimony)})
    refused = {w for w in words if genotype_faults({"mutant": Genotype(set={w: 0.5})}, model)}
    taken = [w for w in words if w not in refused]

    with_genotypes(model, {"mutant": Genotype(set=dict.fromkeys(taken, 0.5))})
    assert {"STAT3", "pSTAT3", "cell", "phosphorylate"} <= refused
    assert {"k_import", "gp130_0", "hill_SOCS3"} <= set(taken)


def test_cells_that_lack_the_receptor_anyway_may_be_called_its_knock_out(tmp_path):
    problem, *_, found = simulated(compose("trans_socs3"), tmp_path, "IL6R")

    np.testing.assert_array_equal(found[: len(found) // 2], found[len(found) // 2 :])
    assert all(not e.id.startswith("cells_") for e in problem.experiments)


@pytest.mark.slow
def test_wild_type_knock_out_and_cells_of_their_own_are_recovered_together(tmp_path):
    """Intervals hold the truth as often as they say, over 60 data sets simulated at draws of the priors."""
    fixed = {
        "Kd_IL6_IL6R": 4.0, "Kd_complex_gp130": 0.3, "k_dephosphorylation_n": 0.2, "K_SOCS3_mRNA": 0.2,
        "SOCS3_basal": 0.004, "k_delay": 0.11, "k_SOCS3_mRNA": 0.05, "k_SOCS3_protein": 0.1,
        "K_reporter": 0.2, "k_reporter_mRNA": 0.01, "Kd_complex_sgp130Fc": 0.1,
    }  # fmt: skip
    cells = {"wild": ("", ""), "ko": ("SOCS3", ""), "few": ("", "IL6R_0=few")}
    none = {"species": "", "concentration_nM": np.nan, "dose": np.nan, "unit": ""}
    steps = pd.DataFrame(
        [
            {"condition": name, "time_min": 0.0, "action": "add", "species": "IL6", "concentration_nM": 0.5,
             "dose": 0.5, "unit": "nM", "knock_out": lacking, "set": own}
            for name, (lacking, own) in cells.items()
        ]
        + [{"condition": "vehicle", "time_min": 0.0, "action": "control", **none, "knock_out": "", "set": ""}]
    )  # fmt: skip
    table = measurements(offset=False).iloc[[0]].drop(columns=["condition", "time_min"])
    times = [(c, t) for c in (*cells, "vehicle") for t in (0.0, 10.0, 20.0, 40.0, 60.0, 90.0, 120.0)]
    table = pd.DataFrame(times, columns=["condition", "time_min"]).merge(table, how="cross").assign(value=1.0)
    model = with_values(compose("classic_socs3"), fixed)
    problem = check(build(table, steps, model, tmp_path / "p", dataset="toy"))
    counted = Calibrating(fits=60, batch=60, chains=2, tune=200, draws=200, starts=2)
    batch = run_batch(problem, FitSettings(seed=9, rtol=1e-4, atol=1e-6), counted, 0, 1)
    shares = np.array([fit.ranks for fit in batch.fits if fit.ranks is not None]) / batch.levels
    assert {"IL6R_0", "IL6R_0_few", "K_SOCS3"} <= set(batch.parameters)
    found = {level: recovery.coverage(shares, level) for level in (0.5, 0.9)}

    each = zip(batch.parameters, shares.T, strict=True)
    print(found, len(shares), {name: recovery.coverage(own, 0.9) for name, own in each})
    assert len(shares) == 60
    # 60 data sets of 7 parameters, which hang together: 0.05 is about two standard errors of either.
    assert found[0.5] == pytest.approx(0.5, abs=0.08)
    assert found[0.9] == pytest.approx(0.9, abs=0.05)


def test_a_prediction_takes_the_models_own_cells_and_changes_those_that_it_takes(tmp_path):
    table, steps = two_genotypes("SOCS3", "IL6R_0=mutant")
    problem = check(build(table, steps, compose("both_socs3"), tmp_path / "p", dataset="toy"))
    plan = VirtualExperiment("plan", (), {"IL6R_0": 0.5}, ("k_internalisation",), (), (), {}, scale={"k_delay": 2.0})
    changes = experiments_of(plan, problem)[0].periods[0].changes
    assert (float(changes["IL6R_0"]), float(changes["k_internalisation"])) == (0.5, 0.0)
    assert str(changes["k_delay"]) == "2.0*k_delay"
    assert not [name for name in changes if name.endswith("_cells")]

    steps["set"] = np.where(steps["condition"].str.startswith("mutant"), "IL6R_0=mutant", "IL6R_0=wild_type")
    steps["knock_out"] = ""
    problem = check(build(table, steps, compose("both_socs3"), tmp_path / "q", dataset="toy"))
    plan = VirtualExperiment("plan", (), {}, (), (), (), {}, scale={"IL6R_0": 2.0})
    changes = experiments_of(plan, problem)[0].periods[0].changes
    assert str(changes["IL6R_0_cells"]) == "2.0*IL6R_0_wild_type"


def test_a_prediction_takes_the_cells_that_were_measured_first_where_none_are_the_models(tmp_path):
    table, steps = two_genotypes()
    steps["set"] = np.where(steps["condition"].str.startswith("mutant"), "IL6R_0=mutant", "IL6R_0=wild_type")
    renamed = {name: name.replace("mutant", "a_mutant") for name in steps["condition"]}
    table, steps = (each.assign(condition=each["condition"].map(renamed)) for each in (table, steps))
    problem = check(build(table, steps, compose("both_none"), tmp_path / "p", dataset="toy"))
    plan = VirtualExperiment("plan", (), {}, (), (), (), {})

    assert problem.experiments[0].id == "a_mutant_il6"
    assert str(experiments_of(plan, problem)[0].periods[0].changes["IL6R_0_cells"]) == "IL6R_0_wild_type"


def test_a_wash_and_an_addition_of_one_time_leave_the_addition_alone(tmp_path):
    problem = check(build(measurements(), protocol(), compose("both_none"), tmp_path / "p", dataset="toy"))
    steps = (
        Step("", 0.0, "add", "IL6", 5.0, 5.0, "nM", 0), Step("", 20.0, "wash", "", None, None, "", 0),
        Step("", 20.0, "add", "IL6", 0.5, 0.5, "nM", 0), Step("", 20.0, "add", "sIL6R", 0.1, 0.1, "nM", 0),
    )  # fmt: skip
    plan = VirtualExperiment("plan", steps, {}, (), (), (0.25,), {"IL6": 1.0}, dose_time=20.0)
    changes = {p.time: p.changes for p in experiments_of(plan, problem)[0].periods}

    assert float(changes[20.0]["IL6"]) == 0.75
    assert float(changes[20.0]["sIL6R"]) == 0.1
    assert str(changes[0.0]["IL6"]) == "IL6 + 5.0"
