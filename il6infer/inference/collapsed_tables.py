"""What is integrated out of a problem as flat tables, for `il6infer.inference.collapsed_groups`."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from il6infer.inference.correlated import course_tables
from il6infer.inference.nuisance import Nuisance, log_quadratic
from il6infer.inference.rows import prior_row
from il6infer.problems.courses import courses_of
from il6infer.problems.noise import NOISES
from il6infer.problems.priors import quantile, support
from il6infer.problems.spec import Parameter, Problem


class CollapsedTables(NamedTuple):
    """Groups, their batches, their measurements; the columns are those of `il6infer.inference.collapsed`."""

    groups: np.ndarray
    """(groups, columns)."""
    batches: np.ndarray
    """(batches, columns)."""
    members: np.ndarray
    """(members,) rows of the measurements, of one batch after the other."""
    measured: np.ndarray
    """(members,) their values, or the logarithms of those for logarithmic noise."""
    courses: np.ndarray
    """(courses, columns) those whose errors hang together, see `il6infer.inference.correlated`; of all measurements."""
    lanes: np.ndarray
    """(lanes, columns) their measurements."""


def tables_of(problem: Problem, nuisance: Nuisance) -> CollapsedTables:
    """Flat tables of all groups."""
    parameters = {p.id: p for p in problem.estimated}
    values = problem.measurements["value"].to_numpy(float)
    groups, batches, members, measured = [], [], [], []
    of_course = {int(row): n for n, course in enumerate(courses_of(problem)) for row in course.rows}
    times = problem.measurements["time"].to_numpy(float)
    for group in nuisance.groups:
        noise, first = NOISES[group.kind], len(batches)
        for batch in group.batches:
            begin = len(members)
            # Those of a course stand together, in order of time.
            rows = sorted(batch.rows, key=lambda row: (of_course[row], times[row]) if row in of_course else (-1, 0.0))
            members += rows
            own = values[rows]
            measured += list(np.log(own) if noise.logarithmic else own)
            row = [begin, len(members), noise.logarithmic, bool(batch.scale), bool(batch.offset)]
            batches.append([*map(float, row), *_prior(parameters, batch.scale), *_prior(parameters, batch.offset)])
        of_noise = prior_row(parameters[group.noise]) if group.noise else [0.0] * len(prior_row(problem.estimated[0]))
        groups.append([float(first), float(len(batches)), float(bool(group.noise)), float(noise.error == "laplace")])
        groups[-1] += of_noise
    all_members = np.array(members, dtype=np.int64)
    return CollapsedTables(
        np.array(groups, dtype=float), np.array(batches, dtype=float), all_members, np.array(measured, dtype=float),
        *course_tables(problem, all_members),
    )  # fmt: skip


def reference(problem: Problem, nuisance: Nuisance) -> np.ndarray:
    """Estimated parameters with scale 1, offset 0, noise 1 where these are integrated out; NaN where they are sampled.

    What nothing measured depends on stands at its prior's median.
    """
    given = {p.id: quantile(p, 0.5) for p in problem.estimated if p.id in nuisance.unseen}
    for group in nuisance.groups:
        given[group.noise] = 1.0
        for batch in group.batches:
            given |= {batch.scale: 1.0, batch.offset: 0.0}
    return np.array([given.get(p.id, math.nan) for p in problem.estimated])


def _prior(parameters: dict[str, Parameter], name: str) -> list[float]:
    if not name:
        return [0.0] * 5
    coefficients = log_quadratic(parameters[name])
    if coefficients is None:
        raise ValueError(f"the prior of '{name}' is not log-quadratic")
    low, high = support(parameters[name])
    return [*coefficients, math.log(low) if low > 0.0 else -math.inf, math.log(high)]
