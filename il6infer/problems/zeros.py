"""Measurements that a model predicts to be 0 whatever its parameters: what they read is not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from il6infer.problems.spec import Experiment, Problem
from il6infer.problems.stimuli import absent_states, without


def predicted_zero(problem: Problem) -> np.ndarray:
    """(measurements,) whether the structure of the equations makes the prediction 0.

    IL-6 in the medium where none was given up to then, SOCS3 mRNA of cells without the gene; not where a wash has
    taken away what was there, nor what an offset adds to.
    """
    table, known = problem.measurements, {o.id: o for o in problem.observables}
    rows = zip(table["experiment"], table["observable"], table["time"], strict=True)
    experiments = {e.id: e for e in problem.experiments}
    found: dict[tuple[str, str, int], bool] = {}
    zero = np.zeros(len(table), dtype=bool)
    for place, (experiment, observable, time) in enumerate(rows):
        begun = tuple(p for p in experiments[experiment].periods if p.time <= time)
        key = (experiment, observable, len(begun))
        if key not in found:
            until = replace(experiments[experiment], periods=begun)
            lacking = _lacking(problem, until)
            absent = lacking | absent_states(problem.network, until, lacking)
            formula = without(known[observable].formula.xreplace(problem.network.expand), absent)
            found[key] = bool(formula.is_zero)
        zero[place] = found[key]
    return zero


def _lacking(problem: Problem, experiment: Experiment) -> frozenset[str]:
    """Parameters that are 0 in an experiment from its start on."""
    first, *later = [period.changes for period in experiment.periods] or [{}]
    named = {target for changes in later for target in changes}
    return frozenset(t for t, value in first.items() if value.is_zero and t in problem.network.parameters) - named
