"""The longest step that sees what rates do in time: pulses are not stepped over.

From rest, a step grows without bound, for its error is zero; a pulse that comes later would fall between the places
where the rates are looked at. So each function of the time alone in the rates limits the step to a change of its
argument u that matters: ``|u'| h + |u''| h^2 / 2 <= change``. Far from where exp(u) is of any size, that is the
distance to it; so a step approaches a pulse in a few leaps, whatever its place and width are, and estimated or not. A
state that changes at a constant rate is a clock, and counts as time. Exponential and periodic functions of any other
state limit the step by the rate at which that state changes now: a pulse may be switched on what decays. So do powers
of differences, 1 / (1 + (x - a)^2); those of x alone, such as Hill's, are no pulses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import sympy as sp

from il6infer.network.derivatives import derivative
from il6infer.network.functions import OF_CLASS
from il6infer.network.graphs import of_kinds, parts, rewritten, symbols_of
from il6infer.network.magnitudes import written_out
from il6infer.network.network import TIME, Network, internal, symbol
from il6infer.network.poles import is_short
from il6infer.network.primitives import AbsoluteValue
from il6infer.runs.modes import located
from il6infer.runs.numeric import Function

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

_EXPONENTIAL = (sp.exp, sp.sinh, sp.cosh, sp.tanh, sp.sech, sp.csch, sp.coth)
_PERIODIC = (sp.sin, sp.cos, sp.tan)
_PLAIN_POWER = 4
_ONE = sp.Integer(1)


def clocks(network: Network) -> dict[sp.Symbol, sp.Expr]:
    """States that change at a rate of parameters alone, with that rate."""
    own = {symbol(s) for s in network.states} | {TIME}
    pairs = zip(network.states, network.rhs, strict=True)
    return {symbol(s): rate for s, rate in pairs if rate != 0 and not symbols_of(rate) & own}


@dataclass(frozen=True)
class StepLimits:
    """Longest steps, and what they are made of.

    Attributes
    ----------
    names
        Symbols of our own.
    values
        What each stands for: expressions of states, time and parameters.
    steps
        Longest step that each function of time allows: expressions of the names and the time.
    """

    names: tuple[sp.Symbol, ...]
    values: tuple[sp.Expr, ...]
    steps: tuple[sp.Expr, ...]


@dataclass(frozen=True)
class _Argument:
    """What limits a step.

    Attributes
    ----------
    u
        Expression of states, time and parameters.
    allowed
        u -> its change within a step; None: to zero.
    towards_zero
        Whether only an approach to zero counts.
    of_any_state
        Whether it counts for any state, not just for clocks.
    narrow
        Whether it is of a difference, which may be zero at one place only: its curvature counts for any state, too.
    """

    u: sp.Expr
    allowed: Callable[[sp.Expr], sp.Expr] | None
    towards_zero: bool = False
    of_any_state: bool = False
    narrow: bool = False


def step_limits(network: Network) -> StepLimits:
    """Longest steps that each function of time in the rates allows.

    The arguments and their slopes have names in them: SymPy would look into each for its sign, and a slope is long.
    """
    network = replace(network, rhs=tuple(map(written_out, network.rhs)))
    rates = {TIME: sp.Integer(1), **clocks(network)}
    all_rates = {TIME: sp.Integer(1), **dict(zip(map(symbol, network.states), network.rhs, strict=True))}
    others = all_rates.keys() - rates.keys()
    names: dict[sp.Expr, sp.Symbol] = {}
    steps: dict[sp.Expr, None] = {}

    def name_of(e: sp.Expr) -> sp.Expr:
        return e if e == 0 else names.setdefault(e, internal(f"u{len(names)}"))

    for argument in _arguments(network):
        u, symbols = argument.u, symbols_of(argument.u)
        first = second = sp.Integer(0)
        if symbols & others:
            if argument.of_any_state:
                first = _along(u, all_rates)
                second = _along(first, all_rates) if argument.narrow else second
        elif symbols & rates.keys():
            first = _along(u, rates)
            second = _along(first, rates)
            if argument.allowed is not None and argument.towards_zero and second == 0:
                continue  # it passes zero once, which no step misses
        if first != 0:
            steps[_limit(argument, *map(name_of, (u, first, second)))] = None
    return StepLimits(tuple(names.values()), tuple(names), tuple(steps))


def longest_step(network: Network, varying: Sequence[sp.Symbol]) -> Callable[[Sequence[float]], float] | None:
    """Longest step at (state, parameters, time); None where any step sees all.

    Parameters
    ----------
    network
        Rates and rules.
    varying
        Parameters in their order.
    """
    limits = step_limits(network)
    if not limits.steps:
        return None
    values = Function([*map(symbol, network.states), *varying, TIME], limits.values)
    least = Function([*limits.names, TIME], [sp.Min(*limits.steps)])
    return lambda at: float(least([*values(at), at[-1]])[0])


def _along(u: sp.Expr, rates: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    differentiable = rewritten(u, _with_slope)
    return sp.Add(*[rate * derivative(differentiable, s) for s, rate in rates.items()])


def _with_slope(e: sp.Basic) -> sp.Basic:
    """Write a function by those that have slopes in floating point; jumps and imaginary parts are in SymPy's own."""
    row = OF_CLASS.get(e.func)
    return row.plain(*e.args) if row is not None and row.plain is not None else e


def _of_exponent(u: sp.Expr) -> sp.Expr:
    return sp.Max(FALL, sp.Abs(u) - NEGLIGIBLE)


def _turn(_: sp.Expr) -> sp.Expr:
    return sp.Float(TURN)


def _seen_turn(_: sp.Expr) -> sp.Expr:
    return sp.Float(SEEN_TURN)


def _past_zero(u: sp.Expr) -> sp.Expr:
    return 1.01 * sp.Abs(u)


def _arguments(network: Network) -> Iterator[_Argument]:
    states = set(map(symbol, network.states))
    moving = {TIME, *states}

    def is_narrow(e: sp.Expr) -> bool:
        sums = (part for part in parts([e]) if part.is_Add and symbols_of(part) & states)
        return any(term.could_extract_minus_sign() for part in sums for term in part.args)

    def bare(e: sp.Expr) -> sp.Expr:
        """Without exponentials, which have limits of their own."""
        return rewritten(e, lambda part: _ONE if isinstance(part, _EXPONENTIAL) else part)

    for e in parts(network.rhs):
        if isinstance(e, _EXPONENTIAL):
            yield _Argument(e.args[0], _of_exponent, of_any_state=True, narrow=is_narrow(e.args[0]))
        elif isinstance(e, _PERIODIC):
            yield _Argument(e.args[0], _turn, of_any_state=True)
        elif e.is_Pow and not (e.exp.is_Integer and 0 < e.exp <= _PLAIN_POWER) and symbols_of(bare(e.base)) & moving:
            # SymPy knows what is above zero, but of a long expression it asks each part.
            base = e.base.args[0] if isinstance(e.base, AbsoluteValue) else e.base
            size = sp.Abs if is_short(base) else AbsoluteValue
            narrow = bool(e.exp.could_extract_minus_sign()) and is_narrow(base)
            yield _Argument(e.exp * sp.log(size(base)), _of_exponent, of_any_state=narrow, narrow=narrow)
        elif isinstance(e, sp.Abs):
            yield _Argument(e.args[0], None, towards_zero=True)
        elif isinstance(e, sp.Min | sp.Max):
            for a, b in combinations(e.args, 2):
                yield _Argument(b - a, None, towards_zero=True)
    for mode in located(network):
        # The distance to zero says nothing of how often a periodic function passes it.
        for e in sorted(of_kinds([mode.located_function], *_PERIODIC), key=str):
            yield _Argument(e.args[0], _seen_turn, of_any_state=True)
        # One that is linear in time passes zero once, which no step misses.
        yield _Argument(mode.located_function, _past_zero, towards_zero=True)


def _limit(argument: _Argument, u: sp.Expr, first: sp.Expr, second: sp.Expr) -> sp.Expr:
    def step_of(change: sp.Expr) -> sp.Expr:
        return 2 * change / (sp.Abs(first) + sp.sqrt(first**2 + 2 * sp.Abs(second) * change))

    change = sp.Abs(u) if argument.allowed is None else argument.allowed(u)
    step = step_of(change)
    if argument.allowed is _of_exponent and second != 0:
        # A logarithm falls the faster the nearer zero is, so that two terms of its series promise too much. Zero of
        # any power of the time left, as which u is taken here:
        zero = sp.Abs(u * first) / sp.Abs(first**2 - u * second)
        step = sp.Piecewise((sp.Max(step_of(sp.Float(FALL)), sp.Min(step, zero)), u * first < 0), (step, True))
    if not argument.towards_zero:
        return sp.Piecewise((step, sp.Abs(first) + sp.Abs(second) > 0), (sp.oo, True))
    reached = sp.Abs(u) <= LANDED * sp.Abs(first) * sp.Max(1, sp.Abs(TIME))
    if second == 0:
        return sp.Piecewise((sp.oo, sp.Or(reached, u * first >= 0)), (step, True))
    turns = sp.sqrt(2 * change / sp.Abs(second))
    return sp.Piecewise((sp.oo, reached), (turns, u * first >= 0), (step, True))
