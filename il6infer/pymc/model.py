"""A problem as a PyMC model: one scalar variable a parameter, one observed variable a read-out."""

from __future__ import annotations

import numpy as np
import pymc as pm

from il6infer.engine import Engine
from il6infer.inference.variables import check_problem
from il6infer.problems.courses import courses_of
from il6infer.problems.noise import NOISES
from il6infer.problems.spec import Problem
from il6infer.problems.variables import rows_by_variable, variable_names
from il6infer.pymc.along_courses import course_arguments
from il6infer.pymc.op import simulate
from il6infer.pymc.priors import prior_variable
from il6infer.pymc.tensors import pt


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
        simulation fails it is infinite and the log-density minus infinity. A read-out with censored measurements is a
        `pymc.Censored` one, with their limits as its bounds; one whose errors hang together along courses is one vector
        with their multivariate normal density.

    Raises
    ------
    UserError
        If the problem cannot be fitted; see `check_problem`.
    """
    check_problem(problem)
    measured = problem.measurements["value"].to_numpy(dtype=float)
    courses = courses_of(problem)
    families = {name: {o.id: o.distribution for o in problem.observables}[full]
                for full, name in variable_names(problem).items()}  # fmt: skip
    with pm.Model() as model:
        theta = pt.stack([prior_variable(parameter) for parameter in problem.estimated])
        prediction, noise = simulate(engine, theta)
        for name, rows in {**rows_by_variable(problem), **rows_by_variable(problem, literature=True)}.items():
            model.add_coord(f"{name}_row", np.arange(len(rows)))
            median, scale = prediction[rows], noise[rows]
            # A prediction may lie below zero by the solver's tolerance; no logarithmic noise explains that.
            logarithm = pt.log(pt.maximum(median, 0.0))
            arguments = {"observed": measured[rows], "dims": f"{name}_row"}
            kind = NOISES[families[name]]
            family, more = kind.pymc(pm)
            place = logarithm if kind.logarithmic else median
            sides = problem.sides[rows]
            own = [course for course in courses if course.rows[0] in rows]
            if own:
                carrier = own[0].carrier
                about = (place, scale, prediction[carrier], noise[carrier])
                along = course_arguments(rows, own, logarithmic=kind.logarithmic)
                pm.CustomDist(name, *about, **along, **arguments)
                continue
            if not sides.any():
                family(name, place, scale, **more, **arguments)
                continue
            lower = np.where(sides < 0, measured[rows], -np.inf)
            upper = np.where(sides > 0, measured[rows], np.inf)
            pm.Censored(name, family.dist(place, scale, **more), lower, upper, **arguments)
    return model
