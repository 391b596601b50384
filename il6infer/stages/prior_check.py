"""What a model's priors say of published behaviour (``prior_check.json``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Relation = Literal["", "holds", "cuts", "excludes", "undefined"]


@dataclass(frozen=True)
class Range:
    """Published range of one quantity, and the experiment that it is of.

    Attributes
    ----------
    id
        Name of the row.
    quantity
        Name of the quantity, as ``expected.csv`` has it.
    what, experiment
        The quantity and what was done to the cells, in words.
    readout, plan
        Read-out and experiment, as the model is asked for them.
    low, high
        In `unit`; null where no range was found.
    unit
        min, nM (EC50), fraction or 1.
    published
        The range in the unit of the source, where that is another one.
    """

    id: str
    quantity: str
    what: str
    experiment: str
    readout: str
    plan: str
    low: float | None
    high: float | None
    unit: str
    published: str
    cell: str
    source: str
    doi: str
    comment: str


@dataclass(frozen=True)
class RangeCheck(Range):
    """A published range beside what the prior says of it; numbers are null where the model cannot be asked.

    Attributes
    ----------
    absent
        Why this model cannot be asked; empty when it can.
    median, q05, q95
        Of the draws at which the quantity is defined.
    inside, below, above
        Shares of all draws that lie so to the range; null where no range is known.
    undefined, failed
        Shares of all draws that leave the quantity undefined, and whose simulation failed; all five add up to 1.
    silent
        Share without any response, which is part of `undefined`.
    relation
        How the range lies to the 90 % interval: ``holds`` (inside it), ``cuts`` (in part), ``excludes`` (outside),
        ``undefined`` (at too many draws), or empty where no range is known.
    """

    absent: str
    median: float | None
    q05: float | None
    q95: float | None
    inside: float | None
    below: float | None
    above: float | None
    undefined: float | None
    silent: float | None
    failed: float | None
    relation: Relation


@dataclass(frozen=True)
class PriorCheck:
    """Published ranges beside what the priors of one model say of them.

    Attributes
    ----------
    draws, failed
        Draws of the prior, and those at which some simulation failed.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer claims prior"

    problem: str
    draws: int
    failed: int
    checks: tuple[RangeCheck, ...]
