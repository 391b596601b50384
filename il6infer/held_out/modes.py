"""Modes of the parameters that held-out data estimate alone, of all draws of a fit at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

LogDensity = Callable[[np.ndarray], np.ndarray]
"""Coordinates (draws, samples, parameters) -> log-density of each measurement given the others (draws, samples,
measurements), and where those hang together one more column: what makes their sum that of all together."""

STEPS, CLOSE = 20, 0.05
"""Most steps uphill, and the length of one, in standard deviations of the posterior, with which they end."""

LENGTHS = np.array([1.0, 0.5, 0.25, 0.1, 0.03, 0.01, 0.0])
"""Lengths of a step that are tried, in its own; the last stays."""

NEAR = 1e-4
"""Half the distance of differences, in standard deviations of the prior, or widths where those are given."""

FEW, AT_ONCE = 32, 75
"""Parameters up to which the curvature at a mode is that of differences, beyond it that of the scores; and pairs of
them that are looked at together."""


def highest(
    log_density: LogDensity, mean: np.ndarray, sd: np.ndarray, starts: np.ndarray, width: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Climb to the mode of the posterior at each draw, from the best of its starts.

    Each step is that of the information of the scores (Berndt, Hall, Hall and Hausman 1974), which is never negative.

    Parameters
    ----------
    log_density
        Of the measurements, given coordinates at each draw.
    mean, sd
        (parameters,) of the normal prior of the coordinates.
    starts
        (draws, starts, parameters).
    width
        (draws, parameters) in which the density changes, where that is far less than `sd`.

    Returns
    -------
    modes, covariances
        (draws, parameters) and (draws, parameters, parameters), from the curvature there.
    """
    each = np.arange(len(starts))

    def height(at: np.ndarray) -> np.ndarray:
        density = log_density(at).sum(-1) - 0.5 * (((at - mean) / sd) ** 2).sum(-1)
        return np.where(np.isnan(density), -np.inf, density)

    here = starts[each, np.argmax(height(starts), axis=1)]
    size, near = len(mean), NEAR * np.broadcast_to(sd if width is None else width, here.shape)
    for _ in range(STEPS):
        slope, curvature = _scores(log_density, mean, sd, here, near)
        covariance = np.linalg.inv(curvature)
        step = np.einsum("dij,dj->di", covariance, slope)
        tried = here[:, None] + LENGTHS[:, None] * step[:, None]
        best = np.argmax(height(tried), axis=1)
        here, before = tried[each, best], here
        deviations = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        if np.abs((here - before) / deviations).max() < CLOSE:
            break
    if size <= FEW:
        curvature = _curvature(height, sd, here, _scores(log_density, mean, sd, here, near)[1])
    return here, np.linalg.inv(curvature)


def _scores(
    log_density: LogDensity, mean: np.ndarray, sd: np.ndarray, here: np.ndarray, near: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Slope (draws, parameters) of the log posterior, and the information of the scores, prior included."""
    ways = near[:, :, None] * np.eye(len(mean))
    density = log_density(here[:, None] + np.concatenate([ways, -ways], axis=1))
    ahead, behind = np.split(density, 2, axis=1)
    with np.errstate(invalid="ignore"):
        scores = (ahead - behind) / (2.0 * near[..., None])
    scores = np.where(np.isfinite(scores), scores, 0.0)
    information = np.einsum("dim,djm->dij", scores, scores) + np.diag(sd**-2.0)
    return scores.sum(-1) - (here - mean) / sd**2, information


def _curvature(
    height: Callable[[np.ndarray], np.ndarray], sd: np.ndarray, here: np.ndarray, scores: np.ndarray
) -> np.ndarray:  # fmt: skip
    """Negative second derivatives (draws, parameters, parameters) by differences, else the information of scores."""
    size = len(sd)
    # As far as a twentieth of what the scores leave of the prior: rounding and cubic terms are small.
    far = 0.05 * np.sqrt(np.diagonal(np.linalg.inv(scores), axis1=1, axis2=2))
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    found = np.empty((len(here), size, size))
    for first in range(0, len(pairs), AT_ONCE):
        these = pairs[first : first + AT_ONCE]
        ways = np.zeros((4, len(these), size))
        for k, (i, j) in enumerate(these):
            for n, (a, b) in enumerate(((1, 1), (1, -1), (-1, 1), (-1, -1))):
                ways[n, k, i] += a
                ways[n, k, j] += b
        points = here[:, None] + ways.reshape(-1, size) * far[:, None]
        both, one, other, none = np.moveaxis(height(points).reshape(len(here), 4, len(these)), 1, 0)
        with np.errstate(invalid="ignore"):
            mixed = -(both - one - other + none) / 4.0
        for k, (i, j) in enumerate(these):
            found[:, i, j] = found[:, j, i] = mixed[:, k] / (far[:, i] * far[:, j])
    sound = np.asarray(np.isfinite(found).all(axis=(1, 2)), dtype=bool)
    sound[sound] &= np.linalg.eigvalsh(found[sound]).min(-1) > 0
    return np.where(sound[:, None, None], found, scores)
