"""Comparison of the models of one data set (``comparison.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import pandas as pd


NOTHING_FITS = "no model reproduces the data"
"""Answer to whatever is asked of models none of which reproduces the data."""

UNRANKED = "no model has a number by the criterion that ranks"
"""Answer where models reproduce the data and none of them can be ranked."""


CLEAR = 4.0
"""Difference in log-density below which, or below two standard errors, models are not told apart."""

SAY = 0.01
"""Weight from which a model has a say in an average; what is doubted of one with less is not doubted of the average."""

NAMES = {
    "loo": "leaving single values out (PSIS)", "leave_out": "leaving groups out", "evidence": "the evidence",
    "aic": "AIC", "aicc": "AICc", "bic": "BIC",
}  # fmt: skip
"""Criterion -> in words."""

WEIGHTS = {"pseudo_bma": "pseudo-BMA+ weights", "stacking": "stacking weights"}
"""`comparison.weights` of a configuration -> in words."""


@dataclass(frozen=True)
class Score:
    """What one criterion says of one model.

    Attributes
    ----------
    value, se
        Log-density or log-evidence (larger is better), or AIC, AICc, BIC (smaller is better), and its standard error;
        null where there is none.
    difference, difference_se
        By how much the best model is ahead, in natural logarithms (half of a difference in AIC or BIC), and the
        standard error of that; null for a model that is not ranked.
    weight
        Share of the models' joint prediction by this criterion; null for a model that has none.
    words
        Bayes factor in words, how many refits were made, or why there is no value.
    """

    value: float | None
    se: float | None
    difference: float | None
    difference_se: float | None
    weight: float | None
    words: str


@dataclass(frozen=True)
class Influential:
    """A measurement whose leave-one-out density cannot be trusted, and its Pareto k, null where it is infinite."""

    readout: str
    experiment: str
    batch: str
    time_min: float
    k: float | None

    @property
    def label(self) -> str:
        """The measurement in words."""
        return f"{self.readout}, {self.experiment}, {self.batch}, {self.time_min:g} min"


@dataclass(frozen=True)
class ModelRow:
    """One model of a comparison.

    Attributes
    ----------
    sampled, reproduces
        The two answers of its verdict.
    rank
        1 is the best, by the criterion of the comparison; null for a fit that is not ranked, as are differences and
        weights.
    weight
        Share in all averages over models, by the criterion and the weights of the comparison; null as `stacking`.
    level
        Whether it cannot be told from the best by that criterion.
    scores
        Criterion, one of `NAMES`, that was computed -> what it says.
    elpd, se
        Expected log predictive density over all measurements, and its standard error.
    p_loo
        Effective number of parameters.
    elpd_diff, diff_se
        By how much the best elpd of a ranked model is ahead, and the standard error of that difference.
    stacking, pseudo_bma
        Weights among ranked models, by leaving single values out; null for one that does not reproduce the data, too.
    pareto_k_bad, pareto_k_worst
        Measurements whose Pareto k is above the limit: how many, and the worst of them.
    n
        Measurements.
    reasons
        Why it is not ranked.
    misfits
        In what it does not reproduce the data.
    conflicts
        Which priors it contradicts, and which fixed constants the data pull at: it counts all the same.
    """

    model: str
    sampled: bool
    reproduces: bool
    rank: int | None
    weight: float | None
    level: bool
    scores: Mapping[str, Score]
    elpd: float | None
    se: float | None
    p_loo: float | None
    elpd_diff: float | None
    diff_se: float | None
    stacking: float | None
    pseudo_bma: float | None
    pareto_k_bad: int | None
    pareto_k_worst: tuple[Influential, ...]
    n: int | None
    reasons: tuple[str, ...]
    misfits: tuple[str, ...]
    conflicts: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Comparison:
    """Models of one data set by a criterion, in order of rank, those without one last.

    Attributes
    ----------
    criterion
        What models are ranked and averaged by: loo, leave_out or evidence.
    weights
        What shares out the averages, where the criterion is not the evidence: pseudo_bma or stacking.
    left_out
        What was left out at a time, batch, condition or data_set; empty where nothing was.
    disagreements
        Where criteria prefer different models, and why.
    n
        Measurements.
    notes
        Sentences for a reader.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer compare"

    dataset: str
    n: int
    criterion: str
    weights: str
    left_out: str
    models: tuple[ModelRow, ...]
    disagreements: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def by(self) -> str:
        """Criterion of ranks and averages, in words."""
        return NAMES[self.criterion]

    @property
    def ranked(self) -> tuple[ModelRow, ...]:
        """Models with a rank, the best first."""
        return tuple(row for row in self.models if row.rank is not None)

    @property
    def heavy(self) -> tuple[str, ...]:
        """Models that have a say in averages."""
        return tuple(row.model for row in self.models if (row.weight or 0.0) >= SAY)

    @property
    def table(self) -> pd.DataFrame:
        """One model a row: rank, both answers of its verdict, elpd, difference to the best, weights."""
        import pandas as pd  # takes a third of a second, and only people ask

        columns = [
            "rank", "weight", "sampled", "reproduces", "elpd", "elpd_diff", "diff_se", "stacking", "pseudo_bma",
            "pareto_k_bad",
        ]  # fmt: skip
        return pd.DataFrame([asdict(row) for row in self.models]).set_index("model")[columns]

    @property
    def criteria(self) -> pd.DataFrame:
        """One model and criterion a row: value, difference to the best, weight, words."""
        import pandas as pd

        rows = {(row.model, name): asdict(own) for row in self.models for name, own in row.scores.items()}
        table = pd.DataFrame.from_dict(rows, orient="index")
        return table.rename_axis(["model", "criterion"])

    def __repr__(self) -> str:
        """Write the table, a line a model."""
        lines = [f"Comparison of '{self.dataset}': {self.n} measurements"]
        for row in self.models:
            place = f"{row.rank}." if row.rank is not None else "not ranked:"
            numbers = ""
            own = row.scores.get(self.criterion)
            if own is not None and own.difference is not None and own.difference_se is not None:
                what = "log-evidence" if self.criterion == "evidence" else "elpd"
                numbers = f", {what} {own.difference:.1f} +- {own.difference_se:.1f} behind"
                numbers += ", no weight" if row.weight is None else f", weight {row.weight:.2f}"
            doubts = "" if row.reproduces else "; DOES NOT REPRODUCE THE DATA"
            lines.append(f"  {place} {row.model}{numbers}{doubts}" + ("" if row.sampled else "; DID NOT SAMPLE"))
        return "\n".join(lines)
