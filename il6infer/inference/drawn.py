"""What a posterior that was written holds: its draws in the order of the problem, and how they were made."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from il6infer._errors import UserError
from il6infer._files import Groups
from il6infer.problems.spec import Problem

_SOLVER = {"engine": "rosenbrock", "rtol": 1e-6, "atol": 1e-8, "max_steps": 10_000}


def settings_of(idata: Groups) -> dict[str, Any]:
    """Give the settings of a fit, by name."""
    return json.loads(idata["posterior"].attrs.get("settings", "{}"))


def solver_of(idata: Groups) -> dict[str, Any]:
    """Give the solver that a fit was made with, as `il6infer.engine.compile` takes it."""
    settings = settings_of(idata)
    return {name: settings.get(name, default) for name, default in _SOLVER.items()}


def draws_of(problem: Problem, idata: Groups) -> np.ndarray:
    """Draws (chains, draws, parameters) on the linear scale.

    Parameters
    ----------
    problem
        What was fitted.
    idata
        Its posterior.

    Raises
    ------
    UserError
        If it is of another problem.
    """
    posterior, names = idata["posterior"], [p.id for p in problem.estimated]
    missing = [name for name in names if name not in posterior]
    if missing:
        raise UserError(
            f"problem '{problem.id}': the posterior has no parameter {', '.join(map(repr, missing))}. "
            "It is of another problem; fit this one."
        )
    return np.stack([posterior[name].values for name in names], axis=-1)
