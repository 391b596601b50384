"""Linear noise is in the units of its gel: each gel of arbitrary units has one of its own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from il6infer.building.build import build
from il6infer.engine import compile
from il6infer.library.compose import compose
from il6infer.petab_files.lint import check
from il6infer.problems.noise import log_density
from tests.zoo.data_set import measurements, protocol

UNITS = 1e3


def seen(folder, table, values, **options):
    """Problem, prediction and noise of each measurement; parameters that `values` lacks at their prior's median."""
    problem = check(build(table, protocol(), compose("classic_none"), folder / "p", dataset="toy", **options))
    theta = np.array([values.get(p.id, p.nominal) for p in problem.estimated])
    return problem, compile(problem).simulate(theta)


@pytest.mark.parametrize(("noise", "density"), [("normal", norm), ("student-t", t(4))])
def test_a_gel_in_other_units_has_the_same_density_in_these_units(noise, density, tmp_path):
    table = measurements(noise=noise)
    second = (table["batch"] == "gel2").to_numpy()
    problem, plain = seen(tmp_path / "a", table, {"sigma_pSTAT3_gel2": 0.3})
    scaled = table.assign(value=table["value"].mask(second, UNITS * table["value"]))
    other, larger = seen(tmp_path / "b", scaled, {"sigma_pSTAT3_gel2": 0.3 * UNITS})

    value, units = table["value"].to_numpy(), np.where(second, UNITS, 1.0)
    found = log_density(problem.noise_kinds, value, plain.prediction, plain.noise, problem.sides)
    again = log_density(other.noise_kinds, value * units, larger.prediction, larger.noise, other.sides)
    expected = density.logpdf((value - plain.prediction) / plain.noise) - np.log(plain.noise)
    np.testing.assert_allclose(plain.noise[second], 0.3)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    np.testing.assert_allclose(again, found - np.log(units), rtol=1e-10)


def test_an_error_that_a_file_gives_stands_beside_the_noise_of_the_gel(tmp_path):
    table = measurements(noise="normal", error=0.1)
    problem, found = seen(tmp_path, table, {"sigma_pSTAT3_gel1": 0.3, "sigma_pSTAT3_gel2": 2.0}, gel_noise=True)

    batches = problem.measurements["batch"].to_numpy()
    np.testing.assert_allclose(found.noise[batches == "gel1"], np.hypot(0.3, 0.1))
    np.testing.assert_allclose(found.noise[batches == "gel2"], np.hypot(2.0, 0.1))
    assert not [p.id for p in problem.estimated if "_factor_" in p.id]  # a gel with its own noise needs none


def test_a_gel_in_the_models_unit_keeps_the_noise_of_the_read_out_beside_one_of_arbitrary_units(tmp_path):
    table = measurements(noise="normal", unit="fraction")
    own = table["batch"] == "gel1"
    table = table.assign(scale=~own, offset=~own)
    values = {"sigma_pSTAT3": 0.02, "sigma_pSTAT3_factor_gel1": 1.5, "sigma_pSTAT3_gel2": 0.4}
    problem, found = seen(tmp_path, table, values, gel_noise=True)

    np.testing.assert_allclose(found.noise[own.to_numpy()], 0.02 * 1.5)
    np.testing.assert_allclose(found.noise[(table["batch"] == "gel2").to_numpy()], 0.4)
    assert [p.id for p in problem.estimated if "_factor_" in p.id] == ["sigma_pSTAT3_factor_gel1"]
