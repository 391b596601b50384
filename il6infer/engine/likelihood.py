"""Pointwise log-likelihood of measurements, as PEtab defines its noise distributions."""

from __future__ import annotations

import numpy as np

from il6infer.problem.spec import Problem


def pointwise(problem: Problem, prediction: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Log-density of each measurement.

    The prediction is the median; for ``log-normal`` and ``log-laplace`` the noise is the scale of the natural
    logarithm, and the density is that of the measurement itself (with its Jacobian 1 / value). Where the median is
    not above zero, such a measurement is impossible: its log-density is minus infinity.

    Parameters
    ----------
    prediction, noise
        (measurements,).
    """
    measured = problem.measurements["value"].to_numpy(dtype=float)
    distribution = {o.id: o.distribution for o in problem.observables}
    kinds = problem.measurements["observable"].map(distribution).to_numpy()
    logarithmic = np.char.startswith(kinds.astype(str), "log-")
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(logarithmic, np.log(measured), measured)
        median = np.where(logarithmic, np.log(np.maximum(prediction, 0.0)), prediction)
        z = (value - median) / noise
        normal = -0.5 * z**2 - np.log(noise) - 0.5 * np.log(2 * np.pi)
        laplace = -np.abs(z) - np.log(2 * noise)
        density = np.where(np.char.endswith(kinds.astype(str), "laplace"), laplace, normal)
        return density - np.where(logarithmic, np.log(measured), 0.0)


def slopes(problem: Problem, prediction: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differentiate the log-likelihood by each prediction and each noise (measurements,)."""
    measured = problem.measurements["value"].to_numpy(dtype=float)
    distribution = {o.id: o.distribution for o in problem.observables}
    kinds = problem.measurements["observable"].map(distribution).to_numpy(dtype=str)
    logarithmic = np.char.startswith(kinds, "log-")
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(logarithmic, np.log(measured) - np.log(np.maximum(prediction, 0.0)), measured - prediction) / noise
        inner = np.where(logarithmic, prediction, 1.0)
        laplace = np.char.endswith(kinds, "laplace")
        by_median = np.where(laplace, np.sign(z), z) / noise / inner
        by_noise = np.where(laplace, np.abs(z), z**2) / noise - 1.0 / noise
    return by_median, by_noise
