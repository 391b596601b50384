"""A library model as an experiment: rest, doses, a read-out."""

from __future__ import annotations

from functools import cache

import numpy as np

from il6infer.library.compose import compose
from il6infer.network.sbml import read_sbml
from tests.library.odes import Odes, medians

TIMES = np.array([0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240], dtype=float)


@cache
def odes(name: str) -> Odes:
    return Odes(read_sbml(compose(name).sbml, name))


def course(
    name: str,
    doses: dict[str, float],
    readout: str = "pSTAT3",
    before: dict[str, float] | None = None,
    **changed: float,
) -> np.ndarray:
    """Read-out at `TIMES` after doses [nM] at prior medians; `before` is added 30 min earlier."""
    system, parameters = odes(name), {**medians(compose(name).priors), **changed}
    start = system.rest(parameters)
    if before:
        start = system.run(system.dose(start, before), np.array([0.0, 30.0]), parameters)[-1]
    start = system.dose(start, doses)
    return system.read(readout, TIMES, system.run(start, TIMES, parameters), parameters)


def dose_response(name: str, species: str, doses: np.ndarray, extra: dict[str, float], **changed: float) -> np.ndarray:
    """Highest pSTAT3 above rest, one a dose."""
    courses = [course(name, {**extra, species: float(dose)}, **changed) for dose in doses]
    return np.array([c.max() - c[0] for c in courses])


def ec50(doses: np.ndarray, response: np.ndarray) -> float:
    """Dose of half the highest response, between doses by the logarithm."""
    return float(np.exp(np.interp(0.5 * response[-1], response, np.log(doses))))
