"""Answers to claims, averaged over the models of a data set by their weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from il6infer.stages.comparison import Comparison


def average(answers: Mapping[str, Mapping[str, Any]], comparison: Comparison) -> dict[str, Any]:
    """Put the answers of all models of a data set beside each other, and average them.

    Parameters
    ----------
    answers
        Model -> what `answer` gave.
    comparison
        Of `il6infer compare`: verdicts and stacking weights.

    Returns
    -------
    dict
        ``claims``: id, statement, source, ``models`` (model -> its answer), ``average`` (probability by stacking
        weights over the models that passed and can be asked; null where there is none) and ``weight``, the weight of
        those models. ``failed``: models whose fit did not pass, with the reasons.
    """
    rows = {row.model: row for row in comparison.models}
    weights = {name: row.stacking for name, row in rows.items() if row.stacking is not None and name in answers}
    claims = []
    for position, said in enumerate(next(iter(answers.values()))["claims"]):
        own = {model: found["claims"][position] for model, found in answers.items()}
        able = {m: w for m, w in weights.items() if own[m]["posterior"] is not None}
        total = sum(able.values())
        claims.append(
            {
                **{key: said[key] for key in ("id", "statement", "source")},
                "models": own,
                "average": sum(w * own[m]["posterior"] for m, w in able.items()) / total if total > 0.01 else None,
                "weight": total,
            }
        )
    failed = {name: row.reasons for name, row in rows.items() if name in answers and not row.sampled}
    return {"claims": claims, "failed": failed}
