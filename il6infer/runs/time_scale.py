"""The longest step that sees what rates do in time: pulses are not stepped over.

From rest, a step grows without bound, for its error is zero; a pulse that comes later would fall between the places
where the rates are looked at. So each function of the time alone in the rates limits the step to a change of its
argument u that matters: ``|u'| h + |u''| h^2 / 2 <= change``. Far from where exp(u) is of any size, that is the
distance to it; so a step approaches a pulse in a few leaps, whatever its place and width are, and estimated or not. A
state that changes at a constant rate is a clock, and counts as time. Exponential and periodic functions of any other
state limit the step by the rate at which that state changes now: a pulse may be switched on what decays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from il6infer.network.magnitudes import written_out
from il6infer.network.network import TIME, Network, symbol
from il6infer.runs.modes import located

FALL = 2.0
"""Change of an exponent within a step."""

NEGLIGIBLE = 30.0
"""Exponents beyond this, of either sign, make a term negligible."""

TURN = 1.0
"""Change of the argument of a periodic function within a step [radian]."""

SEEN_TURN = 3.0
"""The same of one in a condition, which is looked at in several places of a step."""

LANDED = 1e-9
"""A kink that is closer than this share of the time has been reached."""

_EXPONENTIAL = (sp.exp, sp.sinh, sp.cosh, sp.tanh)
_PERIODIC = (sp.sin, sp.cos, sp.tan)
_PLAIN_POWER = 4


def clocks(network: Network) -> dict[sp.Symbol, sp.Expr]:
    """States that change at a rate of parameters alone, with that rate."""
    own = {symbol(s) for s in network.states} | {TIME}
    pairs = zip(network.states, network.rhs, strict=True)
    return {symbol(s): rate for s, rate in pairs if rate != 0 and not rate.free_symbols & own}


def step_limits(network: Network) -> tuple[sp.Expr, ...]:
    """Longest steps that each function of time in the rates allows: expressions of states, time and parameters."""
    network = replace(network, rhs=tuple(map(written_out, network.rhs)))
    rates = {TIME: sp.Integer(1), **clocks(network)}
    all_rates = {TIME: sp.Integer(1), **dict(zip(map(symbol, network.states), network.rhs, strict=True))}
    others = all_rates.keys() - rates.keys()
    limits: dict[sp.Expr, None] = {}
    for u, allowed, towards_zero, unbounded in _arguments(network):
        if u.free_symbols & others:
            if unbounded and allowed is not None and (slope := _along(u, all_rates)) != 0:
                limits[_limit(u, slope, sp.Integer(0), allowed, towards_zero)] = None
            continue
        if not u.free_symbols & rates.keys():
            continue
        first = _along(u, rates)
        second = _along(first, rates)
        passes_once = allowed is not None and towards_zero and second == 0
        if first != 0 and not passes_once:
            limits[_limit(u, first, second, allowed, towards_zero)] = None
    return tuple(limits)


class _Size(sp.Function):
    """Absolute value of a real number; SymPy's own has a slope in real and imaginary parts where it is not sure."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.Piecewise((1, self.args[0] > 0), (-1, True))


def _along(u: sp.Expr, rates: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    sized = u.replace(sp.Abs, _Size)
    slope = sp.Add(*[rate * sized.diff(s) for s, rate in rates.items()]).replace(_Size, sp.Abs)
    steps = {e: sp.Piecewise((1, e.args[0] > 0), (0, True)) for e in slope.atoms(sp.Heaviside)}
    steps |= {e: sp.Piecewise((1, e.args[0] > 0), (-1, True)) for e in slope.atoms(sp.sign)}
    return slope.xreplace(steps | {e: sp.Integer(0) for e in slope.atoms(sp.DiracDelta)})


def _arguments(network: Network) -> Iterator[tuple[sp.Expr, sp.Expr | None, bool, bool]]:
    """Arguments that limit a step.

    With each: the change allowed (None: to zero), whether only an approach to zero counts, and whether it counts for
    any state, not just for clocks.
    """
    found = set().union(*[e.atoms(sp.Function, sp.Pow, sp.Abs, sp.Min, sp.Max) for e in network.rhs], set())
    for e in sorted(found, key=str):
        if isinstance(e, _EXPONENTIAL):
            yield e.args[0], sp.Max(FALL, sp.Abs(e.args[0]) - NEGLIGIBLE), False, True
        elif isinstance(e, _PERIODIC):
            yield e.args[0], sp.Float(TURN), False, True
        elif e.is_Pow and not (e.exp.is_Integer and 0 < e.exp <= _PLAIN_POWER) and e.base.free_symbols:
            u = e.exp * sp.log(sp.Abs(e.base))
            yield u, sp.Max(FALL, sp.Abs(u) - NEGLIGIBLE), False, False
        elif isinstance(e, sp.Abs):
            yield e.args[0], None, True, False
        elif isinstance(e, sp.Min | sp.Max):
            yield from ((a - b, None, True, False) for n, a in enumerate(e.args) for b in e.args[:n])
    for mode in located(network):
        # The distance to zero says nothing of how often a periodic function passes it.
        for e in sorted(mode.located_function.atoms(*_PERIODIC), key=str):
            yield e.args[0], sp.Float(SEEN_TURN), False, True
        # One that is linear in time passes zero once, which no step misses.
        yield mode.located_function, 1.01 * sp.Abs(mode.located_function), True, False


def _limit(u: sp.Expr, first: sp.Expr, second: sp.Expr, allowed: sp.Expr | None, towards_zero: bool) -> sp.Expr:
    change = sp.Abs(u) if allowed is None else allowed
    step = 2 * change / (sp.Abs(first) + sp.sqrt(first**2 + 2 * sp.Abs(second) * change))
    if not towards_zero:
        return sp.Piecewise((step, sp.Abs(first) + sp.Abs(second) > 0), (sp.oo, True))
    reached = sp.Abs(u) <= LANDED * sp.Abs(first) * sp.Max(1, sp.Abs(TIME))
    if second == 0:
        return sp.Piecewise((sp.oo, sp.Or(reached, u * first >= 0)), (step, True))
    turns = sp.sqrt(2 * change / sp.Abs(second))
    return sp.Piecewise((sp.oo, reached), (turns, u * first >= 0), (step, True))
