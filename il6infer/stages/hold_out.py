"""What a fit says of data that it has never seen (``hold_out.json``)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Point:
    """One held-out measurement beside its prediction from the fit and from the others of its gel.

    Attributes
    ----------
    q05, q25, median, q75, q95
        Quantiles of the prediction of the measurement, noise and all; scale and offset are estimated from the other
        values of its gel or plate, never from itself.
    rank
        Share of that prediction below the measurement.
    log_density
        Of the measurement, under that prediction.
    smoother
        The same under a smooth curve through the others, which knows no biology; null where there are too few.
    """

    condition: str
    time: float
    value: float
    q05: float
    q25: float
    median: float
    q75: float
    q95: float
    rank: float
    log_density: float
    smoother: float | None


@dataclass(frozen=True)
class Limit:
    """One held-out measurement of which only the side of a limit is known.

    Attributes
    ----------
    side
        Where it lies: below or above.
    probability
        That it lies there, as predicted from the fit and the others of its gel.
    """

    condition: str
    time: float
    value: float
    side: str
    probability: float


@dataclass(frozen=True)
class Band:
    """Noise-free curve of one condition on its gel's own scale: quantiles over the draws, at each time."""

    condition: str
    time: tuple[float, ...]
    q05: tuple[float, ...]
    q25: tuple[float, ...]
    median: tuple[float, ...]
    q75: tuple[float, ...]
    q95: tuple[float, ...]


@dataclass(frozen=True)
class Score:
    """How well held-out measurements with a value were predicted.

    Attributes
    ----------
    coverage_50, coverage_90
        Shares of them inside the central intervals of 50 and 90 %; null where all are limits.
    log_density
        Sum over them.
    smoother
        The same of the smoother, and `compared` how many values both predict.
    difference, difference_se
        Log density beyond the smoother's, over the values that both predict, and its standard error.
    """

    measurements: int
    coverage_50: float | None
    coverage_90: float | None
    log_density: float
    compared: int
    smoother: float | None
    difference: float | None
    difference_se: float | None


def score_of(points: Sequence[Point]) -> Score:
    """Score predictions of measurements together; differences have an error where there are at least two."""
    both = [(p.log_density, p.smoother) for p in points if p.smoother is not None]
    gains = [own - others for own, others in both]
    apart = [abs(p.rank - 0.5) for p in points]
    finite = len(gains) > 1 and all(map(math.isfinite, gains))
    return Score(
        measurements=len(points),
        coverage_50=sum(a <= 0.25 for a in apart) / len(points) if points else None,
        coverage_90=sum(a <= 0.45 for a in apart) / len(points) if points else None,
        log_density=float(sum(p.log_density for p in points)),
        compared=len(both),
        smoother=float(sum(others for _, others in both)) if both else None,
        difference=float(sum(gains)) if both else None,
        difference_se=statistics.stdev(gains) * math.sqrt(len(gains)) if finite else None,
    )


@dataclass(frozen=True)
class Series:
    """One read-out on one gel or plate.

    Attributes
    ----------
    alone
        Parameters that its own values estimate, at each draw of the fit: they were never fitted.
    r2
        Share of the variance that the median curve explains, on the scale of the noise, with scale and offset from the
        series' own values; null where the values do not vary, or are of one condition and time.
    limits
        What is no value, and in no score.
    """

    readout: str
    batch: str
    noise: str
    alone: tuple[str, ...]
    r2: float | None
    score: Score
    points: tuple[Point, ...]
    limits: tuple[Limit, ...]
    bands: tuple[Band, ...]


@dataclass(frozen=True)
class HeldOut:
    """All held-out data of one fit.

    Attributes
    ----------
    draws, failed
        Draws of the posterior that were used, and those left out because a simulation failed.
    from_prior
        Parameters of the dynamics that the fit does not know: drawn from their priors.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer holdout"

    problem: str
    draws: int
    failed: int
    from_prior: tuple[str, ...]
    score: Score
    series: tuple[Series, ...]
