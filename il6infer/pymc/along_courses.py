"""Measurements of one read-out whose errors hang together along courses, as a distribution of PyMC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from il6infer.problems.courses import Course
from il6infer.pymc.tensors import pt


def course_arguments(rows: np.ndarray, courses: Sequence[Course], *, logarithmic: bool) -> dict[str, Any]:
    """Give the distribution (location, scale, correlation time, correlated share), for `pymc.CustomDist`.

    Parameters
    ----------
    rows
        (measurements,) of the table, of the read-out.
    courses
        Of the read-out; what is in none has an error of its own.
    logarithmic
        Whether the logarithms of the values have it, and the location is one.
    """
    place = {int(row): i for i, row in enumerate(rows)}
    at = [np.array([place[int(row)] for row in course.rows]) for course in courses]
    alone = np.setdiff1d(np.arange(len(rows)), np.concatenate(at))

    def matrix(course: Course, time: Any, share: Any) -> Any:
        same = np.eye(len(course.rows))
        return share * pt.exp(-course.distances / time) * (1.0 - same) + same

    def logp(value: Any, location: Any, scale: Any, time: Any, share: Any) -> Any:
        line = pt.log(value) if logarithmic else value
        z = (line - location) / scale
        total = -0.5 * len(rows) * np.log(2.0 * np.pi) - pt.sum(pt.log(scale)) - 0.5 * pt.sum(z[alone] ** 2)
        for course, own in zip(courses, at, strict=True):
            known = matrix(course, time, share)
            total -= 0.5 * (pt.dot(z[own], pt.linalg.solve(known, z[own])) + pt.log(pt.linalg.det(known)))
        # A median that is not above zero has no logarithm, and infinities less infinities are no number.
        total = pt.switch(pt.any(pt.isinf(z)), -np.inf, total)
        return total - pt.sum(line) if logarithmic else total

    def random(
        location: np.ndarray, scale: np.ndarray, time: float, share: float, rng: np.random.Generator, size: Any
    ) -> np.ndarray:
        shape = (*(size or ()), len(rows))
        error = rng.standard_normal(shape)
        for course, own in zip(courses, at, strict=True):
            same = np.eye(len(own))
            known = share * np.exp(-course.distances / time) * (1.0 - same) + same
            error[..., own] = error[..., own] @ np.linalg.cholesky(known).T
        drawn = location + scale * error
        return np.exp(drawn) if logarithmic else drawn

    called = "LogNormalAlongCourses" if logarithmic else "NormalAlongCourses"
    return {"logp": logp, "random": random, "signature": "(n),(n),(),()->(n)", "class_name": called}
