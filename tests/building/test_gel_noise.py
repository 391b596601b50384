"""Noise that differs between gels: each measurement has that of its own gel, around the read-out's."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from il6infer.building.build import build
from il6infer.building.gel_noise import SPREAD, tell_shared_noise
from il6infer.engine import compile
from il6infer.inference.nuisance import find_nuisance
from il6infer.library.compose import compose
from il6infer.petab_files.lint import check
from il6infer.problems.spec import Prior
from tests.zoo.data_set import measurements, protocol


def test_each_gel_has_a_noise_of_its_own_around_the_read_outs(tmp_path):
    model = compose("both_socs3")
    problem = check(build(measurements(), protocol(), model, tmp_path / "p", dataset="toy", gel_noise=True))
    plain = check(build(measurements(), protocol(), model, tmp_path / "q", dataset="toy"))
    values = {p.id: p.nominal for p in problem.estimated}
    values |= {"sigma_pSTAT3": 0.3, "sigma_pSTAT3_factor_gel2": 2.5}
    found = compile(problem).simulate(np.array([values[p.id] for p in problem.estimated]))
    expected = compile(plain).simulate(np.array([values[p.id] for p in plain.estimated]))

    np.testing.assert_allclose(found.prediction, expected.prediction)
    batches = problem.measurements["batch"].to_numpy()
    np.testing.assert_allclose(found.noise[batches == "gel1"], 0.3)
    np.testing.assert_allclose(found.noise[batches == "gel2"], 0.3 * 2.5)
    np.testing.assert_allclose(found.noise[batches == "plate"], values["sigma_luciferase"])
    factors = {p.id: p.stated_prior for p in problem.estimated if "_factor_" in p.id}
    assert set(factors) == {
        "sigma_pSTAT3_factor_gel1", "sigma_pSTAT3_factor_gel2", "sigma_luciferase_factor_plate",
    }  # fmt: skip
    assert factors["sigma_pSTAT3_factor_gel1"] == Prior("log-normal", (0.0, SPREAD))


def test_the_factors_of_gels_are_integrated_out_and_their_common_noise_is_sampled(tmp_path):
    problem = check(
        build(measurements(), protocol(), compose("both_socs3"), tmp_path / "p", dataset="toy", gel_noise=True)
    )
    found = find_nuisance(problem)

    assert {group.noise for group in found.groups} >= {"sigma_pSTAT3_factor_gel1", "sigma_pSTAT3_factor_gel2"}
    assert "sigma_pSTAT3" not in found.parameters
    assert "sigma_pSTAT3" in found.sampled


def test_an_error_that_a_file_gives_stands_beside_it(tmp_path):
    table = measurements(error=0.1)
    problem = check(build(table, protocol(), compose("both_socs3"), tmp_path / "p", dataset="toy", gel_noise=True))
    values = {p.id: p.nominal for p in problem.estimated} | {"sigma_pSTAT3": 0.3}
    found = compile(problem).simulate(np.array([values[p.id] for p in problem.estimated]))

    np.testing.assert_allclose(found.noise[:12], np.hypot(0.3, 0.1))


def test_assays_that_share_one_noise_are_told(caplog: pytest.LogCaptureFixture) -> None:
    table = measurements()
    with caplog.at_level(logging.WARNING):
        tell_shared_noise(table)
        assert not caplog.messages
        tell_shared_noise(
            table.assign(assay=["flow" if batch == "gel2" else "western_blot" for batch in table["batch"]])
        )
    assert caplog.messages == [
        "pSTAT3 is measured by flow and western_blot: these share one noise, sigma_pSTAT3. Where one of them is "
        "noisier, let the noise differ between gels and plates ('noise: {per: batch}', '--noise-per batch')."
    ]
