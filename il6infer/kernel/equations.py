"""Source of the model-specific half of the kernel, from the symbolic network.

Conventions of the generated functions: ``y`` states, ``p`` varying parameters, ``t`` time, ``v``/``g`` incoming
adjoints, ``gy``, ``gp``, ``gq``, ``gd`` gradients to add to. `il6infer.kernel.rates` writes the rates among them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import sympy as sp

from il6infer.kernel import lu
from il6infer.kernel.layout import Layout
from il6infer.kernel.printer import PART, block, cases, definition, function
from il6infer.kernel.rates import LOOPED, gradient, rates, rates_in_loops
from il6infer.kernel.switch_source import LimitConstants, SwitchConstants, step_limit_source, switch_source
from il6infer.network.denominators import denominators
from il6infer.network.derivatives import derivative
from il6infer.network.functions import plain
from il6infer.network.graphs import replaced, symbols_of
from il6infer.network.network import TIME, internal, symbol
from il6infer.problems.spec import Problem
from il6infer.runs.plan import Plan
from il6infer.runs.segments import theta


class ModelConstants(SwitchConstants, LimitConstants):
    """Constants of a model's code; see `il6infer.kernel.model_functions`."""

    N: int
    NP: int
    NC: int
    NNZ: int
    TIME_DEPENDENT: int
    RESTS: int
    DIAGONAL: list[int]
    ROW: list[int]
    COLUMN: list[int]
    DENOMINATORS: int
    INITIAL: list[float]


def model_source(
    problem: Problem, plan: Plan, spec: Layout
) -> tuple[str, ModelConstants, dict[str, list[int] | list[float]]]:
    """Source of every model-specific function of the kernel, its constants (see `model_functions`), and its lists.

    Parameters
    ----------
    problem
        Its network is compiled.
    plan
        Its quantities are the inputs of observables and jumps.
    spec
        Which parameters vary and which are active.
    """
    network = problem.network
    states = [symbol(s) for s in network.states]
    varying = [symbol(network.parameters[i]) for i in spec.varying]
    size = len(states)
    p_in = {s: f"p[{i}]" for i, s in enumerate(varying)}
    inputs = {**{s: f"y[{i}]" for i, s in enumerate(states)}, **p_in, TIME: "t"}
    wanted = [(f"gy[{j}] += ", s) for j, s in enumerate(states)]
    wanted += [(f"gp[{j}] += ", varying[j]) for j in spec.active]
    write = rates_in_loops if len(network.fluxes) > LOOPED else rates
    written = write(problem, spec, inputs, wanted)
    factors, lists = lu.source(written.factors)
    v_in = {internal(f"v{i}"): f"v[{i}]" for i in range(size)}
    initial = [plain(replaced(e, spec.constants)) for e in network.initial]
    g_in = {internal(f"g{i}"): f"g[{i}]" for i in range(size)}
    switching, of_switches = switch_source(network, varying, spec.constants)
    limit, of_limit = step_limit_source(network, varying, spec.constants)
    drift = written.drift
    divided = denominators([plain(replaced(e, spec.constants)) for e in network.fluxes], states)
    parts = [
        *switching,
        limit,
        *written.parts,
        factors,
        function("denominators", "y, p, t, out", inputs, [(f"out[{i}] = ", e) for i, e in enumerate(divided)]),
        function("drift", "y, p, t, out", inputs, [(f"out[{i}] = ", e) for i, e in enumerate(drift)]),
        function(
            "drift_vjp", "y, p, t, v, gy, gp", {**inputs, **v_in}, gradient(zip(v_in, drift, strict=False), wanted)
        ),
        _initial(initial, p_in),
        function(
            "initial_vjp",
            "p, g, gp",
            {**p_in, **g_in},
            gradient(zip(g_in, initial, strict=True), [(f"gp[{j}] += ", varying[j]) for j in spec.active]),
        ),
        *_quantity_functions(problem, plan),
        *_jump_functions(problem, plan, states),
        *_observable_functions(problem, plan, states),
    ]
    slots = written.factors.slots
    rows, columns = zip(*slots, strict=True)
    constants: ModelConstants = {
        "N": size,
        "NP": len(varying),
        "NC": written.coefficients,
        "NNZ": len(slots),
        "TIME_DEPENDENT": int(bool(drift)),
        "RESTS": int(any(run[0].steady for run in plan.runs) or any(math.inf in times for times in plan.run_times)),
        "DIAGONAL": [slots[i, i] for i in range(size)],
        "ROW": list(rows),
        "COLUMN": list(columns),
        **of_switches,
        "DENOMINATORS": len(divided),
        "INITIAL": [float(e) if e.is_number else 0.0 for e in initial],
        **of_limit,
    }
    return "\n\n".join(parts) + "\n", constants, lists | written.lists


def _initial(values: Sequence[sp.Expr], inputs: dict[sp.Symbol, str]) -> str:
    """Source of the states at the start; numbers of a large model are read from a list."""
    arguments, body = "p, y", []
    asked = [(f"y[{i}] = ", e) for i, e in enumerate(values)]
    if len(values) > PART:
        body = [f"for i in range({len(values)}):", "    x = INITIAL[i]", "    y[i] = x"]
        asked = [(head, e) for head, e in asked if not e.is_number]
    if len(asked) > PART:
        return function("initial", arguments, inputs, [(f"y[{i}] = ", e) for i, e in enumerate(values)])
    return definition("initial", arguments, [*body, *block(inputs, asked)])


def _quantity_functions(problem: Problem, plan: Plan) -> list[str]:
    estimated = [theta(p.id) for p in problem.estimated]
    inputs = {s: f"theta[{i}]" for i, s in enumerate(estimated)}
    computed = [(k, plain(e)) for k, e in enumerate(plan.quantities) if k >= len(estimated) and symbols_of(e)]
    slots = {k: internal(f"d{k}") for k, _ in computed}
    return [
        function("quantities", "theta, d", inputs, [(f"d[{k}] = ", e) for k, e in computed]),
        function(
            "quantities_vjp",
            "theta, gd, gt",
            {**inputs, **{s: f"gd[{k}]" for k, s in slots.items()}},
            gradient([(slots[k], e) for k, e in computed], [(f"gt[{i}] += ", s) for i, s in enumerate(estimated)]),
        ),
    ]


def _jump_functions(problem: Problem, plan: Plan, states: list[sp.Symbol]) -> list[str]:
    inputs = {s: f"y[{i}]" for i, s in enumerate(states)}
    estimated = [theta(p.id) for p in problem.estimated]
    inputs |= {s: f"d[{i}]" for i, s in enumerate(estimated)}
    expressions = [plain(e) for e in plan.expressions]
    wanted = [(f"gy[{i}] += g * ", s) for i, s in enumerate(states)]
    wanted += [(f"gd[{i}] += g * ", s) for i, s in enumerate(estimated)]
    gradients = [[(h + "(", derivative(e, s)) for h, s in wanted if s in symbols_of(e)] for e in expressions]
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
        formula = plain(replaced(observable.formula, expand))
        noise = plain(replaced(observable.noise, expand))
        inputs = {s: f"y[{i}]" for i, s in enumerate(states)} | {s: f"q[{i}]" for i, s in enumerate(symbols)}
        inputs[TIME] = "t"
        values.append(block(inputs, [("out[0] = ", formula), ("out[1] = ", noise)]))
        a, b = internal("a"), internal("b")
        wanted = [(f"gy[{i}] += ", s) for i, s in enumerate(states)]
        wanted += [(f"gq[{i}] += ", s) for i, s in enumerate(symbols)]
        targets = gradient([(a, formula), (b, noise)], wanted)
        gradients.append(block({**inputs, a: "a", b: "b"}, targets))
    return [
        cases("observe", "o, y, t, q, out", "o", values),
        cases("observe_vjp", "o, y, t, q, a, b, gy, gq", "o", gradients),
    ]
