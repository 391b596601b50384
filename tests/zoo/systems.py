"""Small systems written as networks, and the problems that ask for their states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import sympy as sp

from il6infer.network.network import Network, symbol
from il6infer.problems.spec import Experiment, Observable, Parameter, Period, Prior, Problem


def network(
    rates: Mapping[str, sp.Expr],
    initial: Mapping[str, float],
    parameters: Mapping[str, float] | None = None,
    stoichiometry: np.ndarray | None = None,
    fluxes: Sequence[sp.Expr] = (),
) -> Network:
    """Network of given rates of change; `initial` may name parameters."""
    parameters = dict(parameters or {})
    states = tuple(rates)
    rhs = tuple(sp.sympify(e) for e in rates.values())
    return Network(
        id="system",
        states=states,
        parameters=tuple(parameters),
        defaults=tuple(sp.Float(v) for v in parameters.values()),
        initial=tuple(sp.sympify(initial.get(s, 0.0)) for s in states),
        rhs=rhs,
        derived={},
        stoichiometry=np.eye(len(states)) if stoichiometry is None else stoichiometry,
        fluxes=tuple(fluxes) or rhs,
        flux_ids=tuple(f"v{i}" for i in range(len(fluxes) or len(states))),
    )


ONE = (Experiment("e", (Period(0.0),)),)
"""One experiment in which nothing is done."""


def log_normal(name: str, median: float, sd: float = 1.0) -> Parameter:
    """Estimated parameter above zero; the median of its prior is its nominal value."""
    return Parameter(name, 0.0, np.inf, median, True, Prior("log-normal", (float(np.log(median)), sd)))


def measurements(
    values: Sequence[float],
    times: Sequence[float],
    observable: str | Sequence[str],
    experiment: str | Sequence[str] = "e",
    batch: str = "",
    replicate: str = "",
) -> pd.DataFrame:
    """Measurements of a problem, without parameters of a row."""
    nothing = [()] * len(values)
    return pd.DataFrame(
        {
            "observable": observable, "experiment": experiment, "time": np.asarray(times, dtype=float),
            "value": np.asarray(values, dtype=float), "observable_parameters": nothing, "noise_parameters": nothing,
            "batch": batch, "replicate": replicate,
        }
    )  # fmt: skip


def problem(
    net: Network,
    times: Sequence[float],
    experiments: Sequence[Experiment] = ONE,
    estimated: Mapping[str, float] | None = None,
    observed: Sequence[str] | None = None,
) -> Problem:
    """Every state (or those `observed`) read at all times in all experiments, normal noise of 1."""
    observed = tuple(observed or net.states)
    rows = [(t, f"o_{s}", e.id) for e in experiments for t in times for s in observed]
    return Problem(
        id="zoo",
        network=net,
        parameters=tuple(log_normal(k, v) for k, v in (estimated or {}).items()),
        experiments=tuple(experiments),
        observables=tuple(Observable(f"o_{s}", symbol(s), sp.Float(1.0)) for s in observed),
        measurements=measurements(np.ones(len(rows)), *map(list, zip(*rows, strict=True))),
    )


def robertson() -> tuple[Network, float, list[float]]:
    """Network, end time and published states at the end, of the Robertson problem (IVP test set, ROBER)."""
    a, b, c = map(symbol, "abc")
    r1, r2, r3 = 0.04 * a, 3e7 * b**2, 1e4 * b * c
    net = network({"a": -r1 + r3, "b": r1 - r2 - r3, "c": r2}, {"a": 1.0})
    return net, 1e11, [0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050]


def hires() -> tuple[Network, float, list[float]]:
    """Network, end time and published states at the end, of HIRES (IVP test set)."""
    y1, y2, y3, y4, y5, y6, y7, y8 = (symbol(f"y{i}") for i in range(1, 9))
    rates = {
        "y1": -1.71 * y1 + 0.43 * y2 + 8.32 * y3 + 0.0007,
        "y2": 1.71 * y1 - 8.75 * y2,
        "y3": -10.03 * y3 + 0.43 * y4 + 0.035 * y5,
        "y4": 8.32 * y2 + 1.71 * y3 - 1.12 * y4,
        "y5": -1.745 * y5 + 0.43 * y6 + 0.43 * y7,
        "y6": -280 * y6 * y8 + 0.69 * y4 + 1.71 * y5 - 0.43 * y6 + 0.69 * y7,
        "y7": 280 * y6 * y8 - 1.81 * y7,
        "y8": -280 * y6 * y8 + 1.81 * y7,
    }
    end = [
        0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
        0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2,
    ]  # fmt: skip
    return network(rates, {"y1": 1.0, "y8": 0.0057}), 321.8122, end


def oregonator() -> tuple[Network, float, list[float]]:
    """Network, end time and published states at the end, of the Oregonator (IVP test set, OREGO)."""
    a, b, c = map(symbol, "abc")
    rates = {"a": 77.27 * (b + a * (1 - 8.375e-6 * a - b)), "b": (c - (1 + a) * b) / 77.27, "c": 0.161 * (a - c)}
    return network(rates, {"a": 1.0, "b": 2.0, "c": 3.0}), 360.0, [
        0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3,
    ]  # fmt: skip


def van_der_pol() -> tuple[Network, float, list[float]]:
    """Van der Pol with mu = 1000 in scaled time (IVP test set, VDPOL, epsilon 1e-6)."""
    x, v = symbol("x"), symbol("v")
    net = network({"x": v, "v": ((1 - x**2) * v - x) * 1e6}, {"x": 2.0})
    return net, 2.0, [0.1706167732170483e1, -0.8928097010247975]


CLASSICS = {"robertson": robertson, "hires": hires, "oregonator": oregonator, "van_der_pol": van_der_pol}
