"""Tempered sampling: sequential Monte Carlo from the prior on the compiled density, for modes that are apart."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from typing import Any

import arviz as az
import numpy as np
import xarray as xr

from il6infer._errors import UserError
from il6infer._interruption import Interruption, Stopped
from il6infer.draws import bulk_draws, rank_rhat, tail_draws
from il6infer.inference import gentler, hopping, replicas
from il6infer.inference.checkpoint import Checkpoint
from il6infer.inference.density import Density
from il6infer.inference.ended import by_chain, joined
from il6infer.inference.frame import Frame
from il6infer.inference.parts import Parts
from il6infer.inference.progress import LOG_EVERY
from il6infer.inference.sampler import TEMPERED
from il6infer.inference.smc import Stuck, smc
from il6infer.stages.settings import FitSettings

logger = logging.getLogger("il6infer")

APART = 1.05
"""R-hat above which chains have not met, and more of the same draws would hardly help."""

WORTH, SHARE = 400.0, 0.1
"""Draws of NUTS that are worth fewer than both, independent draws and their share in all, are moved on by hops: chains
have met, and pass so seldom from one arm of the posterior to another that its tails are not known."""

SHARE_MOVED = 0.25
"""The same share of draws that were moved on: most rounds of walkers are left out, so that draws are worth more."""

CLOSE = 1.01
"""R-hat above which as many draws as give `WORTH` by their share are moved on, too: chains weigh arms not alike."""


def sample(
    density: Density,
    starts: Sequence[tuple[Frame, np.ndarray]],
    seeds: Sequence[int],
    settings: FitSettings,
    checkpoint: Checkpoint | None = None,
    interruption: Interruption | None = None,
) -> az.InferenceData:
    """Sample the posterior; see `il6infer.inference.sampler.Sampler`.

    Each chain is a population of its own, of as many particles as there are draws, from the prior; so R-hat between
    chains tells whether they give modes the same weight. Draws of common descent are neighbours in their chain, so that
    autocorrelation tells what they are worth. One chain is made after the other, and kept when it has ended. The
    attribute ``log_evidence`` of the posterior has the estimate of each chain.

    Parameters
    ----------
    density
        Log-density of the posterior.
    starts
        Not used: no chain begins at a mode.
    seeds
        One a chain.
    settings
        ``draws`` of it are the particles.
    checkpoint
        Where chains that have ended are kept, and taken from.
    interruption
        Says when to stop.

    Raises
    ------
    UserError
        If hardly any draw of the prior can be simulated.
    """
    parts = Parts(density, settings.threads)
    chains = by_chain(
        checkpoint, interruption, "tempered", len(seeds),
        lambda chain: _population(parts, chain, seeds, settings, interruption),
    )  # fmt: skip
    groups = joined(chains)
    for name in ("log_evidence", "families"):
        groups["posterior"].attrs[name] = json.dumps([own["posterior"].attrs[name] for own in chains])
    return az.InferenceData(**groups)


def _population(
    parts: Parts, chain: int, seeds: Sequence[int], settings: FitSettings, interruption: Interruption | None
) -> az.InferenceData:
    """One chain: a population that goes from the prior to the posterior."""
    density, begun, shown = parts.density, parts.evaluations, time.monotonic()

    def watch(power: float) -> None:
        nonlocal shown
        if interruption is not None and interruption.asked:
            raise Stopped
        if time.monotonic() - shown >= LOG_EVERY:
            shown = time.monotonic()
            logger.info(
                "chain %d of %d: power %.3g of the likelihood (the posterior is at 1), %.0f gradients a draw so far",
                chain + 1, len(seeds), power, (parts.evaluations - begun) / settings.draws,
            )  # fmt: skip

    try:
        found = smc(parts, settings.draws, np.random.default_rng(seeds[chain]), watch)
    except Stuck as error:
        raise UserError(f"sampler 'tempered': {error}. Narrow the priors, or choose 'nutpie'.") from None
    logger.info(
        "chain %d of %d: %d temperatures, acceptance %.2f, %d of %d draws of the prior have descendants",
        chain + 1, len(seeds), len(found.stages), found.acceptance, found.families, settings.draws,
    )  # fmt: skip
    values, steps = density.constrained(found.points), round((parts.evaluations - begun) / settings.draws)
    coordinates, both = {"chain": [0], "draw": np.arange(settings.draws)}, ("chain", "draw")
    posterior = xr.Dataset({name: (both, values[None, :, i]) for i, name in enumerate(density.names)}, coordinates)
    shape = (1, settings.draws)
    statistics = xr.Dataset(
        {"diverging": (both, np.zeros(shape, bool)), "n_steps": (both, np.full(shape, steps, np.uint64))}, coordinates
    )
    posterior.attrs.update(log_evidence=round(found.log_evidence, 4), families=found.families)
    groups: dict[str, Any] = {"posterior": posterior, "sample_stats": statistics}
    groups |= {f"warmup_{name}": group.isel(draw=slice(0, 0)) for name, group in groups.items()}
    return az.InferenceData(**groups)


def sample_as_needed(
    density: Density,
    starts: Sequence[tuple[Frame, np.ndarray]],
    seeds: Sequence[int],
    settings: FitSettings,
    checkpoint: Checkpoint | None = None,
    interruption: Interruption | None = None,
) -> az.InferenceData:
    """Sample with NUTS and, where its chains have not met, move the draws on by hops or replica exchange.

    Where they have met and too many draws diverged, NUTS runs again with smaller steps (`il6infer.inference.gentler`).
    Chains that seldom pass between modes have not met, whether or not the starts found several. Hops weigh modes that
    mixtures of normal densities come near to, replica exchange those that a valley joins; where neither brings the
    chains together, and they began at several modes, all is sampled anew, tempered. Where chains have met and their
    draws are worth little (`WORTH`, `CLOSE`), hops are tried alone, and the draws that are worth more are given. Hops
    learn from their own draws and begin anew (`il6infer.inference.hopping.LESSONS`) until these are worth enough. The
    attribute ``sampler`` of the posterior says which it was.

    Parameters
    ----------
    density
        Log-density of the posterior.
    starts
        One a chain.
    seeds
        One a chain.
    settings
        Of the sampler.
    checkpoint
        Where draws of NUTS are kept.
    interruption
        Says when to stop.
    """
    from il6infer.inference import nuts

    found = nuts.sample(density, starts, seeds, settings, checkpoint, interruption)
    if interruption is not None and checkpoint is not None:
        interruption.state = (
            f"the draws of NUTS are in {checkpoint.folder}, and the same command goes on from there; what sampler "
            "'auto' did with them after that begins anew"
        )

    apart = [np.inf]

    def wants(moved: az.InferenceData) -> bool:
        """Whether chains have met and their draws are worth little, or come nearer to each other."""
        apart.append(_worst(moved, density))
        return _short(moved, density, SHARE_MOVED) if apart[-1] <= APART else apart[-1] < apart[-2]

    worst = _worst(found, density)
    if worst <= APART and gentler.share_diverged(found) > gentler.DIVERGENT:
        found = gentler.sample(density, found, seeds, settings, interruption)
        worst = _worst(found, density)
    if worst <= APART:
        if not _short(found, density):
            return found
        worth = _worth(found, density)
        logger.info(
            "draws of NUTS are worth %.0f of %d (R-hat %.3f): chains pass seldom from one arm to another", worth,
            found["posterior"].sizes["chain"] * found["posterior"].sizes["draw"], worst,
        )  # fmt: skip
        moved = hopping.sample(density, found, seeds, settings, interruption, wants)
        better = not _short(moved, density) or _worth(moved, density) > worth
        return moved if better and _worst(moved, density) <= APART else found
    apart.append(worst)
    logger.info("chains have not met (R-hat %.2f)", worst)
    tried = [found]
    for way, more in ((hopping.sample, (wants,)), (replicas.sample, ())):
        tried.append(way(density, found, seeds, settings, interruption, *more))
        worst = _worst(tried[-1], density)
        if worst <= APART:
            return tried[-1]
        logger.info("chains have not met yet (R-hat %.2f)", worst)
    modes = len(np.unique([frame.origin for frame, _ in starts], axis=0))
    if modes < 2:
        return min(tried, key=lambda one: _worst(one, density))
    logger.info("chains began at %d modes: sampling tempered, from the prior", modes)
    found = sample(density, starts, seeds, settings, checkpoint, interruption)
    found["posterior"].attrs["sampler"] = TEMPERED
    return found


def _short(found: az.InferenceData, density: Density, asked: float = SHARE) -> bool:
    """Whether draws of chains that have met are worth little, or weigh arms not alike enough."""
    share = asked * found["posterior"].sizes["chain"] * found["posterior"].sizes["draw"]
    return _worth(found, density) < min(WORTH, share) or (share >= WORTH and _worst(found, density) > CLOSE)


def _worst(found: az.InferenceData, density: Density) -> float:
    """Largest R-hat of a sampled parameter; infinite where there is none."""
    worst = max(rank_rhat(found["posterior"][name].values) for name in density.names)
    return worst if np.isfinite(worst) else np.inf


def _worth(found: az.InferenceData, density: Density) -> float:
    """Fewest effective draws, in bulk or tails, of a sampled parameter."""
    drawn = [found["posterior"][name].values for name in density.names]
    return min((float(worth(values)) for values in drawn for worth in (bulk_draws, tail_draws)), default=0.0)
