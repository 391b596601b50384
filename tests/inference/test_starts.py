"""Starting points on densities that are known."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from il6infer.inference.beginning import evened
from il6infer.inference.frame import Frame
from il6infer.inference.modes import WINDOW, disperse, find_modes, lone
from il6infer.inference.starts import DRAWN_ANEW, Starts, climbed_from, find_starts, frame_at, possible

CENTRE = np.array([1.0, -2.0, 0.5])
SCALE = np.array([0.1, 1.0, 3.0])


def bell(x):
    z = (x - CENTRE) / SCALE
    return -0.5 * float(z @ z), -z / SCALE


def two_modes(x):
    """Equal bells at -5 and +5."""
    a, b = -0.5 * (x[0] + 5) ** 2, -0.5 * (x[0] - 5) ** 2
    top = np.logaddexp(a, b)
    return float(top), -np.array([(x[0] + 5) * np.exp(a - top) + (x[0] - 5) * np.exp(b - top)])


def cliff(x):
    return bell(x) if x[0] < 2 else (-np.inf, np.zeros(3))


@pytest.mark.parametrize("lost", [np.nan, -np.inf])
def test_a_start_that_is_not_finite_does_not_spoil_the_others(lost):
    points = np.random.default_rng(1).normal(size=(5, 3))
    alone, beside = find_starts(bell, points), find_starts(bell, np.vstack([points[:2], [0.0, lost, 0.0], points[2:]]))

    np.testing.assert_array_equal(beside.points, alone.points)
    np.testing.assert_array_equal(beside.spread, alone.spread)


@pytest.mark.parametrize("scale", [1.0, 1e9, 1e15])
def test_no_place_without_a_density_is_taken_for_an_optimum(scale):
    """The number that stands for it, 1e12, was better than what a bad start of 11,520 values has."""

    def steep(x):
        return (-scale * float(x[0] ** 2), np.array([-2.0 * scale * x[0]])) if x[0] > 0.5 else (-np.inf, np.zeros(1))

    for place in (0.9, 3.0, 40.0):
        value, z, _, failed = climbed_from(steep, Frame(np.array([place]), np.eye(1)))

        assert failed > 0
        assert value == steep(np.array([place]) + z)[0] >= -scale * place**2
    assert climbed_from(steep, Frame(np.array([0.2]), np.eye(1)))[0] == -np.inf


@pytest.mark.parametrize("threads", [1, 3])
def test_every_start_reaches_the_mode(threads):
    points = np.random.default_rng(1).normal(size=(6, 3))
    starts = find_starts(bell, points, threads)

    np.testing.assert_allclose(starts.points, np.tile(CENTRE, (6, 1)), atol=1e-2)
    np.testing.assert_allclose(starts.logp, 0, atol=1e-4)
    assert starts.distinct(bell, WINDOW) == [0]
    assert (starts.gradients > 6, starts.failed) == (True, 0)


def test_starts_without_a_density_are_drawn_anew():
    rng = np.random.default_rng(1)
    points = np.array([[0.0, 0.0, 0.0], [9.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
    found = possible(cliff, points, lambda: 2.0 + rng.normal(size=3))

    np.testing.assert_array_equal(found[[0, 2]], points[[0, 2]])
    assert found[1, 0] < 2.0
    assert points[1, 0] == 9.0


def test_a_start_that_stays_without_a_density_is_left():
    drawn = [np.full(3, 5.0 + n) for n in range(DRAWN_ANEW + 1)]
    found = possible(cliff, np.full((1, 3), 3.0), iter(drawn).__next__)

    np.testing.assert_array_equal(found, [drawn[DRAWN_ANEW - 1]])


def test_two_modes_are_kept_and_chains_take_turns():
    starts = find_starts(two_modes, np.array([[-6.0], [-4.0], [3.0], [6.0]]))
    first, second = (starts.points[i, 0] for i in starts.distinct(two_modes, WINDOW))
    points = _points(disperse(two_modes, find_modes(two_modes, starts, 4)[0], 4, np.random.default_rng(1)))[:, 0]

    assert sorted([round(first), round(second)]) == [-5, 5]
    assert np.sign(points).tolist() == [np.sign(first), np.sign(second)] * 2


def test_narrow_modes_near_each_other_under_a_wide_prior_are_two():
    """A square measured: modes at -0.93 and 0.93, 15 of their widths apart and less than half of the prior's."""

    def square(x):
        off = (x[0] ** 2 - 0.8658) / 0.11
        return float(-0.5 * off**2), np.array([-off * 2 * x[0] / 0.11])

    starts = find_starts(square, np.linspace(-7.0, 7.0, 9)[:-1, None])
    modes = find_modes(square, starts, 4)[0]

    np.testing.assert_allclose(sorted(float(m.frame.origin[0]) for m in modes), [-0.9305, 0.9305], atol=1e-3)


def test_a_mode_left_out_for_its_mass_is_told_of_with_its_share():
    """Nine below the other and as wide: e^-9 of the mass."""

    def lower(x):
        value, slope = two_modes(x)
        return value - (9.0 if x[0] < 0 else 0.0), slope

    starts = find_starts(lower, np.array([[-6.0], [6.0]]))
    modes, light = find_modes(lower, starts, 4)
    [told] = lone(modes, light, 4)

    assert [round(mode.frame.origin[0]) for mode in modes] == [5]
    assert told.logp == pytest.approx(modes[0].logp - 9.0, abs=0.01)
    assert told.share == pytest.approx(np.exp(-9.0), rel=0.2)
    assert str(told) == (
        f"another optimum at log-density {told.logp:.1f} holds about 0.01 % of the mass, as its width says; no chain "
        "was started there"
    )
    assert lone(*find_modes(two_modes, starts, 4), 4) == []
    assert [one.share for one in lone(*find_modes(two_modes, starts, 1), 1)] == [pytest.approx(0.5, abs=0.05)]
    assert lone([], [], 4) == []


def test_a_mode_far_below_the_best_is_left():
    def lower(x):
        value, slope = two_modes(x)
        return value - (20 if x[0] < 0 else 0), slope

    starts = find_starts(lower, np.array([[-6.0], [-4.0], [6.0]]))

    assert len(starts.points) == 3
    assert [round(starts.points[i, 0]) for i in starts.distinct(lower, WINDOW)] == [5]


def test_failures_are_counted_and_hopeless_starts_left_out(caplog):
    with caplog.at_level(logging.INFO, "il6infer"):
        starts = find_starts(cliff, np.array([[0.0, 0.0, 0.0], [9.0, 0.0, 0.0]]))

    assert len(starts.points) == 1
    assert starts.failed >= 1
    assert caplog.messages[1] == "start 2 of 2: log-density not finite after 1 gradients, 1 of them failed"


def test_nothing_found_is_data():
    starts = find_starts(lambda x: (-np.inf, np.zeros(2)), np.zeros((3, 2)))

    assert starts.points.shape == (0, 2)
    assert starts.distinct(lambda x: (-np.inf, np.zeros(2)), WINDOW) == []


def test_chains_begin_apart_but_where_the_posterior_is():
    starts = find_starts(bell, np.random.default_rng(1).normal(size=(4, 3)))
    modes = find_modes(bell, starts, 5)[0]
    points = _points(disperse(bell, modes, 5, np.random.default_rng(2)))

    assert len(np.unique(points[:, 0])) == 5
    assert min(bell(point)[0] for point in points) > -10.1
    np.testing.assert_array_equal(points, _points(disperse(bell, modes, 5, np.random.default_rng(2))))


def test_a_frame_makes_a_normal_density_standard():
    covariance = np.array([[4.0, 1.9, 0.0], [1.9, 1.0, 0.0], [0.0, 0.0, 0.01]])
    precision = np.linalg.inv(covariance)

    def correlated(x):
        return -0.5 * float((x - CENTRE) @ precision @ (x - CENTRE)), -precision @ (x - CENTRE)

    frame, gradients = frame_at(correlated, CENTRE, np.array([5.0, 5.0, 5.0]))
    z = np.array([0.3, -1.2, 0.7])

    np.testing.assert_allclose(frame.matrix @ frame.matrix.T, covariance, rtol=1e-6, atol=1e-9)
    assert correlated(frame.points(z))[0] == pytest.approx(-0.5 * z @ z)
    assert gradients <= 60


def rough_ridge(x):
    """Two parameters of which only the sum is known, a thousand times better than each; with a ripple of a solver."""
    stiff, flat = (x[0] + x[1]) / 0.01, (x[0] - x[1]) / 10.0
    ripple = 1e-5 * np.sin(1e4 * x[0])
    slope = np.array([-stiff / 0.01 - flat / 10.0, -stiff / 0.01 + flat / 10.0]) + np.array(
        [0.1 * np.cos(1e4 * x[0]), 0]
    )
    return -0.5 * stiff**2 - 0.5 * flat**2 + ripple, slope


def test_a_ridge_a_thousand_times_longer_than_wide_is_measured_in_both_directions():
    frame, _ = frame_at(rough_ridge, np.zeros(2), np.array([50.0, 50.0]))
    covariance = frame.matrix @ frame.matrix.T
    along, across = np.array([1.0, -1.0]), np.array([1.0, 1.0])

    assert along @ covariance @ along == pytest.approx(100.0, rel=0.1)
    assert across @ covariance @ across == pytest.approx(1e-4, rel=0.1)


def test_a_column_ends_where_a_plateau_does():
    def plateau(x):
        over = max(x[0], 0.0)
        return -0.5 * over**2, np.array([-over])

    frame, _ = frame_at(plateau, np.array([-0.1]), np.array([20.0]))

    assert 0.5 < frame.matrix[0, 0] < 2.5


def test_a_column_stops_before_a_cliff():
    """The steeper an edge, the less does its slope say where it is."""

    def cliff(x):
        over = max(abs(x[0]) - 1.0, 0.0)
        return -1e6 * over**2, np.array([-2e6 * over * np.sign(x[0])])

    frame, gradients = frame_at(cliff, np.zeros(1), np.array([20.0]))

    assert 0.8 < frame.matrix[0, 0] < 1.01
    assert gradients < 110


def test_modes_are_climbed_on_in_their_own_frame_and_join_where_they_are_one():
    def bent(x):
        """A narrow ridge along a parabola, its top at (1, 1)."""
        off = (x[1] - x[0] ** 2) / 0.01
        return -0.5 * off**2 - 0.5 * (x[0] - 1) ** 2, np.array([off * 2 * x[0] / 0.01 - (x[0] - 1), -off / 0.01])

    stuck = np.array([[0.8, 0.64], [1.3, 1.69]])
    starts = Starts(stuck, np.array([-0.02, -0.045]), np.array([0.5, 0.5]), 10, 0)
    modes = find_modes(bent, starts, 4)[0]

    assert starts.distinct(bent, WINDOW) == [0, 1]
    assert len(modes) == 1
    np.testing.assert_allclose(modes[0].frame.origin, 1.0, atol=1e-2)
    assert modes[0].logp == pytest.approx(0.0, abs=1e-4)


def test_a_direction_without_information_keeps_the_spread_of_the_starts():
    def ridge(x):
        return -0.5 * float(x[0] ** 2) + 0.01 * float(x[1] ** 2), np.array([-x[0], 0.02 * x[1]])

    frame, _ = frame_at(ridge, np.zeros(2), np.array([2.0, 3.0]))

    np.testing.assert_allclose(frame.matrix @ frame.matrix.T, np.diag([1.0, 9.0]), atol=1e-9)


def test_a_start_that_was_stuck_far_below_is_climbed_on_from_and_a_lower_mode_left():
    def tilted(x):
        value, slope = two_modes(x)
        return value + 2.0 * x[0], slope + 2.0

    ended = Starts(np.array([[-3.0], [9.0]]), np.array([tilted([-3.0])[0], tilted([9.0])[0] - 50.0]), np.ones(1), 2, 0)
    modes = find_modes(tilted, ended, 4)[0]

    assert ended.distinct(tilted, WINDOW) == [0]
    assert [round(float(mode.frame.origin[0])) for mode in modes] == [7]


@pytest.mark.parametrize(
    ("mass", "kept"),
    [(11.0, [-12.0, 0.0]), (-5.0, [0.0, -12.0]), (-9.0, [0.0])],
    ids=["most", "1 in 150", "1 in 8,000"],
)
def test_a_mode_far_lower_is_kept_by_its_mass(mass, kept):
    """In ten dimensions, 12 log units lower, and as wide as its mass asks for; the largest mass comes first."""
    centres, heights = np.zeros((2, 10)), np.array([-12.0, 0.0])
    widths = 0.1 * np.array([np.exp((mass + 12.0) / 10.0), 1.0])
    centres[1] = 5.0

    def uneven(x):
        z = (x - centres) / widths[:, None]
        logs = heights - 0.5 * (z**2).sum(axis=1)
        total = np.logaddexp.reduce(logs)
        return float(total), -(np.exp(logs - total)[:, None] * z / widths[:, None]).sum(axis=0)

    origins = np.concatenate([np.full((2, 10), 0.3), np.full((2, 10), 4.98)])
    starts = find_starts(uneven, origins + np.random.default_rng(1).normal(scale=0.01, size=(4, 10)))
    modes = find_modes(uneven, starts, 4)[0]

    assert starts.logp[0] == pytest.approx(0.0, abs=1e-3)
    assert [mode.logp for mode in modes] == pytest.approx(kept, abs=1e-3)
    np.testing.assert_allclose(modes[0].frame.origin, 0.0 if kept[0] < 0.0 else 5.0, atol=0.05)


def _points(chosen):
    return np.array([frame.points(z) for frame, z in chosen])


def test_nutpie_begins_in_the_metric_of_the_frame():
    """Its first variances are 1 / abs(gradient); the stretch makes directions alike, and points stay."""
    frame = Frame(CENTRE, np.diag(SCALE))
    start = np.array([0.01, -2.0, 1.0])
    stretched, coordinates = evened(bell, frame, start)
    gradient = stretched.matrix.T @ bell(stretched.points(coordinates))[1]

    np.testing.assert_allclose(stretched.points(coordinates), frame.points(start))
    # In the frame's own coordinates, each has the standard deviation stretch / sqrt(abs(gradient)) = 1.
    stretch = np.diag(stretched.matrix) / SCALE
    np.testing.assert_allclose(stretch / np.sqrt(np.abs(gradient)), 1.0)


def test_a_start_without_density_keeps_its_frame():
    frame = Frame(np.zeros(3), np.eye(3))
    kept, start = evened(lambda x: (-np.inf, np.zeros(3)), frame, np.ones(3))

    np.testing.assert_array_equal(kept.matrix, frame.matrix)
    np.testing.assert_array_equal(start, np.ones(3))


def plateau(low: float, high: float):
    """Level between two ends, and as steep as a normal density beyond."""

    def density(x):
        beyond = np.where(x > high, x - high, np.where(x < low, x - low, 0.0))
        return float(-0.5 * (beyond**2).sum()), -beyond

    return density


@pytest.mark.parametrize("start", [0.0, 0.4, -0.4, 30.0, -7.0, -7.999])
def test_a_chain_begins_beyond_the_edge_of_a_plateau(start):
    """Nutpie ends with a panic of Rust where a slope at its first point is 0."""
    frame = Frame(np.zeros(2), np.diag([1.0, 2.0]))
    density = plateau(-8.0, 40.0)
    stretched, coordinates = evened(density, frame, np.array([start, 50.0]))
    value, slope = density(stretched.points(coordinates))

    assert (slope != 0.0).all()
    assert stretched.points(coordinates)[1] == 100.0
    assert -10.0 < value - density(np.array([start, 100.0]))[0] < 0.0


def test_a_density_without_an_edge_keeps_its_start():
    frame = Frame(np.zeros(2), np.eye(2))
    stretched, coordinates = evened(lambda x: (0.0, np.zeros(2)), frame, np.ones(2))

    np.testing.assert_array_equal(stretched.points(coordinates), np.ones(2))


def test_a_step_off_a_plateau_is_never_to_where_nothing_is_simulated():
    def density(x):
        return (-np.inf, np.full(1, np.nan)) if x[0] > 1.0 else plateau(-3.0, 1.0)(x)

    stretched, coordinates = evened(density, Frame(np.zeros(1), np.eye(1)), np.array([0.9]))

    assert stretched.points(coordinates)[0] < -3.0
