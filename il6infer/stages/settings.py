"""Settings of a stage: the sections of the configuration that it reads, checked, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il6infer.stages.codec import Bounds

Share = Annotated[float, Bounds(minimum=0, maximum=1)]


@dataclass(frozen=True)
class Thresholds:
    """Limits of the checks of a verdict; section ``verdict`` of the configuration.

    Attributes
    ----------
    rhat_max
        Largest rank-normalised R-hat.
    ess_min
        Smallest bulk and tail effective sample size.
    divergences_max
        Largest share of divergent draws.
    ebfmi_min
        Smallest E-BFMI of a chain.
    depth_hits_max
        Largest share of draws at the tree-depth limit.
    failed_max
        Largest share of simulations that failed.
    integration_error_max
        Largest error of the log-likelihood from the solver's tolerances.
    pareto_k_max
        Pareto k above which a measurement's LOO is not trusted.
    """

    rhat_max: Annotated[float, Bounds(minimum=1)] = 1.01
    ess_min: Annotated[float, Bounds(minimum=0)] = 400
    divergences_max: Share = 0.001
    ebfmi_min: Annotated[float, Bounds(minimum=0)] = 0.3
    depth_hits_max: Share = 0.05
    failed_max: Share = 0.01
    integration_error_max: Annotated[float, Bounds(above=0)] = 0.1
    pareto_k_max: Annotated[float, Bounds(minimum=0)] = 0.7
