"""What fits say of groups of measurements that were left out, one at a time (``leave_out/<job>.json``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

LABELS = {"batch": "gel or plate", "condition": "condition", "data_set": "data set"}
"""What is left out at a time -> in words."""


@dataclass(frozen=True)
class LeftOut:
    """One group of measurements, predicted by a fit to all others.

    Attributes
    ----------
    name, n
        Of the group, and its measurements.
    elpd, error
        Log-density of all its measurements together, given all others, and its Monte Carlo error; null where it is not
        known.
    k
        Pareto k of the importance weights, or of the refit's draws.
    method
        By importance sampling from the full fit (psis), from its draws moved to where a fit to all others has its own
        (moved), or by such a fit (refit).
    why
        Why it is not known, or not to be trusted; else empty.
    """

    name: str
    n: int
    elpd: float | None
    error: float | None
    k: float | None
    method: Literal["psis", "moved", "refit"]
    why: str


@dataclass(frozen=True)
class LeaveOut:
    """Some groups of the measurements of one fit.

    Attributes
    ----------
    unit
        What is left out at a time: batch, condition or data_set.
    total
        Groups of all jobs together.
    why
        Why nothing can be left out; else empty.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer leaveout"

    problem: str
    unit: str
    total: int
    groups: tuple[LeftOut, ...]
    why: str
