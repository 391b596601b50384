"""Pointwise log-likelihood of measurements, as PEtab defines its noise distributions."""

from __future__ import annotations

import numpy as np

from il6infer.problem.spec import Problem


def pointwise(problem: Problem, prediction: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Log-density of each measurement.

    The prediction is the median; for ``log-normal`` and ``log-laplace`` the noise is the scale of the natural
    logarithm, and the density is that of the measurement itself (with its Jacobian 1 / value).

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
        median = np.where(logarithmic, np.log(prediction), prediction)
        z = (value - median) / noise
        normal = -0.5 * z**2 - np.log(noise) - 0.5 * np.log(2 * np.pi)
        laplace = -np.abs(z) - np.log(2 * noise)
        density = np.where(np.char.endswith(kinds.astype(str), "laplace"), laplace, normal)
        return density - np.where(logarithmic, np.log(measured), 0.0)
