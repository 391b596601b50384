"""Source of a model's rates and their first and second derivatives: straight code, or loops where the model is large.

Gradients of the right-hand side go flux by flux: with w = stoichiometry^T v, the gradient of v.f is
sum_r w_r grad(flux_r), and of sum_s v_s.(J K_s) it is sum_{r,j} c_rj grad(d flux_r / d y_j) with
c_rj = sum_s w_sr K_sj.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import sympy as sp

from il6infer.kernel import lu
from il6infer.kernel.layout import Layout
from il6infer.kernel.printer import function, of_groups
from il6infer.kernel.shaped_source import shaped_source
from il6infer.kernel.shapes import ACTIVE, HELD, STATE, shapes_of
from il6infer.network.derivatives import derivative
from il6infer.network.functions import Root, plain
from il6infer.network.graphs import replaced, symbols_of
from il6infer.network.magnitudes import written_out
from il6infer.network.network import TIME, internal, symbol
from il6infer.network.primitives import Chosen
from il6infer.problems.spec import Problem

LOOPED = 300
"""Reactions beyond which the rates are loops: straight code is faster to run, not to compile."""


@dataclass(frozen=True)
class Rates:
    """What is written of a model's rates.

    Attributes
    ----------
    parts
        Definitions of `rhs`, `minus_jacobian`, `rhs_vjp`, `gather` and `curvature_vjp`.
    factors
        Plan of the factors of the Jacobian.
    drift
        df/dt of each state; none where nothing depends on time.
    coefficients
        Number of coefficients of the curvature.
    lists
        Constant lists that the source reads.
    """

    parts: list[str]
    factors: lu.SparseLU
    drift: list[sp.Expr]
    coefficients: int
    lists: dict[str, list[int] | list[float]] = field(default_factory=dict)


def _agreeing(problem: Problem) -> tuple[np.ndarray, list[sp.Expr]]:
    """Stoichiometry and fluxes whose product is the right-hand side; each equation its own flux if they disagree."""
    network = problem.network
    stoichiometry, fluxes = np.asarray(network.stoichiometry, dtype=float), list(network.fluxes)
    rng = np.random.default_rng(0)
    free = sorted(set().union(*[symbols_of(e) for e in (*fluxes, *network.rhs)], set()), key=str)
    value = _Values({s: float(rng.uniform(0.5, 2.0)) for s in free})
    with np.errstate(all="ignore"):  # what overflows at this point agrees with nothing
        product = stoichiometry @ np.array([*map(value, fluxes)], dtype=complex)
    found = np.array([*map(value, network.rhs)], dtype=complex)
    if np.allclose(product, found, rtol=1e-9, atol=1e-9):
        return stoichiometry, fluxes
    return np.eye(len(network.states)), list(network.rhs)


class _Values:
    """Values at a point; sums, products and powers in floating point, for sympy's own takes a millisecond each."""

    def __init__(self, point: Mapping[sp.Basic, float]) -> None:
        self._point = point
        self._known: dict[int, tuple[sp.Expr, complex]] = {}
        self._replaced: dict[int, tuple] = {}

    def __call__(self, e: sp.Expr) -> complex:
        if id(e) not in self._known:
            # With the expression, for as long as which no other has its id.
            self._known[id(e)] = e, self._value(e)
        return self._known[id(e)][1]

    def _value(self, e: sp.Expr) -> complex:
        if e.is_Symbol:
            return self._point[e]
        if e.is_Add or e.is_Mul:
            values = map(self, e.args)
            return sum(values) if e.is_Add else math.prod(values)
        if e.is_Float or e.is_Rational:
            return float(e)
        if e.is_Pow and e.exp.is_Integer and abs(e.exp) < 10:
            return self(e.base) ** int(e.exp)
        if isinstance(e, Chosen):
            test, form, other = e.args
            return self(form if self(test).real > 0 else other)
        if isinstance(e, Root):
            degree, base = (self(a).real for a in e.args)
            return complex(math.copysign(abs(base) ** (1 / degree), base))
        if isinstance(e, sp.Function) and not isinstance(e, sp.Piecewise):
            # Of numbers: SymPy evaluates what stands in several places in each of them.
            e = e.func(*[sp.sympify(self(a)) for a in e.args])
        try:
            return complex(written_out(replaced(e, self._point, self._replaced)).evalf())
        except TypeError:  # SymPy compares nothing with what is no number
            return complex(math.nan)


def _fluxes(problem: Problem, constants: dict) -> tuple[np.ndarray, list[sp.Expr]]:
    stoichiometry, fluxes = _agreeing(problem)
    return stoichiometry, [plain(replaced(flux, constants)) for flux in fluxes]


def equations(problem: Problem, spec: Layout) -> tuple[list[sp.Expr], dict[tuple[int, int], sp.Expr], tuple]:
    """Right-hand side; minus its Jacobian by (row, column); and both flux by flux.

    The last is stoichiometry (states, fluxes), flux by index, and (flux, state) -> derivative; zeros are left out.
    """
    states = [symbol(s) for s in problem.network.states]
    stoichiometry, every = _fluxes(problem, spec.constants)
    fluxes = {r: flux for r, flux in enumerate(every) if flux != 0 and np.any(stoichiometry[:, r])}
    rhs = [
        sp.Add(*[_number(row[r]) * fluxes[r] for r in np.flatnonzero(row).tolist() if r in fluxes])
        for row in stoichiometry
    ]
    place = {s: j for j, s in enumerate(states)}
    slopes = {
        (r, j): derivative(flux, states[j])
        for r, flux in fluxes.items()
        for j in sorted(place[s] for s in symbols_of(flux) & place.keys())
    }
    slopes = {key: slope for key, slope in slopes.items() if slope != 0}
    jacobian: dict[tuple[int, int], sp.Expr] = {}
    for (r, j), slope in slopes.items():
        for i in np.flatnonzero(stoichiometry[:, r]):
            jacobian[int(i), j] = jacobian.get((int(i), j), sp.Integer(0)) - _number(stoichiometry[i, r]) * slope
    return rhs, jacobian, (stoichiometry, fluxes, slopes)


def rates(
    problem: Problem, spec: Layout, inputs: Mapping[sp.Symbol, str], wanted: Sequence[tuple[str, sp.Symbol]]
) -> Rates:
    """Write the rates as straight code.

    Parameters
    ----------
    problem, spec
        As `il6infer.kernel.equations.model_source` has them.
    inputs
        Symbol -> source that reads its value.
    wanted
        Head of the source and symbol of each derivative that is asked for.
    """
    states = [symbol(s) for s in problem.network.states]
    rhs, jacobian, (stoichiometry, fluxes, slopes) = equations(problem, spec)
    present = sorted(fluxes)
    factors = lu.plan(len(states), set(jacobian))
    weights = {r: internal(f"w{r}") for r in present}
    w_in = {weights[r]: _combination("v", stoichiometry[:, r]) for r in present}
    first = gradient([(weights[r], fluxes[r]) for r in present], wanted)
    asked = {s for _, s in wanted}
    curved = {k: e for k, e in slopes.items() if not asked.isdisjoint(symbols_of(e))}
    coefficients = {k: internal(f"c{n}") for n, k in enumerate(curved)}
    c_in = {c: f"c[{n}]" for n, c in enumerate(coefficients.values())}
    second = gradient([(coefficients[k], e) for k, e in curved.items()], wanted)
    by_flux: dict[int, list[tuple[int, int]]] = {}
    for n, (r, j) in enumerate(curved):
        by_flux.setdefault(r, []).append((n, j))
    gather: list[list[str]] = []
    for r, terms in by_flux.items():
        weight = f"w = {_combination('v', stoichiometry[:, r])}"
        gather.append([weight, *(f"c[{n}] += w * k[{j}]" for n, j in terms)])
    entries = [(f"m[{factors.slots[k]}] = ", e) for k, e in jacobian.items()]
    parts = [
        function("rhs", "y, p, t, out", inputs, [(f"out[{i}] = ", e) for i, e in enumerate(rhs)]),
        function("minus_jacobian", "y, p, t, m", inputs, entries),
        function("rhs_vjp", "y, p, t, v, gy, gp", {**inputs, **w_in}, first),
        of_groups("gather", "v, k, c", gather),
        function("curvature_vjp", "y, p, t, c, gy, gp", {**inputs, **c_in}, second),
    ]
    moves = any(TIME in symbols_of(e) for e in rhs)
    return Rates(parts, factors, [derivative(e, TIME) for e in rhs] if moves else [], len(curved))


def rates_in_loops(
    problem: Problem, spec: Layout, inputs: Mapping[sp.Symbol, str], wanted: Sequence[tuple[str, sp.Symbol]]
) -> Rates:
    """Write the rates as loops over reactions of the same shape.

    Parameters
    ----------
    problem, spec, inputs, wanted
        As `rates` has them.
    """
    network, size = problem.network, len(problem.network.states)
    stoichiometry, every = _agreeing(problem)
    columns = {
        r: {int(i): float(stoichiometry[i, r]) for i in np.flatnonzero(stoichiometry[:, r])} for r in range(len(every))
    }
    kinds = {symbol(s): (STATE, j) for j, s in enumerate(network.states)}
    active = set(spec.active)
    for place, i in enumerate(spec.varying):
        kinds[symbol(network.parameters[i])] = (ACTIVE if place in active else HELD, place)
    fluxes = {r: flux for r, flux in enumerate(every) if columns[r] and flux != 0}
    shapes = [shape for shape in shapes_of(fluxes, kinds, spec.constants, columns) if shape.rate != 0]
    pattern = {
        (i, shape.entries[n][place])
        for shape in shapes
        for n, rows in enumerate(shape.rows)
        for place in shape.states
        for i in rows
    }
    factors = lu.plan(size, pattern)
    found = shaped_source(shapes, size, factors.slots)
    drift = [sp.Integer(0)] * size
    moving = [r for r, flux in fluxes.items() if TIME in symbols_of(flux)]
    for r in moving:
        slope = derivative(plain(replaced(fluxes[r], spec.constants)), TIME)
        for i, n in columns[r].items():
            drift[i] += _number(n) * slope
    return Rates(found.parts, factors, drift if moving else [], found.coefficients, found.lists)


def gradient(
    weighted: Iterable[tuple[sp.Symbol, sp.Expr]], wanted: Sequence[tuple[str, sp.Symbol]]
) -> list[tuple[str, sp.Expr]]:
    """Differentiate the sum of weight * expression by each wanted symbol; each derivative behind its head."""
    terms: dict[sp.Symbol, list[sp.Expr]] = {s: [] for _, s in wanted}
    for weight, expression in weighted:
        # A model of n reactions has some n pairs of an expression and a symbol in it, and n^2 of any.
        for s in symbols_of(expression) & terms.keys():
            terms[s].append(weight * derivative(expression, s))
    return [(head, sp.Add(*terms[s])) for head, s in wanted]


def _number(value: float) -> sp.Expr:
    return sp.Integer(int(value)) if float(value).is_integer() else sp.Float(float(value))


def _combination(name: str, column: np.ndarray) -> str:
    terms = [f"{float(n)!r} * {name}[{i}]" if n != 1 else f"{name}[{i}]" for i, n in enumerate(column) if n]
    return " + ".join(terms) or "0.0"
