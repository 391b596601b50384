"""Profile likelihoods: those of a line are parabolas, flat ones are flat, and failures are said."""

from __future__ import annotations

import numpy as np
import pytest

from il6infer.engine import compile
from il6infer.identifiability.data import Data
from il6infer.identifiability.profile import Search, gather, profile
from il6infer.network.network import TIME, symbol
from il6infer.stages import read, write
from il6infer.stages.identifiability import Profile, ProfilePart, ProfilePoint
from tests.identifiability.test_identifiability import groups, reads
from tests.zoo import toy

A, B = symbol("a"), symbol("b")


def profiled(problem, best, names=None):
    data = Data.of(problem, compile(problem))
    drawn = groups(problem, centre=list(best.values()))["posterior"]
    draws = data.lines.line(np.column_stack([drawn[name].values.ravel() for name in data.lines.names]))
    search = Search.of(data, draws, data.lines.line(np.array(list(best.values()))))
    return gather([profile(search, best, name) for name in names or data.lines.names])


def test_the_profile_of_a_line_is_its_parabola():
    design = np.column_stack([np.ones_like(toy.TIMES), toy.TIMES])
    covariance = np.linalg.inv(design.T @ design) * toy.NOISE**2
    least = np.linalg.lstsq(design, toy.LINE, rcond=None)[0]
    found = profiled(toy.line(), dict(zip("ab", least, strict=True)))

    for i, name in enumerate("ab"):
        sd = np.sqrt(covariance[i, i])
        one, interval = found.profiles[name], found.intervals[name]
        for point in one.points:
            exact = -0.5 * ((point.value - least[i]) / sd) ** 2
            assert point.log_likelihood - found.log_likelihood == pytest.approx(exact, abs=0.02)
        assert [interval.low, interval.high] == pytest.approx(least[i] + 1.96 * sd * np.array([-1, 1]), abs=0.05 * sd)
        assert interval.says.startswith("the data alone tell it, ")
        assert interval.top == pytest.approx(0.0, abs=0.02)


@pytest.mark.slow
def test_one_factor_of_a_product_is_flat():
    found = profiled(reads(A * B * TIME, *"ab"), {"a": 1.0, "b": 1.0}, ["a"])

    assert found.intervals["a"].low is found.intervals["a"].high is None
    assert "do not tell it: between" in found.intervals["a"].says
    assert "is flat" in found.intervals["a"].says
    assert found.profiles["a"].points[0].value < 0.2
    assert found.profiles["a"].points[-1].value > 5.0


def test_what_saturates_has_a_lower_limit_alone():
    problem = reads(A / (A + 1), "a", noise=0.05)
    problem = problem.with_measurements(problem.measurements.assign(value=1.0))
    found = profiled(problem, {"a": 10.0})

    assert found.intervals["a"].high is None
    # five values of 1 with sd 0.05: the likelihood falls with 1 / (1 + a), from what it is at the end of the range
    top = 1 / (1 + found.profiles["a"].range_high) * np.sqrt(5) / 0.05
    fallen = np.sqrt(top**2 + 1.96**2) * 0.05 / np.sqrt(5)
    assert found.intervals["a"].low == pytest.approx(1 / fallen - 1, rel=0.02)
    assert found.intervals["a"].says == f"the data give a lower limit alone, {found.intervals['a'].low:.3g}"


def test_simulations_that_fail_end_a_profile_and_are_named():
    found = profiled(toy.blow_up(), {"k": 0.5})
    failed = [p for p in found.profiles["k"].points if p.log_likelihood is None]

    assert len(failed) <= 1
    if failed:
        assert f"simulations fail at {failed[0].value:.3g}" in found.intervals["k"].says or (
            found.intervals["k"].high is not None
        )


def _made(name, points):
    rows = tuple(ProfilePoint(float(x), y) for x, y in points)
    top = max((y for _, y in points if y is not None), default=None)
    return Profile("made", name, "nM", True, 0.01, 100.0, rows, top, 7)


def test_a_search_that_ended_too_low_is_not_trusted_and_no_value_is_made_up():
    good = [(1.0, -4.0), (2.0, 0.0), (4.0, -4.0)]
    found = gather([
        _made("a", good), _made("b", [(x, y - 2.0) for x, y in good]), _made("c", [(1.0, None)]),
        _made("d", [(1.0, -3.0), (2.0, 0.0), (3.0, None)]),
    ])  # fmt: skip

    assert found.log_likelihood == 0.0
    assert found.intervals["a"].says == "the data alone tell it, 1.43 to 2.79"
    assert found.intervals["b"].says.endswith("NOT TO BE TRUSTED: its search ended 2 below the best fit known")
    assert found.intervals["c"].best is found.intervals["c"].low is None
    assert found.intervals["c"].says == "no point could be simulated"
    assert found.intervals["d"].says == "the data give a lower limit alone, 1.28; simulations fail at 3"


def test_a_profile_of_two_humps_has_the_limits_of_both_and_says_where_it_has_a_gap():
    humps = [(1.0, -6.0), (2.0, -0.5), (4.0, -2.5), (8.0, 0.0), (16.0, -6.0)]
    found = gather([_made("a", humps), _made("b", humps[1:])]).intervals

    # of the line from -0.5 at 2 to -6 at 1, and from 0 at 8 to -6 at 16, in logarithms, where they cross -1.92
    assert found["a"].low == pytest.approx(2.0 * 0.5 ** (1.4207 / 5.5), rel=1e-4)
    assert found["a"].high == pytest.approx(8.0 * 2.0 ** (1.9207 / 6.0), rel=1e-4)
    assert found["a"].says == "the data alone tell it, 1.67 to 9.99, but not all of 2 to 8"
    assert found["b"].low is None


def test_parts_are_read_as_they_were_written(tmp_path):
    part = ProfilePart("made", (_made("a", [(1.0, None), (2.0, 0.5)]),))
    write(tmp_path / "0.json", part)

    assert read(tmp_path / "0.json", ProfilePart) == part
