"""Figure of profile likelihoods: each parameter's, as the drop below the best likelihood."""

from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from il6infer.identifiability.profile import DROP, STOP
from il6infer.stages.identifiability import Profiles

_GOOD, _OPEN, _BAD, _LINE = "#0072B2", "#D55E00", "#b3261e", "#777777"
_COLUMNS = 5


def figure_of(found: Profiles) -> str:
    """Draw each profile, with the line at which its 95 % interval ends, as SVG text.

    Parameters
    ----------
    found
        Blue: told from both sides; orange: open on a side; red: a search that ended too low, or failed.
    """
    with mpl.rc_context({"svg.hashsalt": "il6infer", "svg.fonttype": "none", "font.size": 7}):
        rows = -(-len(found.profiles) // _COLUMNS)
        figure = Figure(figsize=(10.0, 0.3 + 1.45 * rows), layout="constrained")
        axes = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
        for axis in axes[len(found.profiles) :]:
            axis.set_visible(False)
        for axis, (name, one) in zip(axes, found.profiles.items(), strict=False):
            interval = found.intervals[name]
            told = interval.low is not None and interval.high is not None
            colour = _BAD if not interval.trusted else _GOOD if told else _OPEN
            axis.axhline(-DROP, color=_LINE, lw=0.6, ls="--")
            if found.log_likelihood is not None and one.log_likelihood is not None:
                values = np.array([p.value for p in one.points if p.log_likelihood is not None])
                drop = [p.log_likelihood - found.log_likelihood for p in one.points if p.log_likelihood is not None]
                axis.plot(values, drop, ".-", color=colour, lw=1.0, ms=3)
            else:
                axis.text(0.5, 0.5, "no point could be simulated", transform=axis.transAxes, ha="center", color=_BAD)
            if one.logarithmic:
                axis.set_xscale("log")
            axis.set_xlim(one.range_low, one.range_high)
            axis.set_ylim(-STOP - 0.5, 0.3)
            axis.set_title(f"{name} [{one.unit or '1'}]", loc="left", fontsize=7)
            axis.minorticks_off()
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
