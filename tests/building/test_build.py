"""Tables to a PEtab folder and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from il6infer._errors import UserError
from il6infer.building.build import build
from il6infer.library.compose import compose
from il6infer.library.names import base_names
from il6infer.network.network import symbol
from il6infer.petab_files.lint import check
from il6infer.petab_files.read import load
from il6infer.problems.spec import STEADY_STATE
from tests.zoo.data_set import measurements, protocol


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy") / "problem"
    return build(measurements(), protocol(), compose("both_socs3"), folder, dataset="toy")


def test_every_table_survives_the_round_trip(built: Path) -> None:
    problem = load(built)
    table = measurements()
    np.testing.assert_array_equal(problem.measurements["value"], table["value"])
    np.testing.assert_array_equal(problem.measurements["time"], table["time_min"])
    assert list(problem.measurements["batch"]) == list(table["batch"])
    assert list(problem.measurements["experiment"]) == list(table["condition"])
    assert [o.id for o in problem.observables] == ["obs_pSTAT3", "obs_luciferase"]
    assert [o.distribution for o in problem.observables] == ["log-normal", "log-normal"]
    assert problem.measurements["observable_parameters"][0] == (
        symbol("scale_pSTAT3_gel1"), symbol("offset_pSTAT3_gel1"),
    )  # fmt: skip
    assert problem.measurements["observable_parameters"].iloc[-1] == (symbol("scale_luciferase_plate"),)


def test_protocol_becomes_periods_with_rest_first(built: Path) -> None:
    experiment = {e.id: e for e in load(built).experiments}["il6"]
    assert [p.time for p in experiment.periods] == [STEADY_STATE, -30.0, 0.0, 20.0]
    assert experiment.periods[1].changes == {"sgp130Fc": symbol("sgp130Fc") + 2.0}
    assert experiment.periods[2].changes == {"IL6": symbol("IL6") + 0.5}
    assert {k: float(v) for k, v in experiment.periods[3].changes.items()} == {
        "IL6": 0.0, "sIL6R": 0.0, "sgp130Fc": 0.0, "HyperIL6": 0.0,
        "IL6_sIL6R": 0.0, "IL6_sIL6R_sgp130Fc": 0.0, "HyperIL6_sgp130Fc": 0.0,
    }  # fmt: skip


def test_priors_carry_unit_source_and_the_published_range(built: Path) -> None:
    parameter = {p.id: p for p in load(built).parameters}["Kd_IL6_IL6R"]
    assert parameter.unit == "nM"
    assert "Ward 1995" in parameter.source
    mean, sd = parameter.prior.parameters
    low, high = np.exp(mean - 1.6449 * sd), np.exp(mean + 1.6449 * sd)
    assert low <= 0.5001
    assert high >= 33.99


@pytest.mark.parametrize("name", base_names())
def test_every_model_builds_a_problem_that_petab_accepts(name: str, tmp_path: Path) -> None:
    check(build(measurements(), protocol(), compose(name), tmp_path / "problem", dataset="toy"))


def test_all_faults_come_in_one_message_and_nothing_is_written(tmp_path: Path) -> None:
    table = measurements()
    table.loc[0, "observable"] = "pSTAT5"
    table.loc[1, "condition"] = "il66"
    steps = pd.concat([protocol(), protocol().iloc[[0]].assign(condition="unused")], ignore_index=True)
    steps.loc[1, "species"] = "TNF"
    (tmp_path / "problem").mkdir()
    (tmp_path / "problem" / "kept.txt").write_text("kept")
    with pytest.raises(UserError) as error:
        build(table, steps, compose("both_none"), tmp_path / "problem", dataset="toy")
    readouts = (
        "SOCS3_mRNA, SOCS3_protein, luciferase, pSTAT3, pSTAT3_cytoplasm, pSTAT3_nucleus, pgp130, tSTAT3_cytoplasm"
    )
    medium = "HyperIL6, HyperIL6_sgp130Fc, IL6, IL6_sIL6R, IL6_sIL6R_sgp130Fc, sIL6R, sgp130Fc"
    assert str(error.value) == (
        "problem of 'toy' and model 'both_none': 4 faults\n"
        "  - measurements: read-out 'pSTAT5' is measured, but model 'both_none' has none of that name. "
        f"Did you mean 'pSTAT3'? Known: {readouts}.\n"
        "  - protocol: condition 'il66' is measured but has no protocol. "
        "Did you mean 'il6'? Known: il6, unused, vehicle.\n"
        "  - measurements: condition 'unused' of the protocol is never measured. Known: il6, il66, vehicle.\n"
        "  - protocol: 'TNF' is given, but is not in the medium of model 'both_none'. "
        f"Known: {medium}."
    )
    assert (tmp_path / "problem" / "kept.txt").read_text() == "kept"
    assert [p.name for p in tmp_path.iterdir()] == ["problem"]


def test_folder_changed_by_hand_is_refused(built: Path, tmp_path: Path) -> None:
    folder = tmp_path / "problem"
    folder.mkdir()
    for file in built.parent.iterdir():
        text = file.read_text()
        if file.name == "observables.tsv":
            text = text.replace("sigma_pSTAT3", "sigma_typo")
        (folder / file.name).write_text(text)
    with pytest.raises(UserError) as error:
        check(folder / "problem.yaml")
    assert "sigma_typo" in str(error.value)
    assert str(error.value).startswith(f"PEtab problem {folder / 'problem.yaml'}: ")


def test_missing_problem_file(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        load(tmp_path / "problem.yaml")
    assert str(error.value) == f"{tmp_path / 'problem.yaml'}: no such PEtab problem file."


def test_known_errors_calibrations_and_limits_are_part_of_the_problem(tmp_path: Path) -> None:
    table = measurements(error=[0.1, *[np.nan] * 12], censored=["below", *[""] * 12])
    table.loc[12, ["scale", "scale_sd", "unit", "observable"]] = (False, 0.05, "fraction", "pSTAT3_cytoplasm")
    problem = load(build(table, protocol(), compose("both_socs3"), tmp_path / "problem", dataset="toy"))
    observables = {o.id: o for o in problem.observables}
    blot = observables["obs_pSTAT3"]
    error = symbol(blot.noise_placeholders[0])

    assert float(blot.noise.subs({symbol("sigma_pSTAT3"): 0.3, error: 0.4})) == pytest.approx(0.5)
    assert [float(p) for (p,) in problem.measurements["noise_parameters"][:12]] == [0.1] + [0.0] * 11
    assert list(problem.sides) == [-1] + [0] * 12
    assert observables["obs_pSTAT3_cytoplasm"].noise == symbol("sigma_pSTAT3_cytoplasm")
    assert problem.measurements["observable_parameters"].iloc[-1] == (symbol("scale_pSTAT3_cytoplasm_plate"),)
    calibration = {p.id: p for p in problem.parameters}["scale_pSTAT3_cytoplasm_plate"]
    assert calibration.prior.parameters == (0.0, 0.05)
    assert calibration.nominal == 1.0
