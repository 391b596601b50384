"""Where criteria disagree on the best model, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from il6infer.comparison.criteria import is_level
from il6infer.stages.comparison import NAMES, Score
from il6infer.stages.evidence import Evidence


def disagreements(scores: Mapping[str, Mapping[str, Score]], evidence: Mapping[str, Evidence]) -> Iterator[str]:
    """Say, for each pair of criteria that prefer different models, how far and why.

    Parameters
    ----------
    scores
        Criterion -> model -> its score.
    evidence
        Model -> its evidence, where that is known.
    """
    best = {
        name: min(known, key=lambda model: known[model])
        for name, own in scores.items()
        if len(known := {m: s.difference for m, s in own.items() if s.difference is not None}) > 1
    }
    for one, other in combinations(best, 2):
        a, b = best[one], best[other]
        if a == b or b not in scores[one] or a not in scores[other]:
            continue
        sides = " and ".join(
            f"{NAMES[name]} {_prefers(scores[name], first, second, name)}"
            for name, first, second in ((one, a, b), (other, b, a))
        )
        yield f"{sides[0].upper()}{sides[1:]}. {_why(one, other, a, b, evidence)}"


def _prefers(scores: Mapping[str, Score], first: str, second: str, name: str) -> str:
    behind = scores[second]
    if behind.difference is None:
        return f"prefers {first} ({second} has no value)"
    error = "" if behind.difference_se is None else f" +- {behind.difference_se:.1f}"
    level = ", which is within its error" if behind.difference_se is not None and is_level(behind, name) else ""
    return f"prefers {first} to {second} by {behind.difference:.1f}{error}{level}"


def _why(one: str, other: str, a: str, b: str, evidence: Mapping[str, Evidence]) -> str:
    pair = {one, other}
    if pair == {"loo", "leave_out"}:
        return (
            "Values that stay in tell of the one that is left out: they share its scale, and residuals of one course "
            "follow each other. What was left out whole is predicted from the mechanism alone."
        )
    if pair & {"aic", "aicc", "bic"}:
        known = {m: evidence[m].criteria for m in (a, b) if m in evidence}
        counts = ", ".join(f"{c.parameters} of {m}" for m, c in known.items() if c)
        return (
            f"AIC and BIC count every parameter ({counts}) as one that the data fix, whatever its prior says and the "
            "data do of it."
        )
    first, second = (_occam(m, evidence) for m in (a, b))
    known = f" Largest log-likelihood less log-evidence: {first:.1f} in {a}, {second:.1f} in {b}." if first and second \
        else ""  # fmt: skip
    return (
        "The evidence charges a model for all that its priors allow and the data exclude; prediction of data that are "
        f"left out does not, once the others have fixed the parameters.{known}"
    )


def _occam(model: str, evidence: Mapping[str, Evidence]) -> float | None:
    own = evidence.get(model)
    if own is None or own.criteria is None or own.log_evidence is None:
        return None
    return own.criteria.log_likelihood - own.log_evidence
