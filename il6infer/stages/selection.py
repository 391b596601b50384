"""Which model of a PEtab Select space is best by a criterion (``selection.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from il6infer.stages.evidence import InformationCriteria


@dataclass(frozen=True)
class Calibrated:
    """One model of the space, at its largest likelihood.

    Attributes
    ----------
    model
        Name of its subspace and its number in it; a folder of that name holds it as a PEtab problem.
    estimated
        Parameters of the space that it estimates.
    fixed
        Others -> their values.
    value
        Of the criterion; null where no start could be simulated, or it does not exist.
    criteria
        All of them; null as `value`.
    reached
        Starts that ended within 0.1 of the largest log-likelihood; of one alone, the optimum may be another.
    starts
        All starts.
    """

    model: str
    estimated: tuple[str, ...]
    fixed: Mapping[str, float]
    value: float | None
    criteria: InformationCriteria | None
    reached: int
    starts: int


@dataclass(frozen=True)
class Step:
    """Models that were compared at once, and the one that they were steps from; empty: none."""

    predecessor: str
    models: tuple[str, ...]


@dataclass(frozen=True)
class Selection:
    """A search through a space of models.

    Attributes
    ----------
    criterion
        AIC, AICc or BIC; smaller is better.
    method
        forward, backward or brute_force.
    best
        Model of the smallest criterion of all that were looked at; null where none has one.
    models
        All of these, the best first.
    size
        Models in the space.
    steps
        In the order in which they were made.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer petab select"

    criterion: str
    method: str
    best: str | None
    models: tuple[Calibrated, ...]
    size: int
    steps: tuple[Step, ...]
