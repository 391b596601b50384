"""From simulated readings to a plan: candidates of a predictions file, parameters of a problem, a design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from il6infer.prediction.claims import VirtualExperiment
from il6infer.prediction.design import design
from il6infer.prediction.draws import chosen_draws
from il6infer.prediction.interventions import Candidates
from il6infer.prediction.quantities import level
from il6infer.problems.noise import NOISES, error_of
from il6infer.problems.spec import Problem
from il6infer.stages.predictions import Array, Lane, LaneReadings, MeasurementPlan

Pair = tuple[str, str]
"""Read-out and experiment."""

LEAST_DRAWS = 20
"""Draws for each parameter below which their covariance cannot be told."""


@dataclass(frozen=True)
class Readings:
    """What instruments would read.

    Attributes
    ----------
    courses
        (read-out, experiment) -> (draws, times) what is read, the scale of its noise alike, and the kind of noise.
    times
        (times,) [min].
    """

    courses: Mapping[Pair, tuple[np.ndarray, np.ndarray, str]]
    times: np.ndarray

    @classmethod
    def of(
        cls, wanted: Sequence[Pair], measured: Sequence[Pair], kinds: np.ndarray, prediction: np.ndarray,
        noise: np.ndarray, times: np.ndarray,
    ) -> Readings:  # fmt: skip
        """Take those of the wanted courses.

        Parameters
        ----------
        wanted
            Courses to take.
        measured
            All courses, in the order of the rows.
        kinds
            (rows,) noise distributions.
        prediction, noise
            (draws, rows).
        times
            (times,) [min].
        """
        courses = {}
        width = len(times)
        for pair in wanted:
            part = slice(measured.index(pair) * width, (measured.index(pair) + 1) * width)
            courses[pair] = prediction[:, part], noise[:, part], str(kinds[part][0])
        return cls(courses, times)


def plan_of(
    problem: Problem,
    asked: Candidates,
    plans: Mapping[str, VirtualExperiment],
    thetas: np.ndarray,
    readings: Readings,
    seed: int,
) -> MeasurementPlan:
    """Plan a gel or plate for one posterior.

    Parameters
    ----------
    problem
        What was fitted.
    asked
        Candidates, parameters, costs and number of lanes.
    plans
        Name of an experiment -> what is done.
    thetas
        (draws, parameters) of the posterior.
    readings
        Of the candidates that the model has, and whose read-out was measured.
    seed
        Of the random plans that the plan is held against.
    """

    def none(why: str) -> MeasurementPlan:
        return MeasurementPlan((), 0, 0.0, 0.0, {}, why)

    ids = [p.id for p in problem.estimated]
    own = asked.parameters or tuple(name for name in ids if name in problem.network.parameters)
    targets = [name for name in own if name in ids]
    if not targets:
        return none("the model's fit estimates none of the parameters")
    columns = _columns(asked, readings)
    if not columns:
        return none("none of the candidates is a read-out that was measured, in an experiment that the model has")
    values = thetas[:, [ids.index(name) for name in targets]]
    values = np.where((values > 0).all(axis=0), np.log(np.where(values > 0, values, 1.0)), values)
    seen = np.stack([column[2] for column in columns], axis=1)
    usable = np.isfinite(seen).all(axis=1)
    if usable.sum() < LEAST_DRAWS * len(targets):
        return none(f"{usable.sum()} draws are too few for {len(targets)} parameters")
    costs = np.array([asked.costs.get(column[0][0], 1.0) for column in columns])
    # Of normal noise that tells as much of the median: exact where lanes are many or tell little.
    told = np.array([error_of(readings.courses[column[0]][2]).information[0] for column in columns])
    noise = np.array([column[3] for column in columns]) / np.sqrt(told)
    found = design(
        values[usable], seen[usable], noise,
        np.array([column[4] for column in columns]), [column[0][0] for column in columns], asked.lanes, costs,
        np.random.default_rng(seed),
    )  # fmt: skip
    lanes = tuple(
        Lane(columns[i][0][0], plans[columns[i][0][1]].title, columns[i][1], float(costs[i]), gain)
        for i, gain in zip(found.lanes, found.gains, strict=True)
    )
    shrinkage = {name: float(s) for name, s in zip(targets, found.shrinkage, strict=True)}
    return MeasurementPlan(lanes, len(columns), float(sum(found.gains)), found.random, shrinkage, "")


def lane_readings(
    asked: Candidates, plans: Mapping[str, VirtualExperiment], readings: Readings, draws: int
) -> LaneReadings | None:
    """Give what each candidate would read at each draw, so that models can be held against each other; None of none.

    Parameters
    ----------
    asked, plans, readings
        As for `plan_of`.
    draws
        That are kept, at most.
    """
    columns = _columns(asked, readings)
    if not columns:
        return None
    lanes = tuple(
        Lane(readout, plans[name].title, time, float(asked.costs.get(readout, 1.0)), 0.0)
        for (readout, name), time, *_ in columns
    )
    kinds = tuple(readings.courses[pair][2] for pair, *_ in columns)
    values = np.stack([column[2] for column in columns], axis=1)
    kept = Array.of(values[chosen_draws(len(values), draws)])
    return LaneReadings(lanes, asked.lanes, kept, tuple(column[3] for column in columns), kinds)


def _columns(asked: Candidates, readings: Readings) -> list[tuple[Pair, float, np.ndarray, float, float]]:
    """Give read-out and experiment, time, (draws,) readings, noise, and slope by ln of the scale, of each candidate."""
    columns = []
    for pair, (seen, noise, kind) in readings.courses.items():
        logs = NOISES[kind].logarithmic
        for time in asked.times:
            value, sds = (level(readings.times, rows, time) for rows in (seen, noise))
            if logs:
                with np.errstate(divide="ignore", invalid="ignore"):
                    value = np.log(value)
            columns.append((pair, time, value, float(np.nanmedian(sds)), 1.0 if logs else float(np.nanmean(value))))
    return columns
