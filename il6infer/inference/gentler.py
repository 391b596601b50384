"""NUTS again with smaller steps, where trajectories diverged: steps tuned to the bulk are too long for a narrow arm.

A leapfrog step is stable up to twice the narrowest width that it meets. Where a ridge bends or an arm is narrower than
the bulk, a step that the bulk accepts does not get in, or gets in once and not out: divergences, and draws that stay.
All chains are drawn anew and none is kept, for to keep those that did not diverge would leave out the arm.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import arviz as az
import numpy as np

from il6infer._interruption import Interruption
from il6infer.inference.density import Density
from il6infer.inference.frame import Frame, learnt_frame
from il6infer.inference.parts import Parts
from il6infer.inference.settings import child_seed
from il6infer.stages.settings import FitSettings

logger = logging.getLogger("il6infer")

DIVERGENT = 0.001
"""Share of the draws that may diverge: the verdict's limit, where none is stated."""

TIMES = 2
"""NUTS is run again at most so often, each time with half as many of its steps refused."""


def share_diverged(found: az.InferenceData) -> float:
    """Share of the draws whose trajectory diverged."""
    return float(found["sample_stats"]["diverging"].values.mean())


def sample(
    density: Density,
    found: az.InferenceData,
    seeds: Sequence[int],
    settings: FitSettings,
    interruption: Interruption | None = None,
) -> az.InferenceData:
    """Sample again, until few enough draws diverge.

    Parameters
    ----------
    density
        Log-density of the posterior.
    found
        Draws of NUTS whose chains have met: they give the frame, and where chains begin.
    seeds
        One a chain.
    settings
        Of the first run; half of its tuning is asked for, as the frame is known.
    interruption
        Says when to stop; nothing of this is kept then.

    Returns
    -------
    arviz.InferenceData
        As given by `il6infer.inference.nuts.sample`, with attributes ``sampler``, and ``gradients_before`` of all other
        runs; the draws that were given, where no run diverged less.
    """
    from il6infer.inference import nuts

    best, spent = found, _gradients(found)
    for time in range(TIMES):
        if share_diverged(best) <= DIVERGENT:
            break
        target = 1.0 - 0.5 ** (time + 1) * (1.0 - settings.target_accept)
        told = 100.0 * share_diverged(best)
        logger.info("%.2f %% of draws diverged: all chains again, with a target acceptance of %g", told, target)
        chosen = replace(settings, target_accept=target, tune=max(nuts.LEAST_TUNING, settings.tune // 2))
        roots = [int(child_seed(seed, f"gentler {time}").generate_state(1)[0]) for seed in seeds]
        found = nuts.sample(density, _starts(density, found, roots), roots, chosen, None, interruption)
        spent += _gradients(found)
        called = f"nutpie NUTS, {settings.mass_matrix} mass matrix, again with a target acceptance of {target:g}"
        found["posterior"].attrs["sampler"] = called
        if share_diverged(found) < share_diverged(best):
            best = found
    best["posterior"].attrs["gradients_before"] = spent - _gradients(best)
    return best


def _gradients(found: az.InferenceData) -> int:
    return int(sum(found[group]["n_steps"].sum() for group in ("warmup_sample_stats", "sample_stats")))


def _starts(density: Density, found: az.InferenceData, roots: Sequence[int]) -> list[tuple[Frame, np.ndarray]]:
    """Begin each chain at one of its draws, in the frame of all."""
    points = Parts(density).points(np.stack([found["posterior"][name].values for name in density.names], axis=-1))
    pooled = points.reshape(-1, points.shape[-1])
    learnt = learnt_frame(Frame(pooled.mean(axis=0), np.diag(np.maximum(pooled.std(axis=0), 1e-8))), pooled)
    starts = []
    for own, root in zip(points, roots, strict=True):
        at = own[np.random.default_rng(root).integers(len(own))]
        starts.append((learnt, np.linalg.solve(learnt.matrix, at - learnt.origin)))
    return starts
