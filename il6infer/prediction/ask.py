"""Simulate the experiments of claims with a problem's model, and compute each quantity at parameter draws."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import numpy as np

from il6infer.engine import compile
from il6infer.inference.curves import grid
from il6infer.inference.predictive import simulate_all
from il6infer.network.network import Network
from il6infer.prediction.claims import PARAMETER, RATIO, Claims, VirtualExperiment, needs, series
from il6infer.prediction.courses import experiments_of, question, readable
from il6infer.prediction.quantities import LOWER_BOUNDS, QUANTITIES, Seen
from il6infer.problems.spec import Problem

REQUIRED = {
    "C_classic": "classic signalling",
    "C_trans": "trans-signalling",
    "C_cluster": "cluster signalling",
    "K_SOCS3": "inhibition by SOCS3",
    "k_loss_SOCS3": "loss of receptors by SOCS3",
}
"""Species or parameter that an experiment may require -> what a model without it lacks."""


class Simulator:
    """Courses of read-outs in the experiments of claims.

    Parameters
    ----------
    problem
        Gives the model, its parameters, and the state of rest from which every experiment starts.
    claims
        What will be asked.

    Attributes
    ----------
    absent
        Of `lacking`; claims that need something of it cannot be asked, and nothing is simulated for them alone.
    times
        (times,) [min].
    """

    def __init__(self, problem: Problem, claims: Claims, *, engine: str, rtol: float, atol: float) -> None:
        self.problem, self.claims = problem, claims
        self.absent = lacking(problem.network, [p.id for p in problem.estimated], claims)
        askable = [claim for claim in claims.claims if not self.absent.keys() & needs(claim)]
        self._series = tuple(dict.fromkeys(asked for claim in askable for asked in series(claim)))
        self._runs = {name: experiments_of(claims.plans[name], problem) for _, name in self._series}
        self.times = grid(0.0, claims.until)
        self._engine = None
        if self._series:
            asked = [(r, self._runs[name]) for r, name in self._series]
            self._engine = compile(question(problem, asked, self.times), engine=engine, rtol=rtol, atol=atol)

    @property
    def runs(self) -> tuple[str, ...]:
        """Simulated experiments, one for each dose."""
        return tuple(run.id for runs in self._runs.values() for run in runs)

    def courses(self, thetas: np.ndarray, threads: int = 1) -> dict[tuple[str, str], np.ndarray]:
        """Simulate (draws, parameters), on the linear scale.

        Returns
        -------
        dict
            (read-out, experiment) -> (draws, times), or (draws, doses, times) of a varied experiment; NaN where a
            simulation failed.
        """
        if self._engine is None:
            return {}
        found = simulate_all(self._engine, thetas, threads).prediction.reshape(len(thetas), -1, len(self.times))
        ends = np.cumsum([len(self._runs[name]) for _, name in self._series])
        blocks = zip(self._series, np.split(found, ends[:-1], axis=1), strict=True)
        return {(r, name): b if self.claims.plans[name].doses else b[:, 0] for (r, name), b in blocks}


def lacking(network: Network, estimated: Collection[str], claims: Claims) -> dict[tuple[str, str], str]:
    """List what claims name and a model lacks; nothing is compiled or simulated.

    Parameters
    ----------
    estimated
        Parameters that the fit estimates.

    Returns
    -------
    dict
        (kind, name), kind being readout, experiment or parameter -> why a claim that needs it cannot be asked.
    """

    def reason(kind: str, name: str) -> str:
        if kind == "readout":
            return "" if name in readable(network) else f"the model has no read-out '{name}'"
        if kind == "parameter":
            return "" if name in estimated else f"'{name}' is not a parameter that this model's fit estimates"
        return lacks(network, claims.plans[name])

    needed = dict.fromkeys(need for claim in claims.claims for need in needs(claim))
    return {need: why for need in needed if (why := reason(*need))}


def lacks(network: Network, plan: VirtualExperiment) -> str:
    """Say what an experiment needs and a model lacks; empty where the model has it all."""
    dosed = {step.species for step in plan.steps if step.species} | set(plan.varied)
    for entry in plan.requires:
        if not any(name in network.states or name in network.parameters for name in entry):
            missing = [REQUIRED.get(name, f"'{name}'") for name in entry]
            return f"the model has {'neither' if len(entry) > 1 else 'no'} {' nor '.join(missing)}"
    for species in sorted(dosed - set(network.states)):
        return f"the model has no species '{species}'"
    for parameter in (*plan.set, *plan.scale):
        if parameter not in network.parameters:
            return f"the model has no parameter '{parameter}'"
        if parameter in network.computed:
            return f"the model computes '{parameter}' of others, which would overwrite it"
    for parameter in plan.knock_out:
        if parameter not in network.parameters and parameter not in _library_parameters():
            return f"'{parameter}' is no parameter of this model, nor of any in the library"
    return ""


@cache
def _library_parameters() -> frozenset[str]:
    from il6infer.library.priors import prior_table  # few ask, and its schema is slow to import

    return frozenset(prior_table()["parameter"])


def quantity(
    asked: Mapping[str, Any], simulator: Simulator, courses: Mapping[tuple[str, str], np.ndarray], thetas: np.ndarray
) -> np.ndarray:
    """Values (draws,) of a quantity; NaN where it is not defined.

    Parameters
    ----------
    courses
        Of `Simulator.courses` at the same `thetas`.
    """
    [(kind, named)] = asked.items()
    if kind == PARAMETER:
        return thetas[:, [p.id for p in simulator.problem.estimated].index(named)]
    if kind == RATIO:
        top, bottom = (quantity(inner, simulator, courses, thetas) for inner in named)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(bottom > 0, top / bottom, np.nan)
    experiments = QUANTITIES[kind].experiments(named)
    found = {argument: courses[named["readout"], name] for argument, name in experiments.items()}
    doses = np.array([d for name in experiments.values() for d in simulator.claims.plans[name].doses])
    return QUANTITIES[kind].value(Seen(simulator.times, found, named, doses))


def bounds(asked: Mapping[str, Any], courses: Mapping[tuple[str, str], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Whether each value of a quantity is only a lower bound, and whether it is only an upper one (draws,) or ().

    Parameters
    ----------
    courses
        As of `quantity`.
    """
    [(kind, named)] = asked.items()
    none = np.zeros((), dtype=bool)
    if kind == RATIO:
        (top_low, top_high), (bottom_low, bottom_high) = (bounds(inner, courses) for inner in named)
        return top_low | bottom_high, top_high | bottom_low
    if kind not in LOWER_BOUNDS:
        return none, none
    return LOWER_BOUNDS[kind](courses[named["readout"], named["experiment"]]), none
