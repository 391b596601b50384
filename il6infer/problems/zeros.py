"""Measurements that a model predicts to be 0 whatever its parameters: what they read is not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from il6infer.network.network import Network
from il6infer.problems.spec import Experiment, Problem
from il6infer.problems.stimuli import without


def predicted_zero(problem: Problem) -> np.ndarray:
    """(measurements,) whether the structure of the equations makes the prediction 0.

    IL-6 in the medium where none was given up to then, or at the moment of a wash, or ever after it where nothing gives
    it back; SOCS3 mRNA of cells without the gene. Not what an offset adds to. By the structure of the equations: what
    decays is there for ever, and what an event changes may be there at any time.
    """
    table, known = problem.measurements, {o.id: o for o in problem.observables}
    rows = zip(table["experiment"], table["observable"], table["time"], strict=True)
    experiments = {e.id: e for e in problem.experiments}
    found: dict[tuple[str, str, int, bool], bool] = {}
    zero = np.zeros(len(table), dtype=bool)
    for place, (experiment, observable, time) in enumerate(rows):
        begun = tuple(p for p in experiments[experiment].periods if p.time <= time)
        moment = bool(begun) and begun[-1].time == time
        key = (experiment, observable, len(begun), moment)
        if key not in found:
            until = replace(experiments[experiment], periods=begun)
            lacking = _lacking(problem, until)
            absent = lacking | _absent_at(problem.network, until, lacking, moment=moment)
            formula = without(known[observable].formula.xreplace(problem.network.expand), absent)
            found[key] = bool(formula.is_zero)
        zero[place] = found[key]
    return zero


def _absent_at(network: Network, experiment: Experiment, lacking: frozenset[str], *, moment: bool) -> frozenset[str]:
    """States that are zero at the end of an experiment's periods; with `moment` where the last one begins."""
    anytime = {target for event in network.events for target in event.changes}
    rates = {s: without(rate, lacking) for s, rate in zip(network.states, network.rhs, strict=True)}
    absent = {s for s, initial in zip(network.states, network.initial, strict=True) if initial.is_zero} - anytime

    def run() -> None:
        """Let time go by: what is there makes other states."""
        while made := {state for state in absent if not without(rates[state], absent).is_zero}:
            absent.difference_update(made)

    if not experiment.periods:
        run()
    for number, period in enumerate(experiment.periods, 1):
        # All changes of a moment are of what was there before it.
        emptied = {t: bool(without(v, absent | lacking).is_zero) for t, v in period.changes.items() if t in rates}
        absent |= {t for t, zero in emptied.items() if zero and t not in anytime}
        absent -= {t for t, zero in emptied.items() if not zero}
        if not (moment and number == len(experiment.periods)):
            run()
    return frozenset(absent)


def _lacking(problem: Problem, experiment: Experiment) -> frozenset[str]:
    """Parameters that are 0 in an experiment from its start on."""
    first, *later = [period.changes for period in experiment.periods] or [{}]
    named = {target for changes in later for target in changes}
    return frozenset(t for t, value in first.items() if value.is_zero and t in problem.network.parameters) - named
