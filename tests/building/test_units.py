"""Values without a scale must be in the unit of the model's read-out."""

from __future__ import annotations

import pandas as pd
import pytest

from il6infer._errors import UserError
from il6infer.building.build import build
from il6infer.building.units import unit_faults
from il6infer.library.compose import compose
from il6infer.network.sbml import read_sbml
from tests.zoo.data_set import measurements, protocol


@pytest.fixture(scope="module")
def model():
    return compose("both_socs3+assays@HUVEC")


def test_units_of_the_read_outs(model):
    assert {name: unit for name, unit in model.readout_units.items() if unit != "fraction"} == {
        "gp130_per_cell": "molecules/cell", "IL6R_per_cell": "molecules/cell",
        "IL6_free": "nM", "IL6_medium": "nM", "sIL6R_free": "nM", "sIL6R_medium": "nM",
        "IL6R_gp130_coIP": "molecules/cell",
    }  # fmt: skip
    assert set(model.readout_units) == set(model.readouts)
    units = read_sbml(model.sbml, "m").units  # predictions show those of the SBML
    assert {name: units.get(name, "fraction") for name in model.readouts} == model.readout_units


CASES = [
    ("pSTAT3", "fraction", True),
    ("pSTAT3", "a.u.", False),
    ("pSTAT3", "ratio", False),
    ("pSTAT3", "molecules/cell", False),
    ("gp130_per_cell", "molecules/cell", True),
    ("gp130_per_cell", "nM", False),
    ("sIL6R_medium", "nM", True),
    ("sIL6R_medium", "fraction", False),
]


@pytest.mark.parametrize(("readout", "unit", "right"), CASES)
@pytest.mark.parametrize("scale", [True, False])
def test_only_values_without_a_scale_want_the_models_unit(model, readout, unit, right, scale):
    table = pd.DataFrame({"observable": [readout], "unit": [unit], "scale": [scale], "batch": ["b"]})
    assert (unit_faults(table, model) == []) == (right or scale)


def test_it_is_refused_where_the_problem_is_built(tmp_path):
    table = measurements(scale=False, unit="a.u.")
    table = table[table["observable"] == "pSTAT3"]
    with pytest.raises(UserError) as error:
        build(table, protocol(), compose("both_socs3"), tmp_path / "problem", dataset="toy")
    assert (
        "measurements: pSTAT3 is measured in a.u. without a scale (gel1, gel2), but model 'both_socs3' has it in "
        "fraction. Give its values in fraction, or say 'scale: true': they are then known up to a factor."
    ) in str(error.value)
