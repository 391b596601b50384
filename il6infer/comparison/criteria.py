"""Every criterion of every model, side by side: leave-one-out, leave-group-out, evidence, AIC, BIC."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from il6infer._errors import UserError
from il6infer.comparison.loo import Loo
from il6infer.comparison.weights import shares
from il6infer.stages.comparison import CLEAR, Score
from il6infer.stages.evidence import Evidence
from il6infer.stages.leave_out import LABELS, LeaveOut, LeftOut

STRENGTHS = ((2.0, "not worth more than a bare mention"), (6.0, "positive"), (10.0, "strong"))
"""Twice the logarithm of a Bayes factor below which the evidence is called so; above, very strong. Kass and Raftery
1995, doi 10.1080/01621459.1995.10476572."""

INFORMATION = ("aic", "aicc", "bic")


def in_words(log_factor: float) -> str:
    """Say what a Bayes factor is, given its natural logarithm (not below zero)."""
    return next((words for limit, words in STRENGTHS if 2.0 * log_factor < limit), "very strong")


@dataclass(frozen=True)
class Groups:
    """What was left out of one fit, all jobs together, by name.

    Attributes
    ----------
    why
        Why there is no sum over the groups; else empty.
    """

    unit: str
    groups: Mapping[str, LeftOut]
    why: str


def gathered(model: str, parts: Sequence[LeaveOut]) -> Groups:
    """Put the jobs of one fit together.

    Parameters
    ----------
    model
        Its name.
    parts
        Files of its jobs.

    Raises
    ------
    UserError
        If they left out different things, or groups are missing or there twice.
    """
    units = sorted({part.unit for part in parts})
    groups = {group.name: group for part in parts for group in part.groups}
    count, total = sum(len(part.groups) for part in parts), parts[0].total
    if len(units) > 1 or count != len(groups) or {part.total for part in parts} != {count}:
        raise UserError(
            f"'{model}': its files of `il6infer leaveout` do not belong together ({count} groups of {total}, by "
            f"{' and '.join(units)}). Give those of all jobs of one run."
        )
    if parts[0].why:
        return Groups(units[0], groups, parts[0].why)
    lost = [group for group in groups.values() if group.elpd is None]
    why = "; ".join(f"without {group.name}: {group.why}" for group in lost[:3])
    more = f"; and {len(lost) - 3} more" if len(lost) > 3 else ""
    return Groups(units[0], groups, why + more)


def of_values(loos: Mapping[str, Loo], weights: Mapping[str, float]) -> dict[str, Score]:
    """Leave-one-out densities of values, of models that are ranked; the best first."""
    best = next(iter(loos.values())).pointwise
    return {
        model: Score(own.elpd, own.se, *_difference(best - own.pointwise, 0), weights.get(model), "")
        for model, own in loos.items()
    }


def of_groups(
    parts: Mapping[str, Groups], ranked: Sequence[str], weighed: Sequence[str], weights: str, seed: int
) -> tuple[dict[str, Score], str]:
    """Leave-group-out densities of models, and what was left out.

    Parameters
    ----------
    parts
        Model -> its groups.
    ranked
        Models whose fits sampled.
    weighed
        Those that reproduce the data, too.
    weights, seed
        pseudo_bma or stacking; of the bootstrap of the first.

    Raises
    ------
    UserError
        If the models left out different things.
    """
    named = {model: (own.unit, sorted(own.groups)) for model, own in parts.items()}
    if len({(unit, *names) for unit, names in named.values()}) > 1:
        raise UserError("files of `il6infer leaveout`: the models left out different things. Make them again, by one.")
    unit, names = next(iter(named.values()))
    values = {
        model: np.array([own.groups[name].elpd for name in names], dtype=float)
        for model, own in parts.items()
        if not own.why
    }
    able = sorted((m for m in values if m in ranked), key=lambda m: -values[m].sum())
    share = shares(weights, values, [m for m in able if m in weighed], np.random.default_rng(seed))
    found = {}
    for model, own in parts.items():
        if model not in values:
            found[model] = Score(None, None, None, None, None, own.why)
            continue
        total, refits = float(values[model].sum()), sum(g.method == "refit" for g in own.groups.values())
        se = _spread(values[model], 1)
        difference = _difference(values[able[0]] - values[model], 1) if model in able else (None, None)
        moved = sum(g.method == "moved" for g in own.groups.values())
        said = f"{len(names)} times one {LABELS[unit]} left out, {refits} of them by a refit"
        said += f", {moved} by draws that were moved" if moved else ""
        doubtful = [g.name for g in own.groups.values() if g.why]
        if doubtful:
            said += f"; not to be trusted: {', '.join(doubtful)}"
        found[model] = Score(total, se, *difference, share.get(model), said)
    return found, unit


def of_evidence(
    found: Mapping[str, Evidence], ranked: Sequence[str], weighed: Sequence[str]
) -> dict[str, Score]:  # fmt: skip
    """Evidence of models, with Bayes factors in words; none of a model whose two estimates do not agree.

    Parameters
    ----------
    found
        Model -> its evidence.
    ranked
        Models whose fits sampled.
    weighed
        Those that reproduce the data, too.
    """
    held = {model: own.constraints for model, own in found.items()}
    same = len(set(held.values())) <= 1
    value = {model: own.log_evidence for model, own in found.items() if own.log_evidence is not None}
    able = sorted((m for m in value if m in ranked), key=lambda m: -value[m]) if same else []
    heavy = [m for m in able if m in weighed]
    top = max((value[m] for m in heavy), default=0.0)
    total = sum(math.exp(value[m] - top) for m in heavy)
    scores = {}
    for model, own in found.items():
        if own.log_evidence is None or own.se is None:
            scores[model] = Score(None, None, None, None, None, " ".join(own.notes) or "no evidence")
            continue
        if model not in able:
            why = "" if same else "models with other literature constraints: no Bayes factor"
            scores[model] = Score(own.log_evidence, own.se, None, None, None, why)
            continue
        behind = value[able[0]] - value[model]
        error = math.hypot(own.se, found[able[0]].se or 0.0) if model != able[0] else 0.0
        numerical = max(own.numerical, found[able[0]].numerical) if model != able[0] else 0.0
        words = "" if model == able[0] else f"{in_words(behind)} evidence against it"
        share = math.exp(value[model] - top) / total if model in heavy else None
        scores[model] = Score(own.log_evidence, own.se, behind, math.hypot(error, numerical), share, words)
    return scores


def of_information(found: Mapping[str, Evidence], ranked: Sequence[str], name: str) -> dict[str, Score]:
    """Give AIC, AICc or BIC of models: differences are half of those of the criterion, on the scale of all others.

    Parameters
    ----------
    found
        Model -> evidence, which they stand beside.
    ranked
        Models whose fits sampled.
    name
        One of `INFORMATION`.
    """
    values = {model: getattr(own.criteria, name) if own.criteria else None for model, own in found.items()}
    best = min((v for m, v in values.items() if v is not None and m in ranked), default=None)
    return {
        model: Score(v, None, None if v is None or best is None or model not in ranked else (v - best) / 2.0, None,
                     None, "" if v is not None else "does not exist")
        for model, v in values.items()
    }  # fmt: skip


def without_ranks(scores: Mapping[str, Mapping[str, Score]]) -> dict[str, dict[str, Score]]:
    """Take differences, weights and Bayes factors away, where the criterion that ranks has no number of any model.

    Parameters
    ----------
    scores
        Criterion -> model -> its score; the values themselves, with their errors, are kept.
    """
    return {
        name: {
            model: replace(
                own, difference=None, difference_se=None, weight=None,
                words="" if name == "evidence" and own.difference is not None else own.words,
            )
            for model, own in found.items()
        }
        for name, found in scores.items()
    }  # fmt: skip


def is_level(score: Score, criterion: str) -> bool:
    """Whether a model cannot be told from the best by a criterion."""
    if score.difference is None:
        return False
    clear = CLEAR if criterion != "evidence" else STRENGTHS[1][0] / 2.0
    return score.difference <= max(clear, 2.0 * (score.difference_se or 0.0))


def _difference(apart: np.ndarray, freedom: int) -> tuple[float, float]:
    return float(apart.sum()), _spread(apart, freedom)


def _spread(values: np.ndarray, freedom: int) -> float:
    """Give the standard error of a sum of independent values."""
    return float(math.sqrt(len(values) * values.var(ddof=freedom)))
