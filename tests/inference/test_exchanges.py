"""Images of an optimum: parameters that have changed places or sign, and the modes that they lead to."""

from __future__ import annotations

import numpy as np
import pytest

from il6infer.inference.exchanges import images, with_images
from il6infer.inference.starts import find_starts

MODES = np.array([[-1.0, 2.0, 0.0], [1.9, -1.1, 0.0]])
HEIGHTS = np.array([0.0, -2.0])


class TwoModes:
    """Normal modes at `MODES`, the second with e^-2 of the first one's mass; values are the coordinates."""

    def __call__(self, point):
        away = (point - MODES) / 0.1
        each = HEIGHTS - 0.5 * np.sum(away**2, axis=1)
        top = each.max()
        share = np.exp(each - top)
        slope = -(share / share.sum()) @ (away / 0.1)
        return float(top + np.log(share.sum())), slope

    def constrained(self, points):
        return points

    def unconstrained(self, values):
        return np.where(values > -1.5, values, np.nan)  # a wall


@pytest.fixture
def starts():
    """Three starts that all lead to the higher mode."""
    found = find_starts(TwoModes(), MODES[0] + np.array([[-0.5, 0.0, 1.0], [0.5, 0.5, -1.0], [0.0, -0.5, 0.0]]))
    np.testing.assert_allclose(found.points, np.tile(MODES[0], (3, 1)), atol=1e-3)
    return found


def test_a_mode_that_no_start_led_to_is_found_where_two_parameters_change_places(starts):
    found = with_images(TwoModes(), starts)

    np.testing.assert_allclose(found.points, [*starts.points, MODES[1]], atol=1e-3)
    np.testing.assert_allclose(found.logp, [*starts.logp, -2.0], atol=1e-3)
    assert found.gradients > starts.gradients


def test_images_beyond_a_wall_or_at_the_same_place_are_none(starts):
    point = np.array([-1.0, 2.0, 0.0])
    found = images(TwoModes(), point, starts.spread)

    # (-1, -2, 0) lies beyond the wall, and a sign of 0 changes nothing.
    np.testing.assert_allclose(found, [[2.0, -1.0, 0.0], [0.0, 2.0, -1.0], [-1.0, 0.0, 2.0], [1.0, 2.0, 0.0]])


def test_optima_that_are_known_stay_as_they_are(starts):
    once = with_images(TwoModes(), starts)
    again = with_images(TwoModes(), once)

    np.testing.assert_array_equal(again.points, once.points)
    np.testing.assert_array_equal(again.logp, once.logp)
