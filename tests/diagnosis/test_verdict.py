"""Verdicts on posteriors whose faults are known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import arviz as az
import numpy as np
import pytest

from il6infer.diagnosis import Thresholds, diagnose
from il6infer.diagnosis.predictive import lack_of_fit_within_gels
from il6infer.stages import read
from il6infer.stages.codec import encode
from il6infer.stages.elsewhere import Elsewhere
from il6infer.stages.verdict import Reason, Verdict
from tests.zoo.posterior import normal_mean


def _reasons(verdict: Verdict) -> tuple[Reason, ...]:
    return verdict.sampled.reasons + verdict.reproduces.reasons


def _failed(verdict: Verdict) -> list[str]:
    return [reason.check for reason in _reasons(verdict) if not reason.passed]


def test_exact_draws_pass_every_check() -> None:
    verdict = diagnose(normal_mean(), Thresholds())
    assert _failed(verdict) == []
    assert verdict.sampled.passed
    assert verdict.reproduces.passed
    assert verdict.coverage["y"].n == 60


def test_statistics_are_those_of_arviz() -> None:
    idata = normal_mean()
    row = diagnose(idata, Thresholds()).parameters["mu"]
    assert row.rhat == pytest.approx(float(az.rhat(idata["posterior"])["mu"]), rel=1e-12)
    assert row.ess_bulk == pytest.approx(float(az.ess(idata["posterior"])["mu"]), rel=1e-12)
    assert row.median == np.median(idata["posterior"]["mu"])
    exact = 1 - idata["posterior"]["mu"].values.std() / idata["prior"]["mu"].values.std()
    assert row.contraction == pytest.approx(exact, abs=0.2)


def test_a_stuck_chain_fails_and_the_message_says_where() -> None:
    verdict = diagnose(normal_mean(stuck=True), Thresholds())
    assert not verdict.sampled.passed
    reason = next(r for r in verdict.sampled.reasons if r.check == "R-hat")
    assert (reason.subject, reason.where) == ("parameter", "mu")
    assert reason.message == (
        f"R-hat {reason.value:.4g} (limit: at most 1.01) at mu. "
        "The chains disagree: draw more, or look for modes in starts_logp."
    )


def test_modes_that_were_found_and_are_not_among_the_draws_fail() -> None:
    idata = normal_mean()
    idata["posterior"].attrs |= {"modes_logp": "[-3.0, -4.0, -4.5, -4.5]", "modes_left": "[-5.0, -5.5]"}
    verdict = diagnose(idata, Thresholds())
    assert _failed(verdict) == ["modes without a draw"]
    reason = next(r for r in verdict.sampled.reasons if not r.passed)
    assert reason.message == (
        "modes without a draw 2 (limit: at most 0). More modes were found than there are chains, and the draws have "
        "none of some of them: take 6 chains or more, sampler 'auto' or 'tempered', or priors under which fewer "
        "parameters may change places."
    )


@pytest.mark.parametrize(
    ("mass", "added", "failed", "said"),
    [
        (0.02, 0.1, ["share of the posterior where no draw is"], "0.02 (limit: at most 0.01)."),
        (0.003, 2.5, ["variance where no draw is"], "2.5 (limit: at most 0.2) at mu."),
        (0.003, 0.1, [], ""),
    ],
)
def test_a_posterior_with_more_where_no_chain_has_been_fails(mass: float, added: float, failed: list[str], said: str):
    idata = normal_mean()
    idata["posterior"].attrs["elsewhere"] = json.dumps({"mass": mass, "variance": {"mu": added}})
    verdict = diagnose(idata, Thresholds())
    assert verdict.sampler.elsewhere == Elsewhere(mass, {"mu": added})
    assert [r.message for r in verdict.sampled.failed] == [
        f"{name} {said} Points of the prior and around the draws say that there is more of the posterior where no "
        "chain has been: take sampler 'auto' or 'tempered'."
        for name in failed
    ]


def test_what_could_not_be_told_of_where_no_chain_has_been_is_a_warning_and_no_failure() -> None:
    idata = normal_mean()
    assert not diagnose(idata, Thresholds()).sampler.elsewhere_untold
    idata["posterior"].attrs["elsewhere"] = "null"
    verdict = diagnose(idata, Thresholds())
    assert verdict.sampler.elsewhere_untold
    assert verdict.sampler.elsewhere is None
    assert verdict.sampled.passed
    [warning] = verdict.sampled.warnings
    assert warning.message.startswith(
        "share of the posterior where no draw is cannot be computed (limit: at most 0.01). It is not known what lies "
        "where no chain has been: "
    )


@pytest.mark.parametrize(
    ("asked", "named"),
    [("nutpie", {"auto", "tempered"}), ("tempered", {"auto"}), ("auto", set()), ("", {"auto", "tempered"})],
)
def test_no_sampler_is_advised_that_the_fit_had(asked: str, named: set[str]) -> None:
    """The kind: every remedy of a check that names a sampler."""
    idata = normal_mean(divergent=200)
    idata["posterior"].attrs |= {
        "modes_logp": "[-3.0, -4.0]", "modes_left": "[-5.0]", "settings": json.dumps({"sampler": asked}),
        "elsewhere": json.dumps({"mass": 0.5, "variance": {"mu": 3.0}}),
    }  # fmt: skip
    said = " ".join(reason.message for reason in diagnose(idata, Thresholds()).sampled.failed)
    for check in ("modes without a draw", "share of the posterior", "variance where no draw is", "divergences"):
        assert check in said
    assert {name for name in ("auto", "tempered", "nutpie") if f"'{name}'" in said} == named


def test_a_standard_deviation_that_is_not_given_is_not_judged() -> None:
    idata = normal_mean()
    idata["posterior"]["mu"].values[0, :3] = 1e3
    idata["posterior"].attrs["elsewhere"] = json.dumps({"mass": 0.0, "variance": {"mu": 2.5}})
    verdict = diagnose(idata, Thresholds())
    assert verdict.parameters["mu"].sd is None
    assert "variance where no draw is" not in _failed(verdict)


@pytest.mark.parametrize(("far", "said"), [(19.0, ""), (45.0, "45"), (float("nan"), "cannot be computed")])
def test_data_far_from_a_model_whose_offset_is_integrated_out_fail(far: float, said: str) -> None:
    idata = normal_mean()
    idata["posterior"].attrs["residuals_of_offsets"] = json.dumps({"offset_1": 3.0, "offset_2": far})
    found = [reason.message for reason in diagnose(idata, Thresholds()).sampled.failed]
    start = f"residuals where an offset is integrated out {said} (limit: at most 20) at offset_2. The measurements "
    assert [message.startswith(start) for message in found] == ([True] if said else [])


def test_divergences_above_the_threshold_fail() -> None:
    assert diagnose(normal_mean(divergent=2), Thresholds()).sampled.passed
    verdict = diagnose(normal_mean(divergent=5), Thresholds())
    assert _failed(verdict) == ["divergences per draw"]
    assert not verdict.sampled.passed


def test_too_few_draws_fail() -> None:
    verdict = diagnose(normal_mean(), Thresholds(ess_min=5000))
    assert _failed(verdict) == ["bulk ESS", "tail ESS"]


def test_constant_draws_never_pass() -> None:
    idata = normal_mean()
    idata["posterior"]["mu"].values[:] = 3.0
    verdict = diagnose(idata, Thresholds())
    assert not verdict.sampled.passed
    assert verdict.parameters["mu"].rhat is None
    json.dumps(encode(verdict), allow_nan=False)


@pytest.mark.parametrize(("error", "said"), [(0.3, "0.3"), (float("nan"), "cannot be computed")])
def test_a_solver_error_that_changes_the_posterior_fails(error: float, said: str) -> None:
    idata = normal_mean()
    idata["posterior"].attrs["integration_error"] = error
    verdict = diagnose(idata, Thresholds())
    [reason] = verdict.sampled.failed

    assert not verdict.sampled.passed
    assert reason.message == (
        f"integration error of the log-likelihood {said} (limit: at most 0.1). The solver's error changes the "
        "posterior: tighten rtol and atol."
    )


def test_failed_simulations_fail() -> None:
    idata = normal_mean()
    idata["posterior"].attrs["failed_simulations"] = json.dumps({"posterior": 100, "prior": 400})
    assert _failed(diagnose(idata, Thresholds())) == [
        "failed simulations per draw", "failed simulations per prior draw",
    ]  # fmt: skip


def test_misfit_warns_but_does_not_fail_the_sampling() -> None:
    verdict = diagnose(normal_mean(shift=1.5), Thresholds())
    assert verdict.sampled.passed
    assert "coverage of the 90 % band" in _failed(verdict)
    assert "LOO-PIT uniformity p" in _failed(verdict)
    assert all(row.residual_sd > 0 for row in verdict.worst_rows[:3])
    assert not verdict.reproduces.passed


def test_the_command_writes_the_verdict(tmp_path: Path) -> None:
    normal_mean().to_netcdf(str(tmp_path / "p.nc"), engine="h5netcdf")
    command = [sys.executable, "-m", "il6infer", "diagnose", "p.nc", "--output", "verdict.json"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    first = (tmp_path / "verdict.json").read_bytes()
    assert json.loads(first)["sampled"]["passed"] is True
    assert encode(read(tmp_path / "verdict.json", Verdict)) == json.loads(first)
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "verdict.json").read_bytes() == first


def test_a_missing_posterior_is_a_users_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "il6infer", "diagnose", "none.nc", "--output", "verdict.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: none.nc: no such file. Run `il6infer fit` first.\n"


def test_noise_that_hides_a_misfit_is_told_by_the_replicates() -> None:
    """Pairs of replicates far from the prediction on alternating sides: the bands cover them, the F test does not."""
    idata = normal_mean()
    n = idata["observed_data"].sizes["y_row"]
    times = np.repeat(np.arange(n // 2), 2).astype(float)
    idata["constant_data"]["y_time"].values[:] = times
    side = np.where(times % 2 == 0, 1.0, -1.0)
    wiggle = np.random.default_rng(0).normal(scale=0.1, size=n)
    idata["observed_data"]["y"].values[:] = idata["posterior"]["mu"].values.mean() + 0.8 * side + wiggle
    lack = diagnose(idata, Thresholds()).lack_of_fit["y"]
    assert lack.groups == n // 2
    assert lack.f > 20
    assert lack.p < 1e-6


def _on_two_gels(left: np.ndarray, right: np.ndarray) -> az.InferenceData:
    """Two replicates of each time on each of two gels, with these residuals (times, 2)."""
    idata = normal_mean()
    n = idata["observed_data"].sizes["y_row"]
    idata["constant_data"]["y_time"].values[:] = np.repeat(np.arange(n // 4), 4)
    gels = np.tile(["gel1", "gel1", "gel2", "gel2"], n // 4)
    idata["constant_data"]["y_batch"] = idata["constant_data"]["y_batch"].copy(data=gels)
    away = np.stack([left, right], axis=1).ravel()
    idata["observed_data"]["y"].values[:] = idata["posterior"]["mu"].values.mean() + away
    return idata


TIMES = normal_mean()["observed_data"].sizes["y_row"] // 4
WITHIN = "lack-of-fit p within gels"


def test_what_differs_from_gel_to_gel_is_no_noise_where_each_has_replicates() -> None:
    """Two gels on either side of the prediction: between them it looks like noise, and pairs on each agree."""
    wiggle = np.random.default_rng(0).normal(scale=0.1, size=(2, TIMES, 2))
    idata = _on_two_gels(0.8 + wiggle[0], -0.8 + wiggle[1])
    verdict = diagnose(idata, Thresholds())

    [reason] = [reason for reason in verdict.reproduces.failed if reason.check == WITHIN]
    assert not verdict.reproduces.passed
    assert "parts of one sample (average them before" in reason.message
    assert "Replicates on one gel or plate miss the model together" in reason.message
    assert " min: 2 values " in reason.message.partition("Farthest: gel")[2]
    assert verdict.lack_of_fit["y"].p > 0.01
    idata["constant_data"]["y_batch"].values[:] = "gel1"
    assert WITHIN not in [reason.check for reason in _reasons(diagnose(idata, Thresholds()))]


def test_gels_of_unlike_noise_agree_within_no_more_than_chance_has_it() -> None:
    """A gel without replicates that has ten times the noise: its errors are none of those of replicates."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        idata = _on_two_gels(0.2 * rng.normal(size=(TIMES, 2)), 2.0 * rng.normal(size=(TIMES, 2)))
        about = idata["constant_data"]
        apart = np.array([f"{gel}{i}" if gel == "gel2" else gel for i, gel in enumerate(about["y_batch"].values)])
        about["y_batch"] = about["y_batch"].copy(data=apart)
        [test] = lack_of_fit_within_gels(idata).values()
        assert test.p > 0.002
        assert (test.groups, test.n) == (TIMES, 2 * TIMES)


def test_nothing_replicated_means_no_lack_of_fit_check() -> None:
    verdict = diagnose(normal_mean(), Thresholds())
    assert verdict.lack_of_fit["y"].p is None
    assert "lack-of-fit p" not in [reason.check for reason in _reasons(verdict)]
