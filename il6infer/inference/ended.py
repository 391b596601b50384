"""Parts of a fit that are kept when they have ended: whole chains of samplers that cannot go on within one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from il6infer._interruption import Interruption
from il6infer.inference.checkpoint import Checkpoint

if TYPE_CHECKING:
    import arviz as az

_ATTRIBUTES, _SIZES = "attributes", ("chain", "draw")


def once(checkpoint: Checkpoint | None, name: str, make: Callable[[], az.InferenceData]) -> az.InferenceData:
    """Give what an interrupted fit has kept under a name; where it has not, make it and keep it.

    Parameters
    ----------
    checkpoint
        None: nothing is kept.
    name
        One a part of the fit.
    make
        Gives groups whose variables have the dimensions chain and draw, and attributes that JSON can hold.
    """
    if checkpoint is None:
        return make()
    found = checkpoint.arrays(name)
    if found is not None:
        return _trace(found)
    made = make()
    arrays = {f"{group}/{key}": made[group][key].values for group in made.groups() for key in made[group].variables}
    told = json.dumps({group: made[group].attrs for group in made.groups()})
    checkpoint.keep_arrays(name, {**arrays, _ATTRIBUTES: np.array(told)})
    return made


def by_chain(
    checkpoint: Checkpoint | None,
    interruption: Interruption | None,
    called: str,
    chains: int,
    make: Callable[[int], az.InferenceData],
) -> list[az.InferenceData]:
    """Make one chain after the other, each kept when it has ended, and say what is lost if that is stopped.

    Parameters
    ----------
    called
        Name of the sampler in the configuration.
    chains
        How many.
    make
        Given the number of a chain, from 0: its groups.
    """
    made = []
    for chain in range(chains):
        if interruption is not None:
            interruption.state = _lost(called, chain, chains, checkpoint)
        made.append(once(checkpoint, f"{called}{chain}", lambda chain=chain: make(chain)))
    return made


def _lost(called: str, chain: int, chains: int, checkpoint: Checkpoint | None) -> str:
    lost = f"chain {chain + 1} of {chains}, at which sampler '{called}' was, is lost"
    if checkpoint is None or chain == 0:
        return f"{lost}, and the same command begins with it anew"
    kept = "that before it is" if chain == 1 else f"the {chain} before it are"
    return f"{lost}; {kept} in {checkpoint.folder}, and the same command goes on from there"


def joined(chains: Sequence[az.InferenceData]) -> dict[str, Any]:
    """Join groups of one chain each; attributes of groups are left out."""
    groups = {}
    for name in chains[0].groups():
        numbered = [own[name].assign_coords(chain=[chain]) for chain, own in enumerate(chains)]
        groups[name] = xr.concat(numbered, dim="chain", join="exact", combine_attrs="drop")
    return groups


def _trace(arrays: dict[str, np.ndarray]) -> az.InferenceData:
    import arviz as az

    told: dict[str, dict[str, Any]] = json.loads(str(arrays[_ATTRIBUTES]))
    groups = {}
    for group, attributes in told.items():
        own = {key.partition("/")[2]: values for key, values in arrays.items() if key.startswith(f"{group}/")}
        coordinates = {name: own.pop(name) for name in _SIZES}
        groups[group] = xr.Dataset({name: (_SIZES, values) for name, values in own.items()}, coordinates, attributes)
    return az.InferenceData(**groups)
