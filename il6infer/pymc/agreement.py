"""The compiled log-density held against the PyMC model, which states what is fitted."""

from __future__ import annotations

import hashlib
import logging
from importlib import metadata
from typing import Any

import numpy as np

from il6infer.engine import Engine
from il6infer.inference.density import Density
from il6infer.kernel.cache import digest_of, read, write
from il6infer.problems.courses import courses_of
from il6infer.problems.priors import draw
from il6infer.problems.spec import Problem

logger = logging.getLogger("il6infer")

POINTS, CLOSE = 3, 1e-6
"""Draws of the prior at which both are compared, and the largest difference relative to 1 + the size."""

GRADIENTS = 30
"""Parameters by which the gradients are compared, evenly chosen where there are more."""

_TRIED = 20


def hold(problem: Problem, engine: Engine, density: Density) -> None:
    """Compare log-density and gradient of the compiled density with the PyMC model's, once a machine for each problem.

    PyTensor evaluates the model step by step, without compiling it, in some seconds.

    Parameters
    ----------
    problem
        That is fitted.
    engine, density
        Compiled from it.

    Raises
    ------
    RuntimeError
        If they differ: one of them is wrong, and it is a fault of the program.
    """
    name = f"agrees.{_digest(problem, engine)}"
    if read(name) is not None:
        return
    difference = largest_difference(problem, engine, density)
    if difference is None:
        logger.warning("%s: the density is finite at none of %d prior draws, and is not held against the PyMC model's",
                       problem.id, _TRIED)  # fmt: skip
        return
    if not difference <= CLOSE:
        raise RuntimeError(
            f"{problem.id}: the compiled log-density differs from that of the PyMC model by {difference:.2g} of its "
            "size. One of them is wrong: please report it, with the problem. No fit is made."
        )
    logger.info("%s: log-density and gradient are those of the PyMC model (to %.1g)", problem.id, difference)
    write(name, b"")


def largest_difference(problem: Problem, engine: Engine, density: Density) -> float | None:
    """Largest difference of log-density and gradient at draws of the prior, relative to 1 + their size.

    Parameters
    ----------
    problem
        What is fitted.
    engine
        Compiled from it.
    density
        Made of both.

    Returns
    -------
    float or None
        None where the density is finite at too few draws.
    """
    import pytensor
    from pytensor.compile.mode import Mode

    from il6infer.pymc.model import build_model
    from il6infer.pymc.tensors import pt

    # Traces of where each of some ten thousand nodes was made would be a fifth of the time.
    with pytensor.config.change_flags(traceback__limit=0):
        model = build_model(problem, engine)
        # Not PyMC's own sum, which is one addition: numpy adds at most 31 arrays at once.
        terms: Any = model.logp(jacobian=True, sum=False)
        value = pt.sum(pt.stack([pt.sum(term) for term in terms]))
        # The graph of a gradient takes a tenth of a second a parameter; the engine's part of all is one and the same.
        chosen = np.unique(np.linspace(0, density.dimensions - 1, min(GRADIENTS, density.dimensions)).astype(int))
        variables = [model.value_vars[i] for i in chosen]
        gradients: Any = pytensor.grad(value, variables, disconnected_inputs="ignore")
        nothing: Any = None
        plain = Mode(linker="py", optimizer=nothing)
        outputs: list[Any] = [value, *gradients]
        evaluate = pytensor.function(model.value_vars, outputs, mode=plain, on_unused_input="ignore")
    worst, compared = 0.0, 0
    for theta in draw(problem.estimated, _TRIED, np.random.default_rng(0)):
        point = density.unconstrained(theta)
        found, slope = density(point)
        if not (np.isfinite(point).all() and np.isfinite(found)):
            continue
        stated, *slopes = (np.asarray(part, dtype=float) for part in evaluate(*point))
        worst = max(worst, float(abs(stated - found) / (1.0 + abs(found))))
        size = 1.0 + float(np.abs(slope).max())
        worst = max(worst, float(np.abs(np.array(slopes) - slope[chosen]).max()) / size)
        compared += 1
        if compared == POINTS:
            return worst
    return None


def _digest(problem: Problem, engine: Engine) -> str:
    """Digest of all that both densities depend on."""
    priors = [(p.id, p.lower, p.upper, p.prior, p.scale) for p in problem.estimated]
    columns = ["observable", "experiment", "time", "value", *(("batch", "replicate") if courses_of(problem) else ())]
    data = problem.measurements[columns].to_csv(index=False)
    kinds = ",".join(problem.noise_kinds)
    parts = [
        digest_of(__name__),
        digest_of("il6infer.pymc.model"),
        digest_of("il6infer.pymc.along_courses"),
        metadata.version("pymc"),
        engine.digest,
    ]
    return hashlib.sha256("\0".join([*parts, repr(priors), data, kinds]).encode()).hexdigest()[:32]
