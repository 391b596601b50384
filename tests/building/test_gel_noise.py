"""Noise that differs between gels: each measurement has that of its own gel, around the read-out's."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

from il6infer.building.build import build
from il6infer.building.gel_noise import SPREAD, tell_noise_by_assay
from il6infer.building.linear_noise import noise_names
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


def by_two_assays(**columns):
    """The toy data set, whose second gel is a cytometer."""
    table = measurements(**columns)
    return table.assign(assay=["flow" if batch == "gel2" else "western_blot" for batch in table["batch"]])


@pytest.mark.parametrize("gel_noise", [False, True])
def test_each_assay_of_a_read_out_has_a_noise_of_its_own(gel_noise, tmp_path):
    problem = check(
        build(by_two_assays(), protocol(), compose("both_socs3"), tmp_path / "p", dataset="toy", gel_noise=gel_noise)
    )
    values = {p.id: p.nominal for p in problem.estimated} | {"sigma_pSTAT3_flow": 0.1, "sigma_pSTAT3_western_blot": 0.4}
    values |= {"sigma_pSTAT3_factor_gel2": 2.0} if gel_noise else {}
    found = compile(problem).simulate(np.array([values[p.id] for p in problem.estimated]))
    batches = problem.measurements["batch"].to_numpy()

    assert "sigma_pSTAT3" not in values
    np.testing.assert_allclose(found.noise[batches == "gel1"], 0.4)
    np.testing.assert_allclose(found.noise[batches == "gel2"], 0.2 if gel_noise else 0.1)
    np.testing.assert_allclose(found.noise[batches == "plate"], values["sigma_luciferase"])
    integrated = find_nuisance(problem).parameters
    assert ("sigma_pSTAT3_factor_gel2" in integrated) == gel_noise


def test_a_batch_that_is_called_like_an_assay_shares_no_noise_with_it():
    table = by_two_assays(noise="normal").assign(scale=False)
    other = table[table["batch"] == "gel1"].assign(batch="flow", assay="table", scale=True)
    names = noise_names(pd.concat([table, other], ignore_index=True))

    assert names[table.index[table["batch"] == "gel2"]].unique().tolist() == ["sigma_pSTAT3_flow_assay"]
    assert set(names[len(table) :]) == {"sigma_pSTAT3_flow"}


def test_noises_by_assay_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        tell_noise_by_assay(measurements())
        assert not caplog.messages
        tell_noise_by_assay(by_two_assays())
    assert caplog.messages == [
        "pSTAT3 is measured by flow and western_blot: each has a noise of its own (sigma_pSTAT3_flow, "
        "sigma_pSTAT3_western_blot)."
    ]
