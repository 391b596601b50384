"""Comparison of the models of one data set (``comparison.json``)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import pandas as pd


NOTHING_FITS = "no model reproduces the data"
"""Answer to whatever is asked of models none of which reproduces the data."""


@dataclass(frozen=True)
class Influential:
    """A measurement whose leave-one-out density cannot be trusted, and its Pareto k."""

    readout: str
    experiment: str
    batch: str
    time_min: float
    k: float

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
        1 is the best; null for a fit that is not ranked, as are differences and weights.
    elpd, se
        Expected log predictive density over all measurements, and its standard error.
    p_loo
        Effective number of parameters.
    elpd_diff, diff_se
        By how much the best ranked model is ahead, and the standard error of that difference.
    stacking, pseudo_bma
        Weights; null for a model that does not reproduce the data, too.
    pareto_k_bad, pareto_k_worst
        Measurements whose Pareto k is above the limit: how many, and the worst of them.
    n
        Measurements.
    reasons
        Why it is not ranked.
    misfits
        In what it does not reproduce the data.
    """

    model: str
    sampled: bool
    reproduces: bool
    rank: int | None
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


@dataclass(frozen=True, repr=False)
class Comparison:
    """Models of one data set by PSIS-LOO, in order of rank, those without one last.

    Attributes
    ----------
    n
        Measurements.
    notes
        Sentences for a reader.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer compare"

    dataset: str
    n: int
    models: tuple[ModelRow, ...]
    notes: tuple[str, ...]

    @property
    def ranked(self) -> tuple[ModelRow, ...]:
        """Models with a rank, the best first."""
        return tuple(row for row in self.models if row.rank is not None)

    @property
    def table(self) -> pd.DataFrame:
        """One model a row: rank, both answers of its verdict, elpd, difference to the best, weights."""
        import pandas as pd  # takes a third of a second, and only people ask

        columns = [
            "rank", "sampled", "reproduces", "elpd", "elpd_diff", "diff_se", "stacking", "pseudo_bma", "pareto_k_bad",
        ]  # fmt: skip
        return pd.DataFrame([asdict(row) for row in self.models]).set_index("model")[columns]

    def __repr__(self) -> str:
        """Write the table, a line a model."""
        lines = [f"Comparison of '{self.dataset}': {self.n} measurements"]
        for row in self.models:
            place = f"{row.rank}." if row.rank is not None else "not ranked:"
            numbers = ""
            if row.elpd_diff is not None and row.diff_se is not None:
                numbers = f", elpd {row.elpd_diff:.1f} +- {row.diff_se:.1f} behind"
                numbers += ", no weight" if row.stacking is None else f", stacking {row.stacking:.2f}"
            doubts = "" if row.reproduces else "; DOES NOT REPRODUCE THE DATA"
            lines.append(f"  {place} {row.model}{numbers}{doubts}" + ("" if row.sampled else "; DID NOT SAMPLE"))
        return "\n".join(lines)
