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
