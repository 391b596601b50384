"""What is asked of cells, as people write it: ``{"IL6": "10 ng/ml", "sgp130Fc": ["0 nM", "10 nM"]}``, checked whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from numbers import Integral, Real
from typing import Any

import numpy as np

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._units import species_of
from il6infer.ingestion.protocol import Step
from il6infer.interface.doses import Dose, concentration
from il6infer.library.assembly import readout_fault, species_fault
from il6infer.library.catalogue import shipped
from il6infer.library.compose import Model
from il6infer.library.genotypes import knock_out_fault, parameter_fault, parameters_of_gene, value_fault
from il6infer.prediction.claims import VirtualExperiment
from il6infer.prediction.courses import readable
from il6infer.problems.spec import STEADY_STATE, Problem


@dataclass(frozen=True)
class Request:
    """An experiment that cells may be asked for, without a fault.

    Attributes
    ----------
    plans
        Concentrations [nM] of the varied species -> what is done.
    dimensions
        Varied species -> its concentrations [nM], in the order given.
    readouts
        What is read; empty: whatever is read by default.
    times
        (times,) [min], increasing from 0 on.
    """

    plans: Mapping[tuple[float, ...], VirtualExperiment]
    dimensions: Mapping[str, Sequence[float]]
    readouts: tuple[str, ...]
    times: np.ndarray


def request(
    problem: Problem,
    doses: Mapping[str, Dose | Sequence[Dose]],
    times: Sequence[float],
    *,
    readouts: Sequence[str] | None,
    parameters: Mapping[str, float] | None,
    at: Mapping[str, float] | None,
    wash: Sequence[float] | float,
    knock_out: Sequence[str],
    counts: Mapping[str, tuple[int, int]],
    model: Model | None = None,
) -> Request:
    """Check all that is asked, and say every fault in one message.

    Parameters
    ----------
    problem
        Gives the states, the parameters and what can be read.
    doses, times, readouts, parameters, at, wash, knock_out
        As `il6infer.Model.simulate` takes them; one name or number may stand where several can.
    counts
        Argument -> the number given, and the least that can be.
    model
        Of the library, where it is one: a message then names the model that has what this one lacks.

    Raises
    ------
    UserError
        With every dose, time, read-out, parameter and number that cannot be.
    """
    faults = [
        Fault(name, f"a whole number from {least} on was expected, found {given!r}.")
        for name, (given, least) in counts.items()
        if not isinstance(given, Integral) or isinstance(given, bool) or given < least
    ]
    faults += _mappings({"doses": doses, "parameters": parameters, "at": at})
    raise_faults(faults, f"request to '{problem.id}'")
    # Any sequence, or one of what it would hold: a text is a sequence of letters only to Python.
    read, lacking, washes = _listed(readouts), _listed(knock_out), _listed(wash)
    found = _doses(doses, problem, model, faults)
    added = _times_of(at or {}, found, faults)
    faults += _not_finite("wash", washes)
    grid = _grid(times, faults)
    known = readable(problem.network)
    for name in read:
        if name not in known:
            own = readout_fault(f"read-out '{name}'", name, model.name, model.library) if model else None
            faults.append(own or Fault(f"read-out '{name}'", "the model has none of that name.", nearest(name, known)))
    faults += _parameter_faults(parameters or {}, problem, model)
    faults += _knock_out_faults(lacking, parameters or {}, problem, model)
    raise_faults(faults, f"request to '{problem.id}'")
    varied = {name: several for name, (several, one) in found.items() if not one}
    fixed = {name: several[0] for name, (several, one) in found.items() if one}
    library = model.library if model is not None else shipped()
    zero = [p for name in lacking for p in parameters_of_gene(name, library) if p in problem.network.parameters]
    plans = {}
    for key in product(*varied.values()):
        steps = [Step("", float(time), "wash", "", None, None, "", 0) for time in washes]
        given = fixed | dict(zip(varied, key, strict=True))
        steps += [Step("", added.get(name, 0.0), "add", name, dose, dose, "nM", 0) for name, dose in given.items()]
        steps.sort(key=lambda step: step.time_min)  # stable: a wash comes before what is added at its time
        plans[key] = VirtualExperiment("", tuple(steps), dict(parameters or {}), tuple(zero), (), (), {})
    return Request(plans, varied, tuple(read), np.array(grid))


def _mappings(given: Mapping[str, Any]) -> Iterator[Fault]:
    for name, value in given.items():
        if not isinstance(value, Mapping) and (value is not None or name == "doses"):
            yield Fault(name, f"names with their values were expected, such as {{'IL6': 10}}, found {value!r}.")


def _listed(given: Any) -> list[Any]:
    """Make a list of several, of one, or of none."""
    if given is None:
        return []
    return [given] if isinstance(given, str | Real) or not isinstance(given, Iterable) else list(given)


def _doses(
    doses: Mapping[str, Any], problem: Problem, model: Model | None, faults: list[Fault]
) -> dict[str, tuple[list[float], bool]]:
    """Species -> its concentrations [nM], and whether it is one that does not vary; faults are appended."""
    found: dict[str, tuple[list[float], bool]] = {}
    for written, given in doses.items():
        name = written if written in problem.network.states else species_of(str(written))
        where = f"dose of '{written}'"
        if name in found:
            faults.append(Fault(where, f"'{name}' has a dose already.", "Give all its doses as one list."))
        elif fault := _medium_fault(where, name, problem, model):
            faults.append(fault)
        elif not (several := _listed(given)):
            faults.append(Fault(where, "there is none.", "Write 0 for none of it."))
        else:
            try:
                found[name] = [concentration(name, dose) for dose in several], isinstance(given, str | Real)
            except UserError as error:
                faults.append(Fault(where, str(error)))
    return found


def _medium_fault(where: str, name: str, problem: Problem, model: Model | None) -> Fault | None:
    network = problem.network
    if model is not None:
        return None if name in model.medium else species_fault(where, name, model.name, model.library)
    if name not in network.states:
        return Fault(where, "the model has no species of that name.", nearest(name, network.states))
    starts = [e.periods[0] for e in problem.experiments if e.periods]
    first = next((period.changes for period in starts if period.time == STEADY_STATE), {})
    # In models of the library all that is dissolved is stated at rest, and only that is counted in nM.
    if {"medium", "membrane"} <= set(network.compartments) and name not in first:
        known = [species for species in network.states if species in first]
        return Fault(where, "it is not dissolved in the medium.", nearest(name, known))
    return None


def _times_of(at: Mapping[str, Any], doses: Mapping[str, Any], faults: list[Fault]) -> dict[str, float]:
    found = {}
    for written, time in at.items():
        name = written if written in doses else species_of(str(written))
        if name not in doses:
            faults.append(Fault(f"time of '{written}'", "it is not among the doses."))
        faults += _not_finite(f"time of '{written}'", [time])
        found[name] = time
    return {name: float(time) for name, time in found.items()} if not faults else {}


def _not_finite(where: str, times: Sequence[Any]) -> Iterator[Fault]:
    for time in times:
        if not _is_number(time):
            yield Fault(where, f"a time [min] was expected, found {time!r}.")


def _is_number(given: Any) -> bool:
    return isinstance(given, Real) and not isinstance(given, bool) and math.isfinite(given)


def _grid(times: Any, faults: list[Fault]) -> list[float]:
    """Check times [min]: at least one, increasing, none before 0."""
    found = _listed(times)
    numbers = all(map(_is_number, found))
    if not numbers or not found or found[0] < 0 or any(b <= a for a, b in zip(found, found[1:], strict=False)):
        shown = times if isinstance(times, str) else found[:5]
        faults.append(Fault("times", f"increasing numbers from 0 on were expected [min], found {shown!r}."))
        return []
    return [float(time) for time in found]


def _parameter_faults(values: Mapping[str, Any], problem: Problem, model: Model | None) -> Iterator[Fault]:
    network = problem.network
    positive = {p.id for p in problem.estimated if p.lower >= 0}
    for name, value in values.items():
        where = f"parameter '{name}'"
        if name not in network.parameters:
            own = parameter_fault(where, name, model.name, model.library) if model else None
            yield own or Fault(where, "the model has none of that name.", nearest(name, network.parameters))
        elif not _is_number(value):
            yield Fault(where, f"a number was expected, found {value!r}.")
        elif name in network.computed:
            yield Fault(where, "the model computes it of others, which would overwrite it.")
        elif model is not None:
            if fault := value_fault(where, name, value, model.library):
                yield fault
        elif name in positive and value < 0:
            yield Fault(where, f"{value:g} is given, but it cannot be below 0.")


def _knock_out_faults(
    names: Sequence[str], values: Mapping[str, Any], problem: Problem, model: Model | None
) -> Iterator[Fault]:
    known = problem.network.parameters
    for name in names:
        zero = parameters_of_gene(name, model.library if model is not None else shipped())
        if model is not None:
            if fault := knock_out_fault(f"knock-out '{name}'", name, model.name, model.library):
                yield fault
        elif not any(parameter in known for parameter in zero):
            what = "the model has no gene and no parameter of that name."
            yield Fault(f"knock-out '{name}'", what, nearest(name, known))
        for parameter in zero:
            if parameter in values:
                yield Fault(f"parameter '{parameter}'", f"it has a value, and is 0 by knock-out '{name}'.", "Give one.")
