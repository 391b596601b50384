"""Scale, offset and noise at which measurements are met: where samples of a narrow posterior begin to look for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from il6infer.inference.nuisance import NOISE, OFFSET, SCALE
from il6infer.problems.noise import logarithmic
from il6infer.problems.spec import Problem


def least_squares(
    problem: Problem, places: Mapping[str, np.ndarray], values: np.ndarray, x: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Solve for scale and offset together, and for each of them at samples of the other.

    Parameters
    ----------
    problem
        The measurements.
    places
        Scale, offset, noise -> (measurements,) which parameter has that place; -1 where none does.
    values
        (draws, samples, parameters).
    x, c
        (draws, measurements) prediction and noise where scales and noises are 1 and offsets 0.

    Returns
    -------
    found, deviations
        (draws, 1 + 2 * samples, parameters), of which the first is that of both together; and (draws, parameters) the
        standard deviation of each there, the others given. Neither need be finite.
    """
    y, count = problem.measurements["value"].to_numpy(float), values.shape[1]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inverse = 1.0 / (np.abs(c) * np.where(logarithmic(problem.noise_kinds), np.abs(y), 1.0))
        inverse = np.where(np.isfinite(inverse * x * y), inverse, 0.0)[:, None]
        x = np.where(np.isfinite(x), x, 0.0)[:, None]
        found = np.concatenate([values[:, :1], values, values], axis=1)
        together, scaled, shifted = slice(1), slice(1, 1 + count), slice(1 + count, None)
        deviations = np.full(found[:, 0].shape, np.nan)
        pairs = {*zip(places[SCALE].tolist(), places[OFFSET].tolist(), strict=True)}
        for scale, offset in sorted(pairs - {(-1, -1)}):
            own = (places[SCALE] == scale) & (places[OFFSET] == offset)
            weight, at = inverse[..., own] ** 2, x[..., own]
            # Normal equations, the measurements beside them.
            xx, x1, one = (weight * at**2).sum(-1), (weight * at).sum(-1), weight.sum(-1)
            xy, y1 = (weight * at * y[own]).sum(-1), (weight * y[own]).sum(-1)
            if scale >= 0:
                deviations[:, scale] = xx[:, 0] ** -0.5
                found[..., scale] = xy / xx
            if offset >= 0:
                deviations[:, offset] = one[:, 0] ** -0.5
                found[..., offset] = (y1 - x1) / one
            if scale >= 0 and offset >= 0:
                left = xx * one - x1**2
                found[:, together, scale], found[:, together, offset] = (
                    (one * xy - x1 * y1) / left,
                    (xx * y1 - x1 * xy) / left,
                )
                found[:, scaled, offset] = values[..., offset]
                found[:, scaled, scale] = (xy - x1 * values[..., offset]) / xx
                found[:, shifted, scale] = values[..., scale]
                found[:, shifted, offset] = (y1 - x1 * values[..., scale]) / one
        for noise in {*places[NOISE].tolist()} - {-1}:
            own = np.flatnonzero(places[NOISE] == noise)
            total = np.zeros(found.shape[:2])
            for row in own:
                scale, offset = places[SCALE][row], places[OFFSET][row]
                predicted = x[..., row] * (found[..., scale] if scale >= 0 else 1.0)
                total += ((y[row] - predicted - (found[..., offset] if offset >= 0 else 0.0)) * inverse[..., row]) ** 2
            found[..., noise] = np.sqrt(total / len(own))
            deviations[:, noise] = found[:, 0, noise] / np.sqrt(2.0 * len(own))
            known = {int(places[place][row]) for place in (SCALE, OFFSET) for row in own} - {-1}
            deviations[:, sorted(known)] *= found[:, :1, noise]
    return found, deviations
