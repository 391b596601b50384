"""Problems that have no posterior."""

from __future__ import annotations

import numpy as np

from il6infer._errors import Fault, raise_faults
from il6infer.problems.noise import NOISES
from il6infer.problems.priors import check_priors
from il6infer.problems.spec import Problem


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
