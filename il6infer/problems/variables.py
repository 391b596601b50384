"""Read-outs as variables of a posterior: their names, and the rows that are measurements of each."""

from __future__ import annotations

from collections import Counter

import numpy as np

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
    wanted = {o.id for o in problem.observables if o.is_literature == literature and not o.is_carrier}
    rows = {name: np.flatnonzero(observed == full) for full, name in variable_names(problem).items() if full in wanted}
    return {name: index for name, index in rows.items() if len(index)}
