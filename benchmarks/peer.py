"""Answers of AMICI and COPASI. Runs in the peers' environment, not in the project's.

Usage: python peer.py {llh,clock,course} FILE WORK_FOLDER [PARAMETERS.json]
       python peer.py sample FILE WORK_FOLDER SECONDS
       python peer.py reference BENCH_FOLDER WORK_FOLDER ENGINE
Prints one JSON object: llh and gradient at the nominal (or the given) parameters of a PEtab v2 problem, by AMICI with
tight tolerances; times in ms of a v1 problem, by pyPESTO at AMICI's own tolerances; or the species of an SBML model
after 60 of its time units, by COPASI; or draws of pyPESTO's adaptive parallel tempering within so many seconds of the
processor; or times in ms of the reference problem in an engine of BENCH_FOLDER/peers.py,
and what AMICI computed there.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any


def llh(problem: Path, folder: Path, values: dict[str, float]) -> dict[str, Any]:
    """Log-likelihood and its gradient on the linear scale."""
    import amici.sim.sundials as sundials
    from amici.importers.petab import PetabImporter, flatten_timepoint_specific_output_overrides
    from petab.v2 import Problem

    read = Problem.from_yaml(str(problem))
    flatten_timepoint_specific_output_overrides(read)
    name = f"peer_{problem.parent.parent.name}"
    simulator = PetabImporter(read, output_dir=folder / name, module_name=name, verbose=False).create_simulator()
    solver = simulator.solver
    solver.set_relative_tolerance(1e-10)
    solver.set_absolute_tolerance(1e-13)
    solver.set_sensitivity_order(sundials.SensitivityOrder.first)
    solver.set_sensitivity_method(sundials.SensitivityMethod.forward)
    found = simulator.simulate(values)
    return {"llh": float(found.llh), "gradient": {k: float(v) for k, v in found.sllh.items()}}


def clock(problem: Path, folder: Path, repeats: int = 20) -> dict[str, float]:
    """Median time of value and of value + gradient, and the log-likelihood."""
    import numpy as np
    from pypesto.petab import PetabImporter

    importer = PetabImporter.from_yaml(str(problem), simulator_type="amici")
    importer.output_folder = str(folder / problem.stem)
    objective = importer.create_problem().objective
    read = importer.petab_problem  # PEtab v2 has no scales
    point = np.asarray(read.x_nominal_free_scaled if hasattr(read, "x_nominal_free_scaled") else read.x_nominal_free)
    times = {}
    for name, orders in (("value_ms", (0,)), ("gradient_ms", (0, 1))):
        objective(point, sensi_orders=orders)
        taken = []
        for _ in range(repeats):
            start = time.perf_counter()
            objective(point, sensi_orders=orders)
            taken.append(time.perf_counter() - start)
        times[name] = 1e3 * float(np.median(taken))
    return {**times, "llh": -float(objective(point))}


def sample(
    problem: Path, folder: Path, seconds: float, chains: int = 4, temperatures: int = 3, kept: int = 5000
) -> dict[str, Any]:
    """Draw chains by adaptive parallel tempering from the nominal point, each as long as its share of `seconds` allows.

    Seconds are the processor's. The first half is left out; of the rest every so many draws are given, `kept` a chain.
    """
    import numpy as np
    import pypesto.sample as sampling
    from petab.v1.core import flatten_timepoint_specific_output_overrides
    from pypesto.petab import PetabImporter

    importer = PetabImporter.from_yaml(str(problem), simulator_type="amici")
    flatten_timepoint_specific_output_overrides(importer.petab_problem)  # AMICI refuses other scales at other times
    importer.output_folder = str(folder / problem.stem)
    posed = importer.create_problem()
    point = np.asarray(importer.petab_problem.x_nominal_free_scaled)
    point = np.clip(point, posed.lb + 1e-3 * (posed.ub - posed.lb), posed.ub - 1e-3 * (posed.ub - posed.lb))
    posed.objective(point)
    start = time.process_time()
    for _ in range(10):
        posed.objective(point)
    each = (time.process_time() - start) / 10
    start, halves = time.process_time(), []
    for seed in range(1, chains + 1):
        chain = sampling.AdaptiveParallelTemperingSampler(
            internal_sampler=sampling.AdaptiveMetropolisSampler(), n_chains=temperatures,
            options={"show_progress": False},
        )  # fmt: skip
        np.random.seed(seed)  # noqa: NPY002 (pyPESTO draws from it)
        result = sampling.sample(posed, int(seconds / chains / each / temperatures), chain, x0=[point] * temperatures)
        draws = result.sample_result.trace_x[0]
        half = draws[len(draws) // 2 :]
        halves.append(half[:: max(1, len(half) // kept)].tolist())
    taken = time.process_time() - start
    return {"draws": halves, "samples": chains * len(draws), "cpu_s": taken, "value_ms": 1e3 * each}


def course(model: Path) -> dict[str, float]:
    """Species by name after 60 time units from the model's own initial state."""
    from basico import load_model, run_time_course

    load_model(str(model))
    table = run_time_course(duration=60, intervals=1, r_tol=1e-10, a_tol=1e-14, use_initial_values=True)
    return {str(name): float(value) for name, value in table.iloc[-1].items()}


def reference(bench: Path, engine: str, repeats: int = 20) -> dict[str, Any]:
    """Median time of value and of value + gradient; of AMICI also prediction and gradient of its sum, by parameter."""
    import numpy as np

    sys.path.insert(0, str(bench))
    import peers

    def timed(call: Any, n: int = repeats) -> float:
        taken = []
        for _ in range(max(n, repeats) + 1):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
        return 1e3 * float(np.median(taken[1:]))

    seen: list[Any] = []
    if engine == "amici":
        import amici.sim.sundials as sundials

        simulate = sundials.run_simulation
        sundials.run_simulation = lambda model, solver: seen.append(simulate(model, solver)) or seen[-1]
    peers.clock = timed
    problem = peers.load()
    value, gradient, _ = getattr(peers, engine)(problem)
    found: dict[str, Any] = {"value_ms": value, "gradient_ms": gradient}
    if seen:
        last = seen[-len(problem[6]) :]
        found["prediction"] = np.concatenate([np.asarray(result.y).ravel() for result in last]).tolist()
        total = sum(np.asarray(result.sy).sum(axis=(0, 2)) for result in last)
        found["gradient"] = dict(zip(last[0].free_parameter_ids, total.tolist(), strict=True))
    return found


def main() -> None:
    """Answer what the command line asks."""
    logging.disable(logging.WARNING)
    what, problem, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if what == "llh":
        values = json.loads(Path(sys.argv[4]).read_text("utf-8")) if len(sys.argv) > 4 else {}
        answer: dict[str, Any] = llh(problem, folder, values)
    elif what == "course":
        answer = course(problem)
    elif what == "sample":
        answer = sample(problem, folder, float(sys.argv[4]))
    elif what == "reference":
        answer = reference(problem, sys.argv[4])
    else:
        answer = clock(problem, folder)
    print(json.dumps(answer))  # noqa: T201 (the answer)


if __name__ == "__main__":
    main()
