"""Figure of a calibration: what uniform ranks would show, and what these do."""

from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from il6infer.stages.calibration import Calibration

_GOOD, _BAD, _BAND = "#0072B2", "#b3261e", "#777777"


def figure_of(found: Calibration) -> str:
    """Draw the difference of each parameter's distribution function of ranks from the uniform one, as SVG text.

    Parameters
    ----------
    found
        Batches put together; parameters outside the simultaneous band are named.
    """
    with mpl.rc_context({"svg.hashsalt": "il6infer", "svg.fonttype": "none", "font.size": 8}):
        figure = Figure(figsize=(5.6, 3.2), layout="constrained")
        axes = figure.subplots()
        grid = np.array(found.grid)
        uniform = (grid + 1) / (found.levels + 1)
        axes.fill_between(uniform, found.low - uniform, found.high - uniform, color=_BAND, alpha=0.25, lw=0)
        odd = 0
        for name, row in found.parameters.items():
            share = np.searchsorted(np.sort(row.ranks), grid, side="right") / max(len(row.ranks), 1)
            passed = (row.p or 0.0) >= found.p_min
            axes.plot(uniform, share - uniform, color=_GOOD if passed else _BAD, lw=0.7 if passed else 1.3, alpha=0.7)
            if not passed:
                place = (0.02, 0.97 - 0.06 * odd)
                text = f"{name}, p {row.p or 0.0:.2g}"
                axes.annotate(text, place, xycoords="axes fraction", color=_BAD, fontsize=7, va="top")
                odd += 1
        axes.axhline(0.0, color=_BAND, lw=0.6)
        axes.set_xlabel("rank of the truth in its posterior, as a share")
        axes.set_ylabel("difference from uniform")
        counts = f"{found.fits} data sets, {len(found.failed)} without a fit, {found.not_converged} not converged"
        axes.set_title(f"{found.called}: {counts}", loc="left", fontsize=8)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
