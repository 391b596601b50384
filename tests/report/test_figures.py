"""Figures: what a failed fit says on itself, and axes that have numbers."""

from __future__ import annotations

import re
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from il6infer.report import figures, sampling, sections, style


def test_a_figure_of_a_failed_fit_says_so():
    said = ["NOT CONVERGED", "DOES NOT REPRODUCE THE DATA"]

    assert [text.get_text() for text in style.marked(Figure(), said).texts] == [", ".join(said)]
    assert style.marked(Figure(), []).texts == []
    assert style.marked(None, said) is None


@pytest.mark.parametrize("gels", [1, 9, 26])
def test_what_is_wrong_the_legend_and_the_panels_do_not_lie_over_each_other(gels):
    names = [f"hepatocytes_2005_11_{number:02}" for number in range(gels)]
    rows = pd.DataFrame({"condition": "il6", "batch": names, "time_min": 15.0, "value": 1.0, "censored": ""})
    words = {
        "il6": "IL-6 20 ng/ml at 0 min; sgp130Fc 100 ng/ml at -30 min; ruxolitinib 1 uM at -60 min; cells lack SOCS3"
    }
    said = ["NOT CONVERGED", "DOES NOT REPRODUCE THE DATA", "PRIOR CONFLICT", "DATA PULL A FIXED CONSTANT"]
    with style.styled():
        figure = figures.data_figure(rows, "a.u.", words)
        [axis] = figure.axes
        height = axis.get_position().height * figure.get_figheight()
        FigureCanvasAgg(style.marked(figure, said)).draw()
    legends = [legend.get_window_extent() for legend in figure.legends]
    title = axis.get_tightbbox(for_layout_only=False)
    boxes = [*(text.get_window_extent() for text in figure.texts), *legends, title]

    assert len(legends) == (gels > 1)
    assert [(a.y0, b.y1) for a, b in pairwise(boxes) if a.y0 < b.y1] == []
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1 for box in boxes[:-1])
    assert axis.get_position().height * figure.get_figheight() == pytest.approx(height)


def test_no_figure_of_a_page_draws_with_the_markers_of_another():
    """Number 3 of figure 12 was called as number 23 of figure 1: it had the points and clips of another."""
    figure = Figure()
    axis = figure.subplots()
    for marker in range(12):
        axis.plot([0.1 * marker], [0.5], marker="ovs^D*"[marker % 6], ms=4 + marker // 6, clip_on=marker % 2 == 0)
    number = sections.Figures("s0-f")
    page = "".join(str(number(figure, f"figure {i}")) for i in range(24))
    ids = re.findall(r' id="([^"]+)"', page)

    assert len(ids) > 24 * 10
    assert len({*ids}) == len(ids)
    assert {*re.findall(r'href="#([^"]+)"', page)} <= {*ids}


def test_what_is_wrong_has_room_above_a_figure_that_lays_itself_out():
    figure = Figure(figsize=(4.0, 2.0), layout="constrained")
    axis = figure.subplots()
    axis.set_title("of a fit", loc="left")
    style.marked(figure, ["NOT CONVERGED", "DOES NOT REPRODUCE THE DATA", "DATA PULL A FIXED CONSTANT"])
    FigureCanvasAgg(figure).draw()
    [text] = figure.texts

    assert "\n" in text.get_text()
    assert axis.get_tightbbox().y1 <= text.get_window_extent().y0


def test_gels_beyond_the_colours_differ_by_their_markers_and_lines():
    gels = [f"gel{number}" for number in range(19)]
    rows = pd.DataFrame({"condition": "il6", "batch": gels, "time_min": 15.0, "value": 1.0, "censored": ""})
    figure = figures.data_figure(rows, "a.u.")
    shown = [(mark.get_color(), mark.get_marker()) for mark in figure.legends[0].legend_handles]

    assert [text.get_text() for text in figure.legends[0].texts] == gels
    assert len(set(shown)) == len(gels)
    points = {line.get_label(): (line.get_markerfacecolor(), line.get_marker()) for line in figure.axes[0].lines}
    assert [points[gel] for gel in gels] == shown
    assert len({style.look(number) for number in range(40)}) == 40
    assert len({style.look(number)[::2] for number in range(40)}) == 40


def test_a_title_shows_what_the_cells_lack_and_marks_what_has_no_room():
    axis = Figure().subplots()
    long = "ruxolitinib 1 uM at -60 min; IL-6 20 ng/ml; cells without SOCS3 and STAT1; cells with ratio_IL6R_gp130=0.2"
    for title in (long, long * 3):
        figures.dressed(axis, title, "time", "pSTAT3", pd.Series([1.0, 2.0]), False)
        shown = axis.get_title(loc="left").replace("\n", " ")
        assert shown == figures.plain(title) or (title != long and shown.endswith(" \u2026"))
        assert "cells without SOCS3 and STAT1" in shown


@pytest.mark.parametrize("high", [1.1, 1.8, 3, 8, 25, 90, 900, 1e4, 1e7])
@pytest.mark.parametrize("low", [0.0031, 0.03, 0.7])
def test_every_logarithmic_axis_has_at_least_two_numbers(low, high):
    axis = Figure(figsize=(2, 1)).subplots()
    axis.set_xscale("log")
    axis.set_xlim(low, low * high)
    figures._sparse_ticks(axis.xaxis, np.array([low, low * high]))
    shown = [tick for tick in axis.get_xticks() if low <= tick <= low * high]

    assert len(shown) >= 2


def chains(shift: float = 0.0) -> dict:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(4, 200)) + shift * np.arange(4)[:, None]
    posterior = xr.Dataset({"K": (("chain", "draw"), values)}, attrs={"starts_logp": "[10.0, 9.5, 3.0]"})
    return {"posterior": posterior, "sample_stats": xr.Dataset({"energy": (("chain", "draw"), values**2)})}


def test_ranks_of_chains_that_disagree_leave_the_band():
    outside = {}
    for shift in (0.0, 3.0):
        figure = sampling.sampling_figure(chains(shift), {"K": SimpleNamespace(rhat=1.0)})
        axis = figure.axes[1]
        band = axis.patches[0].get_extents().transformed(axis.transData.inverted())
        counts = np.concatenate([patch.get_data().values for patch in axis.patches[1:]])
        outside[shift] = float(np.mean((counts < band.y0) | (counts > band.y1)))
    assert outside[0.0] < 0.12
    assert outside[3.0] > 0.5


def test_the_waterfall_is_how_far_each_start_ended_below_the_best():
    axis = sampling.sampling_figure(chains(), {"K": SimpleNamespace(rhat=1.0)}).axes[3]
    assert axis.lines[0].get_ydata().tolist() == [0.0, 0.5, 7.0]


def test_the_fraction_of_missing_information_is_known_for_independent_energies():
    energy = np.random.default_rng(1).normal(size=(2, 20_000))
    assert sampling.bfmi(energy) == pytest.approx([2.0, 2.0], rel=0.05)  # independent: twice the variance
    assert sampling.bfmi(np.cumsum(energy, axis=1)).max() < 0.01
