"""Figures: what a failed fit says on itself, and axes that have numbers."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from il6infer.report import figures


def test_a_figure_of_a_failed_fit_says_so():
    said = ["NOT CONVERGED", "DOES NOT REPRODUCE THE DATA"]

    assert [text.get_text() for text in figures.marked(Figure(), said).texts] == [", ".join(said)]
    assert figures.marked(Figure(), []).texts == []
    assert figures.marked(None, said) is None


@pytest.mark.parametrize("high", [1.1, 1.8, 3, 8, 25, 90, 900, 1e4, 1e7])
@pytest.mark.parametrize("low", [0.0031, 0.03, 0.7])
def test_every_logarithmic_axis_has_at_least_two_numbers(low, high):
    axis = Figure(figsize=(2, 1)).subplots()
    axis.set_xscale("log")
    axis.set_xlim(low, low * high)
    figures._sparse_ticks(axis.xaxis, np.array([low, low * high]))
    shown = [tick for tick in axis.get_xticks() if low <= tick <= low * high]

    assert len(shown) >= 2
