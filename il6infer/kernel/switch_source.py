"""Source of what the kernel needs of a model's switches and located events; see `il6infer.kernel.switching`."""

from __future__ import annotations

from typing import TypedDict

import sympy as sp

from il6infer.kernel.printer import block, cases, definition, function
from il6infer.network.derivatives import derivative
from il6infer.network.functions import plain
from il6infer.network.graphs import replaced, symbols_of
from il6infer.network.network import TIME, Event, Network, internal, symbol
from il6infer.runs.modes import located, located_events
from il6infer.runs.time_scale import step_limits
from il6infer.runs.truths import doubtful_conditions


class SwitchConstants(TypedDict):
    """Constants of switches and events."""

    SWITCHES: int
    CONDITIONS: int
    EVENTS: int
    MODE: list[int]
    AT_ZERO: list[int]
    KINK: list[int]
    OF_TIME: list[int]
    EVENT_OF_TIME: list[int]
    ASSIGNED: list[list[int]]
    PERSISTENT: list[int]
    TRIGGER_VALUES: list[int]
    INITIALLY: list[float]


class LimitConstants(TypedDict):
    """Constants of the limit of a step."""

    LIMITED: int


def switch_source(network: Network, varying: list[sp.Symbol], constants: dict) -> tuple[list[str], SwitchConstants]:
    """Source of the functions of switches and events, and their constants; see `kernel.model_functions`.

    Parameters
    ----------
    varying
        Network parameters in the order of the vector ``p``.
    constants
        Symbol -> value of those that are written into the code.
    """
    modes, events = located(network), located_events(network)
    states = [symbol(s) for s in network.states]
    p_in = {s: f"p[{i}]" for i, s in enumerate(varying)}
    inputs = {s: f"y[{i}]" for i, s in enumerate(states)} | p_in | {TIME: "t"}
    wanted = [(f"gy[{i}] += ", s) for i, s in enumerate(states)]
    by_parameters = [(f"gp[{i}] += ", s) for i, s in enumerate(varying)]
    factor = internal("c")
    functions = [plain(replaced(mode.located_function, constants)) for mode in modes]
    parts = [
        function("switch_functions", "y, p, t, out", inputs, [(f"out[{j}] = ", g) for j, g in enumerate(functions)]),
        cases(
            "switch_vjp",
            "j, y, p, t, c, gy, gp, gt",
            "j",
            [
                block(
                    {**inputs, factor: "c"},
                    [(h, factor * derivative(g, s)) for h, s in (*wanted, *by_parameters, ("gt[0] += ", TIME))],
                )
                for g in functions
            ],
        ),
        definition(
            "trigger",
            "p, out",
            block(
                p_in,
                [
                    (f"out[{e}] = ", sp.Piecewise((1, replaced(event.trigger, constants)), (0, True)))
                    for e, event in enumerate(events)
                ],
            ),
        ),
    ]
    truths = [replaced(e, constants) for both in doubtful_conditions(network, network.rhs) for e in both]
    by_number = [(f"out[{n}] = ", sp.Piecewise((1, e), (0, True))) for n, e in enumerate(truths)]
    parts.append(definition("truths", "p, out", block(p_in, by_number)))
    values, gradients, assigned = [], [], []
    for event in events:
        now, value, gradient = _event(event, network, varying, constants)
        values.append(value)
        gradients.append(gradient)
        assigned.append([int(str(s) in now) for s in states])
    parts.append(cases("event", "e, y, z, p, t, out", "e", values))
    parts.append(cases("event_vjp", "e, y, z, p, t, v, gy, gz, gp, gt", "e", gradients))
    place = {s: i for i, s in enumerate(varying)}
    of_time = [not symbols_of(g) & set(states) for g in functions]
    of_states = {symbol(mode.parameter) for mode, own in zip(modes, of_time, strict=True) if not own}
    return parts, {
        "SWITCHES": len(modes),
        "CONDITIONS": len(truths) // 2,
        "EVENTS": len(events),
        "MODE": [place[symbol(mode.parameter)] for mode in modes],
        "AT_ZERO": [int(mode.at_zero) for mode in modes],
        "KINK": [int(mode.kink) for mode in modes],
        "OF_TIME": [int(own) for own in of_time],
        "EVENT_OF_TIME": [int(not symbols_of(e.trigger) & of_states) for e in events],
        "ASSIGNED": assigned or [[0] * len(states)],
        "PERSISTENT": [int(e.persistent) for e in events],
        "TRIGGER_VALUES": [int(e.use_trigger_values) for e in events],
        "INITIALLY": [float(e.initial_value) for e in events],
    }


def _event(
    event: Event, network: Network, varying: list[sp.Symbol], constants: dict
) -> tuple[dict[str, sp.Expr], list[str], list[str]]:
    """Give the new values of an event, and the code of these and of their adjoint.

    ``y`` is the state that assignments are evaluated with, ``z`` the one that they change: a species in a volume that
    changes keeps the amount that it has then.
    """
    states = [symbol(s) for s in network.states]
    current = {s: sp.Dummy(f"{s}_now", real=True) for s in states}
    now = {name: replaced(e, network.expand) for name, e in event.changes.items()}
    for name, volume in event.dilution.items():
        now[name] = current[symbol(name)] * current.get(symbol(volume), symbol(volume)) / now[volume]
    now = {name: plain(replaced(e, constants)) for name, e in now.items()}
    index = {s: i for i, s in enumerate(states)}
    inputs = {s: f"y[{i}]" for s, i in index.items()} | {current[s]: f"z[{i}]" for s, i in index.items()}
    inputs |= {s: f"p[{i}]" for i, s in enumerate(varying)} | {TIME: "t"}
    bars = {name: internal(f"v{index[symbol(name)]}") for name in now}
    total = sp.Add(*[bars[name] * e for name, e in now.items()])
    wanted = [(f"gy[{i}] += ", s) for s, i in index.items()] + [(f"gz[{i}] += ", current[s]) for s, i in index.items()]
    wanted += [(f"gp[{i}] += ", s) for i, s in enumerate(varying)] + [("gt[0] += ", TIME)]
    value = block(inputs, [(f"out[{index[symbol(name)]}] = ", e) for name, e in now.items()])
    given = {bar: f"v[{index[symbol(name)]}]" for name, bar in bars.items()}
    return now, value, block({**inputs, **given}, [(h, derivative(total, s)) for h, s in wanted])


def step_limit_source(network: Network, varying: list[sp.Symbol], constants: dict) -> tuple[str, LimitConstants]:
    """Source of ``step_limit``, the longest step that sees what rates do in time, and whether there is any limit.

    Parameters
    ----------
    network
        Rates and rules.
    varying
        Parameters in the order of the kernel's ``p``.
    constants
        Symbol -> value of all others.
    """
    limits = step_limits(network)
    values = [plain(replaced(e, constants)) for e in limits.values]
    inputs = {symbol(s): f"y[{i}]" for i, s in enumerate(network.states)}
    inputs |= {s: f"p[{i}]" for i, s in enumerate(varying)} | {TIME: "t"}
    of_names = {name: f"u{n}" for n, name in enumerate(limits.names)}
    lines = block(inputs, [(f"{of_names[name]} = ", e) for name, e in zip(limits.names, values, strict=True)])
    steps = {f"h{n}": plain(e) for n, e in enumerate(limits.steps)}
    lines += block({**of_names, TIME: "t"}, [(f"{h} = ", e) for h, e in steps.items()], "s")
    # One that is no number, as where a slope overflows, hides no other.
    lines += ["out[0] = inf", *[f"out[0] = {h} if {h} < out[0] else out[0]" for h in steps]]
    return definition("step_limit", "y, p, t, out", lines if steps else []), {"LIMITED": int(bool(steps))}
