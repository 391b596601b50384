"""Log-density of a posterior without a group of measurements, and of the group, at any point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from il6infer.engine import Engine
from il6infer.inference.coordinates import Coordinate, coordinate
from il6infer.inference.parts import prior_of
from il6infer.inference.rows import prior_row
from il6infer.leave_out.alone import unknown_of
from il6infer.leave_out.groups import GroupLikelihood, merged, rest_of
from il6infer.problems.spec import Problem


@dataclass(frozen=True)
class WithAndWithout:
    """Densities of all measurements but a group, and of the group, by one simulation.

    Nuisance parameters that only the group names are integrated out of its density, those that it does not name out of
    that of the others, where there is a closed form; what both name has a coordinate.

    Attributes
    ----------
    places
        (dimensions,) parameters that have a coordinate, among all estimated ones.
    """

    places: np.ndarray
    _template: np.ndarray
    _ways: list[Coordinate]
    _priors: np.ndarray
    _likelihoods: tuple[GroupLikelihood, GroupLikelihood]
    _at_each: Callable[[Callable[[np.ndarray], list[float]], np.ndarray], list[list[float]]]
    _engine: Engine

    def points(self, values: np.ndarray) -> np.ndarray:
        """Points (draws, dimensions) of values (draws, parameters); of one that was rounded to a bound, beside it."""
        own = values[:, self.places]
        inside = np.clip(own, np.nextafter(self._priors[:, 1], np.inf), np.nextafter(self._priors[:, 2], -np.inf))
        return np.stack([way.unconstrained(inside[:, i]) for i, way in enumerate(self._ways)], axis=-1)

    def __call__(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-densities at points (draws, dimensions), (draws,) each; -inf where a simulation fails.

        Returns
        -------
        rest, group
            Of the prior and all other measurements, as a density of the points; of the group given each point.
        """
        points = np.ascontiguousarray(points)
        prior, slopes = np.empty(len(points)), np.empty(points.shape)
        prior_of(points, self._priors, prior, slopes)
        thetas = np.tile(self._template, (len(points), 1))
        for i, way in enumerate(self._ways):
            thetas[:, self.places[i]] = way.constrained(points[:, i])

        def one(theta: np.ndarray) -> list[float]:
            found = self._engine.simulate(theta)
            return [own(found.prediction, found.noise) for own in self._likelihoods]

        found = np.full((len(points), 2), -np.inf)
        able = np.isfinite(prior) & np.isfinite(thetas).all(axis=1)
        if able.any():
            found[able] = self._at_each(one, thetas[able])
        return np.where(able, prior, -np.inf) + found[:, 0], found[:, 1]


def with_and_without(
    problem: Problem, engine: Engine, group: GroupLikelihood,
    at_each: Callable[[Callable[[np.ndarray], list[float]], np.ndarray], list[list[float]]],
) -> WithAndWithout | None:  # fmt: skip
    """Make the densities; None where the group's has no closed form.

    Parameters
    ----------
    at_each
        Calls a function at each of thetas (draws, parameters).
    """
    if unknown_of(group).parts:
        return None
    rest = rest_of(group)
    template = merged({"group": group, "rest": rest})
    places = np.flatnonzero(np.isnan(template))
    sampled = [problem.estimated[place] for place in places]
    priors = np.array([prior_row(parameter) for parameter in sampled])
    ways = [coordinate(parameter) for parameter in sampled]
    return WithAndWithout(places, template, ways, priors, (rest, group), at_each, engine)
