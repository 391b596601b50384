"""Pointwise log-likelihood of measurements, as PEtab defines its noise distributions."""

from __future__ import annotations

import numpy as np

from il6infer.problems import noise as noises
from il6infer.problems.spec import Problem


def pointwise(problem: Problem, prediction: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Log-density of each measurement, log-mass on its side of the limit of a censored one.

    Minus infinity where logarithmic noise meets a median that is not above zero, and the value is above that.

    Parameters
    ----------
    prediction, noise
        (..., measurements) median, and scale of the noise: of the natural logarithm for logarithmic noise.
    """
    return noises.log_density(problem.noise_kinds, _measured(problem), prediction, noise, problem.sides)


def slopes(problem: Problem, prediction: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differentiate the log-likelihood by each prediction and each noise (measurements,).

    Parameters
    ----------
    prediction, noise
        (measurements,), as `il6infer.engine.protocol.Engine.simulate` gives them.
    """
    return noises.slopes(problem.noise_kinds, _measured(problem), prediction, noise, problem.sides)


def residuals(problem: Problem, prediction: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Measurement minus median in units of the noise (measurements,), of logarithms for logarithmic noise.

    Parameters
    ----------
    prediction, noise
        (measurements,), as `il6infer.engine.protocol.Engine.simulate` gives them.
    """
    return noises.residuals(problem.noise_kinds, _measured(problem), prediction, noise)


def _measured(problem: Problem) -> np.ndarray:
    return problem.measurements["value"].to_numpy(dtype=float)
