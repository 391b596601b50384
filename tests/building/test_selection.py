"""What is fitted and what is held out are two problems that share the parameters of the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.building.selection import joined, selected
from il6infer.cli.main import main
from il6infer.petab_files.read import load
from il6infer.stages.tables import MEASUREMENTS, PROTOCOL, write_table
from tests.zoo.data_set import measurements, protocol


def test_every_measurement_is_fitted_or_held_out_and_never_both():
    table, steps = measurements(), protocol()
    fitted, done = selected(table, steps, ["vehicle"], ["gel2"], held_out=False)
    out, others = selected(table, steps, ["vehicle"], ["gel2"], held_out=True)

    assert len(fitted) + len(out) == len(table)
    assert set(fitted["condition"]) == {"il6"} == set(done["condition"])
    assert set(fitted["batch"]) == {"gel1", "plate"}
    assert set(out["condition"]) == {"il6", "vehicle"} == set(others["condition"])


def test_names_that_were_not_measured_and_nothing_left_are_refused():
    with pytest.raises(UserError) as error:
        selected(measurements(), protocol(), ["vehicel"], ["gel3"], held_out=False)
    assert str(error.value) == (
        "data set 'toy': 2 faults\n"
        "  - hold_out: no condition 'vehicel' was measured. Did you mean 'vehicle'? Known: il6, vehicle.\n"
        "  - hold_out: no batch 'gel3' was measured. Did you mean 'gel2'? Known: gel1, gel2, plate."
    )
    with pytest.raises(UserError, match="every measurement is held out. Leave some to be fitted."):
        selected(measurements(), protocol(), ["il6", "vehicle"], [], held_out=False)


def test_data_sets_are_joined_under_names_of_their_own():
    table, steps = joined([("", measurements(), protocol()), ("new", measurements(), protocol())])

    assert set(table["condition"]) == {"il6", "vehicle", "new_il6", "new_vehicle"} == set(steps["condition"])
    assert set(table["batch"]) == {"gel1", "gel2", "plate", "new_gel1", "new_gel2", "new_plate"}


@pytest.mark.parametrize(
    ("fitted", "given", "expected"),
    [
        ({"pSTAT3": "lognormal"}, "lognormal", "pSTAT3"),
        ({}, "lognormal", "pSTAT3"),
        ({"pSTAT3": "normal"}, "lognormal", "pSTAT3_new"),
        ({"pSTAT3": "lognormal"}, "log-laplace", "pSTAT3_new"),
        ({"pSTAT3": "normal"}, "normal", "pSTAT3_new"),
        ({}, "normal", "pSTAT3_new"),
    ],
)
def test_noise_of_another_kind_or_in_units_of_another_instrument_is_one_of_its_own(fitted, given, expected):
    """Held-out blots beside fitted percentages were scored with the linear noise of the percentages."""
    table, _ = joined([("", measurements(), protocol()), ("new", measurements(noise=given), protocol())], fitted)
    new = table[table["condition"].str.startswith("new_") & table["observable"].str.startswith("pSTAT3")]

    assert set(new["observable"]) == {expected}
    assert set(new["dataset"]) == ({"toy"} if expected == "pSTAT3" else {"new"})
    assert set(table[~table["condition"].str.startswith("new_")]["observable"]) == {"pSTAT3", "luciferase"}


def test_two_data_sets_of_other_kinds_of_noise_share_none():
    tables = [("", measurements(), protocol()), ("a", measurements(noise="log-laplace"), protocol())]
    tables.append(("b", measurements(noise="lognormal"), protocol()))
    of_nothing, first = joined(tables[1:])[0], joined(tables)[0]
    named = {
        name: {set_: set(t[t["condition"].str.startswith(f"{set_}_")]["observable"]) for set_ in ("a", "b")}
        for name, t in (("of_nothing", of_nothing), ("first", first))
    }

    assert named["first"] == {"a": {"pSTAT3_a", "luciferase_a"}, "b": {"pSTAT3", "luciferase"}}
    assert named["of_nothing"] == {"a": {"pSTAT3", "luciferase"}, "b": {"pSTAT3_b", "luciferase_b"}}
    assert first.groupby("observable")["noise"].nunique().max() == 1
    assert of_nothing.groupby("observable")["noise"].nunique().max() == 1


def test_names_that_would_become_one_are_refused():
    table = measurements().assign(condition=lambda t: "new_" + t["condition"])
    steps = protocol().assign(condition=lambda t: "new_" + t["condition"])
    with pytest.raises(UserError) as error:
        joined([("", table, steps), ("new", measurements(), protocol())])

    assert str(error.value) == "data sets: 2 faults\n" + "\n".join(
        f"  - held-out data: condition 'new_{name}' of data set 'new' would have the name of another's. "
        "Give the data set another name."
        for name in ("vehicle", "il6")
    )


def test_the_command_builds_either_part(tmp_path: Path):
    write_table(tmp_path / "m.csv", measurements(), MEASUREMENTS, "toy")
    write_table(tmp_path / "p.csv", protocol(), PROTOCOL, "toy")
    words = [
        "problem",
        str(tmp_path / "m.csv"),
        str(tmp_path / "p.csv"),
        "--model",
        "both_socs3",
        "--hold-out-batch",
        "gel2",
    ]
    assert main([*words, "--output", str(tmp_path / "fitted")]) == 0
    other = ["--and-held-out", "new", str(tmp_path / "m.csv"), str(tmp_path / "p.csv")]
    assert main([*words, "--held-out", *other, "--output", str(tmp_path / "out")]) == 0
    fitted, out = load(tmp_path / "fitted" / "problem.yaml"), load(tmp_path / "out" / "problem.yaml")

    assert set(fitted.measurements["batch"]) == {"gel1", "plate"}
    assert set(out.measurements["batch"]) == {"gel2", "new_gel1", "new_gel2", "new_plate"}
    inner = {p.id for p in fitted.estimated if not p.id.startswith(("scale", "offset", "sigma"))}
    assert inner == {p.id for p in out.estimated if not p.id.startswith(("scale", "offset", "sigma"))}


def test_the_command_gives_a_held_out_data_set_cells_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_table(tmp_path / "m.csv", measurements(), MEASUREMENTS, "toy")
    write_table(tmp_path / "p.csv", protocol(), PROTOCOL, "toy")
    tables = [str(tmp_path / "m.csv"), str(tmp_path / "p.csv")]
    words = ["problem", *tables, "--model", "both_socs3@PHH", "--hold-out-batch", "gel2", "--held-out"]
    words += ["--and-held-out", "new", *tables, "--output", str(tmp_path / "out")]
    assert main([*words, "--and-cell", "new=HepG2", "--and-set", "new.cell_number=1e7"]) == 0
    capsys.readouterr()
    problem = load(tmp_path / "out" / "problem.yaml")
    changes = {e.id: {k: str(v) for k, v in e.periods[0].changes.items() if k.endswith("_cells")}
               for e in problem.experiments}  # fmt: skip

    assert changes["il6"] == {}
    assert float(changes["new_il6"].pop("cell_number_cells")) == 1e7
    assert changes["new_il6"] == {
        "gp130_0_cells": "gp130_0_HepG2", "ratio_IL6R_gp130_cells": "ratio_IL6R_gp130_HepG2",
    }  # fmt: skip

    wrong = ["--and-cell", "nwe=HepG2", "--and-set", "new.cell_numbr=1e7", "--and-set", "new.k_import=-1"]
    assert main([*words, *wrong]) == 2
    assert capsys.readouterr().err == (
        "error: held-out data: 3 faults\n"
        "  - --and-cell nwe: no --and-held-out has that name. Did you mean 'new'? Known: new.\n"
        "  - --and-set new.cell_numbr: no model has a parameter of that name. Did you mean 'cell_number'?\n"
        "  - --and-set new.k_import: -1 is given, but it must be a number above 0. Its unit is that of "
        "`il6infer models show`.\n"
    )


def test_the_command_says_that_nothing_was_named_to_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_table(tmp_path / "m.csv", measurements(), MEASUREMENTS, "toy")
    write_table(tmp_path / "p.csv", protocol(), PROTOCOL, "toy")
    words = ["problem", str(tmp_path / "m.csv"), str(tmp_path / "p.csv"), "--model", "both_socs3", "--held-out"]

    assert main([*words, "--output", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == (
        "error: --held-out builds the problem of what is left out, and nothing is: name it with --hold-out-condition, "
        "--hold-out-batch, --hold-out-dataset or --and-held-out. To predict a whole data set from the fit of another, "
        "leave --held-out away: a problem of its own is what 'il6infer holdout' takes.\n"
    )
