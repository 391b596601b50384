"""What claims speak of, as functions of simulated courses: peak, times, duration, persistence, fold, EC50, inhibition.

Courses are arrays (draws, times) of a noise-free read-out from time 0 on. Each function gives one number a draw, NaN
where the draw's course does not define it: a course that never rises has no peak time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

FLAT = 1e-3
"""A course that rises by less than this share of its largest value above its start does not respond."""


def rise(courses: np.ndarray) -> np.ndarray:
    """Largest value above the one at time 0 (draws,); 0 where the course never rises."""
    return np.max(courses - courses[:, :1], axis=1)


def peak(courses: np.ndarray) -> np.ndarray:
    """Largest value (draws,), in the unit of the read-out."""
    return np.max(courses, axis=1)


def responds(courses: np.ndarray) -> np.ndarray:
    """Whether a course rises at all (draws,)."""
    return rise(courses) > FLAT * np.maximum(peak(courses), 1e-12)


def peak_time(times: np.ndarray, courses: np.ndarray) -> np.ndarray:
    """Time of the largest value (draws,) [min], by the parabola through it and its neighbours.

    Parameters
    ----------
    times
        (times,), increasing.
    """
    at = np.argmax(courses, axis=1)
    inner = np.clip(at, 1, len(times) - 2)
    rows = np.arange(len(courses))
    t0, t1, t2 = times[inner - 1], times[inner], times[inner + 1]
    y0, y1, y2 = (courses[rows, inner + shift] for shift in (-1, 0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        up, down = (y1 - y0) * (t1 - t2), (y1 - y2) * (t1 - t0)
        vertex = t1 - 0.5 * ((t1 - t0) * down - (t1 - t2) * up) / (down - up)
    vertex = np.where(np.isfinite(vertex), np.clip(vertex, t0, t2), t1)
    found = np.where((at == 0) | (at == len(times) - 1), times[at], vertex)
    return np.where(responds(courses), found, np.nan)


def time_to(times: np.ndarray, courses: np.ndarray, share: float) -> np.ndarray:
    """Time at which a course first reaches a share of its largest rise (draws,) [min]; 0.5: time to half-maximum.

    Unlike the time of the peak it is defined well before the end for a course that is still rising there.

    Parameters
    ----------
    times
        (times,), increasing. Interpolated linearly.
    share
        Between 0 and 1.
    """
    level = courses[:, 0] + share * rise(courses)
    after = np.clip(np.argmax(courses >= level[:, None], axis=1), 1, None)
    rows = np.arange(len(courses))
    low, high = courses[rows, after - 1], courses[rows, after]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = times[after - 1] + (level - low) / (high - low) * (times[after] - times[after - 1])
    return np.where(responds(courses), found, np.nan)


def duration(times: np.ndarray, courses: np.ndarray) -> np.ndarray:
    """Time spent above half of the rise (draws,) [min]: the full width at half maximum of a single peak.

    A course still above it at the last time counts until then: the number is a lower bound.
    """
    half = courses[:, :1] + 0.5 * rise(courses)[:, None]
    above = courses - half
    a, b = above[:, :-1], above[:, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where((a >= 0) & (b >= 0), 1.0, np.where((a < 0) & (b < 0), 0.0, np.maximum(a, b) / np.abs(b - a)))
    return np.where(responds(courses), share @ np.diff(times), np.nan)


def goes_on(courses: np.ndarray) -> np.ndarray:
    """Whether a course ends above half of its rise (draws,): how long it lasts is not seen."""
    return courses[:, -1] > courses[:, 0] + 0.5 * rise(courses)


def still_rises(courses: np.ndarray) -> np.ndarray:
    """Whether a course is largest at its last time (draws,): its peak is not seen."""
    return np.argmax(courses, axis=1) == courses.shape[1] - 1


LOWER_BOUNDS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = MappingProxyType(
    {"duration": goes_on, "peak_time": still_rises}
)
"""Quantity -> courses at which its value is that of the last simulated time, and the true one is larger."""


def persistence(times: np.ndarray, courses: np.ndarray, time: float) -> np.ndarray:
    """Rise that is left at a time, as a share of the largest (draws,).

    Parameters
    ----------
    times
        (times,), increasing [min]. Interpolated linearly.
    courses
        (draws, times).
    time
        In minutes.
    """
    later = level(times, courses, time)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(responds(courses), (later - courses[:, 0]) / rise(courses), np.nan)


def level(times: np.ndarray, courses: np.ndarray, time: float) -> np.ndarray:
    """Value at a time (draws,), in the unit of the read-out.

    Parameters
    ----------
    times
        (times,), increasing [min]. Interpolated linearly.
    courses
        (draws, times).
    time
        In minutes.
    """
    return np.array([np.interp(time, times, course) for course in courses])


def fold(courses: np.ndarray) -> np.ndarray:
    """Largest value relative to the one at time 0 (draws,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(courses[:, 0] > 0, peak(courses) / courses[:, 0], np.nan)


def fold_at(times: np.ndarray, courses: np.ndarray, time: float) -> np.ndarray:
    """Value at a time relative to the one at time 0 (draws,); NaN where the course starts at 0.

    Parameters
    ----------
    times
        (times,), increasing [min]. Interpolated linearly.
    courses
        (draws, times).
    time
        In minutes.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(courses[:, 0] > 0, level(times, courses, time) / courses[:, 0], np.nan)


def inhibition(with_it: np.ndarray, without: np.ndarray) -> np.ndarray:
    """Share of the rise that an inhibitor takes away (draws,): 1 - rise with it / rise without it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(responds(without), 1.0 - rise(with_it) / rise(without), np.nan)


def ec50(doses: np.ndarray, responses: np.ndarray) -> np.ndarray:
    """Dose of half the largest response (draws,), in the unit of the doses.

    Parameters
    ----------
    doses
        (doses,), increasing and positive.
    responses
        (draws, doses), rises. Interpolated over the logarithm of the dose; the first crossing counts.

    Returns
    -------
    numpy.ndarray
        NaN where the response at the lowest dose is already above half, or where there is none.
    """
    found = np.full(len(responses), np.nan)
    logs = np.log(doses)
    for i, response in enumerate(responses):
        top = np.max(response)
        if not np.isfinite(top) or top <= 0 or response[0] > 0.5 * top:
            continue
        j = int(np.argmax(response >= 0.5 * top))
        share = (0.5 * top - response[j - 1]) / (response[j] - response[j - 1])
        found[i] = np.exp(logs[j - 1] + share * (logs[j] - logs[j - 1]))
    return found


@dataclass(frozen=True)
class Seen:
    """What a quantity is computed from.

    Attributes
    ----------
    times
        (times,), increasing [min].
    courses
        Argument that names an experiment -> (draws, times) of the read-out there, or (draws, doses, times).
    arguments
        As the claim gives them.
    doses
        (doses,) of the varied species [nM]; empty where none is varied.
    """

    times: np.ndarray
    courses: Mapping[str, np.ndarray]
    arguments: Mapping[str, Any]
    doses: np.ndarray

    @property
    def course(self) -> np.ndarray:
        """Course of the one experiment that is looked at."""
        return self.courses["experiment"]


@dataclass(frozen=True)
class Argument:
    """One argument of a quantity: what it is, its schema, and whether it names an experiment."""

    text: str
    schema: Mapping[str, Any]
    experiment: bool = False
    required: bool = True


READOUT = Argument("read-out of the model, or a species", {"type": "string"})
EXPERIMENT = Argument("name of an experiment", {"type": "string"}, experiment=True)
TIME = Argument("time [min]", {"type": "number", "exclusiveMinimum": 0})
SHARE = Argument("share of the rise", {"type": "number", "exclusiveMinimum": 0, "maximum": 1})
_COURSE = MappingProxyType({"readout": READOUT, "experiment": EXPERIMENT})
_AT = MappingProxyType({**_COURSE, "time": TIME})

OF_READOUT = "of the read-out"


@dataclass(frozen=True)
class Quantity:
    """What a claim may speak of: how it is written, named and computed.

    Attributes
    ----------
    text
        What it is, in a few words.
    unit
        ``min``, ``nM``, ``1``, or `OF_READOUT`.
    arguments
        Name -> argument, as a claim gives them.
    label
        Arguments -> words for it, without the experiment.
    value
        Computes it: (draws,), NaN where a draw's course does not define it.
    varied
        Whether its experiment is one over doses.
    """

    name: str
    text: str
    unit: str
    label: Callable[[Mapping[str, Any]], str]
    value: Callable[[Seen], np.ndarray]
    arguments: Mapping[str, Argument] = field(default_factory=lambda: _COURSE)
    varied: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of its arguments."""
        return {
            "type": "object",
            "description": f"{self.text[0].upper()}{self.text[1:]}.",
            "additionalProperties": False,
            "required": [name for name, argument in self.arguments.items() if argument.required],
            "properties": {
                name: {**argument.schema, "description": f"{argument.text[0].upper()}{argument.text[1:]}."}
                for name, argument in self.arguments.items()
            },
        }

    def experiments(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Argument -> experiment that it names."""
        return {name: arguments[name] for name, argument in self.arguments.items() if argument.experiment}


def _at(arguments: Mapping[str, Any]) -> str:
    return f" at {arguments['time']:g} min" if "time" in arguments else ""


def _dose_response(seen: Seen) -> np.ndarray:
    courses = [seen.course[:, i] for i in range(seen.course.shape[1])]
    time = seen.arguments.get("time")
    rises = [rise(c) if time is None else level(seen.times, c, time) - c[:, 0] for c in courses]
    return np.where(responds(courses[-1]), ec50(seen.doses, np.stack(rises, axis=1)), np.nan)


def _share_of_peak(seen: Seen) -> np.ndarray:
    top = peak(seen.course)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(top > 0, level(seen.times, seen.course, seen.arguments["time"]) / top, np.nan)


_TABLE = (
    Quantity("peak", "largest value", OF_READOUT, lambda a: f"peak of {a['readout']}", lambda seen: peak(seen.course)),
    Quantity(
        "peak_time",
        "time of it, by the parabola through the neighbours; undefined for a course that does not rise",
        "min",
        lambda a: f"peak time of {a['readout']}",
        lambda seen: peak_time(seen.times, seen.course),
    ),
    Quantity(
        "time_to",
        "time at which the course first reaches `share` of its rise; 0.5: time to half-maximum",
        "min",
        lambda a: f"time of {a['readout']} to {100 * a['share']:g} % of its rise",
        lambda seen: time_to(seen.times, seen.course, seen.arguments["share"]),
        MappingProxyType({**_COURSE, "share": SHARE}),
    ),
    Quantity(
        "duration",
        "time above half of the rise; a lower bound where the course ends above it",
        "min",
        lambda a: f"duration of {a['readout']}",
        lambda seen: duration(seen.times, seen.course),
    ),
    Quantity(
        "fold",
        "largest value over the one at time 0",
        "1",
        lambda a: f"fold induction of {a['readout']}",
        lambda seen: fold(seen.course),
    ),
    Quantity(
        "fold_at",
        "value at `time` over the one at time 0",
        "1",
        lambda a: f"fold induction of {a['readout']}{_at(a)}",
        lambda seen: fold_at(seen.times, seen.course, seen.arguments["time"]),
        _AT,
    ),
    Quantity(
        "level",
        "value at `time`",
        OF_READOUT,
        lambda a: f"{a['readout']}{_at(a)}",
        lambda seen: level(seen.times, seen.course, seen.arguments["time"]),
        _AT,
    ),
    Quantity(
        "share_of_peak",
        "value at `time` over the largest value, as blots are published",
        "1",
        lambda a: f"{a['readout']}{_at(a)}, share of peak",
        _share_of_peak,
        _AT,
    ),
    Quantity(
        "persistence",
        "rise left at `time` over the largest rise",
        "1",
        lambda a: f"rise of {a['readout']} left{_at(a)}",
        lambda seen: persistence(seen.times, seen.course, seen.arguments["time"]),
        _AT,
    ),
    Quantity(
        "inhibition",
        "1 - rise `with` / rise `without`",
        "1",
        lambda a: f"inhibition of {a['readout']}, {a['with']} against {a['without']}",
        lambda seen: inhibition(seen.courses["with"], seen.courses["without"]),
        MappingProxyType({"readout": READOUT, "with": EXPERIMENT, "without": EXPERIMENT}),
    ),
    Quantity(
        "ec50",
        "dose of half the largest rise, over the logarithm of the dose; with `time`, of the rise at that time",
        "nM",
        lambda a: f"EC50 of {a['readout']}{_at(a)}",
        _dose_response,
        MappingProxyType({**_COURSE, "time": Argument(TIME.text, TIME.schema, required=False)}),
        varied=True,
    ),
)
QUANTITIES: Mapping[str, Quantity] = MappingProxyType({quantity.name: quantity for quantity in _TABLE})
"""Everything that claims may say of courses, by name; besides these a claim may name a parameter, or a ratio."""
