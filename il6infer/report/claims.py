"""Claims as the page shows them: in groups by their answer, models that cannot be asked named once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from il6infer.stages.claims import ClaimAnswer, WeighedClaim
from il6infer.stages.comparison import ModelRow

LIKELY, UNLIKELY = 0.9, 0.1
"""Probability from which a claim is said to hold, and down from which not to."""

HEADINGS = (
    ("holds", "Hold in these models: probability of 90 % or more"),
    ("open", "Left open: between 10 and 90 %"),
    ("fails", "Do not hold in these models: 10 % or less"),
    ("silent", "No answer from any model that sampled and reproduces the data"),
)
"""Kind of answer -> what the page calls it, in this order."""


@dataclass(frozen=True)
class ClaimView:
    """One claim.

    Attributes
    ----------
    before, after
        Probability, averaged over the models that carry the weight and can be asked; None where there is none.
    weight
        Of those models.
    told
        (model, its answer), of the models that can be asked, the best first.
    silent
        (why not, models), of those that cannot.
    """

    id: str
    statement: str
    source: str
    before: float | None
    after: float | None
    weight: float
    told: tuple[tuple[str, ClaimAnswer], ...]
    silent: tuple[tuple[str, tuple[str, ...]], ...]


def grouped(claims: Iterable[WeighedClaim], models: Sequence[ModelRow]) -> list[tuple[str, str, list]]:
    """Sort claims by their answers.

    Parameters
    ----------
    claims
        Of ``claims.json``.
    models
        Rows of the comparison.

    Returns
    -------
    list
        (kind, heading, claims) of each kind that there is.
    """
    views = [_view(claim, models) for claim in claims]
    sorted_views = ((kind, heading, [v for v in views if _kind(v) == kind]) for kind, heading in HEADINGS)
    return [group for group in sorted_views if group[2]]


def _kind(claim: ClaimView) -> str:
    if claim.after is None:
        return "silent"
    return "holds" if claim.after >= LIKELY else "fails" if claim.after <= UNLIKELY else "open"


def _view(claim: WeighedClaim, models: Sequence[ModelRow]) -> ClaimView:
    answers = {row.model: claim.models[row.model] for row in models if row.model in claim.models}
    silent: dict[str, list[str]] = {}
    for model, found in answers.items():
        if found.absent:
            silent.setdefault(found.absent, []).append(model)
    return ClaimView(
        claim.id, claim.statement, claim.source,
        before=_before(answers, models) if claim.average is not None else None,
        after=claim.average,
        weight=claim.weight,
        told=tuple((model, found) for model, found in answers.items() if not found.absent),
        silent=tuple((why, tuple(of)) for why, of in silent.items()),
    )  # fmt: skip


def _before(answers: Mapping[str, ClaimAnswer], models: Sequence[ModelRow]) -> float | None:
    """Prior probability, by the weights that the average after the data has."""
    able = [
        (row.stacking, answers[row.model].prior)
        for row in models
        if row.stacking is not None and row.model in answers and answers[row.model].posterior is not None
    ]
    known = [(weight, prior) for weight, prior in able if prior is not None]
    total = sum(weight for weight, _ in known)
    return sum(weight * prior for weight, prior in known) / total if total > 0.01 else None
