"""Errors of a fit that hang together along courses: how strongly, and how many independent ones they are worth."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from il6infer._files import Groups
from il6infer.problems.noise import correlation_at


def correlated_of(idata: Groups) -> Mapping[str, Mapping[str, float]]:
    """Read-out -> posterior medians of correlation ``time`` and correlated ``share``, of those that have them.

    ``replicates`` is 1 where replicates of one gel or plate share what goes on along the course, else absent or 0.
    """
    return json.loads(idata["posterior"].attrs.get("correlated", "{}"))


def courses_in(idata: Groups, name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places of the measurements of each course of a read-out, in order of time, and the correlation of their errors.

    Parameters
    ----------
    name
        Of the read-out; one whose errors are independent has no courses.
    """
    known = correlated_of(idata).get(name)
    if known is None:
        return []
    about = idata["constant_data"]
    times = about[f"{name}_time"].values
    keys = ("experiment", "batch") if known.get("replicates") else ("experiment", "batch", "replicate")
    labels = (about[f"{name}_{column}"].values.astype(str) for column in keys)
    members: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, key in enumerate(zip(*labels, strict=True)):
        if np.isfinite(times[place]):
            members[key].append(place)
    found = []
    for places in members.values():
        if len(places) > 1:
            rows = np.array(places)[np.argsort(times[places], kind="stable")]
            away = np.abs(times[rows][:, None] - times[rows])
            found.append((rows, correlation_at(away, known["time"], known["share"])))
    return found


def independent(idata: Groups, name: str) -> int:
    """How many independent measurements those of a read-out are worth when it is counted which lie inside a band.

    Whether each of two lies in a band about its mean is correlated by the square of their correlation at most (Gebelein
    1941, doi 10.1002/zamm.19410210604, for functions that are even).
    """
    here = about = len(idata["observed_data"][name].values)
    if f"{name}_censored" in idata["constant_data"]:
        here = about = int((idata["constant_data"][f"{name}_censored"].values == "").sum())
    for _, matrix in courses_in(idata, name):
        about += float((matrix**2).sum()) - len(matrix)
    return max(1, round(here**2 / about)) if about else 0
