"""Claims: statements as computable quantities of a model, read and checked from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._schema import check
from il6infer._units import concentration_nM
from il6infer._yaml import read_yaml
from il6infer.ingestion.protocol import Step, read_protocol, sheet_of
from il6infer.library.catalogue import shipped
from il6infer.library.genotypes import genes_of
from il6infer.prediction.quantities import OF_READOUT, QUANTITIES

SCHEMA = Path(__file__).parent / "claims.schema.yaml"

PARAMETER, RATIO = "parameter", "ratio"
"""What a claim may speak of besides the quantities of the table."""


Genes = Mapping[str, tuple[str, ...]]
"""Gene -> parameters that are 0 where it is knocked out."""


@dataclass(frozen=True)
class VirtualExperiment:
    """What is done to simulated cells.

    Attributes
    ----------
    steps
        By time.
    set
        Parameter -> value in this experiment.
    knock_out
        Parameters that are 0 in this experiment, where the model has them.
    requires
        Species or parameters, one of each entry, without which the experiment is not what it is called.
    doses
        Of the varied species [nM], increasing; empty where none is varied.
    varied
        Species -> moles for each mole of the varied one, itself included.
    scale
        Parameter -> factor on its own value in this experiment.
    dose_time
        Time at which the varied dose is added [min].
    title
        What is done, in words.
    """

    name: str
    steps: tuple[Step, ...]
    set: Mapping[str, float]
    knock_out: tuple[str, ...]
    requires: tuple[tuple[str, ...], ...]
    doses: tuple[float, ...]
    varied: Mapping[str, float]
    scale: Mapping[str, float] = field(default_factory=dict)
    dose_time: float = 0.0
    title: str = ""


@dataclass(frozen=True)
class Condition:
    """A quantity and the open interval that it is claimed to lie in."""

    quantity: Mapping[str, Any]
    above: float
    below: float

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Whether it holds at each value; False where the value is undefined."""
        return (values > self.above) & (values < self.below)

    def decided(self, values: np.ndarray, at_least: np.ndarray, at_most: np.ndarray) -> np.ndarray:
        """Whether it is known at each value to hold or not to.

        Parameters
        ----------
        values
            (draws,); NaN where undefined.
        at_least, at_most
            Where the value is only a lower, or an upper bound: a course that goes on beyond the last simulated time.
        """
        holds = self.holds(values)
        larger = np.where(holds, np.isinf(self.below), values >= self.below)
        smaller = np.where(holds, np.isinf(self.above), values <= self.above)
        return np.isfinite(values) & np.where(at_least, larger, True) & np.where(at_most, smaller, True)


@dataclass(frozen=True)
class Claim:
    """A statement that is true where all its conditions hold."""

    id: str
    statement: str
    source: str
    that: tuple[Condition, ...]


@dataclass(frozen=True)
class Claims:
    """Everything in a claims file; `until` is the last simulated time [min]."""

    until: float
    plans: Mapping[str, VirtualExperiment]
    claims: tuple[Claim, ...]


def read_claims(path: Path, genes: Genes | None = None) -> Claims:
    """Read and check a claims file.

    Parameters
    ----------
    path
        Of the file.
    genes
        Those of models of the user's own, besides the package's.

    Raises
    ------
    UserError
        With every fault of the file in one message.
    """
    return claims_of(read_yaml(path), path, genes)


def claims_of(described: Mapping[str, Any], path: Path, genes: Genes | None = None) -> Claims:
    """Check what a claims file holds.

    Parameters
    ----------
    described
        Its content.
    path
        Named in messages.
    genes
        As of `read_claims`.
    """
    content = check(described, _schema(), str(path), infinite=True)
    plans, faults = plans_of(content["experiments"], path, float(content["until"]), genes)
    seen: set[str] = set()
    for claim in content["claims"]:
        where = f"{path.name}, claim '{claim['id']}'"
        if claim["id"] in seen:
            faults.append(Fault(where, "stands twice.", "Give each claim an id of its own."))
        seen.add(claim["id"])
        for condition in claim["that"]:
            faults += _condition_faults(condition, content["experiments"], where)
    raise_faults(faults, str(path))
    claims = tuple(
        Claim(
            c["id"], c["statement"], c["source"],
            tuple(Condition(t["quantity"], t.get("above", -np.inf), t.get("below", np.inf)) for t in c["that"]),
        )
        for c in content["claims"]
    )  # fmt: skip
    return Claims(float(content["until"]), plans, claims)


def plans_of(
    described: Mapping[str, Any], path: Path, until: float, genes: Genes | None = None
) -> tuple[dict[str, VirtualExperiment], list[Fault]]:  # fmt: skip
    """Read the experiments of a file of claims or of predictions, which its schema has found in order.

    Parameters
    ----------
    described
        Name -> what is done.
    path
        Named in messages.
    until
        Last simulated time [min].
    genes
        As of `read_claims`.

    Returns
    -------
    plans
        Name -> experiment, of those without a fault.
    faults
        Of the others.
    """
    faults: list[Fault] = []
    plans, known = {}, {**genes_of(shipped()), **(genes or {})}
    for name, experiment in described.items():
        plan, found = _plan(name, experiment, path.name, known)
        faults += found if plan is None else _time_faults(plan, f"{path.name}, experiment '{name}'", until)
        if plan is not None:
            plans[name] = plan
    return plans, faults


@cache
def _schema() -> dict[str, Any]:
    """Read the schema of a claims file; its quantities are those of the table."""
    found = read_yaml(SCHEMA)
    written = found["$defs"]["quantity"]["properties"]
    found["$defs"]["quantity"]["properties"] = {**{q.name: q.schema for q in QUANTITIES.values()}, **written}
    return found


def _plan(
    name: str, described: Mapping[str, Any], file: str, genes: Genes
) -> tuple[VirtualExperiment | None, list[Fault]]:
    rows = [{"condition": name, **step} for step in described["steps"]]
    protocol, faults = read_protocol(sheet_of(rows, f"{file}, experiment '{name}'"))
    doses: tuple[float, ...] = ()
    varied: dict[str, float] = {}
    if "doses" in described:
        given = described["doses"]
        try:
            low, high = (concentration_nM(given[end], given["unit"], given["species"]) for end in ("low", "high"))
        except UserError as error:
            return None, [*faults, Fault(f"{file}, experiment '{name}', doses", str(error))]
        if not low < high:
            faults.append(Fault(f"{file}, experiment '{name}', doses", "'low' is not below 'high'."))
        doses = tuple(float(d) for d in np.geomspace(low, high, given["points"]))
        varied = {given["species"]: 1.0, **given.get("follow", {})}
    lacking = {g: genes.get(g, (g,)) for g in described.get("knock_out", ())}
    changed: dict[str, str] = {p: f"knock_out of {gene}" for gene, parameters in lacking.items() for p in parameters}
    for key in ("set", "scale"):
        for parameter in described.get(key, {}):
            if way := changed.get(parameter):
                what = f"'{parameter}' is changed by {way} and by {key}."
                faults.append(Fault(f"{file}, experiment '{name}'", what, "Give one of the two."))
            changed[parameter] = key
    if faults or protocol is None:
        return None, faults
    requires = tuple((entry,) if isinstance(entry, str) else tuple(entry) for entry in described.get("requires", ()))
    knock_out = tuple(dict.fromkeys(p for parameters in lacking.values() for p in parameters))
    plan = VirtualExperiment(
        name, protocol.steps, described.get("set", {}), knock_out, requires, doses, varied,
        scale=described.get("scale", {}),
        dose_time=float(described["doses"].get("time_min", 0.0)) if "doses" in described else 0.0,
        title=described.get("title", name.replace("_", " ")),
    )  # fmt: skip
    return plan, []


def _time_faults(plan: VirtualExperiment, where: str, until: float) -> Iterator[Fault]:
    """Find what happens when nobody looks: rises count from time 0, and end with the last simulated time."""
    times = [step.time_min for step in plan.steps] + [plan.dose_time] * bool(plan.doses)
    if times and max(times) < 0:
        what = f"nothing is done after {max(times):g} min, and rises, areas and fold changes count from time 0 on."
        yield Fault(where, what, "Give the stimulus at time 0, and what comes before it a time below 0.")
    for time in sorted({time for time in times if time > until}):
        yield Fault(where, f"{time:g} min is after the last simulated time, {until:g} min.", "Raise 'until'.")


def _condition_faults(condition: Mapping[str, Any], experiments: Mapping[str, Any], where: str) -> Iterator[Fault]:
    if "above" not in condition and "below" not in condition:
        yield Fault(where, "says of a quantity neither 'above' nor 'below'.", "Give one, or both.")
    for kind, named in parts(condition["quantity"]):
        for name in experiments_of(kind, named):
            varied = kind in QUANTITIES and QUANTITIES[kind].varied
            if name not in experiments:
                yield Fault(where, f"unknown experiment '{name}'.", nearest(name, experiments))
            elif varied != ("doses" in experiments[name]):
                wants = "needs an experiment with 'doses'" if varied else "cannot use one with 'doses'"
                yield Fault(where, f"{kind} {wants}; '{name}' has {'none' if varied else 'them'}.")


def parts(quantity: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Kind and arguments of a quantity; of a ratio, those of what it is made of."""
    [(kind, named)] = quantity.items()
    if kind == RATIO:
        for inner in named:
            yield from parts(inner)
    else:
        yield kind, named


def experiments_of(kind: str, named: Any) -> list[str]:
    """Experiments that a quantity looks at."""
    return [] if kind == PARAMETER else list(QUANTITIES[kind].experiments(named).values())


def series(claim: Claim) -> list[tuple[str, str]]:
    """List the courses that a claim looks at: (read-out, experiment), each once, in order."""
    asked = [part for condition in claim.that for part in parts(condition.quantity)]
    return list(dict.fromkeys((n["readout"], e) for kind, n in asked for e in experiments_of(kind, n)))


def needs(claim: Claim) -> list[tuple[str, str]]:
    """List what a model must have to be asked: (readout, experiment or parameter; name), each once, in order."""
    found = []
    for condition in claim.that:
        for kind, named in parts(condition.quantity):
            if kind == PARAMETER:
                found.append((PARAMETER, named))
            else:
                found.append(("readout", named["readout"]))
                found += [("experiment", name) for name in experiments_of(kind, named)]
    return list(dict.fromkeys(found))


def label(quantity: Mapping[str, Any]) -> str:
    """Name a quantity for the reader."""
    [(kind, named)] = quantity.items()
    if kind == PARAMETER:
        return str(named)
    if kind == RATIO:
        return f"{label(named[0])} / {label(named[1])}"
    said = QUANTITIES[kind].label(named)
    return f"{said}, {named['experiment']}" if "experiment" in named else said


def unit(quantity: Mapping[str, Any], parameters: Mapping[str, str]) -> str:
    """Give the unit of a quantity, empty where it is a number or the read-out's; of a parameter, from its table."""
    [(kind, named)] = quantity.items()
    if kind == PARAMETER:
        return parameters.get(named, "")
    own = QUANTITIES[kind].unit if kind in QUANTITIES else ""
    return "" if own in (OF_READOUT, "1") else own
