"""What shall be predicted: interventions and questions, read and checked from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from il6infer._errors import Fault, nearest, raise_faults
from il6infer._schema import check
from il6infer._yaml import read_yaml
from il6infer.prediction.claims import SCHEMA as CLAIMS_SCHEMA
from il6infer.prediction.claims import Genes, VirtualExperiment, plans_of
from il6infer.stages.predictions import Kind

SCHEMA = Path(__file__).parent / "predictions.schema.yaml"

KINDS: tuple[Kind, ...] = ("courses", "doses", "inhibition", "window", "share")
"""Keys of a prediction, one of which it has."""


@dataclass(frozen=True)
class Asked:
    """One prediction.

    Attributes
    ----------
    experiments
        Names, in the order of the file; of a window: what is blocked, what is spared.
    against
        Experiment that courses are held against; empty: none.
    response, time
        What of a course is the response.
    by, at_most
        Of a window.
    parts
        Of a share: name -> species.
    """

    id: str
    title: str
    kind: Kind
    experiments: tuple[str, ...]
    readout: str = ""
    against: str = ""
    response: str = "rise"
    time: float = 0.0
    by: float = 0.9
    at_most: float = 0.1
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidates:
    """What could be measured next.

    Attributes
    ----------
    times
        In minutes.
    lanes
        Of the plan.
    parameters
        To learn of; empty: all of the model that are estimated.
    costs
        Read-out -> cost of one lane; 1 where it has none.
    """

    readouts: tuple[str, ...]
    experiments: tuple[str, ...]
    times: tuple[float, ...]
    lanes: int
    parameters: tuple[str, ...]
    costs: Mapping[str, float]


@dataclass(frozen=True)
class Interventions:
    """Everything in a predictions file; `until` is the last simulated time [min], `next` None for no plan."""

    until: float
    plans: Mapping[str, VirtualExperiment]
    asked: tuple[Asked, ...]
    next: Candidates | None = None


def read_interventions(path: Path, genes: Genes | None = None) -> Interventions:
    """Read and check a predictions file.

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
    return interventions_of(read_yaml(path), path, genes)


def interventions_of(described: Mapping[str, Any], path: Path, genes: Genes | None = None) -> Interventions:
    """Check what a predictions file holds.

    Parameters
    ----------
    described
        Its content.
    path
        Named in messages.
    genes
        As of `read_interventions`.
    """
    content = check(described, _schema(), str(path), infinite=True)
    plans, faults = plans_of(content["experiments"], path, float(content["until"]), genes)
    seen: set[str] = set()
    asked = []
    for entry in content["predictions"]:
        where = f"{path.name}, prediction '{entry['id']}'"
        if entry["id"] in seen:
            faults.append(Fault(where, "stands twice.", "Give each prediction an id of its own."))
        seen.add(entry["id"])
        kinds: list[Kind] = [kind for kind in KINDS if kind in entry]
        if len(kinds) != 1:
            listed = f"{', '.join(KINDS[:-1])} and {KINDS[-1]}"
            faults.append(Fault(where, f"has {len(kinds) or 'none'} of {listed}.", "Give exactly one of them."))
            continue
        one = _asked(entry, kinds[0])
        faults += _faults(one, entry, content, where)
        asked.append(one)
    given, candidates = content.get("next"), None
    if given is not None:
        faults += _next_faults(given, content, path.name)
        candidates = Candidates(
            tuple(given["readouts"]), tuple(given["experiments"]), tuple(map(float, given["times"])), given["lanes"],
            tuple(given.get("parameters", ())), given.get("costs", {}),
        )  # fmt: skip
    raise_faults(faults, str(path))
    return Interventions(float(content["until"]), plans, tuple(asked), candidates)


def _next_faults(given: Mapping[str, Any], content: Mapping[str, Any], file: str) -> Iterator[Fault]:
    for name in given["experiments"]:
        if name not in content["experiments"]:
            yield Fault(f"{file}, next", f"unknown experiment '{name}'.", nearest(name, content["experiments"]))
        elif "doses" in content["experiments"][name]:
            yield Fault(f"{file}, next", f"'{name}' has 'doses'.", "Name an experiment of one dose a lane.")
    for time in given["times"]:
        if time > content["until"]:
            yield Fault(f"{file}, next", f"time {time:g} min is after the last simulated time.", "Raise 'until'.")
    for name in given.get("costs", {}):
        if name not in given["readouts"]:
            yield Fault(f"{file}, next, costs", f"'{name}' is none of the read-outs.", nearest(name, given["readouts"]))


@cache
def _schema() -> dict[str, Any]:
    """Read the schema of a predictions file; its experiments are those of claims."""
    found = read_yaml(SCHEMA)
    found["properties"]["experiments"] = read_yaml(CLAIMS_SCHEMA)["properties"]["experiments"]
    return found


def _asked(entry: Mapping[str, Any], kind: Kind) -> Asked:
    given = entry[kind]
    more: dict[str, Any] = {}
    if kind == "window":
        experiments = (given["blocks"], given["spares"])
        more = {key: float(given[key]) for key in ("by", "at_most") if key in given}
    elif kind == "share":
        experiments = tuple(given["experiments"])
        more = {"parts": {name: tuple(species) for name, species in given["parts"].items()}}
    else:
        experiments = tuple(given)
    return Asked(
        entry["id"], entry["title"], kind, experiments, entry.get("readout", ""), entry.get("against", ""),
        entry.get("response", "rise"), float(entry.get("time", 0.0)), **more,
    )  # fmt: skip


def _faults(one: Asked, entry: Mapping[str, Any], content: Mapping[str, Any], where: str) -> Iterator[Fault]:
    experiments = content["experiments"]
    for name in (*one.experiments, *([one.against] if one.against else [])):
        varied = one.kind in ("doses", "inhibition", "window")
        if name not in experiments:
            yield Fault(where, f"unknown experiment '{name}'.", nearest(name, experiments))
        elif varied != ("doses" in experiments[name]):
            wants = "needs an experiment with 'doses'" if varied else "cannot use one with 'doses'"
            yield Fault(where, f"{one.kind} {wants}; '{name}' has {'none' if varied else 'them'}.")
    if one.against and one.kind != "courses":
        yield Fault(where, "'against' goes with courses only.", "Inhibition is against dose 0 of the same experiment.")
    if one.kind != "share" and not one.readout:
        yield Fault(where, "has no read-out.", "Give one, such as 'readout: pSTAT3'.")
    if (one.response == "level") != ("time" in entry):
        yield Fault(where, "'time' goes with 'response: level', and only with it.", "Give both, or neither.")
    if "time" in entry and entry["time"] > content["until"]:
        yield Fault(where, f"time {entry['time']:g} min is after the last simulated time, {content['until']:g} min.")
    doses = [experiments[name].get("doses") for name in one.experiments if name in experiments]
    if one.kind == "window" and all(doses):
        keys = ("species", "low", "high", "unit", "points")
        if len({tuple(str(d[key]) for key in keys) for d in doses}) > 1:
            yield Fault(where, "the two experiments of a window have other doses.", "Give both the same 'doses'.")
