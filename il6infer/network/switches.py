"""Where the rates of a network take another branch: zeros of functions of states, parameters and time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import sympy as sp
from sympy.core.relational import Relational

from il6infer.network.graphs import of_kinds, replaced, symbols_of
from il6infer.network.network import TIME, Network, symbol

CONDITION, KINK, STEP = "condition", "kink", "step"


@dataclass(frozen=True)
class Switch:
    """One reason for which an expression changes its branch.

    Attributes
    ----------
    function
        Expression of states, parameters and `TIME`; the branch changes where it passes 0.
    kind
        ``condition``: a relation of a piecewise, whose value may jump there. ``kink``: abs, min or max, whose slope
        jumps and whose value does not. ``step``: floor, ceiling, rem or quotient, whose value jumps.
    cause
        The relation or function as it stands in the expression.
    """

    function: sp.Expr
    kind: str
    cause: sp.Basic

    def depends_on(self, names: Iterable[str]) -> bool:
        """Whether the function names one of these ids."""
        return bool(symbols_of(self.function) & {symbol(name) for name in names})

    @property
    def depends_on_time(self) -> bool:
        """Whether the function names the time itself."""
        return TIME in symbols_of(self.function)


def switches(expressions: Iterable[sp.Basic]) -> tuple[Switch, ...]:
    """Switches of expressions, each function once, whatever its sign or factor."""
    found: dict[sp.Expr, Switch] = {}
    for switch in (s for e in expressions for s in _all_of(sp.sympify(e))):
        _, rest = switch.function.as_coeff_Mul()
        function = -rest if rest.could_extract_minus_sign() else rest
        if symbols_of(function) and (function not in found or found[function].kind == KINK):
            found[function] = Switch(function, switch.kind, switch.cause)
    return tuple(sorted(found.values(), key=lambda s: str(s.function)))


def switches_of(network: Network) -> tuple[Switch, ...]:
    """Switches of the right-hand side, in whose expressions derived quantities are replaced."""
    return switches(replaced(e, network.expand) for e in (*network.rhs, *network.fluxes))


def _all_of(expression: sp.Basic) -> Iterable[Switch]:
    for relation in of_kinds([expression], Relational):
        yield Switch(relation.lhs - relation.rhs, CONDITION, relation)
    for e in of_kinds([expression], sp.Abs, sp.sign):
        yield Switch(e.args[0], KINK if isinstance(e, sp.Abs) else STEP, e)
    for e in of_kinds([expression], sp.Min, sp.Max):
        for a, b in combinations(e.args, 2):
            yield Switch(a - b, KINK, e)
    for e in of_kinds([expression], sp.floor, sp.ceiling):
        yield Switch(sp.sin(sp.pi * e.args[0]), STEP, e)
