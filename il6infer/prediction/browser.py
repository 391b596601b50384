"""Equations of a model as JavaScript: arithmetic of array elements, so that no name of a user reaches the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp
from sympy.printing.jscode import JavascriptCodePrinter

from il6infer.network.derivatives import derivative
from il6infer.network.functions import PRIMITIVES, plain
from il6infer.network.network import symbol
from il6infer.network.primitives import INTERNAL
from il6infer.problems.spec import Problem

_MATH = {function: f"Math.{row.code[0]}" for function, row in PRIMITIVES.items()}

HELPERS = """
const power = (x, n) => x > 0 || (x < 0 && n === Math.floor(n)) ? Math.pow(x, n)
  : !(x >= -1e-6) || Number.isNaN(n) ? NaN : n === 0 ? 1 : n > 0 ? 0 : Infinity;
const power_in_slope = (x, n) => x > 0 || n === 0 || (x < 0 && n === Math.floor(n)) ? Math.pow(x, n)
  : !(x >= -1e-6) || Number.isNaN(n) ? NaN : 0;
const power_by_exponent = (x, n) => x === 0 && n === 0 ? NaN : power_in_slope(x, n);
const logarithm = x => x > 0 ? Math.log(x) : x >= -1e-6 ? 0 : NaN;
const larger = (a, b) => Math.max(a, b);
const at_least = (a, b) => a >= b ? 1 : a < b ? 0 : NaN;
const largest = Math.max;
const log_size = x => x === 0 ? -1e300 : Math.log(Math.abs(x));
const relative_exp = (u, m) => u === m ? 1 : Math.exp(u - m);
const relative_power = (x, n, l, w) => x > 0 || n === 0 ? Math.exp(n * l + w)
  : x < 0 && n === Math.floor(n) ? (n % 2 === 0 ? 1 : -1) * Math.exp(n * l + w)
  : !(x >= -1e-6) || Number.isNaN(n) ? NaN : n > 0 ? 0 : Math.exp(n * l + w);
const relative_power_in_slope = (x, n, l, w) =>
  n < 0 && x <= 0 && x >= -1e-6 && !(x < 0 && n === Math.floor(n)) ? 0 : relative_power(x, n, l, w);
const relative_power_by_exponent = (x, n, l, w) => x === 0 && n === 0 ? NaN : relative_power_in_slope(x, n, l, w);
"""
"""What plain expressions need besides arithmetic; see `il6infer.network.functions.Power` and others."""


class Unwritable(Exception):  # noqa: N818 (not an error of the input: a model that has no explorer)
    """A model that cannot be written, and why."""


class _Printer(JavascriptCodePrinter):
    def _print_Function(self, e: sp.Expr) -> str:
        name = INTERNAL.get(e.func) or _MATH.get(e.func)
        if name is None:
            raise Unwritable(f"the explorer has no function {e.func.__name__}, which the model uses")
        return f"{name}({', '.join(map(self._print, e.args))})"

    _print_exp = _print_log = _print_Function

    def _print_Symbol(self, e: sp.Symbol) -> str:
        return str(e.name)

    def _print_NaN(self, _: sp.Expr) -> str:
        return "NaN"


def model_code(problem: Problem, rest: Mapping[str, sp.Expr], readouts: Sequence[str], factors: Sequence[str]) -> str:
    """Write the body of a function that returns the functions of `il6infer.stages.explorer.Explorer`.

    Parameters
    ----------
    rest
        State or parameter -> what it is set to before the cells come to rest.
    readouts
        Derived quantities that are read, in order.
    factors
        Parameters that may be multiplied, in the order of the second argument of ``parameters``.

    Raises
    ------
    Unwritable
        If the model uses what has no place in the code.
    """
    network = problem.network
    states = {symbol(name): sp.Symbol(f"y[{i}]") for i, name in enumerate(network.states)}
    theta = {p.id: sp.Symbol(f"q[{i}]") for i, p in enumerate(problem.estimated)}
    values: dict[str, sp.Expr] = dict(zip(network.parameters, network.defaults, strict=True))
    for p in problem.parameters:
        values[p.id] = theta[p.id] if p.estimate else sp.Float(p.nominal)
    order = _ordered(values)
    slots = {symbol(name): sp.Symbol(f"p[{i}]") for i, name in enumerate(order)}
    lines = ["parameters(q, f) {", f"  const p = new Float64Array({len(order)});"]
    lines += [f"  {slots[symbol(name)]} = {_code(values[name], slots)};" for name in order]
    changed = [(name, _code(value, slots)) for name, value in rest.items() if symbol(name) in slots]
    changed += [(name, f"{slots[symbol(name)]}*f[{i}]") for i, name in enumerate(factors) if symbol(name) in slots]
    lines += [f"  {slots[symbol(name)]} = {code};" for name, code in changed]
    computed = {name: e for name, e in network.computed.items() if symbol(name) in slots}
    lines += [f"  {slots[symbol(name)]} = {_code(computed[name], slots)};" for name in _ordered(computed)]
    lines += ["  return p;", "},"]
    start = [rest.get(name, initial) for name, initial in zip(network.states, network.initial, strict=True)]
    lines += _function("initial(p, out)", start, slots)
    both = {**states, **slots}
    lines += _function("rhs(y, p, out)", network.rhs, both)
    plains = [plain(e) for e in network.rhs]
    slopes = {
        (i, j): slope
        for i, e in enumerate(plains)
        for j, name in enumerate(network.states)
        if (slope := derivative(e, symbol(name))) != 0
    }
    at = [i * len(network.states) + j for i, j in slopes]
    lines += _function("jacobian(y, p, out)", list(slopes.values()), both, at)
    lines += _function("read(y, p, out)", [network.derived[name] for name in readouts], both)
    return HELPERS + "return {\n" + "\n".join(lines) + "\n};"


def _ordered(values: Mapping[str, sp.Expr]) -> list[str]:
    """Names so that each comes after those that its expression needs."""
    found: list[str] = []
    waiting = dict(values)
    while waiting:
        names = {symbol(name) for name in waiting}
        ready = [name for name, e in waiting.items() if not (sp.sympify(e).free_symbols & names) - {symbol(name)}]
        if not ready:
            raise Unwritable(f"values of {', '.join(waiting)} depend on each other")
        found += ready
        for name in ready:
            del waiting[name]
    return found


def _function(head: str, expressions: Sequence[sp.Expr], names: Mapping, at: Sequence[int] | None = None) -> list[str]:
    """Write a function that puts expressions into ``out``, what they share computed once."""
    shared, reduced = sp.cse([plain(e).xreplace(dict(names)) for e in expressions], sp.numbered_symbols("x"))
    lines = [f"{head} {{"]
    lines += [f"  const {name} = {_text(e)};" for name, e in shared]
    places = at if at is not None else range(len(reduced))
    lines += [f"  out[{i}] = {_text(e)};" for i, e in zip(places, reduced, strict=True)]
    return [*lines, "  return out;", "},"]


def _code(expression: sp.Expr, names: Mapping) -> str:
    return _text(plain(sp.sympify(expression)).xreplace(dict(names)))


def _text(expression: sp.Expr) -> str:
    free = {s.name for s in expression.free_symbols}
    unknown = sorted(name for name in free if not name.startswith(("y[", "p[", "q[", "x")))
    if unknown:
        raise Unwritable(f"the explorer does not know {', '.join(unknown)}")
    return _Printer({"strict": False}).doprint(expression)
