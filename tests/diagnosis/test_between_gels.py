"""Whether gels contradict each other, whatever the model: asked of logarithms, up to a factor a gel."""

from __future__ import annotations

import numpy as np
import pytest

from il6infer.diagnosis.between_gels import interaction_p

TIMES = np.repeat(np.arange(7), 3)


def plates(rng, other):
    """Logarithms, times and plates of two plates with triplicates, the second off by a factor, and by `other`."""
    course = np.array([0.0, 1.0, 2.0, 1.5, 1.0, 0.5, 0.3])
    first, second = course[TIMES], course[TIMES] + 3.0 + other[TIMES]
    values = np.concatenate([first, second]) + rng.normal(scale=0.2, size=2 * len(TIMES))
    return values, np.tile(TIMES, 2).astype(str), np.repeat(["a", "b"], len(TIMES))


def test_plates_that_differ_by_a_factor_are_said_to_contradict_as_often_as_p_says():
    p = np.array([interaction_p(*plates(np.random.default_rng(seed), np.zeros(7))) for seed in range(400)])

    for level in (0.5, 0.1, 0.01):
        assert abs(np.mean(p < level) - level) < 4 * np.sqrt(level * (1 - level) / len(p))


def test_plates_of_other_shape_contradict_each_other():
    other = np.array([1.0, 0.4, 0.0, 0.2, -0.5, -0.8, -0.6])

    assert interaction_p(*plates(np.random.default_rng(1), other)) < 1e-6


@pytest.mark.parametrize("what", ["one plate", "no time on both", "no replicates", "one time on both"])
def test_where_nothing_can_be_compared_nothing_is_said(what):
    values, times, names = plates(np.random.default_rng(2), np.zeros(7))
    kept = np.ones(len(values), dtype=bool)
    if what == "one plate":
        kept = names == "a"
    if what == "no time on both":
        kept = (names == "a") == (times < "3")
    if what == "no replicates":
        kept = np.arange(len(values)) % 3 == 0
    if what == "one time on both":
        kept = (names == "a") | (times == "0")

    assert interaction_p(values[kept], times[kept], names[kept]) is None
