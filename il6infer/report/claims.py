"""Claims as the page shows them: in groups by their answer, models that cannot be asked named once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from il6infer.stages.claims import ClaimAnswer, WeighedClaim, WeighedClaims
from il6infer.stages.comparison import ModelRow

K_MAX = 0.7
"""Pareto k above which weighed draws cannot tell."""

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
        (row.weight, answers[row.model].prior)
        for row in models
        if row.weight is not None and row.model in answers and answers[row.model].posterior is not None
    ]
    known = [(weight, prior) for weight, prior in able if prior is not None]
    total = sum(weight for weight, _ in known)
    return sum(weight * prior for weight, prior in known) / total if total > 0.01 else None


@dataclass(frozen=True)
class Change:
    """An answer that leans on one assumption: what it is, of which model, the claim, its probability now and then."""

    assumption: str
    model: str
    claim: str
    now: float | None
    then: float


@dataclass(frozen=True)
class Leans:
    """What would change the answers of the models with a weight.

    Attributes
    ----------
    changes
        The largest first.
    priors, gels
        How many were looked at.
    untold
        Assumptions of which only a new fit could tell.
    """

    changes: tuple[Change, ...]
    priors: int
    gels: int
    untold: tuple[str, ...]


def leans(
    weighed: WeighedClaims | None, words: Mapping[str, str], about: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> Leans | None:
    """Gather what would change the answers; None where no claims were asked, or no model has a weight.

    Parameters
    ----------
    words
        Model -> its label.
    about
        Model -> parameter -> what the fit says of it: ``what``.
    """
    if weighed is None or not any(weighed.leanings.values()):
        return None
    said = {claim.id: claim for claim in weighed.claims}
    changes, untold, counts = [], [], {"prior": 0, "data": 0}
    for model, found in weighed.leanings.items():
        for one in found:
            counts[one.kind] += 1
            name = one.what.replace("_", " ")
            if one.kind == "prior":
                name = f"the prior of {about.get(model, {}).get(one.what, {}).get('what') or name} with half its say"
            else:
                name = f"{name} left out"
            if one.k is None or one.k > K_MAX:
                untold.append(name)
            for claim, then in one.changes.items():
                changes.append(
                    Change(name, words[model], said[claim].statement, said[claim].models[model].posterior, then)
                )
    ranked = sorted(changes, key=lambda c: -abs(c.then - (c.now or 0.0)))
    return Leans(tuple(ranked), counts["prior"], counts["data"], tuple(dict.fromkeys(untold)))
