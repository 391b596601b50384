"""Predictions: of one model with its draws (``<model>/predictions.json``), and averaged over those of a data set."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from il6infer.stages.explorer import Explorer

if TYPE_CHECKING:
    import numpy as np

Kind = Literal["courses", "doses", "inhibition", "window", "share"]


PROBABILITY = "probability"
"""A number or curve whose label begins so says of each draw 0 or 100 %: its mean counts, not its quantiles."""


@dataclass(frozen=True)
class Array:
    """Numbers in few bytes.

    Attributes
    ----------
    shape
        Draws first.
    packed
        Single-precision numbers, little-endian, row by row, deflated (zlib), as base64; NaN where there is none.
    """

    shape: tuple[int, ...]
    packed: str

    @classmethod
    def of(cls, values: np.ndarray) -> Array:
        """Pack an array."""
        data = zlib.compress(values.astype("<f4").tobytes(), 6)
        return cls(tuple(int(n) for n in values.shape), base64.b64encode(data).decode("ascii"))

    @property
    def values(self) -> np.ndarray:
        """The array, double precision."""
        import numpy as np

        found = np.frombuffer(zlib.decompress(base64.b64decode(self.packed)), dtype="<f4")
        return found.astype(float).reshape(self.shape)


@dataclass(frozen=True)
class DrawnCurve:
    """A curve at draws of one posterior.

    Attributes
    ----------
    label
        What was done to the cells, in words.
    absent
        Why this model cannot be asked; empty when it can.
    x
        Times [min] or doses [nM].
    values
        (draws, x); null where it cannot be asked.
    new
        (draws, x): a new measurement each, put back on the scale of the read-out; null where the read-out was not
        measured, or not in proportion.
    """

    label: str
    absent: str
    x: tuple[float, ...]
    values: Array | None
    new: Array | None


@dataclass(frozen=True)
class DrawnNumber:
    """A number at draws (draws,) of one posterior; null, with `absent`, where the model cannot be asked.

    Attributes
    ----------
    mass
        Of a dose [nM]: molecular weight of the substance [kDa], so that nM times mass is ng/ml; null otherwise.
    """

    label: str
    unit: str
    absent: str
    values: Array | None
    mass: float | None


@dataclass(frozen=True)
class DrawnPrediction:
    """One prediction of one model.

    Attributes
    ----------
    x, y
        Labels of the axes, with units.
    """

    id: str
    kind: Kind
    title: str
    x: str
    y: str
    curves: tuple[DrawnCurve, ...]
    numbers: tuple[DrawnNumber, ...]


@dataclass(frozen=True)
class Lane:
    """A lane or well of a plan.

    Attributes
    ----------
    done
        To the cells, in words.
    gain
        What it adds to those before it [nats]; the first two lanes share theirs.
    """

    readout: str
    done: str
    time_min: float
    cost: float
    gain: float


@dataclass(frozen=True)
class MeasurementPlan:
    """What to measure next, from one posterior; see `il6infer.prediction.design`.

    Attributes
    ----------
    lanes
        In the order in which they are chosen, replicates as often as they are.
    candidates
        How many lanes were to choose from.
    gain, random
        Of the plan, and of the median of random ones of as many lanes [nats].
    shrinkage
        Parameter -> standard deviation after over before, of the logarithm of a positive one.
    absent
        Why there is no plan; empty where there is one.
    """

    lanes: tuple[Lane, ...]
    candidates: int
    gain: float
    random: float
    shrinkage: Mapping[str, float]
    absent: str


@dataclass(frozen=True)
class LaneReadings:
    """What each candidate for the next gel or plate would read, without noise, at draws of one posterior.

    Attributes
    ----------
    lanes
        The candidates; their gain is 0.
    lanes_of_a_plan
        How many a gel or plate has.
    values
        (draws, lanes); logarithms where the noise is of them.
    noise, kinds
        (lanes,) scale of the noise of a reading, and its distribution by the name that PEtab gives it.
    """

    lanes: tuple[Lane, ...]
    lanes_of_a_plan: int
    values: Array
    noise: tuple[float, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Contest:
    """What to measure next to tell models apart; see `il6infer.prediction.contest`.

    Attributes
    ----------
    lanes, candidates
        As of `MeasurementPlan`.
    chances
        Model in play -> how probable it is now.
    gain, random
        Information on which model is right, of the plan and of the median of random ones [nats].
    now, after
        Probability that the right model has on average, before the plan is measured and after it.
    absent
        Why there is no plan; empty where there is one.
    """

    lanes: tuple[Lane, ...]
    candidates: int
    chances: Mapping[str, float]
    gain: float
    random: float
    now: float
    after: float
    absent: str


@dataclass(frozen=True)
class ModelPredictions:
    """What one fit predicts, with both answers of its verdict; null where no verdict was given.

    Attributes
    ----------
    failed
        Draws at which a simulation failed.
    plan
        What to measure next; null where the file does not ask.
    readings
        Of the candidates, so that models can be held against each other; null where there are none.
    explorer
        The model for a browser; null, with the reason in `unexplored`, where it cannot be one.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer predict ask"

    problem: str
    draws: int
    failed: int
    sampled: bool | None
    reproduces: bool | None
    reasons: tuple[str, ...]
    predictions: tuple[DrawnPrediction, ...]
    explorer: Explorer | None
    unexplored: str
    plan: MeasurementPlan | None = None
    readings: LaneReadings | None = None


@dataclass(frozen=True)
class Band:
    """Quantiles along a curve; null where no draw has a value.

    Attributes
    ----------
    q05, q25, median, q75, q95
        Of the mean response: what is uncertain of the parameters.
    new_q05, new_q95
        Of a new measurement: noise included; empty where there is none.
    """

    q05: tuple[float | None, ...]
    q25: tuple[float | None, ...]
    median: tuple[float | None, ...]
    q75: tuple[float | None, ...]
    q95: tuple[float | None, ...]
    new_q05: tuple[float | None, ...]
    new_q95: tuple[float | None, ...]


@dataclass(frozen=True)
class Spread:
    """A number over draws: mean, quantiles of those at which it is defined, and the share at which it is not."""

    mean: float | None
    q05: float | None
    median: float | None
    q95: float | None
    undefined: float


@dataclass(frozen=True)
class Curve:
    """A curve of each model that can be asked, and averaged by the weights of the comparison.

    Attributes
    ----------
    absent
        Model -> why it cannot be asked.
    average
        Null where no model with a weight can be asked.
    weight
        Of the models in the average.
    """

    label: str
    x: tuple[float, ...]
    models: Mapping[str, Band]
    absent: Mapping[str, str]
    average: Band | None
    weight: float


@dataclass(frozen=True)
class Number:
    """A number of each model that can be asked, and averaged as a curve is; `mass` as in `DrawnNumber`."""

    label: str
    unit: str
    mass: float | None
    models: Mapping[str, Spread]
    absent: Mapping[str, str]
    average: Spread | None
    weight: float


@dataclass(frozen=True)
class Prediction:
    """One prediction of the models of a data set."""

    id: str
    kind: Kind
    title: str
    x: str
    y: str
    curves: tuple[Curve, ...]
    numbers: tuple[Number, ...]


@dataclass(frozen=True)
class Predictions:
    """What the models of a data set predict.

    Attributes
    ----------
    weights
        Model -> weight in the comparison, of those that sampled and reproduce the data.
    failed, misfits, unanswered
        As `il6infer.stages.claims.WeighedClaims` has them.
    conflicts
        Model -> which priors it contradicts, and which fixed constants the data pull at; it may have a weight.
    plan, planned_for
        What to measure next, from the posterior of the model with the largest weight; null where there is none.
    contest
        What to measure next to tell models apart; null where the file does not ask.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer predict weigh"

    draws: int
    weights: Mapping[str, float]
    failed: Mapping[str, tuple[str, ...]]
    misfits: Mapping[str, tuple[str, ...]]
    conflicts: Mapping[str, tuple[str, ...]]
    unanswered: str
    predictions: tuple[Prediction, ...]
    plan: MeasurementPlan | None = None
    planned_for: str = ""
    contest: Contest | None = None
