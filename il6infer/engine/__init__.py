"""Simulation engines: `compile` a problem, then ask for predictions and gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from il6infer._environment import refuse_hindering
from il6infer._errors import UserError, nearest
from il6infer.engine.protocol import MAX_STEPS, Engine
from il6infer.problems.spec import Problem
from il6infer.runs.outcome import Outcome, Simulation

if TYPE_CHECKING:
    from il6infer.engine.diffsol import DiffsolEngine
    from il6infer.engine.rosenbrock import RosenbrockEngine

__all__ = ["MAX_STEPS", "DiffsolEngine", "Engine", "Outcome", "RosenbrockEngine", "Simulation", "compile"]


def __getattr__(name: str) -> Any:
    # numba takes most of a second to import: only who makes a kernel waits for it.
    if name == "DiffsolEngine":
        from il6infer.engine.diffsol import DiffsolEngine

        return DiffsolEngine
    if name == "RosenbrockEngine":
        from il6infer.engine.rosenbrock import RosenbrockEngine

        return RosenbrockEngine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def compile(
    problem: Problem,
    *,
    engine: str = "rosenbrock",
    rtol: float = 1e-6,
    atol: float = 1e-8,
    lower_atol: bool = True,
    at: np.ndarray | None = None,
    max_steps: int = MAX_STEPS,
    max_seconds: float = np.inf,
    threads: int = 1,
) -> Engine:
    """Compile a problem for one engine.

    Parameters
    ----------
    engine
        ``rosenbrock`` (the default: Rodas5P, and diffsol for a run that it cannot do), a method by name without that
        way out (``rodas4``, ``rodas5p``), or ``diffsol``.
    rtol, atol
        Tolerances of the solver. The absolute one is lowered, in decades, until the predictions at `at` no longer
        depend on it; see `il6infer.engine.tolerances.absolute_tolerance`.
    lower_atol
        False to use `atol` as it is.
    at
        (parameters,), on the linear scale; None for the nominal values.
    max_steps
        Steps that one run of the kernel may take; one that needs more has outcome `STEP_LIMIT`, or, before its
        experiment, `NO_STEADY_STATE`. diffsol has a limit of its own.
    max_seconds
        Wall time of one simulation [s]; what is not simulated then has outcome `TIME_LIMIT`. Without a limit, results
        do not depend on how fast the machine is.
    threads
        That one gradient of the kernel may use, where there are more than 32 runs; changes no bit of it.

    Raises
    ------
    UserError
        If the engine is unknown, the problem asks for what the engine cannot do, or the environment hinders numba.
    """
    refuse_hindering()  # before anything imports numba
    from il6infer.engine.diffsl import NotInDiffSL
    from il6infer.engine.diffsol import DiffsolEngine
    from il6infer.engine.rosenbrock import RosenbrockEngine
    from il6infer.kernel.tableau import METHODS
    from il6infer.kernel.told_processor import refuse_told

    refuse_told()
    solver = {"rtol": rtol, "atol": atol, "lower_atol": lower_atol, "at": at, "max_seconds": max_seconds}
    if engine == "diffsol":
        try:
            return DiffsolEngine(problem, **solver)
        except NotInDiffSL as error:
            raise UserError(f"{error} Use engine rosenbrock.") from None
    if engine == "rosenbrock":
        return RosenbrockEngine(problem, max_steps=max_steps, fallback=True, threads=threads, **solver)
    if engine not in METHODS:
        raise UserError(f"unknown engine '{engine}'. {nearest(engine, ['rosenbrock', 'diffsol', *METHODS])}")
    return RosenbrockEngine(problem, method=engine, max_steps=max_steps, threads=threads, **solver)
