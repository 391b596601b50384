"""What a posterior is asked of: names of its variables, and problems that have none."""

from __future__ import annotations

from collections import Counter

import numpy as np

from il6infer._errors import Fault, raise_faults
from il6infer.problems.noise import NOISES
from il6infer.problems.priors import check_priors
from il6infer.problems.spec import Problem


def variable_names(problem: Problem) -> dict[str, str]:
    """Observable id -> name of its variable: the id without PEtab's customary ``obs_`` where that is unambiguous."""
    short = {o.id: o.id.removeprefix("obs_") for o in problem.observables}
    taken = Counter([*short.values(), *(p.id for p in problem.estimated)])
    return {full: name if taken[name] == 1 else full for full, name in short.items()}


def rows_by_variable(problem: Problem, *, literature: bool = False) -> dict[str, np.ndarray]:
    """Variable name -> rows of the measurement table, for every observable that is measured.

    Parameters
    ----------
    literature
        Those of the literature constraints, in place of those of the data.
    """
    observed = problem.measurements["observable"].to_numpy()
    wanted = {o.id for o in problem.observables if o.is_literature == literature}
    rows = {name: np.flatnonzero(observed == full) for full, name in variable_names(problem).items() if full in wanted}
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
        elif row.value <= 0 and NOISES[kind[row.observable]].logarithmic:
            what = f"its value {row.value:g} is impossible under {kind[row.observable]} noise."
            faults.append(Fault(where, what, "Use normal noise, or leave out values that are not above zero."))
    raise_faults(faults, f"problem '{problem.id}'")
    check_priors(problem.estimated)
