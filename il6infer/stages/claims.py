"""Answers to claims: of one model (``<model>/claims.json``), and averaged over those of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal


@dataclass(frozen=True)
class Summary:
    """A quantity at draws of the prior or of the posterior.

    Attributes
    ----------
    median, q05, q95
        Of the draws at which it is defined; null where there is none.
    undefined
        Share of the draws at which it is not defined.
    at_least, at_most
        Shares of the draws at which the value is only a lower, or an upper, bound of it: a course that goes on beyond
        the last simulated time.
    """

    median: float | None
    q05: float | None
    q95: float | None
    undefined: float
    at_least: float = 0.0
    at_most: float = 0.0


@dataclass(frozen=True)
class Quantity:
    """One quantity of a claim, and the open interval that it is claimed to lie in.

    Attributes
    ----------
    above, below
        Ends of the interval; null where it has none on that side.
    prior, posterior
        Null where it was not asked of either.
    """

    label: str
    unit: str
    above: float | None
    below: float | None
    prior: Summary | None
    posterior: Summary | None


@dataclass(frozen=True)
class ClaimAnswer:
    """What one model says of one claim.

    Attributes
    ----------
    absent
        Why this model cannot be asked; empty when it can.
    prior, posterior
        Probability before and after the data; null where it is undefined or was not asked.
    bayes_factor, bound
        Posterior odds over prior odds; where all draws of one agree, it is ``at least`` or ``at most`` that.
    """

    id: str
    statement: str
    source: str
    absent: str
    quantities: tuple[Quantity, ...]
    prior: float | None
    posterior: float | None
    bayes_factor: float | None
    bound: Literal["", "at least", "at most"]


@dataclass(frozen=True)
class Leaning:
    """What one prior, or one gel or plate, does to the answers; see `il6infer.prediction.leaning`.

    Attributes
    ----------
    kind, what
        ``prior`` and the parameter, which has half its say; ``data`` and ``read-out, gel``, which is left out.
    k
        Pareto k of the weighed draws; null where it is infinite. Above 0.7 only a fit can tell.
    changes
        Claim -> its probability then, of those that change by 0.1 and more.
    """

    kind: Literal["prior", "data"]
    what: str
    k: float | None
    changes: Mapping[str, float]


@dataclass(frozen=True)
class Answers:
    """What one model says of all claims.

    Attributes
    ----------
    draws
        Of the posterior; null where the prior alone was asked.
    leanings
        Of each prior and each gel or plate; empty where the prior alone was asked.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer claims ask"

    problem: str
    draws: int | None
    claims: tuple[ClaimAnswer, ...]
    leanings: tuple[Leaning, ...] = ()


@dataclass(frozen=True)
class WeighedClaim:
    """What the models of a data set say of one claim.

    Attributes
    ----------
    models
        Model -> its answer.
    average
        Probability by the weights of the comparison, over the models that are ranked and can be asked; null where there
        is none.
    weight
        Of those models.
    """

    id: str
    statement: str
    source: str
    models: Mapping[str, ClaimAnswer]
    average: float | None
    weight: float


@dataclass(frozen=True)
class WeighedClaims:
    """What the models of a data set say of all claims.

    Attributes
    ----------
    failed
        Models whose fit did not sample -> why.
    misfits
        Models that do not reproduce the data -> in what.
    unanswered
        Why no claim has an average; empty where some may have one.
    leanings
        Model with a weight -> what each prior, gel or plate does to its answers.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer claims weigh"

    claims: tuple[WeighedClaim, ...]
    failed: Mapping[str, tuple[str, ...]]
    misfits: Mapping[str, tuple[str, ...]]
    unanswered: str
    leanings: Mapping[str, tuple[Leaning, ...]] = field(default_factory=dict)
