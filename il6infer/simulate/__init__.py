"""Simulation engines: `compile` a problem, then ask for predictions and gradients."""

from __future__ import annotations

from il6infer._errors import UserError, nearest
from il6infer.problem.spec import Problem
from il6infer.simulate.engine import RosenbrockEngine, Simulation
from il6infer.simulate.outcome import Outcome
from il6infer.simulate.tableau import METHODS

__all__ = ["Outcome", "RosenbrockEngine", "Simulation", "compile"]


def compile(
    problem: Problem, *, engine: str = "rosenbrock", rtol: float = 1e-6, atol: float = 1e-8
) -> RosenbrockEngine:
    """Compile a problem for one engine.

    Parameters
    ----------
    engine
        ``rosenbrock`` (the default, Rodas5P), or a method by name: ``rodas4``, ``rodas5p``.
    rtol, atol
        Tolerances of the solver.

    Raises
    ------
    UserError
        If the engine is unknown, or the problem asks for what the engine cannot do.
    """
    known = {"rosenbrock": "rodas5p", **{name: name for name in METHODS}}
    if engine not in known:
        raise UserError(f"unknown engine '{engine}'. {nearest(engine, known)}")
    return RosenbrockEngine(problem, method=known[engine], rtol=rtol, atol=atol)
