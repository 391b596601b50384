"""How a fit was sampled, as its verdict tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from il6infer.stages.elsewhere import Elsewhere, LoneMode
from il6infer.stages.plateau import Plateau


@dataclass(frozen=True)
class Sampler:
    """How the sampling went.

    Attributes
    ----------
    depth_hits
        Draws whose trajectory reached the depth limit.
    ebfmi
        Of each chain; empty where the sampler knows no energy.
    failed_posterior, failed_prior
        Draws of either at which a simulation failed.
    sampling_failures
        Outcome -> simulations of the sampling that ended so.
    integration_error
        Of the log-density, from the solver's tolerances and from the quadrature of what is integrated out.
    gradients
        All of them; `gradients_per_draw` counts kept draws only.
    starts_logp
        Log-density of each start after optimisation; the marginal one where parameters are integrated out.
    integrated
        Parameters that were integrated out of the sampled density, and drawn afterwards.
    modes_logp
        Log-density of each mode that chains began at.
    plateaus
        Parameters of which the data know only on which side of a value they lie.
    modes_left
        Log-density of each mode that was found, at which no chain began, and to which no draw has come.
    lone_modes
        Optima as high as modes may be at which no chain began, for they hold next to nothing, or were too many.
    elsewhere
        What lies where no chain has been; null where it was not looked for, or could not be told.
    elsewhere_untold
        Whether it was looked for and could not be told.
    asked
        Sampler that the fit was asked for, by the word of its settings; empty where it does not say.
    """

    chains: int
    draws: int
    tune: int
    divergences: int
    depth_hits: int
    ebfmi: tuple[float | None, ...]
    failed_posterior: int
    failed_prior: int
    sampling_failures: Mapping[str, int]
    integration_error: float | None
    prior_draws: int
    gradients: int
    gradients_per_draw: float
    wall_time_s: float | None
    sampling_time_s: float | None
    starts_logp: tuple[float, ...]
    integrated: tuple[str, ...] = ()
    modes_logp: tuple[float, ...] = ()
    plateaus: tuple[Plateau, ...] = ()
    modes_left: tuple[float, ...] = ()
    lone_modes: tuple[LoneMode, ...] = ()
    elsewhere: Elsewhere | None = None
    elsewhere_untold: bool = False
    asked: str = ""

    @property
    def untried(self) -> tuple[str, ...]:
        """Samplers for modes that are apart which the fit did not have: `auto` ends with `tempered`."""
        return () if self.asked == "auto" else tuple(x for x in ("auto", "tempered") if x != self.asked)
