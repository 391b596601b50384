"""PyMC's own samplers, on the PyMC model itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from il6infer._interruption import Interruption
from il6infer.engine import Engine
from il6infer.inference.checkpoint import Checkpoint
from il6infer.inference.density import Density
from il6infer.inference.ended import by_chain, joined
from il6infer.inference.frame import Frame
from il6infer.problems.spec import Problem
from il6infer.stages.settings import FitSettings

if TYPE_CHECKING:
    import arviz as az

_NAMES = {"tree_depth": "depth", "reached_max_treedepth": "maxdepth_reached"}
"""PyMC's names of statistics -> those of the other samplers."""


class OfPyMC:
    """A sampler of PyMC with the call of `il6infer.inference.sampler.Sampler`; a chain is kept when it has ended.

    Parameters
    ----------
    problem, engine
        Compiled from the same problem.
    """

    def __init__(self, problem: Problem, engine: Engine) -> None:
        self.problem, self.engine = problem, engine

    def __call__(
        self,
        density: Density,
        starts: Sequence[tuple[Frame, np.ndarray]],
        seeds: Sequence[int],
        settings: FitSettings,
        checkpoint: Checkpoint | None = None,
        interruption: Interruption | None = None,
    ) -> az.InferenceData:
        """Sample the PyMC model."""
        import arviz as az

        from il6infer.pymc.model import build_model

        names = [parameter.id for parameter in self.problem.estimated]
        values = [density.constrained(frame.points(point)) for frame, point in starts]
        begin = [dict(zip(names, map(float, row), strict=True)) for row in values]
        with build_model(self.problem, self.engine), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # advice on chains and draws, which the verdict judges
            chains = by_chain(
                checkpoint, interruption, settings.sampler, len(seeds),
                lambda chain: _groups(self._sample(begin[chain], int(seeds[chain]), settings), names),
            )  # fmt: skip
        return az.InferenceData(**joined(chains))

    def _sample(self, begin: dict[str, float], seed: int, settings: FitSettings) -> az.InferenceData:
        """Sample one chain."""
        raise NotImplementedError


class Nuts(OfPyMC):
    """PyMC's NUTS, with its diagonal mass matrix; one chain after the other."""

    def _sample(self, begin: dict[str, float], seed: int, settings: FitSettings) -> Any:
        import pymc as pm

        return pm.sample(
            settings.draws, tune=settings.tune, chains=1, cores=1, random_seed=[seed], initvals=[begin],
            init="adapt_diag", nuts_sampler="pymc", target_accept=settings.target_accept, progressbar=False,
            discard_tuned_samples=False, compute_convergence_checks=False,
        )  # fmt: skip


class Smc(OfPyMC):
    """PyMC's sequential Monte Carlo, from draws of the prior: needs no gradient, and may find modes that are apart."""

    def _sample(self, begin: dict[str, float], seed: int, settings: FitSettings) -> Any:
        import pymc as pm

        return pm.sample_smc(
            settings.draws, chains=1, cores=1, random_seed=[seed], progressbar=False,
            compute_convergence_checks=False,
        )  # fmt: skip


SAMPLERS: dict[str, Callable[[Problem, Engine], OfPyMC]] = {"pymc": Nuts, "pymc_smc": Smc}
"""Name in the configuration -> sampler."""


def _groups(trace: Any, names: Sequence[str]) -> az.InferenceData:
    """Posterior and statistics as the other samplers give them; without those of NUTS where it is not NUTS."""
    import arviz as az

    groups = {}
    for prefix in ("", "warmup_"):
        if f"{prefix}posterior" not in trace.groups():
            continue
        drawn = trace[f"{prefix}posterior"]
        coordinates = {"chain": np.arange(drawn.sizes["chain"]), "draw": np.arange(drawn.sizes["draw"])}
        groups[f"{prefix}posterior"] = xr.Dataset(
            {name: (("chain", "draw"), drawn[name].values) for name in names}, coordinates
        )
        told = trace[f"{prefix}sample_stats"] if f"{prefix}sample_stats" in trace.groups() else xr.Dataset()
        shape = tuple(drawn.sizes[dimension] for dimension in ("chain", "draw"))
        kept = {_NAMES.get(str(n), str(n)): v.values for n, v in told.items() if v.dims == ("chain", "draw")}
        if "n_steps" not in kept:
            kept = {"diverging": np.zeros(shape, bool), "n_steps": np.zeros(shape, np.uint64)}
        groups[f"{prefix}sample_stats"] = xr.Dataset(
            {n: (("chain", "draw"), v) for n, v in kept.items() if v.dtype != object}, coordinates
        )
    if "warmup_posterior" not in groups:
        for name in ("posterior", "sample_stats"):
            groups[f"warmup_{name}"] = groups[name].isel(draw=slice(0, 0))
    return az.InferenceData(**groups)
