"""What a refit knows nothing of, since only the group that was left out names it: averaged over its prior.

Where no closed form integrates scale, offset or noise of a gel out (normal, Laplace or Student's t noise, priors that
are not log-quadratic, limits), the density of the gel at a draw of the refit is a mean over their priors. Of draws of a
wide prior few or none meet the gel: neither the mean nor its error is told by them. So at each draw it is a mean over
samples of a proposal that adapts to the gel (`il6infer.held_out.alone`), which has no bias and little spread.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from il6infer.held_out.alone import weigh
from il6infer.inference.coordinates import Coordinate, coordinate
from il6infer.inference.nuisance import NOISE, OFFSET, SCALE, places_by_row
from il6infer.leave_out.groups import GroupLikelihood
from il6infer.leave_out.least_squares import least_squares
from il6infer.problems.courses import carriers_of, courses_of, log_density
from il6infer.problems.priors import distribution, quantile
from il6infer.problems.spec import Parameter, Problem

AT_ONCE = 250
"""Draws that are looked at together, for the memory that samples of all of them take."""

_QUANTILES = ((0.16, 1.0), (0.025, 1.96), (0.001, 3.09))
"""A normal distribution in the coordinates is as wide as a prior at the widest of these levels (of standard
deviations)."""

_REFERENCE = {SCALE: 1.0, OFFSET: 0.0, NOISE: 1.0}


@dataclass(frozen=True)
class Part:
    """Measurements of a group that the same unknown parameters join.

    Attributes
    ----------
    problem
        Of these measurements, and the carriers of their correlations.
    rows
        Of the group's problem.
    parameters
        Unknown ones.
    places
        Place -> (rows,) which parameter has it; -1 where none does.
    """

    problem: Problem
    rows: np.ndarray
    parameters: tuple[Parameter, ...]
    places: dict[str, np.ndarray]

    def log_mean(self, x: np.ndarray, c: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Log-density (draws,) of all measurements together, averaged over the prior of the parameters.

        Parameters
        ----------
        x, c
            (draws, rows) prediction and noise where scales and noises are 1 and offsets 0.
        rng
            Of the samples.
        """
        ways = [coordinate(p) for p in self.parameters]
        mean, sd = np.array([_normal(p, way) for p, way in zip(self.parameters, ways, strict=True)]).T

        def density(points: np.ndarray) -> np.ndarray:
            values = np.stack([way.constrained(points[..., i]) for i, way in enumerate(ways)], axis=-1)
            scale, offset, noise = (self._in_place(place, values) for place in (SCALE, OFFSET, NOISE))
            found = log_density(self.problem, offset + scale * x[:, None], noise * c[:, None])
            # The samples' prior is a normal one: what the true one has more or less stands beside the measurements.
            more = 0.5 * (((points - mean) / sd) ** 2).sum(-1) + np.log(sd).sum() + 0.5 * np.log(2 * np.pi) * len(sd)
            with np.errstate(divide="ignore"):
                for i, (p, way) in enumerate(zip(self.parameters, ways, strict=True)):
                    more = more + distribution(p.stated_prior).logpdf(values[..., i]) - way.log_mass
                    more = more + way.log_slope(points[..., i])
            return np.concatenate([found, more[..., None]], axis=-1)

        def guess(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            values = np.stack([way.constrained(points[..., i]) for i, way in enumerate(ways)], axis=-1)
            found, deviations = least_squares(self.problem, self.places, values, x, c)
            with np.errstate(invalid="ignore", divide="ignore"):
                more = np.stack([way.unconstrained(found[..., i]) for i, way in enumerate(ways)], axis=-1)
                # A negative scale or offset that may not be: what the prior says.
                more = np.where(np.isfinite(more), more, points[:, np.arange(more.shape[1]) % points.shape[1]])
                slopes = np.stack([way.log_slope(more[:, 0, i]) for i, way in enumerate(ways)], axis=-1)
                widths = deviations * np.exp(-slopes)
            return more, np.where(widths > 0.0, np.minimum(widths, sd), sd)

        return weigh(density, mean, sd, len(x), rng, guess).log_mean

    def _in_place(self, place: str, values: np.ndarray) -> np.ndarray:
        which = self.places[place]
        return np.where(which < 0, _REFERENCE[place], values[..., which])


@dataclass(frozen=True)
class Unknown:
    """Log-density of a group at draws of a fit to all others, what that knows nothing of averaged over.

    Attributes
    ----------
    group
        With the measurements that no such parameter joins.
    template
        (parameters,) of the whole problem: what those that are averaged over are replaced by; NaN elsewhere.
    parts
        Of the group.
    """

    group: GroupLikelihood
    template: np.ndarray
    parts: tuple[Part, ...]

    @property
    def gone(self) -> set[str]:
        """Parameters that the refit need not have."""
        return {*self.group.integrated} | {p.id for part in self.parts for p in part.parameters}

    def __call__(self, prediction: np.ndarray, noise: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Log-density (draws,) of the group's measurements; -inf where they were not simulated.

        Parameters
        ----------
        prediction, noise
            (draws, measurements) of the whole problem, with the parameters of `template` in place.
        rng
            Of the samples.
        """
        own, blur = prediction[:, self.group.rows], noise[:, self.group.rows]
        found = np.array([self.group(*pair) for pair in zip(prediction, noise, strict=True)])
        for first in range(0, len(found), AT_ONCE):
            here = first + np.flatnonzero(found[first : first + AT_ONCE] > -np.inf)
            for part in self.parts if len(here) else ():
                found[here] += part.log_mean(own[here][:, part.rows], blur[here][:, part.rows], rng)
        return found


def unknown_of(group: GroupLikelihood) -> Unknown:
    """Find what only a group names, and is not integrated out, and join its measurements by it."""
    problem, alone = group.part, set(group.alone)
    everything = places_by_row(problem, alone)
    left = [{*own.values()} - {*group.integrated} for own in everything]
    # The noise of a gel may have a quadrature where its scale has none; then all are averaged over together.
    mixed = {own[NOISE] for own, beside in zip(everything, left, strict=True) if NOISE in own and beside}
    if mixed & {*group.integrated}:
        group = group.integrating(alone - mixed)
    known = {p.id: p for p in problem.estimated}
    carriers, single = [*carriers_of(problem).values()], set(group.single.tolist())
    places = places_by_row(problem, alone - {*group.integrated})
    # What a row with a closed form names beside it stays with the refit, in all rows.
    kept = {name for row, own in enumerate(places) if row not in single for name in own.values()}
    places = [{place: name for place, name in own.items() if name not in kept} for own in places]
    joined = _joined(places, [course.rows.tolist() for course in courses_of(problem)])
    parts, template = [], group.template.copy()
    everywhere = [p.id for p in group.problem.estimated]
    for rows in joined:
        names = sorted({name for row in rows for name in places[row].values()})
        rows = np.array([*rows, *carriers])
        which = {
            place: np.array([names.index(places[row][place]) if place in places[row] else -1 for row in rows])
            for place in _REFERENCE
        }
        own = problem.with_measurements(problem.measurements.iloc[rows])
        parts.append(Part(own, rows, tuple(known[name] for name in names), which))
        for row in rows:
            for place, name in places[row].items():
                template[everywhere.index(name)] = _REFERENCE[place]
    taken = {row for rows in joined for row in rows}
    return Unknown(group.with_single(np.array(sorted(single - taken), dtype=int)), template, tuple(parts))


def _joined(places: list[dict[str, str]], courses: list[list[int]]) -> list[list[int]]:
    """Rows that a parameter or a course joins, of those that have parameters, directly or by their course."""
    members: dict[object, list[int]] = defaultdict(list)
    for row, own in enumerate(places):
        for name in own.values():
            members[name].append(row)
    groups = [set(rows) for rows in members.values()]
    for rows in [*members.values(), *courses]:
        touched = [g for g in groups if not g.isdisjoint(rows)]
        if touched:
            groups = [g for g in groups if g.isdisjoint(rows)] + [set(rows).union(*touched)]
    return [sorted(g) for g in groups]


def _normal(parameter: Parameter, way: Coordinate) -> tuple[float, float]:
    """Mean and standard deviation of a normal distribution in the coordinate that covers a prior."""
    middle = float(way.unconstrained(np.array(quantile(parameter, 0.5))))
    wide = []
    for level, deviations in _QUANTILES:
        ends = np.array([quantile(parameter, level), quantile(parameter, 1.0 - level)])
        low, high = way.unconstrained(ends)
        wide.append((high - low) / (2.0 * deviations))
    return middle, float(max(wide))
