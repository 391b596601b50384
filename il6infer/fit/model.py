"""A problem as a PyMC model: one scalar variable a parameter, one observed variable a read-out."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from il6infer._errors import Fault, raise_faults
from il6infer.fit.priors import LOG_LAPLACE, check_priors, prior_variable
from il6infer.problem.spec import Problem
from il6infer.simulate import Engine
from il6infer.simulate.op import simulate


def variable_names(problem: Problem) -> dict[str, str]:
    """Observable id -> name of its variable: the id without PEtab's customary ``obs_`` where that is unambiguous."""
    short = {o.id: o.id.removeprefix("obs_") for o in problem.observables}
    taken = Counter([*short.values(), *(p.id for p in problem.estimated)])
    return {full: name if taken[name] == 1 else full for full, name in short.items()}


def rows_by_variable(problem: Problem) -> dict[str, np.ndarray]:
    """Variable name -> rows of the measurement table, for every observable that is measured."""
    observed = problem.measurements["observable"].to_numpy()
    rows = {name: np.flatnonzero(observed == full) for full, name in variable_names(problem).items()}
    return {name: index for name, index in rows.items() if len(index)}


def check_problem(problem: Problem) -> None:
    """Refuse a problem that cannot be fitted.

    Raises
    ------
    UserError
        With every prior that cannot be sampled, or every measurement that its noise distribution excludes.
    """
    faults = []
    if not problem.estimated:
        faults.append(Fault("parameters", "none is to be estimated.", "Set 'estimate' to true for those to infer."))
    if problem.measurements.empty:
        faults.append(Fault("measurements", "the table has no rows."))
    kind = {o.id: o.distribution for o in problem.observables}
    for number, row in enumerate(problem.measurements.itertuples(), start=1):
        where = f"measurement {number} ('{row.observable}', experiment '{row.experiment}', time {row.time:g})"
        if not np.isfinite(row.value):
            faults.append(Fault(where, f"its value is {row.value}, a finite number was expected.", "Remove the row."))
        elif row.value <= 0 and kind[row.observable].startswith("log-"):
            what = f"its value {row.value:g} is impossible under {kind[row.observable]} noise."
            faults.append(Fault(where, what, "Use normal noise, or leave out values that are not above zero."))
    raise_faults(faults, f"problem '{problem.id}'")
    check_priors(problem.estimated)


def build_model(problem: Problem, engine: Engine) -> pm.Model:
    """Build the model.

    Parameters
    ----------
    engine
        Compiled from the same problem.

    Returns
    -------
    pymc.Model
        Free variables named by parameter id, on the linear scale; observed variables named by `variable_names`, with
        dimension ``<read-out>_row`` in the order of the measurement table. The prediction is the median; where a
        simulation fails it is infinite and the log-density minus infinity.

    Raises
    ------
    UserError
        If the problem cannot be fitted; see `check_problem`.
    """
    check_problem(problem)
    measured = problem.measurements["value"].to_numpy(dtype=float)
    families = {name: {o.id: o.distribution for o in problem.observables}[full]
                for full, name in variable_names(problem).items()}  # fmt: skip
    with pm.Model() as model:
        theta = pt.stack([prior_variable(parameter) for parameter in problem.estimated])
        prediction, noise = simulate(engine, theta)
        for name, rows in rows_by_variable(problem).items():
            model.add_coord(f"{name}_row", np.arange(len(rows)))
            median, scale = prediction[rows], noise[rows]
            # A prediction may lie below zero by the solver's tolerance; no logarithmic noise explains that.
            logarithm = pt.log(pt.maximum(median, 0.0))
            arguments = {"observed": measured[rows], "dims": f"{name}_row"}
            match families[name]:
                case "normal":
                    pm.Normal(name, median, scale, **arguments)
                case "log-normal":
                    pm.LogNormal(name, logarithm, scale, **arguments)
                case "laplace":
                    pm.Laplace(name, median, scale, **arguments)
                case "log-laplace":
                    pm.CustomDist(name, logarithm, scale, **LOG_LAPLACE, **arguments)
    return model
