"""Noise that differs between gels: each measurement has that of its own gel, around the read-out's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from il6infer.building.build import build
from il6infer.calibration.ranks import run_batch
from il6infer.engine import compile
from il6infer.library.compose import compose, with_values
from il6infer.petab_files.lint import check
from il6infer.stages.settings import Calibrating, FitSettings
from tests.zoo import recovery
from tests.zoo.data_set import measurements, protocol


def test_each_gel_has_a_noise_of_its_own_around_the_read_outs(tmp_path):
    model = compose("both_socs3")
    problem = check(build(measurements(), protocol(), model, tmp_path / "p", dataset="toy", gel_noise=True))
    plain = check(build(measurements(), protocol(), model, tmp_path / "q", dataset="toy"))
    values = {p.id: p.nominal for p in problem.estimated}
    values |= {"sigma_pSTAT3": 0.3, "sigma_pSTAT3_spread": 0.5, "sigma_pSTAT3_deviation_gel2": 2.0}
    found = compile(problem).simulate(np.array([values[p.id] for p in problem.estimated]))
    expected = compile(plain).simulate(np.array([values[p.id] for p in plain.estimated]))

    np.testing.assert_allclose(found.prediction, expected.prediction)
    batches = problem.measurements["batch"].to_numpy()
    np.testing.assert_allclose(found.noise[batches == "gel1"], 0.3)
    np.testing.assert_allclose(found.noise[batches == "gel2"], 0.3 * np.exp(1.0))
    np.testing.assert_allclose(found.noise[batches == "plate"], values["sigma_luciferase"])
    priors = {p.id: p.stated_prior for p in problem.estimated}
    assert (priors["sigma_pSTAT3_deviation_gel1"].distribution, priors["sigma_pSTAT3"].distribution) == (
        "normal", "log-normal",
    )  # fmt: skip


def test_an_error_that_a_file_gives_stands_beside_it(tmp_path):
    table = measurements(error=0.1)
    problem = check(build(table, protocol(), compose("both_socs3"), tmp_path / "p", dataset="toy", gel_noise=True))
    values = {p.id: p.nominal for p in problem.estimated} | {"sigma_pSTAT3": 0.3}
    found = compile(problem).simulate(np.array([values[p.id] for p in problem.estimated]))

    np.testing.assert_allclose(found.noise[:12], np.hypot(0.3, 0.1))


@pytest.mark.slow
def test_noise_of_each_gel_is_recovered(tmp_path):
    """Intervals of five gels' noise hold the truth as often as they say, over 50 data sets at draws of the priors."""
    fixed = {
        "Kd_IL6_IL6R": 4.0, "Kd_complex_gp130": 0.3, "k_dephosphorylation_n": 0.2, "K_SOCS3_mRNA": 0.2,
        "IL6R_0": 3600.0, "SOCS3_basal": 0.004, "k_delay": 0.11, "k_SOCS3_mRNA": 0.05, "k_SOCS3_protein": 0.1,
        "Kd_complex_sgp130Fc": 0.1, "K_reporter": 0.2, "k_reporter_mRNA": 0.01, "concentration_membrane": 0.0032,
        "kon_IL6_IL6R": 0.2, "kon_complex_gp130": 0.27,
    }  # fmt: skip
    row = measurements(offset=False).iloc[[0]].drop(columns=["condition", "time_min", "batch"])
    times = [
        (gel, condition, time)
        for gel in ("g1", "g2", "g3", "g4", "g5")
        for condition in ("il6", "vehicle")
        for time in (0.0, 5.0, 10.0, 20.0, 40.0, 60.0, 90.0, 120.0)
    ]
    table = pd.DataFrame(times, columns=["batch", "condition", "time_min"]).merge(row, how="cross").assign(value=1.0)
    model = with_values(compose("classic_socs3"), fixed)
    problem = check(build(table, protocol(), model, tmp_path / "p", dataset="gels", gel_noise=True))
    counted = Calibrating(fits=50, batch=50, chains=2, tune=200, draws=200, starts=2)
    batch = run_batch(problem, FitSettings(seed=4, rtol=1e-4, atol=1e-6), counted, 0, 1)
    shares = np.array([fit.ranks for fit in batch.fits if fit.ranks is not None]) / batch.levels
    noises = [name.startswith("sigma") for name in batch.parameters]
    found = {level: recovery.coverage(shares[:, noises], level) for level in (0.5, 0.9)}

    print(found, len(shares))
    assert len(shares) == 50
    assert sum(noises) == 7
    assert found[0.5] == pytest.approx(0.5, abs=0.1)
    assert found[0.9] == pytest.approx(0.9, abs=0.06)
