"""NUTS by nutpie: chains on threads of one process, low-rank modified mass matrix, progress that says what happens."""

from __future__ import annotations

import dataclasses
import inspect
import logging
import sys
import time
import warnings
from collections.abc import Sequence
from typing import Any

import arviz as az
import numpy as np
import nutpie
import pandas as pd
import xarray as xr
from nutpie.compile_pymc import CompiledPyMCModel
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from il6infer.inference import posterior
from il6infer.inference.density import Density, Frame
from il6infer.stages.settings import FitSettings

logger = logging.getLogger("il6infer")

# nutpie 0.16.9 asks for one field more than 0.16.8 has.
_FIELDS = {field.name for field in dataclasses.fields(CompiledPyMCModel)}
_NO_SHARED = {"shared_var_keys": {}} if "shared_var_keys" in _FIELDS else {}

LOG_EVERY = 10.0
"""Seconds between log lines where nobody watches."""

_LOOK_EVERY = 0.05
_DRAW_EVERY = 1.0


@dataclasses.dataclass(frozen=True)
class Count:
    """What one chain has done so far: iterations, divergences after tuning, gradients."""

    draws: int = 0
    divergences: int = 0
    gradients: int = 0


def sample(
    density: Density,
    starts: Sequence[tuple[Frame, np.ndarray]],
    seeds: Sequence[int],
    settings: FitSettings,
) -> az.InferenceData:
    """Sample the posterior; see `il6infer.inference.sampler.Sampler`.

    Each chain is a sampler of its own with its own seed, so that its draws depend neither on the number of threads
    nor on the other chains, and it begins exactly at its point.

    Parameters
    ----------
    density
        Log-density of the posterior.
    starts
        One a chain: a frame, and coordinates (dimensions,) in it.
    seeds
        One a chain.
    settings
        Of the sampler.
    """
    waiting = list(range(len(starts)))
    running: dict[int, Any] = {}
    traces: dict[int, az.InferenceData] = {}
    counts = [Count() for _ in starts]
    options = {
        "chains": 1, "cores": 1, "tune": settings.tune, "draws": settings.draws,
        "target_accept": settings.target_accept, "save_warmup": True, "progress_bar": False, "blocking": False,
        **_mass_matrix(settings.mass_matrix == "low_rank"),
    }  # fmt: skip
    with _Report(len(starts), settings.tune, settings.draws) as report:
        try:
            while waiting or running:
                while waiting and len(running) < settings.threads:
                    chain = waiting.pop(0)
                    running[chain] = nutpie.sample(_compiled(density, *starts[chain]), seed=seeds[chain], **options)
                time.sleep(_LOOK_EVERY)
                for chain in [c for c, sampler in running.items() if _finished(sampler)]:
                    traces[chain] = running.pop(chain).wait()
                    counts[chain] = _count(traces[chain])
                if report.due():
                    for chain, sampler in running.items():
                        counts[chain] = _so_far(sampler)
                    report.show(counts)
            report.show(counts)
        finally:
            # Ctrl-C, or a chain that failed: no thread may go on.
            for sampler in running.values():
                sampler.cancel()
    for chain, (frame, _) in enumerate(starts):
        for name in ("posterior", "warmup_posterior"):
            traces[chain][name] = _values(traces[chain][name], density, frame)
    return _joined([traces[chain] for chain in range(len(starts))])


@dataclasses.dataclass(frozen=True)
class _Start:
    """Initial point for nutpie, which passes a seed."""

    point: np.ndarray

    def __call__(self, seed: int) -> np.ndarray:
        return self.point.copy()


def _compiled(density: Density, frame: Frame, start: np.ndarray) -> CompiledPyMCModel:
    """Give the log-density over the coordinates of a frame in nutpie's form; a chain begins at `start`.

    The trace holds coordinates, one variable for each name.
    """
    size = density.dimensions
    return CompiledPyMCModel(
        dims={},
        compiled_logp_func=posterior.log_density,
        compiled_expand_func=posterior.expansion,
        initial_point_func=_Start(start),
        shared_data={},
        **_NO_SHARED,
        user_data=density.description(frame),
        n_expanded=size,
        shape_info=(density.names, [slice(i, i + 1) for i in range(size)], [()] * size),
        logp_func=None,
        expand_func=None,
        _n_dim=size,
        _shapes=dict.fromkeys(density.names, ()),
        _coords={"unconstrained_parameter": pd.Index(density.names)},
    )


def _mass_matrix(low_rank: bool) -> dict[str, object]:
    """Say which mass matrix, in the words of the installed nutpie: 0.16.9 renamed the argument.

    The low-rank one is a diagonal and a few directions of correlation, learnt from draws and gradients by minimising
    the Fisher divergence (Seyboldt and Carpenter, the documentation of nutpie).
    """
    if "adaptation" in inspect.signature(nutpie.sample).parameters:
        return {"adaptation": "low_rank" if low_rank else "diag"}
    return {"low_rank_modified_mass_matrix": low_rank}


def _values(trace: xr.Dataset, density: Density, frame: Frame) -> xr.Dataset:
    """Parameters on the linear scale, from coordinates in a frame."""
    coordinates = np.stack([trace[name].values for name in density.names], axis=-1)
    values = density.constrained(frame.points(coordinates))
    return xr.Dataset(
        {name: (("chain", "draw"), values[..., i]) for i, name in enumerate(density.names)},
        coords={"chain": trace["chain"], "draw": trace["draw"]},
    )


def _finished(sampler: Any) -> bool:
    try:
        return sampler.is_finished
    except TimeoutError:  # nutpie 0.16.8 answers so while the chain runs
        return False


def _so_far(sampler: Any) -> Count:
    with warnings.catch_warnings():
        # arviz takes a trace without draws for a transposed one
        warnings.filterwarnings("ignore", "More chains", UserWarning)
        return _count(sampler.inspect())


def _count(trace: az.InferenceData) -> Count:
    groups = [trace[name] for name in ("warmup_sample_stats", "sample_stats") if name in trace.groups()]
    kept = trace["sample_stats"] if "sample_stats" in trace.groups() else None
    return Count(
        draws=sum(group.sizes["draw"] for group in groups),
        divergences=0 if kept is None else int(kept["diverging"].sum()),
        gradients=sum(int(group["n_steps"].sum()) for group in groups),
    )


def _joined(traces: Sequence[az.InferenceData]) -> az.InferenceData:
    """Traces of one chain each as one."""
    groups = {}
    for name in traces[0].groups():
        numbered = [trace[name].assign_coords(chain=[chain]) for chain, trace in enumerate(traces)]
        # The times of nutpie's own conversion would differ from run to run.
        groups[name] = xr.concat(numbered, dim="chain", combine_attrs="drop", join="exact").drop_attrs()
    return az.InferenceData(**groups)


class _Report:
    """A bar a chain on a terminal, log lines elsewhere."""

    def __init__(self, chains: int, tune: int, draws: int) -> None:
        self._total = tune + draws
        self._terminal = sys.stderr.isatty()
        self._start = self._shown = time.monotonic()
        columns = (
            TextColumn("chain {task.fields[chain]}"), BarColumn(), TextColumn("{task.completed}/{task.total} draws"),
            TextColumn("{task.fields[divergences]} divergent"), TextColumn("{task.fields[gradients]} gradients"),
            TimeElapsedColumn(),
        )  # fmt: skip
        self._bars = Progress(*columns, console=Console(stderr=True), disable=not self._terminal)
        self._tasks = [
            self._bars.add_task("", total=self._total, chain=chain + 1, divergences=0, gradients=0)
            for chain in range(chains)
        ]

    def __enter__(self) -> _Report:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def due(self) -> bool:
        return time.monotonic() - self._shown >= (_DRAW_EVERY if self._terminal else LOG_EVERY)

    def show(self, counts: Sequence[Count]) -> None:
        self._shown = time.monotonic()
        if not self._terminal:
            text = "; ".join(
                f"chain {chain}: {c.draws}/{self._total} draws, {c.divergences} divergent, {c.gradients} gradients"
                for chain, c in enumerate(counts, start=1)
            )
            logger.info("%.0f s: %s", self._shown - self._start, text)
            return
        for task, count in zip(self._tasks, counts, strict=True):
            self._bars.update(task, completed=count.draws, divergences=count.divergences, gradients=count.gradients)
