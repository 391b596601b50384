"""Simulation-based calibration of one problem: batches of fits (``sbc/<n>.json``), and what they say (``sbc.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class CalibrationFit:
    """One simulated data set.

    Attributes
    ----------
    number
        Of the data set, from 0.
    ranks
        Of each true parameter among draws of the posterior; null where there is no fit.
    rhat
        Largest of any parameter; null where there is no fit.
    why
        What is wrong with it; empty for nothing.
    failed_checks
        Checks of the verdict on sampling that it does not pass, by name; null where there is no fit.
    """

    number: int
    ranks: tuple[int, ...] | None
    rhat: float | None
    why: str
    failed_checks: tuple[str, ...] | None


@dataclass(frozen=True)
class Batch:
    """Some data sets of one problem.

    Attributes
    ----------
    parameters
        In the order of the ranks.
    levels
        Largest rank.
    around_data
        Whether truths are draws of the posterior, and each simulated data set is fitted together with the real one;
        else they are draws of the prior.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer sbc run"

    problem: str
    parameters: tuple[str, ...]
    levels: int
    around_data: bool
    fits: tuple[CalibrationFit, ...]


@dataclass(frozen=True)
class CalibratedParameter:
    """Ranks of one parameter.

    Attributes
    ----------
    p
        Share of uniform ranks that look at least as odd; null without ranks, as what follows.
    inside_50, inside_90
        Share of truths in the central 50 and 90 % intervals: the coverage of recovered parameters.
    passing_50, passing_90
        The same of those fits alone whose verdict on sampling passes; null where none does.
    """

    p: float | None
    inside_50: float | None
    inside_90: float | None
    passing_50: float | None
    passing_90: float | None
    ranks: tuple[int, ...]


@dataclass(frozen=True)
class Calibration:
    """What the fits of simulated data sets say of a problem.

    Attributes
    ----------
    around_data
        As `Batch` has it.
    fits
        Data sets.
    not_converged
        Fits whose R-hat is too large; their ranks count.
    failed
        Data set -> why it has no fit.
    passing
        Of each fit, in the order of the ranks, whether its verdict on sampling passes.
    failed_checks
        Check of that verdict -> fits that do not pass it.
    levels
        Largest rank.
    p_min
        Smallest p of a parameter that passes.
    passed
        Whether every data set was fitted, and every parameter's ranks pass for uniform.
    grid, low, high
        Ranks, and the simultaneous 95 % band of the share of ranks at or below each.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer sbc gather"

    problem: str
    around_data: bool
    fits: int
    not_converged: int
    failed: Mapping[str, str]
    passing: tuple[bool, ...]
    failed_checks: Mapping[str, int]
    levels: int
    p_min: float
    passed: bool
    parameters: Mapping[str, CalibratedParameter]
    grid: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def called(self) -> str:
        """What was calibrated, in words."""
        return f"{self.problem} around its data" if self.around_data else self.problem


@dataclass(frozen=True)
class Restarts:
    """Fits of one problem from dispersed places, held against its posterior (``restarts.json``).

    Attributes
    ----------
    chains, draws
        Restarts, and draws of each and of each chain of the fit that are compared.
    rhat_max
        Limit of R-hat.
    agree
        Whether it holds for every parameter.
    heights
        Log-density of the last draws of each restart, on average, above that of the fit. One that ends far below is in
        another mode, which as far as height tells holds a share of the order of its exponential.
    rhat
        Parameter -> rank-normalised R-hat of the chains of both; null where it is not finite.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer sbc restart"

    problem: str
    chains: int
    draws: int
    rhat_max: float
    agree: bool
    heights: tuple[float, ...]
    rhat: Mapping[str, float | None]

    @property
    def worst(self) -> str:
        """Parameter of the largest R-hat."""
        return max(self.rhat, key=lambda name: float("inf") if self.rhat[name] is None else float(self.rhat[name] or 0))
