"""How a posterior was drawn, in one figure: traces and ranks of chains, their energy, where the starts ended."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from il6infer._files import Groups
from il6infer.report.figures import panels
from il6infer.report.style import COLOURS, INK, MUTED
from il6infer.stages.verdict import ParameterStatistics

SHOWN, POINTS, BINS = 3, 125, 20
"""Parameters shown, points of a chain's trace, bins of ranks."""


def sampling_figure(idata: Groups, parameters: Mapping[str, ParameterStatistics]) -> Figure | None:
    """Draw the chains of the parameters that mixed least, and what holds for all of them; None of a lone draw.

    Parameters
    ----------
    idata
        Groups ``posterior`` and ``sample_stats``.
    parameters
        What the verdict says of each.
    """
    posterior, statistics = idata["posterior"], idata["sample_stats"]
    least = sorted(parameters, key=lambda name: -(parameters[name].rhat or 0.0))
    chosen = [name for name in least if name in posterior][:SHOWN]
    if not chosen or posterior[chosen[0]].values.shape[-1] < BINS:
        return None
    starts = json.loads(posterior.attrs.get("starts_logp", "[]"))
    ends = [float(end) for end in starts if end is not None and np.isfinite(end)]
    figure, axes = panels(2 * len(chosen) + 2, 4, 1.95, beside=0.62, below=0.65)
    for i, name in enumerate(chosen):
        _trace(axes[2 * i], name, posterior[name].values)
        _ranks(axes[2 * i + 1], name, posterior[name].values)
    _energy(axes[-2], statistics["energy"].values if "energy" in statistics else None)
    _waterfall(axes[-1], ends)
    return figure


def _dressed(axis: Axes, title: str, x: str, y: str) -> None:
    axis.set_title(title, loc="left", color=INK, fontsize=7)
    axis.set_xlabel(x, fontsize=6.5, labelpad=1)
    axis.set_ylabel(y, fontsize=6.5, labelpad=1)
    axis.tick_params(labelsize=6)


def _trace(axis: Axes, name: str, chains: np.ndarray) -> None:
    draws = np.arange(chains.shape[1])[:: max(1, chains.shape[1] // POINTS)]
    for chain, values in enumerate(chains):
        axis.plot(draws, values[draws], lw=0.5, color=COLOURS[chain % len(COLOURS)])
    if (chains > 0).all() and chains.max() > 30 * chains.min():
        axis.set_yscale("log")
        axis.minorticks_off()
    _dressed(axis, name, "draw", "value")


def _ranks(axis: Axes, name: str, chains: np.ndarray) -> None:
    ranks = chains.ravel().argsort().argsort().reshape(chains.shape)
    edges = np.linspace(0, chains.size, BINS + 1)
    even = chains.shape[1] / BINS
    # Two standard deviations of a bin's count, were the chains alike and their draws independent.
    around = 2 * np.sqrt(even * (1 - 1 / BINS) * (1 - 1 / len(chains)))
    axis.axhspan(max(0.0, even - around), even + around, color=MUTED, alpha=0.15, lw=0)
    for chain, own in enumerate(ranks):
        counts = np.histogram(own, edges)[0]
        axis.stairs(counts, edges, baseline=None, color=COLOURS[chain % len(COLOURS)], lw=0.8)
    axis.set_ylim(bottom=0)
    axis.xaxis.set_major_locator(MaxNLocator(3))
    _dressed(axis, f"{name}: ranks", "rank among all draws", "draws of a chain")


def bfmi(energy: np.ndarray) -> np.ndarray:
    """Estimate (chains,) the Bayesian fraction of missing information; below 0.3 the tails are hardly reached.

    Betancourt 2016, arXiv 1604.00695.
    """
    return np.square(np.diff(energy, axis=1)).mean(axis=1) / energy.var(axis=1)


def _energy(axis: Axes, energy: np.ndarray | None) -> None:
    _dressed(axis, "energy", "energy less its mean", "density")
    axis.set_yticks([])
    if energy is None or not np.isfinite(energy).all() or energy.var() == 0:
        axis.text(0.5, 0.5, "no energies", ha="center", va="center", transform=axis.transAxes, fontsize=6.5)
        return
    marginal = (energy - energy.mean(axis=1, keepdims=True)).ravel()
    moves = np.diff(energy, axis=1).ravel()
    low, high = np.quantile(np.concatenate([marginal, moves]), [0.001, 0.999])
    edges = np.linspace(low, high, 40)
    for values, colour, label in ((marginal, COLOURS[0], "of the draws"), (moves, COLOURS[1], "of a step")):
        axis.stairs(np.histogram(values, edges, density=True)[0], edges, color=colour, lw=1, label=label)
    axis.set_ylim(top=1.3 * axis.get_ylim()[1])
    axis.legend(fontsize=5.5, loc="upper right", handlelength=1)
    axis.set_title(f"energy: smallest E-BFMI {bfmi(energy).min():.2f}", loc="left", color=INK, fontsize=7)


def _waterfall(axis: Axes, ends: list[float]) -> None:
    _dressed(axis, "ends of the starts, ln posterior", "start, the best first", "below the best")
    if not ends:
        axis.text(0.5, 0.5, "no starts are kept", ha="center", va="center", transform=axis.transAxes, fontsize=6.5)
        axis.set_xticks([])
        axis.set_yticks([])
        return
    below = np.sort(max(ends) - np.array(ends))
    axis.plot(np.arange(1, len(below) + 1), below, "o-", ms=3, lw=0.6, color=COLOURS[0])
    if below.max() > 20:
        axis.set_yscale("symlog", linthresh=1.0)
    top = max(1.0, 1.2 * float(below.max()))
    axis.set_ylim(top, -0.06 * top if below.max() <= 20 else -0.3)
    axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
