"""What claims speak of, as functions of simulated courses: peak, times, duration, persistence, fold, EC50, inhibition.

Courses are arrays (draws, times) of a noise-free read-out from time 0 on. Each function gives one number a draw, NaN
where the draw's course does not define it: a course that never rises has no peak time.
"""

from __future__ import annotations

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


def persistence(times: np.ndarray, courses: np.ndarray, time: float) -> np.ndarray:
    """Rise that is left at a time, as a share of the largest (draws,)."""
    later = level(times, courses, time)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(responds(courses), (later - courses[:, 0]) / rise(courses), np.nan)


def level(times: np.ndarray, courses: np.ndarray, time: float) -> np.ndarray:
    """Value at a time (draws,), in the unit of the read-out."""
    return np.array([np.interp(time, times, course) for course in courses])


def fold(courses: np.ndarray) -> np.ndarray:
    """Largest value relative to the one at time 0 (draws,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(courses[:, 0] > 0, peak(courses) / courses[:, 0], np.nan)


def fold_at(times: np.ndarray, courses: np.ndarray, time: float) -> np.ndarray:
    """Value at a time relative to the one at time 0 (draws,); NaN where the course starts at 0."""
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
