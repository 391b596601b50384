"""A new measurement of a course: what an instrument would read of it, put back on the scale of the read-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from il6infer.problems.courses import with_correlation
from il6infer.problems.spec import SHARED, Experiment, Problem
from il6infer.problems.variables import variable_names

Pair = tuple[str, str]
"""Read-out and experiment."""

STRAIGHT = 1e-6
"""Largest deviation from a line that is still a scale and an offset, relative to the largest value read."""


def as_measured(
    whole: Problem, problem: Problem, pairs: Sequence[Pair], runs: Mapping[str, Sequence[Experiment]], times: np.ndarray
) -> tuple[Problem, list[Pair]]:
    """Add to a question the same courses as an instrument of the data would read them.

    Parameters
    ----------
    whole
        Question about the model's read-outs.
    problem
        What was fitted: its observables, gels and plates.
    pairs
        Courses; those of a read-out that was not measured are left out. The gel or plate is the one with the most
        measurements: on the scale of the read-out only its noise counts.
    runs
        Experiment -> its runs, of which the first counts.
    times
        (times,).

    Returns
    -------
    question
        With a row for each time of each course, after all others; then those that say how errors hang together.
    courses
        Those that were added, in order.
    """
    names = {name: full for full, name in variable_names(problem).items()}
    observables = {o.id: o for o in problem.observables}
    data, rows, added = problem.data, [], []
    for readout, experiment in pairs:
        full = names.get(readout)
        own = data[data["observable"] == full] if full is not None else data.iloc[:0]
        if not len(own):
            continue
        batch = own["batch"].value_counts().index[0]
        first = own[own["batch"] == batch].iloc[0]
        added.append((readout, experiment))
        keys = ("observable_parameters", "noise_parameters")
        same = {"observable": full, "experiment": runs[experiment][0].id, "value": np.nan, "replicate": ""}
        rows += [{**same, "time": t, "batch": batch, **{k: first[k] for k in keys}} for t in times]
    if not rows:
        return whole, []
    used = dict.fromkeys(row["observable"] for row in rows)
    taken = {o.id for o in whole.observables}
    carriers = {o.carries: o for o in problem.observables if o.is_carrier}
    renamed = {name: name if name not in taken else f"measured_{name}" for name in used}
    more = tuple(replace(observables[name], id=renamed[name]) for name in used)
    table = pd.DataFrame(rows).assign(observable=[renamed[row["observable"]] for row in rows])
    table = pd.concat([whole.measurements, table[whole.measurements.columns]], ignore_index=True)
    question = replace(whole, observables=(*whole.observables, *more), measurements=table)
    along = {renamed[name]: carriers[name] for name in used if name in carriers}
    shared = [name for name, one in along.items() if one.id.startswith(SHARED)]
    return with_correlation(question, {name: (one.formula, one.noise) for name, one in along.items()}, shared), added


def new_measurements(
    pairs: Sequence[Pair], courses: Mapping[Pair, np.ndarray], prediction: np.ndarray, read: np.ndarray
) -> dict[Pair, np.ndarray]:
    """Put a drawn measurement of each point of each course on the scale of the read-out.

    Parameters
    ----------
    courses
        Course -> (draws, times), without noise, on the scale of the read-out.
    prediction, read
        (draws, rows) what the instrument would read without noise, and with it.

    Returns
    -------
    dict
        Course -> (draws, times) on the scale of the read-out; without those whose instrument is no scale and offset.
    """
    if not pairs:
        return {}
    found = {}
    width = prediction.shape[1] // len(pairs)
    for i, pair in enumerate(pairs):
        part = slice(i * width, (i + 1) * width)
        line = _line(courses[pair], prediction[:, part])
        if line is not None:
            offset, slope = line
            found[pair] = (read[:, part] - offset[:, None]) / slope[:, None]
    return found


def _line(course: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Offset and slope (draws,) of what is seen over the course; None where a line does not do."""
    middle = course.mean(axis=1, keepdims=True)
    spread = ((course - middle) ** 2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = ((course - middle) * (seen - seen.mean(axis=1, keepdims=True))).sum(axis=1) / spread
    offset = seen.mean(axis=1) - slope * middle[:, 0]
    size = np.abs(seen).max(axis=1)
    usable = np.isfinite(slope) & (slope != 0) & (np.sqrt(spread) > 1e-4 * np.abs(middle[:, 0]))
    if not usable.any():
        return None
    wrong = np.abs(seen - offset[:, None] - slope[:, None] * course).max(axis=1) > STRAIGHT * size
    if (wrong & usable).any():
        return None
    return np.where(usable, offset, np.nan), np.where(usable, slope, np.nan)
