"""Simulation engines: `compile` a problem, then ask for predictions and gradients."""

from __future__ import annotations

from il6infer._errors import UserError, nearest
from il6infer.engine.diffsol import DiffsolEngine
from il6infer.engine.rosenbrock import RosenbrockEngine
from il6infer.kernel.tableau import METHODS
from il6infer.problems.spec import Problem
from il6infer.runs.outcome import Outcome, Simulation

__all__ = ["DiffsolEngine", "Engine", "Outcome", "RosenbrockEngine", "Simulation", "compile"]

Engine = RosenbrockEngine | DiffsolEngine


def compile(problem: Problem, *, engine: str = "rosenbrock", rtol: float = 1e-6, atol: float = 1e-8) -> Engine:
    """Compile a problem for one engine.

    Parameters
    ----------
    engine
        ``rosenbrock`` (the default: Rodas5P, and diffsol for a run that it cannot do), a method by name without that
        way out (``rodas4``, ``rodas5p``), or ``diffsol``.
    rtol, atol
        Tolerances of the solver.

    Raises
    ------
    UserError
        If the engine is unknown, or the problem asks for what the engine cannot do.
    """
    if engine == "diffsol":
        return DiffsolEngine(problem, rtol=rtol, atol=atol)
    if engine == "rosenbrock":
        return RosenbrockEngine(problem, rtol=rtol, atol=atol, fallback=True)
    if engine not in METHODS:
        raise UserError(f"unknown engine '{engine}'. {nearest(engine, ['rosenbrock', 'diffsol', *METHODS])}")
    return RosenbrockEngine(problem, method=engine, rtol=rtol, atol=atol)
