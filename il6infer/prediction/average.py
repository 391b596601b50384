"""Answers to claims, averaged over the models of a data set by their weights."""

from __future__ import annotations

from collections.abc import Mapping

from il6infer._errors import UserError
from il6infer.stages.claims import Answers, ClaimAnswer, WeighedClaim, WeighedClaims
from il6infer.stages.comparison import NOTHING_FITS, UNRANKED, Comparison


def average(answers: Mapping[str, Answers], comparison: Comparison) -> WeighedClaims:
    """Put the answers of all models of a data set beside each other, and average them by the weights of the comparison.

    Weights have the models that sampled and reproduce the data; where there is none, no claim has an average.

    Parameters
    ----------
    answers
        Model -> what it says.
    comparison
        Of the same models: verdicts and weights.

    Raises
    ------
    UserError
        If the models were asked other claims, or the comparison is not of them.
    """
    rows = {row.model: row for row in comparison.models}
    first, asked = next(((model, found) for model, found in answers.items()))
    for model, found in answers.items():
        if model not in rows:
            raise UserError(
                f"comparison of '{comparison.dataset}' has no model '{model}', whose answers are given. "
                f"It compares {', '.join(rows)}: run `il6infer compare` again."
            )
        if [_said(claim) for claim in found.claims] != [_said(claim) for claim in asked.claims]:
            raise UserError(
                f"'{model}' was asked other claims than '{first}'. Run `il6infer claims ask` again, with one file of "
                "claims for all models."
            )
    weights = {name: row.weight for name, row in rows.items() if row.weight is not None and name in answers}
    claims = []
    for position, said in enumerate(asked.claims):
        own = {model: found.claims[position] for model, found in answers.items()}
        able = {m: (w, p) for m, w in weights.items() if (p := own[m].posterior) is not None}
        total = sum(weight for weight, _ in able.values())
        mean = sum(weight * chance for weight, chance in able.values()) / total if total > 0.01 else None
        claims.append(WeighedClaim(said.id, said.statement, said.source, own, mean, total))
    failed = {name: row.reasons for name, row in rows.items() if name in answers and not row.sampled}
    misfits = {name: row.misfits for name, row in rows.items() if name in answers and not row.reproduces}
    sampled = [name for name in answers if name not in failed]
    unanswered = NOTHING_FITS if sampled and set(sampled) <= set(misfits) else "" if sampled else "no fit sampled"
    unanswered = unanswered or ("" if weights else UNRANKED)
    leanings = {model: answers[model].leanings for model, weight in weights.items() if weight > 0}
    return WeighedClaims(tuple(claims), failed, misfits, unanswered, leanings)


def _said(claim: ClaimAnswer) -> tuple[str, str, str]:
    return claim.id, claim.statement, claim.source
