"""What a sampler is asked, and gives; NUTS by nutpie is the one there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from il6infer.inference.density import Density, Frame
from il6infer.stages.settings import FitSettings

if TYPE_CHECKING:
    import arviz as az


class Sampler(Protocol):
    """Draws from a posterior."""

    def __call__(
        self,
        density: Density,
        starts: Sequence[tuple[Frame, np.ndarray]],
        seeds: Sequence[int],
        settings: FitSettings,
    ) -> az.InferenceData:
        """Sample the posterior.

        Parameters
        ----------
        starts
            Where each chain begins: a frame, and coordinates (dimensions,) in it.
        seeds
            One a chain; the draws depend on it, on the start and on the settings, and on nothing else.

        Returns
        -------
        arviz.InferenceData
            Groups posterior (on the linear scale), sample_stats and their warm-up.
        """
        ...
