"""Quantities of claims on courses whose values are known."""

from __future__ import annotations

import numpy as np
import pytest

from il6infer.prediction import quantities as q

TIMES = np.linspace(0, 240, 961)
FLAT = np.full((1, len(TIMES)), 0.3)


def pulse(k=0.05):
    """k t exp(1 - k t): peak 1 at 1 / k."""
    return (k * TIMES * np.exp(1 - k * TIMES))[None]


def test_peak_and_its_time():
    assert q.peak(pulse())[0] == pytest.approx(1.0)
    assert q.peak_time(TIMES, pulse())[0] == pytest.approx(20.0, abs=5e-3)


def test_peak_time_between_uneven_times():
    times = np.array([0.0, 5.0, 12.0, 22.0, 40.0])
    course = 4.0 - (times - 15.0)[None] ** 2 / 100  # a parabola: exact

    assert q.peak_time(times, course)[0] == pytest.approx(15.0)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_time_to_a_share_of_the_rise_of_an_exponential(share):
    course = 3.0 + (1 - np.exp(-0.1 * TIMES))[None]

    assert q.time_to(TIMES, course, share)[0] == pytest.approx(-np.log(1 - share) / 0.1, rel=1e-3)


def test_time_to_is_that_of_the_first_crossing():
    twice = np.abs(np.sin(np.pi * TIMES / 120))[None]  # rises to 1 at 60 min, and again at 180 min

    assert q.time_to(TIMES, twice, 0.5)[0] == pytest.approx(20.0, rel=1e-3)
    assert q.time_to(TIMES, TIMES[None] / 240, 1.0)[0] == pytest.approx(240.0)


def test_duration_is_the_full_width_at_half_maximum():
    # Gaussian: 2 sqrt(2 ln 2) sd
    course = np.exp(-0.5 * ((TIMES - 100) / 20) ** 2)[None]

    assert q.duration(TIMES, course)[0] == pytest.approx(2 * np.sqrt(2 * np.log(2)) * 20, rel=1e-4)


def test_duration_counts_from_the_start_value():
    assert q.duration(TIMES, 5 + pulse())[0] == pytest.approx(q.duration(TIMES, pulse())[0])


def test_persistence_level_and_fold():
    course = 2.0 + pulse()

    assert q.level(TIMES, course, 20.0)[0] == pytest.approx(3.0)
    assert q.persistence(TIMES, course, 60.0)[0] == pytest.approx(3 * np.exp(-2), rel=1e-4)
    assert q.fold(course)[0] == pytest.approx(1.5)
    assert q.fold_at(TIMES, course, 60.0)[0] == pytest.approx(1 + 1.5 * np.exp(-2), rel=1e-4)


def test_inhibition():
    assert q.inhibition(1 + 0.2 * pulse(), 3 + pulse())[0] == pytest.approx(0.8)
    assert q.inhibition(pulse(), pulse())[0] == pytest.approx(0.0)


@pytest.mark.parametrize("hill", [1.0, 2.0])
def test_ec50_of_a_hill_curve(hill):
    doses = np.geomspace(1e-4, 1e4, 81)
    responses = 7.0 * doses**hill / (3.0**hill + doses**hill)

    assert q.ec50(doses, responses[None])[0] == pytest.approx(3.0, rel=5e-3)


def test_what_is_not_defined_is_nan():
    assert np.isnan(q.peak_time(TIMES, FLAT))
    assert np.isnan(q.duration(TIMES, FLAT))
    assert np.isnan(q.persistence(TIMES, FLAT, 60.0))
    assert np.isnan(q.inhibition(pulse(), FLAT))
    assert np.isnan(q.time_to(TIMES, FLAT, 0.5))
    assert np.isnan(q.fold(pulse()))  # from zero
    assert np.isnan(q.fold_at(TIMES, pulse(), 60.0))
    doses = np.geomspace(1, 100, 5)
    assert np.isnan(q.ec50(doses, np.ones((1, 5))))  # half of it lies below the lowest dose
    assert np.isnan(q.ec50(doses, np.zeros((1, 5))))
    failed = np.full((1, len(TIMES)), np.nan)
    assert np.isnan(q.peak_time(TIMES, failed))
    assert np.isnan(q.time_to(TIMES, failed, 0.5))
    assert np.isnan(q.persistence(TIMES, failed, 60.0))
