"""Parameters that the data see on one side only."""

from __future__ import annotations

import math

import numpy as np
import pytest

from il6infer.inference.plateaus import find_plateaus
from il6infer.problems.spec import Parameter, Prior
from il6infer.stages.plateau import Plateau

WIDE = Prior("log-uniform", (1e-9, 1e3))


def parameters(*priors: Prior) -> list[Parameter]:
    return [Parameter(f"k{i}", 1e-9, 1e3, 1.0, True, prior, scale="log10") for i, prior in enumerate(priors)]


def saturating(values: np.ndarray) -> float:
    """Only k / (1 + k) of the first is seen, whose value is 0.001 +- 0.005; the second is measured in its logarithm."""
    seen = values[0] / (1.0 + values[0])
    return -0.5 * ((seen - 0.001) / 0.005) ** 2 - 0.5 * (math.log(values[1]) / 0.1) ** 2


def test_a_rate_too_slow_to_be_seen_is_named_with_its_edge():
    [found] = find_plateaus(saturating, parameters(WIDE, WIDE), np.array([0.001, 1.0]))

    # The height at the end is -0.02; it has changed by 0.5 where (seen - 0.001) / 0.005 = sqrt(1.04).
    edge = 0.001 + 0.005 * math.sqrt(1.04)
    assert (found.parameter, found.side) == ("k0", "below")
    assert found.edge == pytest.approx(edge / (1 - edge), rel=0.02)
    assert found.share == pytest.approx((math.log10(found.edge) + 9) / 12, abs=0.01)
    assert str(found) == "k0 below 0.0061: all is the same to the data, down to 1e-09"


def test_a_plateau_above_and_one_everywhere():
    def seen(values):
        return -0.5 * (max(-math.log10(values[0]), 0.0) / 0.1) ** 2

    above, everywhere = find_plateaus(seen, parameters(WIDE, WIDE), np.array([10.0, 1.0]))

    assert (above.parameter, above.side) == ("k0", "above")
    assert above.edge == pytest.approx(0.8, rel=0.05)
    assert (everywhere.parameter, everywhere.side, everywhere.share) == ("k1", "everywhere", 1.0)
    assert str(everywhere) == "k1: between 1e-09 and 9.7e+02 all is the same to the data"


def test_a_flat_stretch_that_the_data_exclude_is_no_plateau():
    def stepped(values):
        return 0.0 if values[0] > 1e-3 else -50.0

    found = find_plateaus(stepped, parameters(WIDE), np.array([1.0]))

    assert [plateau.side for plateau in found] == ["above"]


def test_where_nothing_can_be_simulated_there_is_no_plateau():
    def failing(values):
        return -0.5 * (math.log10(values[0]) / 0.3) ** 2 if 0.01 < values[0] < 100 else -math.inf

    assert find_plateaus(failing, parameters(WIDE), np.array([1.0])) == []


def test_words_of_a_plateau_above():
    said = "k above 2.5: all is the same to the data, up to 1e+03"
    assert str(Plateau("k", "above", 2.5, 1000.0, 0.2)) == said
