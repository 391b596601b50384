"""Verdict of one fit (``verdict.json``): did it sample, does the model reproduce the data, do these agree with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from il6infer.stages.constant import Constant
from il6infer.stages.sampler import Sampler

SENSITIVE = 0.05
"""Sensitivity from which priors, or data, have a say (Kallioinen et al. 2023, doi 10.1007/s11222-023-10366-5)."""

Subject = Literal["fit", "parameter", "read-out", "prior", "constant"]


@dataclass(frozen=True)
class Reason:
    """One check of a verdict.

    Attributes
    ----------
    check
        Its name, such as ``R-hat``.
    value
        Null where it cannot be computed; such a check has not passed.
    at_least, at_most
        Limits of the values that pass; null where there is none on that side.
    decides
        Whether the answer depends on it; one that does not is a warning.
    subject
        What was looked at: the whole fit, a parameter, a read-out, the prior, a constant that was held fixed.
    where
        Name of the parameter, read-out or constant; empty for the whole fit.
    measurements
        How many the value was computed from; null where it is not one of measurements.
    message
        All of this in words, and what to do where it has not passed.
    """

    check: str
    value: float | None
    at_least: float | None
    at_most: float | None
    passed: bool
    decides: bool
    subject: Subject
    where: str
    measurements: int | None
    message: str

    @property
    def limit(self) -> str:
        """Limits in words: ``at least 400``, ``at most 1.01``, ``0.38 to 0.62``."""
        if self.at_least is not None and self.at_most is not None:
            return f"{self.at_least:.2f} to {self.at_most:.2f}"
        return f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"


def check(
    name: str,
    value: float | None,
    remedy: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    decides: bool = True,
    subject: Subject = "fit",
    where: str = "",
    measurements: int | None = None,
) -> Reason:
    """Hold a value against its limits; None passes none.

    Parameters
    ----------
    remedy
        What to do where it does not pass, in a sentence.
    """
    low, high = (-float("inf") if at_least is None else at_least), (float("inf") if at_most is None else at_most)
    passed = value is not None and low <= value <= high
    draft = Reason(name, value, at_least, at_most, passed, decides, subject, where, measurements, "")
    shown = "cannot be computed" if value is None else f"{value:.4g}"
    of = f", {measurements} measurements" if measurements is not None else ""
    message = f"{name} {shown} (limit: {draft.limit})" + (f" at {where}{of}" if where else "")
    message = message if passed else f"{message}. {remedy}"
    return Reason(name, value, at_least, at_most, passed, decides, subject, where, measurements, message)


IDLE = "stimuli that act on nothing"
"""Check of what is given and does nothing in a model; it is at the stimulus."""


def idle_words(target: str, experiments: Iterable[str]) -> str:
    """Say what follows where a stimulus acts on nothing in some experiments, as they are to be called."""
    return (
        f"{target}, given in {', '.join(experiments)}, acts on nothing that is measured in this model: it predicts "
        "these experiments as if none had been given."
    )


@dataclass(frozen=True, repr=False)
class Answer:
    """Answer to one question about a fit.

    Attributes
    ----------
    passed
        Whether every check that decides has passed.
    reasons
        All checks, warnings among them.
    """

    passed: bool
    reasons: tuple[Reason, ...]

    @classmethod
    def of(cls, reasons: Iterable[Reason]) -> Answer:
        """Answer from its checks."""
        reasons = tuple(reasons)
        return cls(all(reason.passed for reason in reasons if reason.decides), reasons)

    @property
    def failed(self) -> tuple[Reason, ...]:
        """Checks that decide and have not passed."""
        return tuple(reason for reason in self.reasons if reason.decides and not reason.passed)

    @property
    def warnings(self) -> tuple[Reason, ...]:
        """Checks that decide nothing and have not passed."""
        return tuple(reason for reason in self.reasons if not reason.decides and not reason.passed)

    def __repr__(self) -> str:
        """Yes or no, with what has not passed; warnings are counted apart."""
        deciding = [reason for reason in self.reasons if reason.decides]
        held = f"{sum(r.passed for r in deciding)} of {len(deciding)} checks hold"
        warned = f", {len(self.warnings)} warning{'s' * (len(self.warnings) > 1)}" if self.warnings else ""
        return "; ".join([f"{'yes' if self.passed else 'NO'}, {held}{warned}", *(r.message for r in self.failed)])


@dataclass(frozen=True)
class ParameterStatistics:
    """Posterior, prior and convergence of one parameter; null where a statistic does not exist.

    Attributes
    ----------
    mean, sd, mcse_mean
        Of the posterior, and the Monte-Carlo error of the mean; null where its tails are too heavy for these draws to
        tell, the standard deviation also where its Monte-Carlo error is above a tenth of it: quantiles and `sd_ln`
        stand all the same.
    sd_ln
        Standard deviation of the natural logarithm; null where a draw is not above zero.
    tail_k
        Pareto k of the heavier tail: moments of order below 1 / k are finite.
    q05, q25, q75, q95
        Quantiles of the posterior.
    prior_median, prior_q05, prior_q95
        Quantiles of the prior.
    contraction
        1 - sd / sd of the prior, of the natural logarithm where all draws are positive; 0: the data say nothing, 1:
        they fix it.
    rhat, ess_bulk, ess_tail
        Rank-normalised R-hat, effective draws of the bulk and of the tails.
    line_k
        Pareto k as `tail_k`, of the logarithms of a positive parameter.
    prior_sensitivity, likelihood_sensitivity
        Change of the posterior when all priors, or the likelihood, are raised to a power a little off 1 (cumulative
        Jensen-Shannon distance for each doubling): above 0.05 they have a say.
    likelihood_fall
        How much lower the log-likelihood is in the tail of a parameter whose prior has no variance; null for others.
    """

    mean: float | None
    median: float | None
    sd: float | None
    q05: float | None
    q25: float | None
    q75: float | None
    q95: float | None
    prior_q05: float | None
    prior_median: float | None
    prior_q95: float | None
    contraction: float | None
    rhat: float | None
    ess_bulk: float | None
    ess_tail: float | None
    mcse_mean: float | None
    sd_ln: float | None
    tail_k: float | None
    line_k: float | None
    prior_sensitivity: float | None
    likelihood_sensitivity: float | None
    likelihood_fall: float | None = None

    @property
    def told_by(self) -> str:
        """What moves this posterior, in words; empty where it is not known."""
        if self.prior_sensitivity is None or self.likelihood_sensitivity is None:
            return ""
        prior, data = (value >= SENSITIVE for value in (self.prior_sensitivity, self.likelihood_sensitivity))
        # All priors are scaled together: a parameter may move by those of others. `contraction` tells of its own.
        if prior and data:
            return "priors and data"
        return "priors more than data" if prior else "data" if data else "neither moves it"


@dataclass(frozen=True)
class Band:
    """Share of a read-out's measurements inside a central posterior predictive band.

    Attributes
    ----------
    level
        Probability of the band.
    inside
        Share of the measurements.
    low, high
        Central 99 % range of that share for as many independent measurements of a right model.
    """

    level: float
    inside: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Coverage:
    """Bands of one read-out with `n` measurements."""

    n: int
    bands: tuple[Band, ...]


@dataclass(frozen=True)
class LooPit:
    """Leave-one-out probability integral transform of one read-out's measurements.

    Attributes
    ----------
    ks, ks_p
        Kolmogorov-Smirnov distance from uniform, and its p.
    values
        Sorted; empty where a density is not finite.
    """

    ks: float | None
    ks_p: float | None
    values: tuple[float, ...]


@dataclass(frozen=True)
class LackOfFit:
    """F test of one read-out's residuals between conditions and times against those between replicates.

    Attributes
    ----------
    f, p
        Ratio of the mean squares, and its p; null where nothing was replicated.
    groups, n
        Conditions and times; measurements.
    farthest
        Gel, experiment and time of the replicates that miss the model most together, with how far, in words; at most
        three, asked within gels alone.
    between
        p of gels that differ in more than a factor, whatever the model; null where it cannot be asked.
    """

    f: float | None
    p: float | None
    groups: int
    n: int
    farthest: tuple[str, ...] = ()
    between: float | None = None


@dataclass(frozen=True)
class SerialCorrelation:
    """Whether residuals of a read-out without replicates follow their neighbours in time.

    Attributes
    ----------
    r
        Lag-one correlation along the courses; null, as p, where there are too few.
    p
        Share of permutations of the residuals with as large a correlation.
    pairs
        Neighbours in time.
    """

    r: float | None
    p: float | None
    pairs: int


@dataclass(frozen=True)
class Pair:
    """Two parameters and the Spearman correlation of their draws."""

    a: str
    b: str
    spearman: float


@dataclass(frozen=True)
class Residual:
    """One measurement far from its posterior predictive distribution, in that distribution's standard deviations."""

    observable: str
    experiment: str
    batch: str
    replicate: str
    time: float | None
    value: float | None
    residual_sd: float


@dataclass(frozen=True, repr=False)
class Verdict:
    """What is known of one fit.

    Attributes
    ----------
    problem
        Id of the problem that was fitted.
    sampled
        Did it sample: can the draws stand for the posterior.
    reproduces
        Does the model, at the posterior, reproduce the data.
    agrees
        Do the data agree with what was assumed: with the priors, and with the constants that were held fixed.
    parameters
        Parameter -> its statistics.
    coverage, loo_pit, lack_of_fit, serial
        Of each read-out.
    constants
        Of each constant that was held fixed and that something measured depends on.
    idle_stimuli
        What experiments give and no measured read-out of the model depends on -> these experiments.
    worst_pairs, worst_rows
        Most correlated parameters; measurements farthest from the model.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer diagnose"

    problem: str
    sampled: Answer
    reproduces: Answer
    agrees: Answer
    parameters: Mapping[str, ParameterStatistics]
    sampler: Sampler
    coverage: Mapping[str, Coverage]
    loo_pit: Mapping[str, LooPit]
    lack_of_fit: Mapping[str, LackOfFit]
    serial: Mapping[str, SerialCorrelation]
    constants: Mapping[str, Constant]
    idle_stimuli: Mapping[str, tuple[str, ...]]
    worst_pairs: tuple[Pair, ...]
    worst_rows: tuple[Residual, ...]

    def __repr__(self) -> str:
        """All answers, a line each; those of draws that are no posterior say so."""
        first, *others = (f"{question}: {answer!r}" for question, answer in self.answers)
        before = "" if self.sampled.passed else "no result (the fit did not sample): "
        return "\n  ".join([f"Verdict of '{self.problem}'", first, *(f"{before}{line}" for line in others)])

    @property
    def answers(self) -> tuple[tuple[str, Answer], ...]:
        """Each question in words, and its answer."""
        return (
            ("sampled", self.sampled), ("reproduces the data", self.reproduces),
            ("data agree with priors and constants", self.agrees),
        )  # fmt: skip
