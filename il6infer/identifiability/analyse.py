"""What the data can tell of the parameters: Fisher information over the posterior, structural rank over the prior.

The information is averaged over draws of the posterior and taken in units of the prior's (Cui et al. 2014, doi
10.1088/0266-5611/30/11/114015): a direction in which it is below 1 is told by the prior. The rank is that of the
sensitivities of all measured values at points of the prior (Miao et al. 2011, doi 10.1137/090757009); a singular value
counts as zero where it is below ten times what the solver's tolerances change (Weyl's inequality).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from il6infer._files import Groups
from il6infer.diagnosis.convergence import contraction
from il6infer.engine import compile
from il6infer.identifiability.data import Data, Lines, data_of
from il6infer.identifiability.directions import described, in_words
from il6infer.identifiability.profile import Search
from il6infer.inference.drawn import draws_of
from il6infer.inference.settings import child_seed
from il6infer.problems.priors import draw
from il6infer.problems.spec import Problem
from il6infer.stages.identifiability import Direction, Identifiability, Informed
from il6infer.stages.settings import FitSettings

logger = logging.getLogger("il6infer")

DRAWS, POINTS = 20, 6
"""Draws of the posterior over which the information is averaged, and points of the prior at which the rank is found."""

RTOL, ATOL, FINER, ERRORS = 1e-8, 1e-10, 0.01, 10.0
"""Tolerances of the rank, how much finer those are that it is checked with, and how many such errors count as zero."""

LEAST = 1.0
"""Information, in units of the prior's, below which the prior tells more than the data."""


@dataclass(frozen=True)
class _Rank:
    """Ranks of the points, the largest of them, and (parameters, directions) what changes nothing at any."""

    ranks: tuple[int, ...]
    basis: np.ndarray


def analyse(problem: Problem, idata: Groups, settings: FitSettings) -> Identifiability:
    """Ask what the measurements tell of each parameter and of their combinations.

    Parameters
    ----------
    problem
        That was fitted.
    idata
        Its fit: groups ``posterior`` and ``prior``.
    settings
        Engine, tolerances and seed.

    Returns
    -------
    Identifiability
        Of the data alone: literature constraints count as part of the prior.
    """
    thetas = draws_of(problem, idata).reshape(-1, len(problem.estimated))
    data = data_of(problem, settings)
    lines, size = data.lines, len(problem.estimated)
    chosen = thetas[np.linspace(0, len(thetas) - 1, min(DRAWS, len(thetas))).astype(int)]
    roots = [root for theta in chosen if (root := data.roots(theta)) is not None]
    information = np.mean([root.T @ root for root in roots], axis=0) if roots else np.zeros((size, size))
    rank = _rank(problem, settings)
    values, vectors = np.linalg.eigh(information)
    weak = vectors[:, values < LEAST] if roots else vectors[:, :0]
    best, top = _best(data, thetas, chosen)
    before = {name: idata["prior"][name].values.ravel() for name in lines.names}
    found = {name: contraction(thetas[:, i], before[name]) for i, name in enumerate(lines.names)}
    return Identifiability(
        problem=problem.id,
        rank=max(rank.ranks, default=None),
        ranks=rank.ranks,
        points=POINTS,
        draws=len(roots),
        spectrum=tuple(float(max(v, 0.0)) for v in values[::-1]) if roots else (),
        informed=int(np.sum(values >= LEAST)),
        structural=described(rank.basis, information, lines, exact=True),
        sloppy=_without_null(weak, rank.basis, information, lines),
        parameters=_informed(information, lines, {n: float(v) if np.isfinite(v) else None for n, v in found.items()}),
        best=dict(zip(lines.names, map(float, lines.values(best)), strict=True)),
        log_likelihood=top if np.isfinite(top) else None,
    )


def _informed(information: np.ndarray, lines: Lines, found: Mapping[str, float | None]) -> dict[str, Informed]:
    """Say what the data tell of each parameter; `found` has the contraction of the draws."""
    alone = 1.0 - 1.0 / np.sqrt(1.0 + np.diag(information))
    together = 1.0 - np.sqrt(np.diag(np.linalg.inv(information + np.eye(len(alone)))))
    rows = zip(lines.names, map(float, alone), map(float, together), strict=True)
    return {name: Informed(a, t, found[name], in_words(a, t, found[name])) for name, a, t in rows}


def _without_null(weak: np.ndarray, null: np.ndarray, information: np.ndarray, lines: Lines) -> tuple[Direction, ...]:
    """Directions of which the data tell little, less those that change nothing."""
    rest = weak - null @ (null.T @ weak)
    left, values, _ = np.linalg.svd(rest, full_matrices=False)
    return described(left[:, values > 0.5], information, lines)


def _rank(problem: Problem, settings: FitSettings) -> _Rank:
    """Rank of the sensitivities at points of the prior, and the directions that change nothing at any of them."""
    size = len(problem.estimated)
    solver = {"engine": settings.engine, "max_steps": settings.max_steps}
    coarse, fine = (Data.of(problem, compile(problem, rtol=RTOL * by, atol=ATOL * by, **solver)) for by in (1.0, FINER))
    rng = np.random.default_rng(child_seed(settings.seed, "identifiability"))
    ranks, seen = [], []
    for theta in draw(problem.estimated, POINTS, rng):
        first, second = coarse.roots(theta), fine.roots(theta)
        if first is None or second is None:
            continue
        values = np.linalg.svd(second, compute_uv=False)
        if not values[0] > 0:
            ranks.append(0)
            continue
        error = max(ERRORS * float(np.linalg.norm(first - second, 2)), size * np.finfo(float).eps * values[0])
        ranks.append(int(np.sum(values > error)))
        seen.append(second / error)
    return _Rank(tuple(ranks), unchanging(seen, size if ranks else 0, size))


def unchanging(seen: Sequence[np.ndarray], otherwise: int, size: int) -> np.ndarray:
    """Directions (parameters, directions) that change nothing at any point, as far as the solver tells.

    Each point counts in units of its own error: one that the solver hardly gets right (values of nearly nothing on a
    logarithmic scale) tells little, and does not hide what others tell.

    Parameters
    ----------
    seen
        Sensitivities (values, parameters) at each point, in units of their error.
    otherwise
        How many directions there are where no point is seen.
    size
        Number of parameters.
    """
    if not seen:
        return np.eye(size)[:, :otherwise]
    # Of the triangle, whose size is that of the parameters: the left factor would be as large as measurements squared.
    _, values, rows = np.linalg.svd(np.linalg.qr(np.concatenate(seen), mode="r"), full_matrices=True)
    whole = np.concatenate([values, np.zeros(size - len(values))])
    return rows[whole <= np.sqrt(len(seen))].T


def _best(data: Data, thetas: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, float]:
    """Highest likelihood within the searched range, climbed to from the best of some draws; on the lines."""
    points = data.lines.line(chosen)
    start = points[int(np.argmax([data.log_likelihood(point)[0] for point in points]))]
    found = Search.of(data, data.lines.line(thetas), start).climb(start)
    return found.point, found.log_likelihood
