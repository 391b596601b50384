"""Joint fits: what is shared is one parameter, what is not is one a data set, in one PEtab problem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from il6infer.building.build import build
from il6infer.building.selection import selected
from il6infer.calibration.ranks import run_batch
from il6infer.engine import compile
from il6infer.ingestion.joint import Member, join
from il6infer.library.compose import compose, with_values
from il6infer.library.priors import preset_of
from il6infer.petab_files.lint import check
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
    assert {"sigma_pSTAT3_a", "sigma_pSTAT3_b", "scale_pSTAT3_a_a_gel1", "scale_pSTAT3_b_b_gel1"} < set(names)
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
