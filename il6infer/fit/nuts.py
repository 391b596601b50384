"""NUTS by nutpie: chains on threads of one process, low-rank modified mass matrix, progress that says what happens."""

from __future__ import annotations

import dataclasses
import logging
import sys
import time
import warnings

import arviz as az
import numpy as np
import nutpie
import pymc as pm
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from il6infer.fit.starts import Starts

logger = logging.getLogger("il6infer")

JITTER = 0.05
"""Standard deviation of a chain's start around its optimised point, in units of the prior's spread."""

LOG_EVERY = 10.0
"""Seconds between log lines where nobody watches."""


def sample(
    model: pm.Model,
    starts: Starts,
    *,
    chains: int,
    tune: int,
    draws: int,
    target_accept: float,
    low_rank: bool,
    threads: int,
    seed: int,
) -> az.InferenceData:
    """Sample the posterior.

    Parameters
    ----------
    starts
        Chains begin at these points in turn.
    low_rank
        Use the low-rank modified mass matrix, which knows correlations; else a diagonal one.

    Returns
    -------
    arviz.InferenceData
        Groups posterior, sample_stats and their warm-up. The same seed gives the same draws.
    """
    compiled = nutpie.compile_pymc_model(model, backend="numba")
    points = starts.chosen()

    def start_of(chain_seed: int) -> np.ndarray:
        # Off the mode: the first mass matrix comes from the gradient, which is zero at the mode and says nothing.
        jitter = np.random.default_rng(int(chain_seed)).normal(scale=JITTER, size=points.shape[1])
        return points[int(chain_seed) % len(points)] + starts.spread * jitter

    compiled = dataclasses.replace(compiled, initial_point_func=start_of)
    sampler = nutpie.sample(
        compiled, chains=chains, tune=tune, draws=draws, cores=min(threads, chains), seed=seed, progress_bar=False,
        low_rank_modified_mass_matrix=low_rank, target_accept=target_accept, blocking=False, save_warmup=True,
    )  # fmt: skip
    try:
        _watch(sampler, chains, tune, draws)
    except KeyboardInterrupt:
        sampler.cancel()
        raise
    idata = sampler.wait()
    names = [rv.name for rv in model.free_RVs]  # nutpie adds the unconstrained twin of each
    for group in ("posterior", "warmup_posterior"):
        if group in idata.groups():
            setattr(idata, group, idata[group][names])
    return idata


def _progress(sampler: nutpie.sample, chains: int) -> list[tuple[int, int, int]]:
    """Draws, divergences after tuning and gradients of each chain so far."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "more chains than draws" while the first draws are made
        trace = sampler.inspect()
    counts = []
    for chain in range(chains):
        done = gradients = divergences = 0
        for name in ("warmup_sample_stats", "sample_stats"):
            if name not in trace.groups() or chain >= trace[name].sizes["chain"]:
                continue
            # A draw that a chain has not reached yet is there as NaN or zero.
            steps = np.nan_to_num(trace[name]["n_steps"].values[chain].astype(float))
            done += int((steps > 0).sum())
            gradients += int(steps.sum())
            if name == "sample_stats":
                divergences = int(np.nansum(trace[name]["diverging"].values[chain].astype(float)))
        counts.append((done, divergences, gradients))
    return counts


def _finished(sampler: nutpie.sample) -> bool:
    """Whether sampling is over; nutpie 0.16 raises TimeoutError where it should say no."""
    try:
        return bool(sampler.is_finished)
    except TimeoutError:
        return False


def _watch(sampler: nutpie.sample, chains: int, tune: int, draws: int) -> None:
    """Report until the sampler is done: a bar a chain on a terminal, log lines elsewhere."""
    columns = (
        TextColumn("chain {task.fields[chain]}"), BarColumn(), TextColumn("{task.completed}/{task.total} draws"),
        TextColumn("{task.fields[divergences]} divergent"), TextColumn("{task.fields[gradients]} gradients"),
        TimeElapsedColumn(),
    )  # fmt: skip
    terminal = sys.stderr.isatty()
    start, reported = time.monotonic(), time.monotonic()
    with Progress(*columns, console=Console(stderr=True), disable=not terminal) as bars:
        tasks = [bars.add_task("", total=tune + draws, chain=c, divergences=0, gradients=0) for c in range(chains)]
        while not _finished(sampler):
            time.sleep(0.1)
            if time.monotonic() - reported < (1.0 if terminal else LOG_EVERY):
                continue
            reported = time.monotonic()
            counts = _progress(sampler, chains)
            if terminal:
                for task, (done, divergences, gradients) in zip(tasks, counts, strict=True):
                    bars.update(task, completed=done, divergences=divergences, gradients=gradients)
            else:
                text = "; ".join(f"{d}/{tune + draws} draws, {v} divergent, {g} gradients" for d, v, g in counts)
                logger.info("%.0f s: %s", reported - start, text)
