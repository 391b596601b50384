"""Sample a posterior anew from places far from it: chains that begin near each other can agree and all be wrong.

Gelman and Rubin 1992, doi 10.1214/ss/1177011136: R-hat tells chains that have not met only where they began further
apart than the posterior is wide. Half of the restarts begin three times as far from its mean as its draws are, which
finds what the chains did not reach; half at draws of the prior, which finds other modes.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from il6infer._errors import UserError
from il6infer._files import Groups
from il6infer.draws import rank_rhat
from il6infer.inference.density import Density
from il6infer.inference.drawn import draws_of, settings_of
from il6infer.inference.frame import Frame, learnt_frame
from il6infer.inference.parts import Parts
from il6infer.inference.run import sample_problem
from il6infer.inference.settings import child_seed
from il6infer.problems.spec import Problem
from il6infer.stages.calibration import Restarts
from il6infer.stages.settings import FitSettings

logger = logging.getLogger("il6infer")

FAR = 3.0
"""Distance from the posterior's mean, in that of its draws."""

AGREED = 1.05
"""R-hat of fit and restarts together up to which they agree: above that of a verdict, for restarts are short."""

_TRIES = 20

LOOKED_AT = 50
"""Draws of which the log-density is told."""


def restart(
    problem: Problem, idata: Groups, chains: int = 4, draws: int = 300, seed: int = 1, threads: int = 1
) -> Restarts:
    """Sample from dispersed places, and hold the draws against those of a fit.

    Parameters
    ----------
    problem
        What was fitted.
    idata
        Its posterior, whose settings are used.
    chains, draws
        Restarts, and kept draws of each; tuning is that of the fit.
    seed
        Of the restarts.
    threads
        Chains that run at once.

    Raises
    ------
    UserError
        If the posterior is of another problem, or no start has a density.
    """
    values = draws_of(problem, idata)
    fitted = FitSettings(**settings_of(idata))
    root = int(child_seed(seed, "restarts").generate_state(1)[0])
    chosen = replace(fitted, sampler="nutpie", chains=chains, draws=draws, seed=root, threads=threads)

    known: list[Density] = []

    def begin(density: Density) -> list[tuple[Frame, np.ndarray]]:
        known.append(density)
        return _dispersed(problem, density, values[..., density.places], chains, np.random.default_rng(root))

    posterior = sample_problem(problem, chosen, begin)["posterior"]
    kept = min(draws, values.shape[1])
    old = values[:, np.linspace(0, values.shape[1] - 1, kept).astype(int)]
    new = np.stack([posterior[parameter.id].values[:, -kept:] for parameter in problem.estimated], axis=-1)
    rhats: dict[str, float | None] = {}
    for place, parameter in enumerate(problem.estimated):
        together = np.concatenate([old[..., place], new[..., place]])
        value = float(rank_rhat(together))
        rhats[parameter.id] = value if np.isfinite(value) else None
    agree = all(value is not None and value <= AGREED for value in rhats.values())
    heights = _heights(known[0], new) - _heights(known[0], old).mean()
    return Restarts(problem.id, chains, kept, AGREED, agree, tuple(map(float, heights)), rhats)


def _heights(density: Density, values: np.ndarray) -> np.ndarray:
    """Mean log-density of the last draws of each chain."""
    points = Parts(density).points(values[:, -LOOKED_AT:][..., density.places])
    return np.array([np.mean([density(point)[0] for point in chain]) for chain in points])


def _dispersed(
    problem: Problem, density: Density, values: np.ndarray, chains: int, rng: np.random.Generator
) -> list[tuple[Frame, np.ndarray]]:
    """Start of each chain, far out, in the frame of the fit's draws."""
    parts = Parts(density)
    points = parts.points(values.reshape(-1, values.shape[-1]))
    points = points[np.isfinite(points).all(axis=1)]
    mean = points.mean(axis=0)
    frame = learnt_frame(Frame(mean, np.diag(np.maximum(points.std(axis=0), 1e-8))), points)
    found = []
    for chain in range(chains):
        for tried in range(_TRIES):
            far = FAR * 0.9**tried  # nearer where nothing can be simulated
            place = mean + far * (points[rng.integers(len(points))] - mean)
            if chain % 2:
                place = parts.draw_prior(1, rng)[0]
            height, slope = density(place)
            if np.isfinite(height) and np.isfinite(slope).all():
                found.append((frame, np.linalg.solve(frame.matrix, place - frame.origin)))
                break
        else:
            raise UserError(f"problem '{problem.id}': none of {_TRIES} places to restart from can be simulated.")
    return found
