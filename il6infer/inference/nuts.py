"""NUTS by nutpie: chains on threads of one process, low-rank modified mass matrix, nothing lost when it is stopped."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import logging
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

import arviz as az
import numpy as np
import nutpie
import pandas as pd
import pyarrow
import xarray as xr
from nutpie.compile_pymc import CompiledPyMCModel

from il6infer._errors import UserError, is_panic
from il6infer._interruption import Interruption, Stopped
from il6infer.inference import posterior
from il6infer.inference.beginning import evened
from il6infer.inference.checkpoint import Checkpoint, Iterations, Session
from il6infer.inference.density import Density
from il6infer.inference.frame import Frame, learnt_frame
from il6infer.inference.progress import ChainProgress, Count
from il6infer.inference.settings import child_seed
from il6infer.stages.settings import FitSettings

logger = logging.getLogger("il6infer")

# nutpie 0.16.9 asks for one field more than 0.16.8 has.
_FIELDS = {field.name for field in dataclasses.fields(CompiledPyMCModel)}
_NO_SHARED = {"shared_var_keys": {}} if "shared_var_keys" in _FIELDS else {}

KEEP_EVERY = 5.0
"""Seconds between writes of new draws, at most: what a killed process loses."""

KEEP_SHARE, KEEP_LEAST, KEEP_COST = 0.02, 0.5, 30.0
"""Before that: of the time sampled, but not less than so many seconds, nor so many times what a write takes."""

LEAST_TUNING = 50
"""Iterations of warm-up after an interruption: the step size is found anew, in coordinates learnt from the draws."""

_LOOK_EVERY = 0.05
_UNUSED = ("chain", "draw")


@dataclasses.dataclass(frozen=True)
class _Leg:
    """What is left to do for one chain.

    Attributes
    ----------
    number
        Of the session.
    frame, start
        Where it begins.
    tune, draws
        Iterations.
    """

    chain: int
    number: int
    frame: Frame
    start: np.ndarray
    seed: int
    tune: int
    draws: int


def sample(
    density: Density,
    starts: Sequence[tuple[Frame, np.ndarray]],
    seeds: Sequence[int],
    settings: FitSettings,
    checkpoint: Checkpoint | None = None,
    interruption: Interruption | None = None,
) -> az.InferenceData:
    """Sample the posterior; see `il6infer.inference.sampler.Sampler`.

    Each chain is a sampler of its own with its own seed, so that its draws depend neither on the number of threads
    nor on the other chains, and it begins exactly at its point.

    A chain that was interrupted goes on from its last draw: in a frame learnt from its own draws, with a short warm-up
    that is thrown away, and a seed of its own. Its draws are of the same posterior and not those that it would have
    had; the attribute ``resumed`` of the posterior names it. Chains that had ended are taken as they are.

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
    checkpoint
        Where draws are kept while they are made.
    interruption
        Says when to stop.
    """
    interruption = interruption or Interruption()
    past = [checkpoint.sessions(chain) if checkpoint else [] for chain in range(len(starts))]
    legs = [
        leg for chain, (frame, start) in enumerate(starts)
        if (leg := _leg(density, chain, past[chain], frame, start, seeds[chain], settings))
    ]  # fmt: skip
    with interruption.keeping():
        new = _run(density, legs, past, settings, checkpoint, interruption)
    sessions = [past[chain] + new.get(chain, []) for chain in range(len(starts))]
    trace = _joined([_chain(own, density, settings) for own in sessions])
    resumed = {str(chain + 1): [len(s.iterations) for s in own[:-1]] for chain, own in enumerate(sessions) if own[1:]}
    trace["posterior"].attrs["resumed"] = resumed
    return trace


def _leg(
    density: Density,
    chain: int,
    past: Sequence[Session],
    frame: Frame,
    start: np.ndarray,
    seed: int,
    settings: FitSettings,
) -> _Leg | None:
    """Say what is left of a chain; None where nothing is."""
    if not past:
        return _Leg(chain, 0, *evened(density, frame, start), seed, settings.tune, settings.draws)
    tuning = np.concatenate([session.iterations.statistics["tuning"] for session in past])
    draws = settings.draws - int((~tuning).sum())
    if draws <= 0:
        return None
    points = np.concatenate([session.frame.points(session.iterations.coordinates) for session in past])
    # Draws where there are enough to learn from, else the second half of the warm-up.
    known = points[~tuning] if (~tuning).sum() > points.shape[1] else points[len(points) // 2 :]
    learnt = learnt_frame(past[-1].frame, known)
    start = np.linalg.solve(learnt.matrix, points[-1] - learnt.origin)
    number = len(past)
    seed = int(child_seed(seed, f"session {number}").generate_state(1)[0])
    tune = max(settings.tune - int(tuning.sum()), LEAST_TUNING)
    logger.info("chain %d goes on after %d of %d iterations", chain + 1, len(points), settings.tune + settings.draws)
    return _Leg(chain, number, *evened(density, learnt, start), seed, tune, draws)


class _Running:
    """A sampler of nutpie at work on one leg, and how much of its trace is kept."""

    def __init__(self, density: Density, leg: _Leg, settings: FitSettings, checkpoint: Checkpoint | None) -> None:
        self.leg, self._checkpoint, self._size, self._kept = leg, checkpoint, density.dimensions, 0
        if checkpoint:
            checkpoint.begin(leg.chain, leg.frame, leg.number)
        self._sampler = nutpie.sample(
            _compiled(density, leg.frame, leg.start), seed=leg.seed, chains=1, cores=1, tune=leg.tune, draws=leg.draws,
            target_accept=settings.target_accept, save_warmup=True, progress_bar=False, blocking=False,
            return_raw_trace=True, **_mass_matrix(settings.mass_matrix == "low_rank"),
        )  # fmt: skip

    @property
    def finished(self) -> bool:
        """Whether the chain has ended."""
        try:
            with self._said():
                return self._sampler.is_finished
        except TimeoutError:  # nutpie 0.16.8 answers so while the chain runs
            return False

    def look(self) -> Iterations:
        """Give the iterations so far, and keep the new ones."""
        with self._said():
            return self._keep(_iterations(self._sampler.inspect(), self._size))

    def end(self) -> Iterations:
        """Give all iterations of a chain that has ended, or end it now."""
        with self._said():
            return self._keep(_iterations(self._sampler.wait() if self.finished else self._sampler.abort(), self._size))

    def cancel(self) -> None:
        """Let no thread go on."""
        with contextlib.suppress(UserError), self._said():
            self._sampler.cancel()

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """Say it in words where nutpie gives up a chain: it panics where it cannot begin."""
        try:
            yield
        except BaseException as error:
            found = re.search(r"Could not initialize .*|All initialization points failed", str(error))
            if not is_panic(error) and not (found and isinstance(error, RuntimeError)):
                raise
            reason = found[0].strip() if found else error
            raise UserError(
                f"nutpie gave up chain {self.leg.chain + 1} ({reason}). It does so where the log-density cannot "
                "be computed at the first point of a chain. Narrow the bounds or priors to where the data say "
                "something, choose another seed, or another sampler: `sampler: tempered`, `pymc` or `pymc_smc`."
            ) from None

    def _keep(self, iterations: Iterations) -> Iterations:
        if self._checkpoint:
            self._checkpoint.append(self.leg.chain, self.leg.number, iterations.after(self._kept))
            self._kept = len(iterations)
        return iterations


def _run(
    density: Density,
    legs: Sequence[_Leg],
    past: Sequence[Sequence[Session]],
    settings: FitSettings,
    checkpoint: Checkpoint | None,
    interruption: Interruption,
) -> dict[int, list[Session]]:
    """Run what is left of each chain; give one session for each of them."""
    waiting, running, ended = list(legs), dict[int, _Running](), dict[int, list[Session]]()
    counts = [_count([session.iterations for session in own]) for own in past]
    totals = [count.draws for count in counts]
    for leg in legs:
        totals[leg.chain] += leg.tune + leg.draws
    began = kept = time.monotonic()
    cost = 0.0
    with ChainProgress(totals) as report:
        try:
            while waiting or running:
                while waiting and len(running) < settings.threads:
                    leg = waiting.pop(0)
                    running[leg.chain] = _Running(density, leg, settings, checkpoint)
                if interruption.wait(_LOOK_EVERY):
                    raise Stopped
                for chain in [c for c, own in running.items() if own.finished]:
                    own = running.pop(chain)
                    ended[chain] = [Session(own.leg.frame, own.end())]
                    counts[chain] = _count([s.iterations for s in [*past[chain], *ended[chain]]])
                due, now = report.due(), time.monotonic()
                if due or (checkpoint and now - kept >= _keep_after(now - began, cost)):
                    for chain, own in running.items():
                        counts[chain] = _count([*(s.iterations for s in past[chain]), own.look()])
                    kept = time.monotonic()
                    cost = kept - now
                if due:
                    report.show(counts)
            report.show(counts)
        except (Stopped, KeyboardInterrupt):
            for chain, own in running.items():
                counts[chain] = _count([*(s.iterations for s in past[chain]), own.end()])
            done, asked = (sum(numbers) for numbers in ([c.draws for c in counts], totals))
            told = f"stopped after {done} of {asked} iterations"
            if checkpoint:
                told += f": they are in {checkpoint.folder}, and the same command goes on from there"
            else:  # those of an earlier run of NUTS may be kept
                told += ", of which none is kept" + (f"; {interruption.state}" if interruption.state else "")
            interruption.state = told
            raise
        finally:
            for own in running.values():
                own.cancel()
    return ended


def _keep_after(sampled: float, cost: float) -> float:
    """Seconds after which new draws are written, by those of sampling so far and those that the last write took."""
    return min(KEEP_EVERY, max(KEEP_LEAST, KEEP_SHARE * sampled, KEEP_COST * cost))


@dataclasses.dataclass(frozen=True)
class _Start:
    """Initial point for nutpie, which passes a seed."""

    point: np.ndarray

    def __call__(self, seed: int) -> np.ndarray:
        return self.point.copy()


def _compiled(density: Density, frame: Frame, start: np.ndarray) -> CompiledPyMCModel:
    """Give the log-density over the coordinates of a frame in nutpie's form; a chain begins at `start`.

    The trace holds coordinates, as one vector.
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
        shape_info=(["coordinates"], [slice(0, size)], [(size,)]),
        logp_func=None,
        expand_func=None,
        _n_dim=size,
        _shapes={"coordinates": (size,)},
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


def _iterations(trace: Any, size: int) -> Iterations:
    """Read nutpie's trace of one chain in so many dimensions."""
    [drawn], [told] = trace.get_arrow_trace()
    columns = {name: pyarrow.array(told.column(name)) for name in told.column_names if name not in _UNUSED}
    statistics = {
        name: column.to_numpy(zero_copy_only=False)
        for name, column in columns.items()
        if not pyarrow.types.is_large_list(column.type) and not column.null_count
    }
    coordinates = pyarrow.array(drawn.column("coordinates"))
    flat = coordinates.flatten().to_numpy(zero_copy_only=False)
    return Iterations(flat.reshape(len(coordinates), size), statistics)


def _count(parts: Sequence[Iterations]) -> Count:
    statistics = [part.statistics for part in parts if len(part)]
    return Count(
        draws=sum(map(len, parts)),
        divergences=sum(int((s["diverging"] & ~s["tuning"]).sum()) for s in statistics),
        gradients=sum(int(s["n_steps"].sum()) for s in statistics),
    )


def _chain(sessions: Sequence[Session], density: Density, settings: FitSettings) -> dict[str, xr.Dataset]:
    """Make the groups of one chain, of as many iterations of warm-up and draws as were asked for."""
    tuning = np.concatenate([session.iterations.statistics["tuning"] for session in sessions])
    values = np.concatenate(
        [density.constrained(session.frame.points(session.iterations.coordinates)) for session in sessions]
    )
    names = [n for n in sessions[0].iterations.statistics if all(n in s.iterations.statistics for s in sessions)]
    statistics = {name: np.concatenate([s.iterations.statistics[name] for s in sessions]) for name in names}
    groups = {}
    for prefix, chosen in (
        ("", np.flatnonzero(~tuning)[: settings.draws]), ("warmup_", np.flatnonzero(tuning)[: settings.tune]),
    ):  # fmt: skip
        coordinates = {"chain": [0], "draw": np.arange(len(chosen))}
        groups[f"{prefix}posterior"] = xr.Dataset(
            {name: (("chain", "draw"), values[None, chosen, i]) for i, name in enumerate(density.names)}, coordinates
        )
        groups[f"{prefix}sample_stats"] = xr.Dataset(
            {name: (("chain", "draw"), found[None, chosen]) for name, found in statistics.items()}, coordinates
        )
    return groups


def _joined(chains: Sequence[dict[str, xr.Dataset]]) -> az.InferenceData:
    """Join groups of one chain each."""
    groups = {}
    for name in chains[0]:
        numbered = [own[name].assign_coords(chain=[chain]) for chain, own in enumerate(chains)]
        groups[name] = xr.concat(numbered, dim="chain", join="exact")
    return az.InferenceData(**groups)
