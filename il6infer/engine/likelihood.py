"""Pointwise log-likelihood of measurements, as PEtab defines its noise distributions."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from il6infer.problems import courses
from il6infer.problems import noise as noises
from il6infer.problems.spec import Problem


def pointwise(problem: Problem, prediction: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Log-density of each measurement, log-mass on its side of the limit of a censored one.

    Where errors hang together along a course it is that of a measurement given the earlier ones of its course.

    Minus infinity where logarithmic noise meets a median that is not above zero, and the value is above that.

    Parameters
    ----------
    prediction, noise
        (..., measurements) median, and scale of the noise: of the natural logarithm for logarithmic noise.
    """
    return courses.log_density(problem, prediction, noise)


def slopes(
    problem: Problem, prediction: np.ndarray, noise: np.ndarray, apart: Collection[int] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Differentiate the log-likelihood by each prediction and each noise (measurements,).

    Parameters
    ----------
    prediction, noise
        (measurements,), as `il6infer.engine.protocol.Engine.simulate` gives them.
    apart
        Rows of measurements whose courses add nothing to the slopes of correlation time and share.
    """
    return courses.slopes(problem, prediction, noise, apart)


def residuals(problem: Problem, prediction: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Measurement minus median in units of the noise (measurements,), of logarithms for logarithmic noise.

    Where errors hang together along a course: minus what the earlier ones say of it, in units of what is left.

    Parameters
    ----------
    prediction, noise
        (measurements,), as `il6infer.engine.protocol.Engine.simulate` gives them.
    """
    measured = problem.measurements["value"].to_numpy(dtype=float)
    found = noises.residuals(problem.noise_kinds, measured, prediction, noise)
    return courses.whitened(problem, prediction, noise, found)[0]
