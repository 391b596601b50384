"""Evidence of one model (``evidence.json``): the probability of the data before any was seen, beside other criteria."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Estimate:
    """What one estimator says.

    Attributes
    ----------
    log_evidence, se
        Natural logarithm, and its standard error; null where there is none.
    evaluations
        Of the density and its gradient.
    why
        Why there is none; else empty.
    """

    method: str
    log_evidence: float | None
    se: float | None
    evaluations: int
    why: str


@dataclass(frozen=True)
class InformationCriteria:
    """Criteria of the largest likelihood within the bounds.

    Attributes
    ----------
    log_likelihood
        The largest that was found.
    parameters, measurements
        How many are estimated, and of how many data.
    aic, aicc, bic
        Akaike 1974, Hurvich and Tsai 1989, Schwarz 1978; smaller is better. The corrected one is null where there
        are no more measurements than parameters and one.
    """

    log_likelihood: float
    parameters: int
    measurements: int
    aic: float
    aicc: float | None
    bic: float


@dataclass(frozen=True)
class Evidence:
    """Evidence of one model by two estimators.

    Attributes
    ----------
    log_evidence, se
        Of both, weighed by their precision; null where they do not agree, or one of them has no value.
    agree
        Whether they do, within their errors.
    limit
        Largest difference that their errors allow.
    numerical
        Error that the solver's tolerances, and the quadrature of what is integrated out, make in a log-likelihood.
    prior_failed
        Share of the draws of the prior that could not be simulated: they count as impossible.
    criteria
        Of the largest likelihood; null where none was found.
    constraints
        Literature constraints, which count as data in it.
    notes
        Sentences for a reader.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer evidence"

    problem: str
    n: int
    log_evidence: float | None
    se: float | None
    agree: bool
    limit: float | None
    estimates: tuple[Estimate, ...]
    numerical: float
    prior_failed: float
    criteria: InformationCriteria | None
    constraints: tuple[str, ...]
    notes: tuple[str, ...]
