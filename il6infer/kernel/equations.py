"""Source of the model-specific half of the kernel, from the symbolic network.

Conventions of the generated functions: ``y`` states, ``p`` varying parameters, ``t`` time, ``v``/``g`` incoming
adjoints, ``gy``, ``gp``, ``gq``, ``gd`` gradients to add to. Gradients of the right-hand side go flux by flux: with
w = stoichiometry^T v, the gradient of v.f is sum_r w_r grad(flux_r), and of sum_s v_s.(J K_s) it is
sum_{r,j} c_rj grad(d flux_r / d y_j) with c_rj = sum_s w_sr K_sj.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

from il6infer.kernel import lu
from il6infer.kernel.printer import block, cases, function, of_groups
from il6infer.kernel.switch_source import LimitConstants, SwitchConstants, step_limit_source, switch_source
from il6infer.network.derivatives import derivative
from il6infer.network.functions import plain
from il6infer.network.network import TIME, internal, symbol
from il6infer.problems.spec import Problem
from il6infer.runs.modes import located, located_events
from il6infer.runs.plan import Plan
from il6infer.runs.segments import theta


@dataclass(frozen=True)
class Layout:
    """Which network parameters the kernel sees as its vector ``p``, and which of them need a gradient.

    Attributes
    ----------
    varying
        Indices into the network's parameters; all others are constants written into the code.
    active
        Positions in `varying` whose quantity depends on an estimated parameter in some run.
    constants
        Symbol -> value written into the code.
    """

    varying: tuple[int, ...]
    active: tuple[int, ...]
    constants: dict[sp.Symbol, sp.Expr]


def layout(problem: Problem, plan: Plan) -> Layout:
    """Split the network's parameters into those that vary over runs or estimates, and constants."""
    network = problem.network
    modes, events = located(network), located_events(network)
    named = [*network.rhs, *network.initial, *(mode.function for mode in modes), *(e.trigger for e in events)]
    named += [value.xreplace(network.expand) for e in events for value in e.changes.values()]
    used = set().union(*[e.free_symbols for e in named], *[map(symbol, e.dilution.values()) for e in events])
    switched = {mode.parameter for mode in modes}
    varying, active, constants = [], [], {}
    for i, name in enumerate(network.parameters):
        if name in switched:
            varying.append(i)
            continue
        if symbol(name) not in used:
            continue
        indices = {segment.values[i] for run in plan.runs for segment in run}
        expressions = [plan.quantities[k] for k in indices]
        # What is no number (a power of parameters may be none) is left to the run, which then fails.
        if len(indices) == 1 and not expressions[0].free_symbols and math.isfinite(expressions[0]):
            constants[symbol(name)] = expressions[0]
        else:
            if any(e.free_symbols for e in expressions):
                active.append(len(varying))
            varying.append(i)
    return Layout(tuple(varying), tuple(active), constants)


class ModelConstants(SwitchConstants, LimitConstants):
    """Constants of a model's code; see `il6infer.kernel.model_functions`."""

    N: int
    NP: int
    NC: int
    NNZ: int
    TIME_DEPENDENT: int
    DIAGONAL: list[int]
    ROW: list[int]
    COLUMN: list[int]
    MOIETY_COUNT: int
    MOIETY: list[list[float]]
    PIVOT: list[int]


def _fluxes(problem: Problem, constants: dict) -> tuple[np.ndarray, list[sp.Expr]]:
    """Stoichiometry and fluxes whose product is the right-hand side; each equation its own flux if they disagree."""
    network = problem.network
    stoichiometry, fluxes = np.asarray(network.stoichiometry, dtype=float), list(network.fluxes)
    product = [sp.Add(*[sp.Float(row[r]) * fluxes[r] for r in np.flatnonzero(row)]) for row in stoichiometry]
    rng = np.random.default_rng(0)
    free = sorted(set().union(*[e.free_symbols for e in (*product, *network.rhs)], set()), key=str)
    point = {s: sp.Float(rng.uniform(0.5, 2.0)) for s in free}
    agree = all(abs(complex((a - b).xreplace(point).evalf())) < 1e-9 for a, b in zip(product, network.rhs, strict=True))
    if not agree:
        stoichiometry, fluxes = np.eye(len(network.states)), list(network.rhs)
    return stoichiometry, [plain(flux.xreplace(constants)) for flux in fluxes]


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
        for j in sorted(place[s] for s in flux.free_symbols & place.keys())
    }
    slopes = {key: slope for key, slope in slopes.items() if slope != 0}
    jacobian: dict[tuple[int, int], sp.Expr] = {}
    for (r, j), slope in slopes.items():
        for i in np.flatnonzero(stoichiometry[:, r]):
            jacobian[int(i), j] = jacobian.get((int(i), j), sp.Integer(0)) - _number(stoichiometry[i, r]) * slope
    return rhs, jacobian, (stoichiometry, fluxes, slopes)


def model_source(
    problem: Problem, plan: Plan, spec: Layout, moieties: np.ndarray
) -> tuple[str, ModelConstants, dict[str, list[int]]]:
    """Source of every model-specific function of the kernel, its constants (see `model_functions`), and its lists.

    Parameters
    ----------
    problem
        Its network is compiled.
    plan
        Its quantities are the inputs of observables and jumps.
    spec
        Which parameters vary and which are active.
    moieties
        (moieties, states) sums that are constant.
    """
    network = problem.network
    states = [symbol(s) for s in network.states]
    varying = [symbol(network.parameters[i]) for i in spec.varying]
    size = len(states)
    y_in = {s: f"y[{i}]" for i, s in enumerate(states)}
    p_in = {s: f"p[{i}]" for i, s in enumerate(varying)}
    inputs = {**y_in, **p_in, TIME: "t"}
    rhs, jacobian, (stoichiometry, fluxes, slopes) = equations(problem, spec)
    present = sorted(fluxes)
    plan_lu = lu.plan(size, set(jacobian))
    factors, lists = lu.source(plan_lu)
    wanted = [(f"gy[{j}] += ", s) for j, s in enumerate(states)]
    wanted += [(f"gp[{j}] += ", varying[j]) for j in spec.active]
    weights = {r: internal(f"w{r}") for r in present}
    w_in = {weights[r]: _combination("v", stoichiometry[:, r]) for r in present}
    first = _gradient([(weights[r], fluxes[r]) for r in present], wanted)
    asked = {s for _, s in wanted}
    curved = {k: e for k, e in slopes.items() if not asked.isdisjoint(e.free_symbols)}
    coefficients = {k: internal(f"c{n}") for n, k in enumerate(curved)}
    c_in = {c: f"c[{n}]" for n, c in enumerate(coefficients.values())}
    second = _gradient([(coefficients[k], e) for k, e in curved.items()], wanted)
    by_flux: dict[int, list[tuple[int, int]]] = {}
    for n, (r, j) in enumerate(curved):
        by_flux.setdefault(r, []).append((n, j))
    gather: list[list[str]] = []
    for r, terms in by_flux.items():
        weight = f"w = {_combination('v', stoichiometry[:, r])}"
        gather.append([weight, *(f"c[{n}] += w * k[{j}]" for n, j in terms)])
    time_dependent = any(TIME in e.free_symbols for e in rhs)
    drift = [derivative(e, TIME) for e in rhs]
    v_in = {internal(f"v{i}"): f"v[{i}]" for i in range(size)}
    initial = [plain(e.xreplace(spec.constants)) for e in network.initial]
    g_in = {internal(f"g{i}"): f"g[{i}]" for i in range(size)}
    switching, of_switches = switch_source(network, varying, spec.constants)
    limit, of_limit = step_limit_source(network, varying, spec.constants)
    parts = [
        *switching,
        limit,
        function("rhs", "y, p, t, out", inputs, [(f"out[{i}] = ", e) for i, e in enumerate(rhs)]),
        function(
            "minus_jacobian", "y, p, t, m", inputs, [(f"m[{plan_lu.slots[k]}] = ", e) for k, e in jacobian.items()]
        ),
        factors,
        function("rhs_vjp", "y, p, t, v, gy, gp", {**inputs, **w_in}, first),
        of_groups("gather", "v, k, c", gather),
        function("curvature_vjp", "y, p, t, c, gy, gp", {**inputs, **c_in}, second),
        function("drift", "y, p, t, out", inputs, [(f"out[{i}] = ", e) for i, e in enumerate(drift)]),
        function(
            "drift_vjp", "y, p, t, v, gy, gp", {**inputs, **v_in}, _gradient(zip(v_in, drift, strict=True), wanted)
        ),
        function("initial", "p, y", p_in, [(f"y[{i}] = ", e) for i, e in enumerate(initial)]),
        function(
            "initial_vjp",
            "p, g, gp",
            {**p_in, **g_in},
            _gradient(zip(g_in, initial, strict=True), [(f"gp[{j}] += ", varying[j]) for j in spec.active]),
        ),
        *_quantity_functions(problem, plan),
        *_jump_functions(problem, plan, states),
        *_observable_functions(problem, plan, states),
    ]
    rows, columns = zip(*plan_lu.slots, strict=True)
    constants: ModelConstants = {
        "N": size,
        "NP": len(varying),
        "NC": len(curved),
        "NNZ": len(plan_lu.slots),
        "TIME_DEPENDENT": int(time_dependent),
        "DIAGONAL": [plan_lu.slots[i, i] for i in range(size)],
        "ROW": list(rows),
        "COLUMN": list(columns),
        "MOIETY_COUNT": len(moieties),
        "MOIETY": np.asarray(moieties, dtype=float).tolist() or [[0.0]],
        "PIVOT": _pivots(moieties),
        **of_switches,
        **of_limit,
    }
    return "\n\n".join(parts) + "\n", constants, lists


def _gradient(
    weighted: Iterable[tuple[sp.Symbol, sp.Expr]], wanted: Sequence[tuple[str, sp.Symbol]]
) -> list[tuple[str, sp.Expr]]:
    """Differentiate the sum of weight * expression by each wanted symbol; each derivative behind its head."""
    terms: dict[sp.Symbol, list[sp.Expr]] = {s: [] for _, s in wanted}
    for weight, expression in weighted:
        # A model of n reactions has some n pairs of an expression and a symbol in it, and n^2 of any.
        for s in expression.free_symbols & terms.keys():
            terms[s].append(weight * derivative(expression, s))
    return [(head, sp.Add(*terms[s])) for head, s in wanted]


def _number(value: float) -> sp.Expr:
    return sp.Integer(int(value)) if float(value).is_integer() else sp.Float(float(value))


def _combination(name: str, column: np.ndarray) -> str:
    terms = [f"{float(n)!r} * {name}[{i}]" if n != 1 else f"{name}[{i}]" for i, n in enumerate(column) if n]
    return " + ".join(terms) or "0.0"


def _pivots(moieties: np.ndarray) -> list[int]:
    """One state a moiety whose equation its conservation law replaces; row reduction makes them independent."""
    matrix, pivots = np.array(moieties, dtype=float), []
    for row in range(len(matrix)):
        pivot = int(np.argmax(np.abs(matrix[row])))
        pivots.append(pivot)
        for other in range(row + 1, len(matrix)):
            matrix[other] -= matrix[row] * matrix[other, pivot] / matrix[row, pivot]
    return pivots


def _quantity_functions(problem: Problem, plan: Plan) -> list[str]:
    estimated = [theta(p.id) for p in problem.estimated]
    inputs = {s: f"theta[{i}]" for i, s in enumerate(estimated)}
    computed = [(k, plain(e)) for k, e in enumerate(plan.quantities) if k >= len(estimated) and e.free_symbols]
    slots = {k: internal(f"d{k}") for k, _ in computed}
    return [
        function("quantities", "theta, d", inputs, [(f"d[{k}] = ", e) for k, e in computed]),
        function(
            "quantities_vjp",
            "theta, gd, gt",
            {**inputs, **{s: f"gd[{k}]" for k, s in slots.items()}},
            _gradient([(slots[k], e) for k, e in computed], [(f"gt[{i}] += ", s) for i, s in enumerate(estimated)]),
        ),
    ]


def _jump_functions(problem: Problem, plan: Plan, states: list[sp.Symbol]) -> list[str]:
    inputs = {s: f"y[{i}]" for i, s in enumerate(states)}
    estimated = [theta(p.id) for p in problem.estimated]
    inputs |= {s: f"d[{i}]" for i, s in enumerate(estimated)}
    expressions = [plain(e) for e in plan.expressions]
    wanted = [(f"gy[{i}] += g * ", s) for i, s in enumerate(states)]
    wanted += [(f"gd[{i}] += g * ", s) for i, s in enumerate(estimated)]
    gradients = [[(h + "(", derivative(e, s)) for h, s in wanted if s in e.free_symbols] for e in expressions]
    return [
        cases("jump", "k, y, d, out", "k", [block(inputs, [("out[0] = ", e)]) for e in expressions]),
        cases(
            "jump_vjp",
            "k, y, d, g, gy, gd",
            "k",
            [[line + ")" if "+= g * (" in line else line for line in block(inputs, g)] for g in gradients],
        ),
    ]


def _observable_functions(problem: Problem, plan: Plan, states: list[sp.Symbol]) -> list[str]:
    expand = problem.network.expand
    values, gradients = [], []
    for observable, symbols in zip(problem.observables, plan.inputs, strict=True):
        formula = plain(observable.formula.xreplace(expand))
        noise = plain(observable.noise.xreplace(expand))
        inputs = {s: f"y[{i}]" for i, s in enumerate(states)} | {s: f"q[{i}]" for i, s in enumerate(symbols)}
        inputs[TIME] = "t"
        values.append(block(inputs, [("out[0] = ", formula), ("out[1] = ", noise)]))
        a, b = internal("a"), internal("b")
        wanted = [(f"gy[{i}] += ", s) for i, s in enumerate(states)]
        wanted += [(f"gq[{i}] += ", s) for i, s in enumerate(symbols)]
        targets = _gradient([(a, formula), (b, noise)], wanted)
        gradients.append(block({**inputs, a: "a", b: "b"}, targets))
    return [
        cases("observe", "o, y, t, q, out", "o", values),
        cases("observe_vjp", "o, y, t, q, a, b, gy, gq", "o", gradients),
    ]
