"""Priors of instruments: what a scale, an offset and a noise are thought to be before the data."""

from __future__ import annotations

import math

import numpy as np
import pytest
import yaml
from petab.v2.core import Problem as PetabProblem

from il6infer._errors import UserError
from il6infer.building.build import build
from il6infer.building.instruments import LINEAR_SIGMA, OFFSET, instrument_parameters
from il6infer.library.compose import compose
from il6infer.library.priors import Z90
from il6infer.petab_files.lint import check
from il6infer.problems.noise import EXTENSION, WITHOUT
from tests.zoo.data_set import measurements, protocol

STUDENT = {"version": "1.0.0", "required": True, "config": {"degrees_of_freedom": 4}}


def priors(table):
    return {p.id: p for p in instrument_parameters(table, gel_noise=False)}


def test_a_gel_in_other_units_has_the_same_priors_in_these_units():
    table = measurements()
    plain, larger = priors(table), priors(table.assign(value=1000.0 * table["value"]))

    assert set(plain) == set(larger)
    for name, prior in plain.items():
        shift = 0.0 if name.startswith("sigma") else math.log(1000.0)
        assert (larger[name].mean, larger[name].sd) == pytest.approx((prior.mean + shift, prior.sd))


def test_a_linear_noise_is_in_the_units_of_its_plate():
    table = measurements(noise="normal")
    plain, larger = (priors(t)["sigma_pSTAT3_gel1"] for t in (table, table.assign(value=1000.0 * table["value"])))

    blots = table[table["batch"] == "gel1"]
    assert plain.mean == pytest.approx(math.log(LINEAR_SIGMA[0] * blots["value"].max()))
    assert larger.mean - plain.mean == pytest.approx(math.log(1000.0))


@pytest.mark.parametrize("noise", ["lognormal", "normal", "laplace", "log-laplace", "student-t", "log-student-t"])
def test_only_the_largest_value_moves_a_prior(noise):
    table = measurements(noise=noise)
    faint = table.copy()
    faint.loc[table["value"] < 0.5 * table.groupby(["observable", "batch"])["value"].transform("max"), "value"] *= 1e-3

    assert (faint["value"] != table["value"]).any()
    assert priors(faint) == priors(table)


@pytest.mark.parametrize(
    ("heavy", "plain"),
    [("laplace", "normal"), ("log-laplace", "lognormal"), ("student-t", "normal"), ("log-student-t", "lognormal")],
)
def test_heavy_tails_have_the_prior_of_the_plain_noise_and_reach_the_problem(heavy, plain, tmp_path):
    one, other = (priors(measurements(noise=noise, scale=False))["sigma_pSTAT3"] for noise in (heavy, plain))
    problem = check(build(measurements(noise=heavy), protocol(), compose("both_none"), tmp_path / "p", dataset="toy"))

    assert (one.mean, one.sd) == (other.mean, other.sd)
    assert {o.distribution for o in problem.observables} == {heavy}
    extended = yaml.safe_load((tmp_path / "p" / "problem.yaml").read_text()).get("extensions", {})
    assert extended == ({EXTENSION: STUDENT} if heavy in WITHOUT else {})


def test_another_tool_refuses_a_noise_that_petab_does_not_have(tmp_path):
    path = build(measurements(noise="log-student-t"), protocol(), compose("both_none"), tmp_path / "p", dataset="toy")

    with pytest.raises(ValueError, match="noiseDistribution"):
        PetabProblem.from_yaml(path)


def test_degrees_of_freedom_that_are_not_supported_are_refused(tmp_path):
    path = build(measurements(noise="student-t"), protocol(), compose("both_none"), tmp_path / "p", dataset="toy")
    path.write_text(path.read_text().replace("degrees_of_freedom: 4", "degrees_of_freedom: 7"))
    with pytest.raises(UserError) as error:
        check(path)

    assert str(error.value).endswith(
        "problem.yaml: extension 'student_t_noise': degrees_of_freedom 7; only 4 are supported. "
        "Write degrees_of_freedom: 4."
    )


@pytest.mark.parametrize("noise", ["log-laplace", "student-t"])
def test_heavy_tails_beside_an_error_that_the_file_states_are_refused(noise, tmp_path):
    table = measurements(noise=noise, error=0.1)
    with pytest.raises(UserError) as error:
        build(table, protocol(), compose("both_none"), tmp_path / "p", dataset="toy")

    said = "state an error of their own, which is that of a normal distribution."
    remedy = "Choose 'noise: lognormal' or 'normal' for it, or read it without its errors."
    assert str(error.value) == "problem of 'toy' and model 'both_none': 2 faults" + "".join(
        f"\n  - measurements: values of '{name}' {said} {remedy}" for name in ("pSTAT3", "luciferase")
    )


def test_replicates_that_happen_to_agree_do_not_make_the_noise_small():
    table = measurements(noise="normal", scale=False, condition="il6", time_min=30.0, value=0.4)
    apart = table.assign(value=np.where(np.arange(len(table)) == 0, 0.4, 0.1))

    assert priors(table)["sigma_pSTAT3"] == priors(apart)["sigma_pSTAT3"]


def test_offsets_cover_the_backgrounds_that_blots_and_cytometers_have():
    low, high = (OFFSET[0] * math.exp(side * Z90 * OFFSET[1]) for side in (-1, 1))

    assert low < 0.0035  # the least of 54 blots that is not none, but for one
    assert high > 0.45  # the largest


def test_a_value_beyond_a_limit_is_no_unit():
    table = measurements(noise="normal")
    table.loc[5, ["value", "censored"]] = (1e6, "above")

    assert priors(table)["sigma_pSTAT3_gel1"].mean < math.log(10.0)


@pytest.mark.parametrize("noise", ["normal", "laplace", "student-t"])
def test_a_gel_in_other_units_does_not_move_the_linear_noise_of_the_others(noise):
    table = measurements(noise=noise)
    second = table["batch"] == "gel2"
    plain, larger = (priors(t) for t in (table, table.assign(value=table["value"].mask(second, 1e3 * table["value"]))))

    assert {name for name in plain if name.startswith("sigma")} == {
        "sigma_pSTAT3_gel1", "sigma_pSTAT3_gel2", "sigma_luciferase_plate",
    }  # fmt: skip
    assert larger["sigma_pSTAT3_gel1"] == plain["sigma_pSTAT3_gel1"]
    assert larger["sigma_pSTAT3_gel2"].mean - plain["sigma_pSTAT3_gel2"].mean == pytest.approx(math.log(1e3))


def test_gels_in_a_unit_of_the_model_share_their_linear_noise():
    assert {name for name in priors(measurements(noise="normal", scale=False)) if name.startswith("sigma")} == {
        "sigma_pSTAT3", "sigma_luciferase",
    }  # fmt: skip
