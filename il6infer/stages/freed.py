"""What changes when constants that are held fixed are freed, each in turn (``freed.json``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Moved:
    """A parameter whose posterior moved, and how far, in standard deviations of its natural logarithm before.

    Attributes
    ----------
    before, after
        Medians, with the constant held and freed.
    """

    parameter: str
    before: float
    after: float
    sds: float


@dataclass(frozen=True)
class FreedConstant:
    """One model with one constant freed, beside the same model that holds it.

    Attributes
    ----------
    held_at
        Value that the model holds it at; null where nothing measured depends on it.
    median, q05, q95
        Posterior of the constant.
    sampled, reproduces
        The two answers of the verdict with it freed; with `sampled` false the numbers here are not to be trusted.
    elpd_diff, diff_se
        By how much freeing it raises the expected log predictive density, and the standard error of that; null where
        either fit has none, or did not sample.
    moved
        Parameters that moved, the farthest first.
    """

    constant: str
    held_at: float | None
    median: float | None
    q05: float | None
    q95: float | None
    sampled: bool
    reproduces: bool
    elpd_diff: float | None
    diff_se: float | None
    moved: tuple[Moved, ...]


@dataclass(frozen=True)
class FreedModel:
    """One model: both answers of its own verdict, and what each of its constants changes."""

    model: str
    sampled: bool
    reproduces: bool
    constants: tuple[FreedConstant, ...]


@dataclass(frozen=True)
class FirstModel:
    """The model that is ahead of all others of the data set when a constant is freed in each that holds it.

    Attributes
    ----------
    constant
        Empty: none is freed.
    elpd_diff, diff_se
        By how much it is ahead of the second, and the standard error; null where only one fit sampled.
    """

    constant: str
    model: str
    second: str
    elpd_diff: float | None
    diff_se: float | None


@dataclass(frozen=True)
class Freed:
    """All models of a data set with each constant freed in turn.

    Attributes
    ----------
    first
        Which model is ahead, first with none freed.
    notes
        What changes in the conclusions, in sentences.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer freed"

    dataset: str
    models: tuple[FreedModel, ...]
    first: tuple[FirstModel, ...]
    notes: tuple[str, ...]
