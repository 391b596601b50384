"""Errors that hang together along a course: of the lanes of one gel, one condition and one replicate, over time.

Where replicates of one gel or plate share them, as samples of one preparation of cells do, a course is of all of these.

A measurement's error, in units of its noise and of logarithms where the noise is of those, is a sum of two normal ones:
that of its lane alone (loading, transfer), and one that goes on along the course and is forgotten in time, an
Ornstein-Uhlenbeck process (Uhlenbeck and Ornstein 1930, doi 10.1103/PhysRev.36.823). With ``share`` of the variance in
the second, errors at times s and t have the correlation ``share * exp(-|s - t| / time)``; the variance is the noise's
all the same, so a measurement alone has the distribution that it has without. Lanes of one time share what the course
shares.

The two parameters of a read-out, correlation time and share, come with the simulation: as prediction and noise of one
more row, of the observable ``correlation_of_<read-out>`` (its carrier; ``shared_correlation_of_<read-out>`` where
replicates share the course).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import sympy as sp

from il6infer._errors import Fault, nearest, raise_faults
from il6infer.problems import noise as noises
from il6infer.problems.noise import NOISES, correlation_at, logarithmic
from il6infer.problems.spec import CARRIER, CARRIERS, SHARED, Observable, Problem, carried

KEYS = ("observable", "batch", "experiment", "replicate")
"""Columns of the measurements that are equal for those of one course; the last does not count where it is shared."""

EXTENSION = "correlated_noise"
"""PEtab extension that says it."""


@dataclass(frozen=True)
class Course:
    """Two measurements or more whose errors hang together.

    Attributes
    ----------
    rows
        (lanes,) of the table of measurements, in order of time.
    times
        (lanes,) [min, or the model's unit].
    carrier
        Row whose prediction is the correlation time, and whose noise is the correlated share.
    """

    rows: np.ndarray
    times: np.ndarray
    carrier: int

    @property
    def distances(self) -> np.ndarray:
        """(lanes, lanes) between two measurements in time."""
        return np.abs(self.times[:, None] - self.times[None, :])


def with_correlation(
    problem: Problem, given: Mapping[str, tuple[sp.Expr, sp.Expr]], shared: Collection[str] = ()
) -> Problem:
    """Let errors of read-outs hang together along their courses.

    Parameters
    ----------
    given
        Observable -> its correlation time and correlated share, expressions of parameters of the problem.
    shared
        Those of them whose replicates on one gel or plate share what goes on along the course.

    Raises
    ------
    UserError
        With every observable whose noise is not normal or log-normal, or of which a value is a limit.
    """
    observables = {o.id: o for o in problem.observables}
    faults, carriers, rows = [], [], []
    for name, (time, share) in given.items():
        own = problem.measurements[problem.measurements["observable"] == name]
        faults += _faults(observables[name], problem, own)
        if len(own):
            carrier = (SHARED if name in shared else CARRIER) + name
            carriers.append(Observable(carrier, sp.sympify(time), sp.sympify(share)))
            # In a run that is simulated all the same: none is made for it.
            first = own.iloc[0].to_dict() | {"observable": carrier, "value": 0.0, "batch": "", "replicate": ""}
            rows.append(first | {"observable_parameters": (), "noise_parameters": ()})
    raise_faults(faults, f"problem '{problem.id}', errors that hang together along a course")
    if not rows:
        return problem
    table = pd.concat([problem.measurements, pd.DataFrame(rows)], ignore_index=True)
    table = table[list(problem.measurements.columns)]
    others = tuple(o for o in problem.observables if not o.is_carrier)
    return replace(problem, observables=(*others, *carriers), measurements=table)


def read_correlations(problem: Problem, subject: str, *, declared: bool) -> Problem:
    """Take observables that are called as carriers, and are not measured, for that.

    Parameters
    ----------
    problem
        As PEtab's tables say it.
    subject
        What a message is about.
    declared
        Whether it says, by an extension of PEtab, that it has them.

    Raises
    ------
    UserError
        With every carrier that is measured, of no observable of the problem, or not declared; as `with_correlation`.
    """
    known, faults = {o.id for o in problem.observables if not o.is_carrier}, []
    given: dict[str, tuple[sp.Expr, sp.Expr]] = {}
    shared: set[str] = set()
    measured = set(problem.measurements["observable"])
    for o in problem.observables:
        if not o.is_carrier:
            continue
        where, own = f"observable '{o.id}'", o.carries
        if not declared:
            begins = o.id.removesuffix(own)
            what = f"ids that begin with '{begins}' say how errors hang together, by the extension '{EXTENSION}'."
            remedy = f"Rename it, or add {EXTENSION}: {{version: 1.0.0, required: true}} to the problem's extensions."
            faults.append(Fault(where, what, remedy))
        elif own not in known:
            what = f"says how errors of '{own}' hang together, which is no observable."
            faults.append(Fault(where, what, nearest(own, known)))
        elif o.id in measured:
            what = f"says how errors of '{own}' hang together, and cannot be measured."
            faults.append(Fault(where, what, "Remove its rows from the table of measurements."))
        elif own in given:
            what = f"errors of '{own}' hang together in two ways."
            faults.append(Fault(where, what, f"Keep one of '{CARRIER}{own}' and '{SHARED}{own}'."))
        given[own] = (o.formula, o.noise)
        shared |= {own} if o.id.startswith(SHARED) else set()
    raise_faults(faults, subject)
    return with_correlation(problem, given, shared)


def _faults(observable: Observable, problem: Problem, own: pd.DataFrame) -> list[Fault]:
    where, faults = f"observable '{observable.id}'", []
    if NOISES[observable.distribution].error != "normal":
        what = f"its noise is {observable.distribution}; only normal and log-normal errors can be correlated."
        faults.append(Fault(where, what, "Give it normal or log-normal noise, or leave it uncorrelated."))
    count = int((problem.sides[own.index] != 0).sum())
    if count:
        lie = "of its values lies" if count == 1 else "of its values lie"
        what = f"{count} {lie} beyond a limit, and what a limit says of the errors of other lanes has no closed form."
        faults.append(Fault(where, what, "Leave out values that are limits, or leave the read-out uncorrelated."))
    return faults


def carriers_of(problem: Problem) -> dict[str, int]:
    """Observable -> row of its carrier, for those whose errors hang together along a course."""
    observed = problem.measurements["observable"].astype(str)
    found: dict[str, int] = {}
    for row in np.flatnonzero(observed.str.startswith(CARRIERS)):
        found.setdefault(carried(observed.iloc[row]), int(row))
    return found


def shared_by_replicates(problem: Problem) -> frozenset[str]:
    """Observables whose replicates on one gel or plate share what goes on along the course."""
    observed = problem.measurements["observable"].astype(str)
    return frozenset(carried(name) for name in observed[observed.str.startswith(SHARED)])


def courses_of(problem: Problem) -> tuple[Course, ...]:
    """Courses of a problem's correlated read-outs; measurements at a steady state (time inf) are in none."""
    carriers = carriers_of(problem)
    if not carriers:
        return ()
    table, shared = problem.measurements, shared_by_replicates(problem)
    times = table["time"].to_numpy(dtype=float)
    members: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, key in enumerate(zip(*(table[column].astype(str) for column in KEYS), strict=True)):
        if key[0] in carriers and np.isfinite(times[row]):
            members[key[:-1] if key[0] in shared else key].append(row)
    found = []
    for key, rows in members.items():
        order = np.array(rows)[np.argsort(times[rows], kind="stable")]
        if len(order) > 1:
            found.append(Course(order, times[order], carriers[key[0]]))
    return tuple(found)


def correlation(course: Course, prediction: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Correlation matrices (..., lanes, lanes) of a course's errors; the identity where nothing was simulated.

    Parameters
    ----------
    prediction, noise
        (..., measurements) as the engine gives them.
    """
    time, share = prediction[..., course.carrier, None, None], noise[..., course.carrier, None, None]
    known = np.isfinite(time) & np.isfinite(share)
    return correlation_at(course.distances, np.where(known, time, 1.0), np.where(known, share, 0.0))


def whitened(problem: Problem, prediction: np.ndarray, noise: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, ...]:
    """Take from each error what the earlier lanes of its course say of it, in units of what is left.

    Parameters
    ----------
    prediction, noise
        (..., measurements) as the engine gives them.
    z
        (..., measurements) errors in units of the noise.

    Returns
    -------
    whitened : numpy.ndarray
        (..., measurements) independent standard errors; zero for carriers.
    left : numpy.ndarray
        (..., measurements) standard deviation of each given the earlier ones, in units of its noise; 1 outside courses.
    """
    found, left = z.copy(), np.ones(z.shape)
    for course in courses_of(problem):
        factor = np.linalg.cholesky(correlation(course, prediction, noise))
        own = z[..., course.rows]
        impossible = ~np.isfinite(own)
        white = np.linalg.solve(factor, np.where(impossible, 0.0, own)[..., None])[..., 0]
        found[..., course.rows] = np.where(impossible, own, white)
        left[..., course.rows] = np.diagonal(factor, axis1=-2, axis2=-1)
    found[..., list(carriers_of(problem).values())] = 0.0
    return found, left


def log_density(problem: Problem, prediction: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Log-density of each measurement given the earlier ones of its course: the sum is that of all together.

    Parameters
    ----------
    prediction, noise
        (..., measurements) as the engine gives them.
    """
    kinds, measured = problem.noise_kinds, problem.measurements["value"].to_numpy(dtype=float)
    found = noises.log_density(kinds, measured, prediction, noise, problem.sides)
    carriers = list(carriers_of(problem).values())
    if not carriers:
        return found
    z = noises.residuals(kinds, measured, prediction, noise)
    white, left = whitened(problem, prediction, noise, z)
    with np.errstate(invalid="ignore"):
        more = 0.5 * (z**2 - white**2) - np.log(left)
    for course in courses_of(problem):
        here = np.isfinite(z[..., course.rows])
        found[..., course.rows] += np.where(here, more[..., course.rows], 0.0)
    found[..., carriers] = np.where(np.isfinite(prediction[..., carriers]), 0.0, -np.inf)
    return found


def slopes(
    problem: Problem, prediction: np.ndarray, noise: np.ndarray, apart: Collection[int] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Differentiate the log-likelihood by each prediction and each noise (measurements,), those of carriers too.

    Parameters
    ----------
    prediction, noise
        (measurements,) as the engine gives them.
    apart
        Rows of measurements whose courses add nothing to the slopes of carriers.
    """
    kinds, measured = problem.noise_kinds, problem.measurements["value"].to_numpy(dtype=float)
    by_value, by_noise = noises.slopes(kinds, measured, prediction, noise, problem.sides)
    for carrier in carriers_of(problem).values():
        by_value[carrier], by_noise[carrier] = 0.0, 0.0
    z = noises.residuals(kinds, measured, prediction, noise)
    logs = logarithmic(kinds)
    for course in courses_of(problem):
        rows, at = course.rows, course.carrier
        inverse = np.linalg.inv(correlation(course, prediction, noise))
        pull, scale = inverse @ z[rows], noise[rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            by_value[rows] = pull / (scale * np.where(logs[rows], prediction[rows], 1.0))
        by_noise[rows] = (pull * z[rows] - 1.0) / scale
        if rows[0] in apart:
            continue
        decay = np.exp(-course.distances / prediction[at]) * (1.0 - np.eye(len(rows)))
        tilt = np.outer(pull, pull) - inverse
        by_value[at] += 0.5 * float(np.sum(tilt * noise[at] * decay * course.distances / prediction[at] ** 2))
        by_noise[at] += 0.5 * float(np.sum(tilt * decay))
    return by_value, by_noise


def draw(problem: Problem, prediction: np.ndarray, noise: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One measurement of each prediction (..., measurements), those of a course together; NaN where that is.

    Parameters
    ----------
    prediction, noise
        (..., measurements) as the engine gives them.
    rng
        Of the noise.
    """
    kinds = problem.noise_kinds
    found = noises.draw(kinds, prediction, noise, rng)
    logs = logarithmic(kinds)
    for course in courses_of(problem):
        rows = course.rows
        factor = np.linalg.cholesky(correlation(course, prediction, noise))
        standard = rng.normal(size=(*prediction.shape[:-1], len(rows)))
        error = noise[..., rows] * (factor @ standard[..., None])[..., 0]
        median = prediction[..., rows]
        with np.errstate(over="ignore", invalid="ignore"):
            found[..., rows] = np.where(logs[rows], median * np.exp(error), median + error)
    return found


@dataclass(frozen=True)
class Information:
    """What the measurements of a course tell, as roots of Fisher information.

    Attributes
    ----------
    medians
        (..., lanes, lanes) about the medians, in units of the noise.
    spreads
        (..., lanes + 2, lanes + 2) about the logarithms of the noise of each, the correlation time and the share.
    """

    medians: np.ndarray
    spreads: np.ndarray

    @classmethod
    def of(cls, course: Course, prediction: np.ndarray, noise: np.ndarray) -> Information:
        """Find what a course tells where its correlation is given.

        That of a normal distribution about parameters of its covariance C is half the trace of C^-1 C' C^-1 C'.

        Parameters
        ----------
        prediction, noise
            (..., measurements) as the engine gives them.
        """
        matrix = correlation(course, prediction, noise)
        inverse, lanes = np.linalg.inv(matrix), len(course.rows)
        time, share = prediction[..., course.carrier, None, None], noise[..., course.carrier, None, None]
        decay = np.exp(-course.distances / time) * (1.0 - np.eye(lanes))
        slopes_ = [inverse @ (share * decay * course.distances / time**2), inverse @ decay]
        found = np.zeros((*matrix.shape[:-2], lanes + 2, lanes + 2))
        found[..., :lanes, :lanes] = np.eye(lanes) + matrix * inverse
        for i, own in enumerate(slopes_):
            found[..., :lanes, lanes + i] = found[..., lanes + i, :lanes] = np.diagonal(own, axis1=-2, axis2=-1)
            for j, other in enumerate(slopes_):
                found[..., lanes + i, lanes + j] = 0.5 * np.einsum("...ij,...ji->...", own, other)
        values, vectors = np.linalg.eigh(found)
        root = np.sqrt(np.maximum(values, 0.0))[..., None] * np.swapaxes(vectors, -2, -1)
        return cls(np.linalg.inv(np.linalg.cholesky(matrix)), root)
