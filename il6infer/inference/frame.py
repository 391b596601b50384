"""Coordinates of the sampler."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Frame:
    """Coordinates z in which the posterior is nearly a standard normal: x = origin + matrix @ z.

    Attributes
    ----------
    origin
        (dimensions,), unconstrained.
    matrix
        (dimensions, dimensions).
    """

    origin: np.ndarray
    matrix: np.ndarray

    def points(self, coordinates: np.ndarray) -> np.ndarray:
        """Unconstrained points (..., dimensions) of coordinates of that shape."""
        return self.origin + coordinates @ self.matrix.T


def learnt_frame(frame: Frame, points: np.ndarray) -> Frame:
    """Frame in which draws are nearly standard normal; the fewer they are, the more it is the one given.

    Parameters
    ----------
    points
        (draws, dimensions), unconstrained.
    """
    size = len(frame.origin)
    if len(points) < 3:
        return frame
    coordinates = np.linalg.solve(frame.matrix, (points - frame.origin).T)
    weight = len(points) / (len(points) + size + 10.0)
    covariance = weight * np.atleast_2d(np.cov(coordinates)) + (1.0 - weight) * np.eye(size)
    return Frame(points.mean(axis=0), frame.matrix @ np.linalg.cholesky(covariance))
