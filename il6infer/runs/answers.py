"""What is read once, as a measurement or a start, has no value where it hangs on a condition without truth."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from il6infer.network.answers import answered
from il6infer.network.graphs import replaced
from il6infer.network.network import symbol
from il6infer.problems.spec import Problem


def with_answers(problem: Problem) -> Problem:
    """Problem in which what is read once has no value where it hangs on a condition without truth.

    That is what is measured, what states and parameters start with, and what periods and events set. A rate is asked
    while states move, where a state may be below zero by rounding: `doubtful_conditions` looks at these.

    Parameters
    ----------
    problem
        As it is stated, without modes.
    """
    network = problem.network
    expand, states = network.expand, [*map(symbol, network.states)]

    def read(e: sp.Expr) -> sp.Expr:
        written = replaced(e, expand)
        return e if (found := answered(written, states)) is written else found

    return replace(
        problem,
        network=replace(
            network,
            defaults=tuple(map(answered, network.defaults)),
            initial=tuple(map(answered, network.initial)),
            events=tuple(replace(e, changes={n: read(v) for n, v in e.changes.items()}) for e in network.events),
        ),
        observables=tuple(replace(o, formula=read(o.formula), noise=read(o.noise)) for o in problem.observables),
        experiments=tuple(
            replace(e, periods=tuple(replace(p, changes={n: read(v) for n, v in p.changes.items()}) for p in e.periods))
            for e in problem.experiments
        ),
    )
