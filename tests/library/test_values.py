"""Values of the user's own cells: how many, in how much medium, with which ratio of receptors."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from il6infer._errors import UserError
from il6infer.cli.main import main
from il6infer.engine import compile
from il6infer.library.compose import compose, with_values
from il6infer.network.sbml import read_sbml
from il6infer.petab_files.read import load
from tests.library.odes import Odes, medians
from tests.zoo.data_set import measurements, protocol

WELL = {"cell_number": 5e4, "medium_volume": 0.1, "ratio_IL6R_gp130": 0.2}


def test_values_are_in_the_sbml_and_what_follows_from_them_follows():
    model = with_values(compose("classic_socs3@PHH"), WELL)
    system = Odes(read_sbml(model.sbml))
    values = dict(zip(system.network.parameters, system.values({}), strict=True))

    assert {name: values[name] for name in WELL} == WELL
    assert values["gp130_0"] == 12012
    assert values["membrane"] == pytest.approx(5e4 / (0.1 * 6.02214076e11))
    assert values["IL6R_0"] == pytest.approx(0.2 * values["gp130_0"])
    rows = model.priors.set_index("parameter").loc[list(WELL)]
    assert list(rows["distribution"]) == ["fixed"] * 3
    assert list(rows["source"]) == ["given by the user"] * 3


def test_the_library_is_left_as_it_is():
    before = compose("classic_socs3@PHH").sbml
    with_values(compose("classic_socs3@PHH"), WELL)

    assert compose("classic_socs3@PHH").sbml == before
    assert medians(compose("classic_socs3@PHH").priors)["cell_number"] == 1e6


def test_unknown_and_impossible_values_are_refused_together():
    with pytest.raises(UserError) as error:
        with_values(compose("classic_socs3@PHH"), {"cell_numbers": 5.0, "medium_volume": 0.0})

    assert "model 'classic_socs3@PHH' has no parameter of that name. Did you mean 'cell_number'?" in str(error.value)
    assert "0 is given, but it must be a number above 0." in str(error.value)


def test_0_is_a_knock_out_where_a_cell_can_lack_it():
    model = with_values(compose("both_socs3+jak"), {"JAK1": 0.0, "IL6R_0": 0, "k_internalisation": 0.0})

    assert {name: value for name, value in medians(model.priors).items() if name in ("JAK1", "IL6R_0")} == {
        "JAK1": 0.0,
        "IL6R_0": 0.0,
    }
    with pytest.raises(UserError, match="Kd_complex_gp130"):
        with_values(compose("both_socs3+jak"), {"Kd_complex_gp130": 0.0})


def test_a_problem_holds_them_and_no_longer_estimates_them(tmp_path: Path, capsys):
    measurements().to_csv(tmp_path / "measurements.csv", index=False)
    protocol().to_csv(tmp_path / "protocol.csv", index=False)
    tables = [str(tmp_path / f"{name}.csv") for name in ("measurements", "protocol")]
    given = [part for name, value in WELL.items() for part in ("--set", f"{name}={value}")]
    command = ["problem", *tables, "--model", "both_socs3@PHH", "--output", str(tmp_path / "problem")]

    assert main([*command, *given]) == 0
    table = pd.read_csv(tmp_path / "problem" / "parameters.tsv", sep="\t")
    assert "ratio_IL6R_gp130" not in set(table["parameterId"])
    assert "gp130_0" in set(table["parameterId"])
    problem = load(tmp_path / "problem" / "problem.yaml")
    engine = compile(problem)
    states = engine.states([p.nominal for p in problem.estimated])[engine.plan.experiments["vehicle"]]
    assert states[0, problem.network.states.index("gp130")] == pytest.approx(12012, rel=1e-6)
    with pytest.raises(SystemExit):
        main([*command, "--set", "cell_number"])
    assert "'cell_number' is not PARAMETER=VALUE, such as cell_number=5e4" in capsys.readouterr().err
