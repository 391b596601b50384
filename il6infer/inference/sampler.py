"""What a sampler is asked, and gives: NUTS by nutpie, or what `il6infer.pymc` brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from il6infer._interruption import Interruption
from il6infer.engine import Engine
from il6infer.inference.checkpoint import Checkpoint
from il6infer.inference.density import Density
from il6infer.inference.frame import Frame
from il6infer.problems.spec import Problem
from il6infer.stages.settings import FitSettings

if TYPE_CHECKING:
    import arviz as az

TEMPERED = "sequential Monte Carlo from the prior, tempered likelihood"
"""What a posterior says that was sampled tempered."""


class Sampler(Protocol):
    """Draws from a posterior."""

    def __call__(
        self,
        density: Density,
        starts: Sequence[tuple[Frame, np.ndarray]],
        seeds: Sequence[int],
        settings: FitSettings,
        checkpoint: Checkpoint | None = None,
        interruption: Interruption | None = None,
    ) -> az.InferenceData:
        """Sample the posterior.

        Parameters
        ----------
        starts
            Where each chain begins: a frame, and coordinates (dimensions,) in it.
        seeds
            One a chain; the draws depend on it, on the start and on the settings, and on nothing else.
        checkpoint
            Where draws are kept while they are made, and what an interrupted run has left there.
        interruption
            Says when to stop; what there is is kept first.

        Returns
        -------
        arviz.InferenceData
            Groups posterior (on the linear scale), sample_stats and their warm-up.
        """
        ...


@dataclass(frozen=True)
class Stated:
    """The posterior as a statement that people read, and samplers that sample the statement itself.

    It lies above this package, so a fit is given it: `il6infer.pymc.door.STATED`.

    Attributes
    ----------
    hold
        Raises where the compiled density of a problem is not that of the statement.
    samplers
        Name in the settings -> sampler of a problem.
    """

    hold: Callable[[Problem, Engine, Density], None]
    samplers: Mapping[str, Callable[[Problem, Engine], Sampler]]
