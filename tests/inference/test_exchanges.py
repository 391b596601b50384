"""Images of an optimum: parameters that have changed places or sign, and the modes that they lead to."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from il6infer.inference.exchanges import images, images_of_two, with_images
from il6infer.inference.modes import Known, begun_at, find_modes
from il6infer.inference.starts import find_starts

MODES = np.array([[-1.0, 2.0, 0.0], [1.9, -1.1, 0.0]])
HEIGHTS = np.array([0.0, -2.0])


class Modes:
    """Normal modes of width 0.1; values are the coordinates.

    By default at `MODES`, the second with e^-2 of the first one's mass.
    """

    def __init__(self, modes=MODES, heights=HEIGHTS):
        self._modes, self._heights = modes, heights

    def __call__(self, point):
        away = (point - self._modes) / 0.1
        each = self._heights - 0.5 * np.sum(away**2, axis=1)
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
    found = find_starts(Modes(), MODES[0] + np.array([[-0.5, 0.0, 1.0], [0.5, 0.5, -1.0], [0.0, -0.5, 0.0]]))
    np.testing.assert_allclose(found.points, np.tile(MODES[0], (3, 1)), atol=1e-3)
    return found


def test_a_mode_that_no_start_led_to_is_found_where_two_parameters_change_places(starts):
    found = with_images(Modes(), starts)

    np.testing.assert_allclose(found.points, [*starts.points, MODES[1]], atol=1e-3)
    np.testing.assert_allclose(found.logp, [*starts.logp, -2.0], atol=1e-3)
    assert found.gradients > starts.gradients


def test_images_beyond_a_wall_or_at_the_same_place_are_none(starts):
    point = np.array([-1.0, 2.0, 0.0])
    found = images(Modes(), point, starts.spread)

    # (-1, -2, 0) lies beyond the wall, and a sign of 0 changes nothing.
    np.testing.assert_allclose(found, [[2.0, -1.0, 0.0], [0.0, 2.0, -1.0], [-1.0, 0.0, 2.0], [1.0, 2.0, 0.0]])


def test_an_image_that_is_near_for_the_prior_and_far_for_the_data_is_another_mode():
    """Modes at -0.93 and 0.93, 15 of their widths apart, under a prior with a standard deviation of 4."""
    square = Modes(np.array([[0.93], [-0.93]]), np.zeros(2))
    starts = find_starts(square, np.array([[0.9], [0.94], [0.93]]))
    found = with_images(square, replace(starts, spread=np.array([4.0])))

    np.testing.assert_allclose(found.points[:, 0], [0.93, 0.93, 0.93, -0.93], atol=1e-3)
    assert len(find_modes(square, found, 4)[0]) == 2


def test_optima_that_are_known_stay_as_they_are(starts):
    once = with_images(Modes(), starts)
    again = with_images(Modes(), once)

    np.testing.assert_array_equal(again.points, once.points)
    np.testing.assert_array_equal(again.logp, once.logp)


class Unseen(Modes):
    """The same modes, and four more coordinates that the density does not depend on."""

    def __call__(self, point):
        value, slope = super().__call__(point[:3])
        return value, np.append(slope, np.zeros(4))


def test_images_in_what_the_data_do_not_see_do_not_crowd_out_the_others():
    """Two parameters without any effect change places at no cost: such images are the highest, and no modes."""
    origins = np.tile([*MODES[0], 0.1, 0.4, 0.7, 1.0], (3, 1))
    away = np.zeros_like(origins)
    away[:, 0] = -0.5, 0.5, 0.0
    starts = find_starts(Unseen(), origins + away)
    found = with_images(Unseen(), starts)

    assert len(found.points) == len(starts.points) + 1
    np.testing.assert_allclose(found.points[-1][:3], MODES[1], atol=1e-3)


def orders(*terms):
    """Every order of terms (their parameters): coordinates are the first parameter of each, then the second."""
    return np.array([np.array(order).T.ravel() for order in itertools.permutations(terms)])


FOUR = np.array([[*a, *b] for a in ((0.0, 1.0), (1.0, 0.0)) for b in ((3.0, 5.0), (5.0, 3.0))])
LAWS = {
    "two pairs that may change places": FOUR,
    "three terms of one parameter": orders([0.0], [1.0], [2.2]),
    "three terms of two parameters": orders([0.0, 5.0], [1.0, 6.5], [2.2, 8.0]),
}


@pytest.mark.parametrize("law", LAWS)
def test_all_orders_of_terms_that_may_change_places_are_found_from_one(law):
    modes = LAWS[law]
    density = Modes(modes, -1.5 * np.arange(len(modes)))
    near = np.random.default_rng(1).normal(0.0, 1.0, (6, modes.shape[1]))
    starts = find_starts(density, modes[0] + 0.2 * near)
    assert len(starts.distinct(density, np.inf)) == 1

    found = with_images(density, starts)
    ends = found.points[found.distinct(density, np.inf)]

    assert sorted(map(tuple, np.round(ends, 1).tolist())) == sorted(map(tuple, modes.tolist()))


def test_two_exchanges_at_once_are_as_many_as_there_are():
    points = images_of_two(Modes(), np.array([0.0, 1.0, 3.0, 5.0]), np.full(4, 0.1))

    # three ways to make two pairs of four, and two circles of each of four threes
    assert len(points) == 3 + 8
    assert len(np.unique(points, axis=0)) == len(points)
    assert len(images_of_two(Modes(), np.arange(11.0), np.ones(11))) == 0


def test_a_mode_that_no_chain_began_at_and_no_draw_came_to_is_told():
    density = Modes(FOUR, np.array([0.0, -1.0, -2.0, -7.5]))
    modes = find_modes(density, find_starts(density, FOUR + 0.05), 2)[0]
    known = Known.from_search(modes, 2, np.ones(4))
    draws = np.repeat(FOUR, 50, axis=0)

    assert [round(mode.logp) for mode in modes] == [0, -1, -2, -8]
    assert sorted(round(mode.logp) for mode in begun_at(modes, 2)) == [-1, 0]
    assert known.left(draws[:100]) == [-2.0]  # the last has a share of e^-7.5: draws are not expected there
    assert known.left(draws[:150]) == []
    assert Known.of(known.attrs()).left(draws[:100]) == [-2.0]
    assert Known.from_search(modes, 4, np.ones(4)).left(draws[:50]) == []
