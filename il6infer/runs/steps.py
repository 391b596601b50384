"""Rates that step with a state: floor, ceiling, sign. Their values are right, their gradients are refused."""

from __future__ import annotations

import sympy as sp

from il6infer._errors import UserError
from il6infer.network.network import symbol
from il6infer.problems.spec import Problem


def refuse_gradient_of_steps(problem: Problem) -> None:
    """Refuse the gradient of a problem whose rates step with a state.

    The time of each step depends on parameters, which a gradient along the branches between them does not see.

    Raises
    ------
    UserError
        Naming the state and the step.
    """
    network = problem.network
    states = {symbol(name) for name in network.states}
    for name, rate in zip(network.states, network.rhs, strict=True):
        for step in sorted(rate.atoms(sp.floor, sp.ceiling, sp.sign), key=str):
            if step.free_symbols & states:
                raise UserError(
                    f"problem '{problem.id}': the rate of '{name}' holds '{step}' (floor, ceiling, sign, quotient "
                    "or rem), whose steps move with the parameters: it can be simulated, and has no gradient here. "
                    "Write its steps as piecewise, which has one."
                )
