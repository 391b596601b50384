"""What a fit was made from: digests of the problem and of the code, versions of the packages."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from il6infer._digests import source_digest
from il6infer._errors import UserError
from il6infer._files import Groups, digest, read_posterior, versions
from il6infer._yaml import read_yaml
from il6infer.draws import bulk_draws, rank_rhat
from il6infer.stages.settings import Thresholds

logger = logging.getLogger("il6infer")

_FEW = 4
"""Draws of a chain below which there is no R-hat."""


def problem_digest(path: Path) -> str:
    """SHA-256 of a PEtab problem: its YAML file and the files that it names, whatever else lies beside them."""
    names = {path.name, *(name for name in _texts(read_yaml(path)) if name and (path.parent / name).is_file())}
    total = hashlib.sha256()
    for name in sorted(names):
        total.update(f"{name}\0{digest(path.parent / name)}\n".encode())
    return total.hexdigest()


def read_posterior_of(problem: Path, posterior: Path, *groups: str) -> dict[str, Any]:
    """Read groups of a posterior that questions to a problem are put to; warn where its draws are none of it.

    Parameters
    ----------
    problem
        YAML file of the problem.
    posterior
        File that a fit wrote.
    groups
        Names of those to be read.

    Raises
    ------
    UserError
        If it was fitted to another problem, such as this one before an edit of its data: draws of one and measurements
        of the other give numbers that mean nothing.
    """
    found = read_posterior(posterior, *groups)
    fitted = found["posterior"].attrs.get("problem_digest")  # of a problem in memory there is none
    if fitted is not None and fitted != problem_digest(problem):
        raise UserError(
            f"{posterior}: it was fitted to another problem than {problem} is now: tables, model or YAML file differ. "
            "Name the problem that was fitted, or fit this one with `il6infer fit`."
        )
    warn_unconverged(found, posterior)
    return found


def warn_unconverged(idata: Groups, posterior: Path) -> None:
    """Say that nothing said of these draws is a result where chains disagree or hardly moved.

    By the default limits of the verdict, which asks more of a fit (`il6infer diagnose`).

    Parameters
    ----------
    idata
        With the group posterior.
    posterior
        File that it is of.
    """
    drawn = idata["posterior"]
    names = [name for name in drawn.data_vars if drawn[name].dims[:2] == ("chain", "draw")]
    if not names or drawn.sizes["draw"] < _FEW:
        return
    limits = Thresholds()
    rhats = {name: rank_rhat(drawn[name].values) for name in names}
    worths = {name: bulk_draws(drawn[name].values) for name in names}
    # A parameter that never moved has no R-hat.
    last, least = max(names, key=lambda n: np.nan_to_num(rhats[n], nan=np.inf)), min(names, key=worths.__getitem__)
    said = []
    if not rhats[last] <= limits.rhat_max:
        said.append(f"R-hat of {last} is {rhats[last]:.3f} (limit: at most {limits.rhat_max:g})")
    if not worths[least] >= limits.ess_min:
        said.append(f"{least} has {worths[least]:.0f} effective draws (limit: at least {limits.ess_min:g})")
    if said:
        logger.warning("%s: NOT CONVERGED: nothing said of these draws is a result. %s.", posterior, "; ".join(said))


def provenance(path: Path) -> dict[str, str]:
    """Attributes that say where a fit of the problem at `path` came from."""
    found = versions()
    return {
        "il6infer_version": found["il6infer"],
        "versions": json.dumps(found, sort_keys=True),
        "problem_digest": problem_digest(path),
        "source_digest": source_digest("il6infer.cli.fit:run"),
    }


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)
