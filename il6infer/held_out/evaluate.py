"""Predict what was held out, at draws of a fit, and score it: coverage, R2, log density beside a smoother's."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import sympy as sp

from il6infer._errors import Fault, UserError, raise_faults
from il6infer._files import Groups
from il6infer.engine import compile
from il6infer.held_out import smoother
from il6infer.held_out.alone import Weighed, weigh
from il6infer.held_out.along_courses import Along, along, shifted, without_carriers
from il6infer.held_out.rows import Coordinates, Row, coordinates_of, evaluated, groups, of_courses, rows_of
from il6infer.held_out.unlike import unlike
from il6infer.inference.curves import grid, series
from il6infer.inference.predictive import simulate_all
from il6infer.problems.noise import draw, log_density, logarithmic, residuals
from il6infer.problems.priors import draw as draw_priors
from il6infer.problems.spec import Problem
from il6infer.problems.variables import variable_names
from il6infer.stages.hold_out import Band, HeldOut, Limit, Point, Series, score_of

logger = logging.getLogger("il6infer")

DRAWS = 200
"""Draws of the posterior, evenly spread over the chains."""

COPIES = 10
"""Predicted measurements at each draw, from which quantiles and ranks are taken."""

STRIDE = 3
"""Every so many of the times of a fit's curves are those of a band."""

_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_NAMES = ("q05", "q25", "median", "q75", "q95")


@dataclass(frozen=True)
class _Fit:
    """What the draws of the fit say.

    Attributes
    ----------
    values
        Parameter -> (draws,) values that the fit knows.
    courses, dense
        (draws, rows) of each measurement without scale and offset; the same on dense times.
    """

    values: Mapping[str, np.ndarray]
    courses: np.ndarray
    dense: np.ndarray


def evaluate(
    problem: Problem, idata: Groups, *, seed: int, engine: str, rtol: float, atol: float, draws: int = DRAWS,
    threads: int = 1,
) -> HeldOut:  # fmt: skip
    """Score a fit on data that it has not seen.

    The dynamics come from the fit alone; but a parameter of which the problem states another prior than the fit, such
    as the receptors of another cell preset, is of other cells, and comes from that prior. What a gel needs beside them
    (scale, offset, and the noise of a read-out that was not fitted) is estimated at each draw from the gel's own
    values; of a value that is scored, from the others.

    Parameters
    ----------
    problem
        The held-out data, with the model that was fitted (`il6infer problem --held-out`).
    idata
        The posterior.
    seed
        Root of the random numbers.

    Returns
    -------
    HeldOut
        Every measurement beside its prediction, and scores by gel and of all.

    Raises
    ------
    UserError
        If the posterior is of another model, no simulation succeeds, or a measurement is impossible at every draw.
    """
    rng = np.random.default_rng(seed)
    told, problem = problem, without_carriers(problem)
    posterior, rows = idata["posterior"], rows_of(problem)
    readout_only = of_courses(problem, rows)
    others = of_others(problem, posterior.attrs) - readout_only
    if others:
        logger.warning(
            "%s: the fit has other priors for %s: these are of other cells, and drawn from the priors here",
            problem.id, ", ".join(sorted(others)),
        )  # fmt: skip
    # The unit of a gel moves the prior of its noise, and the width says of what kind this is: relative, or linear.
    noisy = {s.name for row in rows for s in row.noise.free_symbols}
    instruments = of_others(problem, posterior.attrs, widths=True) & readout_only & noisy
    if instruments:
        logger.warning(
            "%s: the fit has priors of another width for %s: these are of another kind of noise, and estimated from "
            "the held-out values here", problem.id, ", ".join(sorted(instruments)),
        )  # fmt: skip
    fitted = [p.id for p in problem.estimated if p.id in posterior and p.id not in others | instruments]
    strangers = [p for p in problem.estimated if p.id not in fitted]
    alone = {p.id: p for p in strangers if p.id in readout_only}
    unknown = [p for p in strangers if p.id not in alone]
    _check(problem, fitted, [p.id for p in unknown])
    flat = {name: posterior[name].values.ravel() for name in fitted}
    count = len(next(iter(flat.values())))
    chosen = np.linspace(0, count - 1, min(draws, count)).astype(int)
    theta = np.tile([p.nominal for p in problem.estimated], (len(chosen), 1))
    places = {p.id: i for i, p in enumerate(problem.estimated)}
    for name, values in flat.items():
        theta[:, places[name]] = values[chosen]
    theta[:, [places[p.id] for p in unknown]] = draw_priors(tuple(unknown), len(chosen), rng)
    dense = _dense(problem)
    solver = {"engine": engine, "rtol": rtol, "atol": atol}
    found = simulate_all(compile(_bare(problem), **solver), theta, threads)
    curves = simulate_all(compile(_bare(dense), **solver), theta, threads)
    kept = ~(found.failed | curves.failed)
    if not kept.any():
        raise UserError(f"held-out data of '{problem.id}': no draw of the posterior could be simulated.")
    known = {p.id: theta[kept, places[p.id]] for p in problem.estimated if p.id not in alone}
    known |= {p.id: np.full(int(kept.sum()), p.nominal) for p in problem.parameters if not p.estimate}
    fit = _Fit(known, found.prediction[kept], curves.prediction[kept])
    names = variable_names(problem)
    keys = list(zip(problem.measurements["observable"], problem.measurements["batch"], strict=True))
    scored = []
    for group in groups(rows, keys, set(alone)):
        own = sorted(set().union(*(rows[i].names for i in group)) & alone.keys())
        place = coordinates_of([alone[name] for name in own])
        courses = along(told, group, known)
        scored += _group(problem, dense, [rows[i] for i in group], group, place, fit, names, courses, rng)
    points = [p for one in scored for p in one.points]
    if not points:
        raise UserError(f"held-out data of '{problem.id}': every measurement is a limit. Hold out some with values.")
    raise_faults([_impossible(one, p) for one in scored for p in one.points if p.log_density == -math.inf], problem.id)
    return HeldOut(
        problem.id, int(kept.sum()), int((~kept).sum()), tuple(p.id for p in unknown), score_of(points), tuple(scored)
    )


def _impossible(series: Series, point: Point) -> Fault:
    """Fault of a measurement to which no draw of the fit gives any density."""
    where = f"{series.readout}, gel or plate '{series.batch}', {point.condition}, {point.time:g} min"
    what = f"{point.value:.4g} was measured, but is impossible at every draw: the model says {point.median:.3g}"
    what += f", which {series.noise} noise cannot be about." if point.median <= 0 else "."
    return Fault(where, what, "Give the read-out an offset (`offset: true`), or leave this value out.")


def of_others(problem: Problem, about: Mapping[str, Any], *, widths: bool = False) -> set[str]:
    """Find parameters of which a problem states another prior than the fit did: they are not the same quantity.

    Parameters
    ----------
    problem
        The held-out data.
    about
        Attributes of the posterior: ``estimated`` has the priors of the fit, as JSON.
    widths
        Compare all but where a prior lies.
    """
    stated = {name: told.get("prior") for name, told in json.loads(about.get("estimated", "{}")).items()}
    found = set()
    for p in problem.estimated:
        prior = stated.get(p.id)
        if not prior or not p.prior:
            continue
        own = (p.prior.distribution, *p.prior.parameters)
        first = 2 if widths else 1
        if prior[0] != own[0] or not np.allclose(prior[first:], own[first:]):
            found.add(p.id)
    return found


def _check(problem: Problem, fitted: Sequence[str], unknown: Sequence[str]) -> None:
    names = [p.id for p in problem.estimated]
    if not len(problem.measurements) or not fitted or len(unknown) > len(fitted):
        what = f"the posterior knows {len(fitted)} of its {len(names)} parameters."
        remedy = "Give the posterior of the same model (il6infer fit), and the problem of its held-out data."
        raise_faults([Fault(problem.id, what, remedy)], "held-out data")


def _bare(problem: Problem) -> Problem:
    """Make the same problem with scales of 1 and offsets of 0, and a noise that is not looked at."""
    known = {o.id: o for o in problem.observables}
    table = problem.measurements
    bare = []
    for name in table["observable"]:
        slopes = [sp.diff(known[name].formula, sp.Symbol(p, real=True)) for p in known[name].placeholders]
        bare.append(tuple(sp.Integer(0) if slope == 1 else sp.Integer(1) for slope in slopes))
    observables = tuple(replace(o, noise=sp.Float(1.0), noise_placeholders=()) for o in problem.observables)
    table = table.assign(observable_parameters=bare, noise_parameters=[()] * len(table))
    return replace(problem, observables=observables, measurements=table)


def _dense(problem: Problem) -> Problem:
    """Ask for the same read-outs, gels and experiments on dense times; the values mean nothing."""
    listed = series(problem)
    times = [_shown(s.start, s.end) for s in listed.itertuples()]
    table = listed.loc[np.repeat(listed.index, [len(t) for t in times])].drop(columns=["start", "end"])
    return problem.with_measurements(table.assign(time=np.concatenate(times), value=np.nan, replicate=""))


def _shown(start: float, end: float) -> np.ndarray:
    """Choose the times of a band, the last measured one among them."""
    return np.unique([*grid(start, end)[::STRIDE], end]) if end > min(0.0, start) else np.array([end])


def _group(
    problem: Problem, dense: Problem, rows: Sequence[Row], group: np.ndarray, place: Coordinates, fit: _Fit,
    names: Mapping[str, str], courses_of_group: Along, rng: np.random.Generator,
) -> list[Series]:  # fmt: skip
    """Score the rows that the same parameters join: the series of one gel, or of several with an unknown noise."""
    table = problem.measurements.iloc[group]
    kinds, measured, sides = problem.noise_kinds[group], table["value"].to_numpy(float), problem.sides[group]
    courses = fit.courses[:, group]

    def parts(coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        shape = coordinates.shape[:2]
        values = {name: np.broadcast_to(v[:, None], shape) for name, v in fit.values.items()}
        values |= place.values(coordinates)
        scale, offset, noise = (
            evaluated([getattr(row, part) for row in rows], values, shape) for part in ("scale", "offset", "noise")
        )
        return scale, offset, noise

    def density_of(median: np.ndarray, noise: np.ndarray, together: Along) -> np.ndarray:
        """Of each measurement given the others of its course; then what is added to make the sum that of all."""
        if not together.rows:
            return log_density(kinds, measured, median, noise, sides)
        z = residuals(kinds, measured, median, noise)
        all_of_them = log_density(kinds, measured, median, noise, sides).sum(-1) + together.more_together(z)
        each = log_density(kinds, measured, *shifted(kinds, median, noise, z, together), sides)
        return np.concatenate([each, (all_of_them - each.sum(-1))[..., None]], axis=-1)

    def density(coordinates: np.ndarray) -> np.ndarray:
        scale, offset, noise = parts(coordinates)
        return density_of(scale * courses[:, None] + offset, noise, courses_of_group)

    weighed = weigh(density, place.mean, place.sd, len(courses), rng)
    if weighed.poor:
        gels = ", ".join(dict.fromkeys(table["batch"]))
        logger.warning(
            "%s: %d parameters of %s, which one noise joins, are too many to be weighed together: their scores are "
            "rough. Hold out fewer gels at a time.", problem.id, len(place.names), gels,
        )  # fmt: skip
    scale, offset, noise = parts(weighed.coordinates)
    median = scale * courses[:, None] + offset
    given = (median, noise)
    if courses_of_group.rows:
        given = shifted(kinds, median, noise, residuals(kinds, measured, median, noise), courses_of_group)
    # A limit says something of scale, offset and noise; it has a probability, and no rank or density to be scored by.
    points = {
        i: _point(row, i, kinds, weighed, *given, rng) for i, row in enumerate(table.itertuples()) if sides[i] == 0
    }
    one = _choices(weighed.log_weights, 1, rng)
    found = []
    for (observable, batch), part in table.reset_index(drop=True).groupby(["observable", "batch"], sort=False):
        beyond = part[sides[part.index] != 0]
        part = part[sides[part.index] == 0]
        at = part.index.to_numpy()
        first = int(part.index[0] if len(part) else beyond.index[0])
        logs = bool(logarithmic(kinds[first : first + 1])[0])
        conditions = unlike(problem, list(part["experiment"]))
        smooth = smoother.left_out(part["time"].to_numpy(float), conditions, measured[at], logarithmic=logs)
        own = [replace(points[i], smoother=None if smooth is None else float(smooth[k])) for k, i in enumerate(at)]
        curve = np.median(np.take_along_axis(median[:, :, at], one[:, :, None], axis=1)[:, 0], axis=0)
        level = (
            np.take_along_axis(scale[:, :, first], one, axis=1)[:, 0],
            np.take_along_axis(offset[:, :, first], one, axis=1)[:, 0],
        )
        found.append(
            Series(
                readout=names[str(observable)],
                batch=str(batch),
                noise=str(kinds[first]),
                alone=tuple(n for n in place.names if any(n in rows[i].names for i in [*at, *beyond.index])),
                r2=_r2(measured[at], curve, logarithmic=logs) if _told_apart(part) else None,
                score=score_of(own),
                points=tuple(own),
                limits=tuple(
                    Limit(
                        str(row.experiment),
                        float(row.time),
                        float(row.value),
                        "below" if sides[i] < 0 else "above",
                        probability=math.exp(weighed.left_out(i)),
                    )
                    for i, row in zip(beyond.index, beyond.itertuples(), strict=True)
                ),
                bands=tuple(_bands(dense, fit.dense, str(observable), str(batch), level)),
            )
        )
    return found


def _choices(log_weights: np.ndarray, copies: int, rng: np.random.Generator) -> np.ndarray:
    """Choose samples (draws, copies) by their weights at each draw."""
    below = np.cumsum(np.exp(log_weights), axis=1)
    wanted = rng.random((len(below), copies)) * below[:, -1:]
    return np.minimum((below[:, None] < wanted[..., None]).sum(-1), below.shape[1] - 1)


def _point(
    row: Any, i: int, kinds: np.ndarray, weighed: Weighed, median: np.ndarray, noise: np.ndarray,
    rng: np.random.Generator,
) -> Point:  # fmt: skip
    """Predict one measurement from the fit and the others of its group."""
    chosen = _choices(weighed.without(i), COPIES, rng)
    at, spread = (np.take_along_axis(array[:, :, i], chosen, axis=1).ravel() for array in (median, noise))
    drawn = draw(np.repeat(kinds[i : i + 1], len(at)), at, spread, rng)
    drawn = drawn[np.isfinite(drawn)]
    value = float(row.value)
    rank = float((np.sum(drawn < value) + 0.5) / (len(drawn) + 1))
    quantiles = dict(zip(_NAMES, map(float, np.quantile(drawn, _LEVELS)), strict=True))
    return Point(str(row.experiment), float(row.time), value, **quantiles, rank=rank,
                 log_density=weighed.left_out(i), smoother=None)  # fmt: skip


def _bands(
    dense: Problem, courses: np.ndarray, observable: str, batch: str, level: tuple[np.ndarray, np.ndarray]
) -> list[Band]:
    table = dense.measurements
    found = []
    for condition in dict.fromkeys(
        table.loc[(table["observable"] == observable) & (table["batch"] == batch), "experiment"]
    ):
        at = (
            (table["observable"] == observable) & (table["batch"] == batch) & (table["experiment"] == condition)
        ).to_numpy()
        drawn = level[0][:, None] * courses[:, at] + level[1][:, None]
        quantiles = np.quantile(drawn, _LEVELS, axis=0)
        named = {name: tuple(map(float, q)) for name, q in zip(_NAMES, quantiles, strict=True)}
        found.append(Band(str(condition), tuple(map(float, table["time"].to_numpy()[at])), **named))
    return found


def _told_apart(part: pd.DataFrame) -> bool:
    """Tell whether values are of more than one condition and time: of replicates alone no curve explains anything."""
    return len(part[["experiment", "time"]].drop_duplicates()) > 1


def _r2(measured: np.ndarray, curve: np.ndarray, *, logarithmic: bool) -> float | None:
    """Share of the variance that a curve explains; None where there is none to explain."""
    if not len(measured) or (logarithmic and (curve <= 0).any()):
        return None
    value, found = (np.log(measured), np.log(curve)) if logarithmic else (measured, curve)
    total = float(((value - value.mean()) ** 2).sum())
    return 1.0 - float(((value - found) ** 2).sum()) / total if total > 0 else None
