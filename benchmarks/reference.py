"""Value, gradient and Jacobian of the reference problem, beside peers, in one run on one core."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.peers import PEERS, ask_peer
from benchmarks.problems import SHARED, reference
from benchmarks.timing import clock
from il6infer.engine import compile

METHODS = ("rodas4", "rodas5p")
TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
DEFAULT = ("rodas5p", 1e-6)


def exact() -> tuple[np.ndarray, np.ndarray]:
    """Predictions (measurements,) and gradient of their sum (parameters,) at rtol 1e-12."""
    problem = reference()
    engine = compile(problem, rtol=1e-12, atol=1e-14, lower_atol=False)
    theta, ones = np.array([p.nominal for p in problem.estimated]), np.ones(len(problem.measurements))
    return engine.simulate(theta).prediction, engine.pullback(theta, ones, 0 * ones)


def errors(prediction: np.ndarray, gradient: np.ndarray, truth: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """Largest error relative to the largest value; of the gradient by the logarithm of each parameter."""
    theta = np.array([p.nominal for p in reference().estimated])
    return {
        "value_error": float(np.max(np.abs(prediction - truth[0])) / np.max(np.abs(truth[0]))),
        "gradient_error": float(np.max(np.abs((gradient - truth[1]) * theta)) / np.max(np.abs(truth[1] * theta))),
    }


def measure(method: str, rtol: float, truth: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """Measure times [ms] and errors of one method at one tolerance; atol = rtol / 100."""
    problem = reference()
    engine = compile(problem, engine=method, rtol=rtol, atol=rtol / 100, lower_atol=False)
    theta, ones = np.array([p.nominal for p in problem.estimated]), np.ones(len(problem.measurements))
    gradient = engine.pullback(theta, ones, 0 * ones)
    row = {
        "value_ms": clock(lambda: engine.simulate(theta)),
        "gradient_ms": clock(lambda: engine.pullback(theta, ones, 0 * ones)),
        **errors(engine.simulate(theta).prediction, gradient, truth),
    }
    if (method, rtol) == DEFAULT:
        jacobian, _ = engine.jacobian(theta)
        row["jacobian_ms"] = clock(lambda: engine.jacobian(theta), 20)
        row["jacobian_error"] = errors(truth[0], jacobian.sum(axis=0), truth)["gradient_error"]
        row["jacobian_against_adjoint"] = float(np.max(np.abs(jacobian.sum(axis=0) / gradient - 1)))
    return row


def measure_diffsol(peers: Any, problem: tuple, truth: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """Measure times of `peers.diffsol`, and the errors of the very calls that it times."""
    calls, theirs = [], peers.clock
    peers.clock = lambda call, n=5: (calls.append(call), clock(call, 20))[1]
    try:
        value_ms, gradient_ms, _ = peers.diffsol(problem)
    finally:
        peers.clock = theirs
    inner = inspect.getclosurevars(calls[1]).nonlocals
    gradient = 0
    for p in inner["ps"]:
        solution, checkpoint = inner["ode"].solve_adjoint_fwd(p, peers.TIMES)
        gradient += np.asarray(inner["ode"].solve_adjoint_bkwd(solution, checkpoint, inner["w"]))[:, 0]
    prediction = np.concatenate([np.asarray(solution.ys).T.ravel() for solution in calls[0]()])
    found = errors(prediction, gradient[: len(truth[1])], truth)
    return {"value_ms": value_ms, "gradient_ms": gradient_ms, **found}


def measure_peer(name: str, truth: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """Measure an engine of the peers' environment, in a process of its own."""
    found = ask_peer("reference", SHARED / "bench", name)
    row = {key: found[key] for key in ("value_ms", "gradient_ms")}
    if "prediction" in found:
        gradient = np.array([found["gradient"][p.id] for p in reference().estimated])
        row |= errors(np.array(found["prediction"]), gradient, truth)
    return row


def run(folder: Path, names: Sequence[str] | None) -> None:
    """Measure all, print the table, write reference.json and work_precision.png."""
    truth = exact()
    rows = {(method, rtol): measure(method, rtol, truth) for method in METHODS for rtol in TOLERANCES}
    result: dict[str, Any] = dict(rows[DEFAULT])
    sys.path.insert(0, str(SHARED / "bench"))
    import peers

    problem = peers.load()
    others = {}
    if names is None:
        names = ["diffsol", *(("amici", "casadi", "diffrax") if PEERS.exists() else ())]
    for name in names:
        others[name] = measure_diffsol(peers, problem, truth) if name == "diffsol" else measure_peer(name, truth)
        result |= {f"{name}_{key}": value for key, value in others[name].items()}
        result[f"{name}_gradient_ratio"] = others[name]["gradient_ms"] / result["gradient_ms"]
    result["work_precision"] = {f"{method}_{rtol:g}": row for (method, rtol), row in rows.items()}
    table = Table("engine", "rtol", "value [ms]", "value + gradient [ms]", "error of value", "error of gradient")
    for label, rtol, row in (
        *((method, rtol, row) for (method, rtol), row in rows.items()),
        *((name, 1e-6, row) for name, row in others.items()),
    ):
        cells = [f"{row[key]:.2f}" for key in ("value_ms", "gradient_ms")]
        cells += [f"{row[key]:.1e}" if key in row else "" for key in ("value_error", "gradient_error")]
        table.add_row(label, f"{rtol:g}", *cells)
    Console(width=120).print(table)
    for key in ("jacobian_ms", "jacobian_error", *(f"{name}_gradient_ratio" for name in names)):
        print(f"{key}: {result[key]:.3g}")
    (folder / "reference.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    plot(rows, others, folder / "work_precision.png")


def plot(rows: dict[tuple[str, float], dict], others: dict[str, dict], path: Path) -> None:
    """Error against time, value and gradient: lower left is better."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import NullFormatter

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for axis, quantity in zip(axes, ("value", "gradient"), strict=True):
        for method in METHODS:
            own = [row for (name, _), row in rows.items() if name == method]
            x, y = [row[f"{quantity}_ms"] for row in own], [row[f"{quantity}_error"] for row in own]
            axis.loglog(x, y, "o-", ms=4, label=method)
        for name, row in others.items():
            if "value_error" in row:
                axis.loglog(row[f"{quantity}_ms"], row[f"{quantity}_error"], "s", label=f"{name}, rtol 1e-6")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xlabel("value [ms]" if quantity == "value" else "value + gradient [ms]")
        axis.set_ylabel(f"largest error of the {quantity}")
        axis.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)
