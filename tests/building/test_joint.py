"""Joint fits: what is shared is one parameter, what is not is one a data set, in one PEtab problem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sympy import sympify as parse

from il6infer._errors import UserError
from il6infer.building.build import build
from il6infer.building.selection import selected
from il6infer.calibration.ranks import run_batch
from il6infer.engine import compile
from il6infer.ingestion.joint import Member, join
from il6infer.library.compose import compose, with_values
from il6infer.library.priors import cell_table, log_normal, preset_of
from il6infer.petab_files.lint import check
from il6infer.prediction.claims import VirtualExperiment
from il6infer.prediction.courses import experiments_of
from il6infer.stages.ingest import FileDigest, IngestSummary
from il6infer.stages.settings import Calibrating, FitSettings
from tests.zoo import recovery
from tests.zoo.data_set import measurements, protocol

FILE = FileDigest("d.yaml", "0" * 64)


def member(
    name: str, cell: str = "", values: dict[str, float] | None = None, table: pd.DataFrame | None = None
) -> Member:
    table = measurements() if table is None else table
    about = IngestSummary(name, name, True, "", "made up", "", FILE, FILE, len(table), {}, {}, (), {})
    return Member(name, table, protocol(), about, cell, preset_of(cell), values)


def joint(model: str, folder, members, own=(), pooled=()):
    tables = join("both", members, own, pooled)
    return check(build(tables.measurements, tables.protocol, compose(model), folder / "p", dataset="both"))


def changes(problem, experiment: str) -> dict[str, str]:
    periods = {e.id: e.periods for e in problem.experiments}[experiment]
    return {k: str(v) for k, v in periods[0].changes.items() if k.endswith("_cells")}


def test_shared_own_and_pooled_parameters_stand_once_or_once_a_data_set(tmp_path):
    problem = joint("both_socs3", tmp_path, [member("a"), member("b")], ["K_SOCS3"], ["k_phosphorylation"])
    names = [p.id for p in problem.estimated]

    assert names.count("Kd_IL6_IL6R") == 1
    assert {"K_SOCS3_a", "K_SOCS3_b"} < set(names)
    assert "K_SOCS3" not in names
    assert {"k_phosphorylation", "k_phosphorylation_spread", "k_phosphorylation_deviation_a"} < set(names)
    assert changes(problem, "a_il6") == {
        "K_SOCS3_cells": "K_SOCS3_a",
        "k_phosphorylation_cells": "k_phosphorylation*exp(k_phosphorylation_deviation_a*k_phosphorylation_spread)",
    }
    priors = {p.id: p.stated_prior for p in problem.estimated}
    assert priors["k_phosphorylation_deviation_b"].distribution == "normal"
    assert priors["k_phosphorylation_deviation_b"].parameters == (0.0, 1.0)
    assert priors["K_SOCS3_a"] == priors["K_SOCS3_b"]
    assert {"sigma_pSTAT3_a", "sigma_pSTAT3_b", "scale_pSTAT3_a_gel1", "scale_pSTAT3_b_gel1"} < set(names)
    assert {str(o.formula.xreplace(problem.network.expand)) for o in problem.observables if "luciferase" in o.id} == {
        "luciferase_p*observableParameter1_luciferase_a", "luciferase_p*observableParameter1_luciferase_b",
    } or all("luciferase" in str(o.formula) for o in problem.observables if "luciferase" in o.id)  # fmt: skip


def test_each_data_set_is_predicted_as_alone_with_its_own_parameters(tmp_path):
    problem = joint("both_socs3", tmp_path, [member("a"), member("b")], ["K_SOCS3"], ["k_phosphorylation"])
    values = {p.id: p.nominal for p in problem.estimated}
    values |= {"K_SOCS3_b": 0.5, "k_phosphorylation_deviation_b": 2.0, "k_phosphorylation_spread": 0.4}
    found = compile(problem, rtol=1e-9, atol=1e-12).simulate(np.array([values[p.id] for p in problem.estimated]))
    for position, (name, own, rate) in enumerate(
        (("a", values["K_SOCS3_a"], values["k_phosphorylation"]), ("b", 0.5, values["k_phosphorylation"] * np.exp(0.8)))
    ):
        alone = with_values(compose("both_socs3"), {"K_SOCS3": own, "k_phosphorylation": float(rate)})
        plain = check(build(measurements(), protocol(), alone, tmp_path / name, dataset=name))
        known = {p.id: values.get(p.id, p.nominal) for p in plain.estimated}
        expected = compile(plain, rtol=1e-9, atol=1e-12).simulate(np.array([known[p.id] for p in plain.estimated]))
        half = len(measurements())
        np.testing.assert_allclose(
            found.prediction[position * half : (position + 1) * half], expected.prediction, rtol=1e-6
        )


def test_cells_of_data_sets_are_those_of_their_presets(tmp_path):
    members = [member("mouse", "hepatocyte", {"cell_number": 5e5}), member("human", "HepG2")]
    problem = joint("classic_socs3@hepatocyte", tmp_path, members)
    names = [p.id for p in problem.estimated]

    assert {"gp130_0_hepatocyte", "gp130_0_HepG2", "ratio_IL6R_gp130_HepG2"} < set(names)
    assert "gp130_0" not in names
    found = changes(problem, "mouse_il6")
    assert float(found.pop("cell_number_cells")) == 5e5
    assert found == {
        "gp130_0_cells": "gp130_0_hepatocyte",
        "ratio_IL6R_gp130_cells": "ratio_IL6R_gp130_hepatocyte",
    }
    medians = {p.id: np.exp(p.stated_prior.parameters[0]) for p in problem.estimated if p.id.startswith("gp130_0_")}
    assert medians["gp130_0_HepG2"] > 5 * medians["gp130_0_hepatocyte"]


@pytest.mark.parametrize("knock_out", ["SOCS3", "k_SOCS3_mRNA"])
@pytest.mark.parametrize("way", ["own", "pooled"])
def test_cells_that_lack_what_is_one_a_data_set_lack_it_still(way, knock_out, tmp_path):
    one = member("a")
    without = replace(one, protocol=one.protocol.assign(knock_out=knock_out, set=""))
    given = {way: ["k_SOCS3_mRNA"]}
    problem = joint("classic_socs3", tmp_path, [without, member("b")], **given)
    name = {"own": "k_SOCS3_mRNA_b", "pooled": "k_SOCS3_mRNA_deviation_b"}[way]

    assert float(changes(problem, "a_il6")["k_SOCS3_mRNA_cells"]) == 0.0
    assert name in changes(problem, "b_il6")["k_SOCS3_mRNA_cells"]


def test_what_a_model_lacks_is_passed_over(tmp_path):
    problem = joint("trans_none@HepG2", tmp_path, [member("a", "HepG2"), member("b", "HepG2")], ["K_SOCS3"])

    assert not [p.id for p in problem.estimated if "K_SOCS3_a" in p.id or "ratio" in p.id]


def test_a_data_set_can_be_left_out_and_predicted(tmp_path):
    tables = join("both", [member("a"), member("b")], [], ["k_phosphorylation"])
    fitted, _ = selected(tables.measurements, tables.protocol, [], [], ["b"], held_out=False)
    out, _ = selected(tables.measurements, tables.protocol, [], [], ["b"], held_out=True)

    assert (set(fitted["dataset"]), set(out["dataset"])) == ({"a"}, {"b"})


def cells_of(tables_of: Member, **given: str) -> Member:
    """A data set whose IL-6 is given to cells of another genotype."""
    steps = tables_of.protocol.assign(**{c: "" for c in ("knock_out", "set")})
    for column, text in given.items():
        steps[column] = np.where(steps["condition"] == "il6", text, "")
    return replace(tables_of, protocol=steps)


@pytest.mark.parametrize("own", [[], ["ratio_IL6R_gp130"]])
def test_what_is_estimated_of_cells_has_the_prior_of_their_preset(own, tmp_path):
    """Hepatocytes have 1 IL-6R per gp130 (0.2 to 5), HepG2 0.011 (0.0022 to 0.055), whichever the model is of."""
    members = [member("mouse", "hepatocyte"), cells_of(member("human", "HepG2"), set="ratio_IL6R_gp130=few")]
    problem = joint("classic_none@hepatocyte", tmp_path, members, own)
    priors = {p.id: p.stated_prior.parameters for p in problem.estimated if p.id.startswith("ratio_")}
    rows = cell_table().set_index(["cell", "parameter"])
    expected = {
        cell: log_normal(*rows.loc[(cell, "ratio_IL6R_gp130"), ["median", "low", "high"]])
        for cell in ("hepatocyte", "HepG2")
    }
    names = ("mouse", "human") if own else ("hepatocyte", "HepG2")
    of = dict(zip(names, ("hepatocyte", "HepG2"), strict=True)) | {"few": "HepG2"}

    assert priors.keys() == {f"ratio_IL6R_gp130_{name}" for name in of}
    for name, cell in of.items():
        assert priors[f"ratio_IL6R_gp130_{name}"] == pytest.approx(expected[cell])


@pytest.mark.parametrize(
    ("members", "given", "said"),
    [
        (
            [member("a", "hepatocyte"), member("b", "HepG2")], {"pooled": ["ratio_IL6R_gp130"]},
            "pooled: 'ratio_IL6R_gp130' is to be drawn around a common mean, but cells of hepatocyte and "
            "HepG2 have other priors of it. Leave it out of 'pooled': it is then one a preset; under 'own' it is one a "
            "data set.",
        ),
        (
            [cells_of(member(*of), set="gp130_0=few") for of in (("a", "hepatocyte"), ("b", "HepG2"))], {},
            "protocol, set: 'gp130_0' is to be estimated for 'few', which names cells of hepatocyte and cells of "
            "HepG2. One name is one parameter: give one of them another.",
        ),
        (
            [cells_of(member("a"), set="K_SOCS3=b"), member("b")], {"own": ["K_SOCS3"]},
            "protocol, set: 'K_SOCS3' is to be estimated for 'b', which names cells of a condition and a data set. "
            "One name is one parameter: give one of them another.",
        ),
        (
            [member("a", values={"K_SOCS3": 0.0}), member("b")], {},
            "protocol, condition 'a_vehicle', set, K_SOCS3: 0 is given, but it must be a number above 0. "
            "Its unit is that of `il6infer models show`.",
        ),
    ],
)  # fmt: skip
def test_what_can_be_no_one_quantity_is_refused(members, given, said, tmp_path):
    model = "classic_socs3@hepatocyte" if members[0].cell else "classic_socs3"
    with pytest.raises(UserError) as error:
        joint(model, tmp_path, members, **given)

    assert str(error.value) == f"problem of 'both' and model '{model}': 1 fault\n  - {said}"


@pytest.mark.parametrize(("model", "k_socs3"), [("classic_socs3", 0.1), ("classic_none", None)])
def test_a_value_holds_in_its_data_set_where_the_model_has_the_parameter_and_its_cells_do_not_lack_it(
    model, k_socs3, tmp_path
):
    one = member("a", values={"K_SOCS3": 0.1, "k_SOCS3_mRNA": 0.05})
    problem = joint(model, tmp_path, [cells_of(one, knock_out="SOCS3"), member("b")])
    vehicle, without = (changes(problem, f"a_{condition}") for condition in ("vehicle", "il6"))

    assert {name: float(value) for name, value in vehicle.items()} == (
        {"k_SOCS3_mRNA_cells": 0.05} | ({"K_SOCS3_cells": k_socs3} if k_socs3 else {})
    )
    assert float(without["k_SOCS3_mRNA_cells"]) == 0.0
    assert changes(problem, "b_il6") == {}


@pytest.mark.parametrize(
    ("parameter", "given", "values", "said"),
    [
        ("K_SOCS3", {"own": ["K_SOCS3"]}, None, "5.0*K_SOCS3_a"),
        ("K_SOCS3", {"pooled": ["K_SOCS3"]}, None, "5.0*K_SOCS3*exp(K_SOCS3_deviation_a*K_SOCS3_spread)"),
        ("K_SOCS3", {}, {"K_SOCS3": 0.2}, "1.0"),
        ("K_SOCS3", {}, None, "5.0*K_SOCS3"),
        ("ratio_IL6R_gp130", {}, None, "5.0*ratio_IL6R_gp130_HepG2"),
    ],
)
def test_a_factor_on_what_cells_have_is_one_on_what_their_data_set_has(parameter, given, values, said, tmp_path):
    one = cells_of(member("a", "HepG2", values), set=f"{parameter}=x5")
    problem = joint("classic_socs3@hepatocyte", tmp_path, [one, member("b", "hepatocyte")], **given)
    [factored] = {changes(problem, f"a_{name}").get(f"{parameter}_cells") for name in ("il6",)}

    assert parse(factored) == parse(said)
    assert parameter not in changes(problem, "b_il6") or "5" not in changes(problem, "b_il6")[parameter]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (member("mouse", "hepatocyte"), "gp130_0_hepatocyte"),
        (cells_of(member("mouse", "hepatocyte"), knock_out="SOCS3"), "gp130_0_hepatocyte"),
        (cells_of(member("mouse", "hepatocyte"), set="gp130_0=few"), "gp130_0_hepatocyte"),
    ],
)
def test_predictions_are_of_the_cells_of_the_first_data_set_whatever_its_name(first, expected, tmp_path):
    """By the alphabet human_il6 comes first, and mouse_il6, which may be of a knock-out, before mouse_vehicle."""
    problem = joint("classic_socs3@hepatocyte", tmp_path, [first, member("human", "HepG2")])
    plan = VirtualExperiment("plan", (), {}, (), (), (), {})
    rest = experiments_of(plan, problem)[0].periods[0].changes

    assert problem.cells == "mouse_vehicle"
    assert str(rest["gp130_0_cells"]) == expected
    assert "k_SOCS3_mRNA_cells" not in rest


def test_predictions_are_of_the_models_cells_where_the_first_data_set_has_them(tmp_path):
    problem = joint("classic_socs3", tmp_path, [member("b"), member("a", values={"K_SOCS3": 0.1})])
    plan = VirtualExperiment("plan", (), {}, (), (), (), {})

    assert problem.cells == ""
    assert "K_SOCS3_cells" not in experiments_of(plan, problem)[0].periods[0].changes


def test_what_a_model_passes_over_is_told(tmp_path, caplog):
    joint("classic_none", tmp_path, [member("a", values={"K_SOCS3": 0.1}), member("b")], own=["k_loss_SOCS3"])
    said = "both: model 'classic_none' has no parameter '{}', and passes over what the joint fit says of it."

    assert [m for m in caplog.messages if "passes over" in m] == [
        said.format("k_loss_SOCS3"),
        said.format("K_SOCS3"),
    ]


def test_names_that_two_data_sets_would_share_are_refused():
    table = measurements()
    inner = member("a", table=table.assign(batch="b_" + table["batch"]))
    outer = member("a_b")
    with pytest.raises(UserError) as error:
        join("both", [inner, outer], [], [])

    assert str(error.value) == (
        "data sets of 'both': 3 faults\n"
        + "\n".join(
            f"  - joint: gels or plates of data sets 'a' and 'a_b' would both be called 'a_b_{gel}'. "
            "Give one of the data sets another name."
            for gel in ("gel1", "gel2", "plate")
        )
    )


def test_a_data_set_called_as_the_end_of_a_read_out_is_refused(tmp_path):
    """pSTAT3 of a data set 'nucleus' was read as pSTAT3_nucleus."""
    with pytest.raises(UserError) as error:
        joint("classic_none", tmp_path, [member("nucleus"), member("b")])

    assert str(error.value) == (
        "problem of 'both' and model 'classic_none': 1 fault\n"
        "  - measurements: 'pSTAT3_nucleus' is a read-out of its own, and pSTAT3 of data set 'nucleus' of a joint fit. "
        "Give the data set another name."
    )


@pytest.mark.slow
def test_shared_own_and_pooled_parameters_are_recovered(tmp_path):
    """Intervals hold the truth as often as they say, over 60 pairs of data sets simulated at draws of the priors."""
    fixed = {
        "Kd_IL6_IL6R": 4.0, "Kd_complex_gp130": 0.3, "k_dephosphorylation_n": 0.2, "K_SOCS3_mRNA": 0.2,
        "IL6R_0": 3600.0, "SOCS3_basal": 0.004, "k_delay": 0.11, "k_SOCS3_mRNA": 0.05, "k_SOCS3_protein": 0.1,
        "Kd_complex_sgp130Fc": 0.1, "K_reporter": 0.2, "k_reporter_mRNA": 0.01,
    }  # fmt: skip
    row = measurements(offset=False).iloc[[0]].drop(columns=["condition", "time_min"])
    times = [(c, t) for c in ("il6", "vehicle") for t in (0.0, 5.0, 10.0, 20.0, 40.0, 60.0, 90.0, 120.0)]
    table = pd.DataFrame(times, columns=["condition", "time_min"]).merge(row, how="cross").assign(value=1.0)
    tables = join("both", [member("a", table=table), member("b", table=table)], ["K_SOCS3"], ["k_phosphorylation"])
    model = with_values(compose("classic_socs3"), fixed)
    problem = check(build(tables.measurements, tables.protocol, model, tmp_path / "p", dataset="both"))
    counted = Calibrating(fits=60, batch=60, chains=2, tune=200, draws=200, starts=2)
    batch = run_batch(problem, FitSettings(seed=9, rtol=1e-4, atol=1e-6), counted, 0, 1)
    ranks = np.array([fit.ranks for fit in batch.fits if fit.ranks is not None])
    shares = ranks / batch.levels
    found = {level: recovery.coverage(shares, level) for level in (0.5, 0.9)}

    each = zip(batch.parameters, shares.T, strict=True)
    print(found, len(ranks), {name: recovery.coverage(own, 0.9) for name, own in each})
    assert len(ranks) == 60
    # 60 pairs of data sets of 14 parameters, which hang together.
    assert found[0.5] == pytest.approx(0.5, abs=0.08)
    assert found[0.9] == pytest.approx(0.9, abs=0.05)
