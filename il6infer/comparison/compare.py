"""The comparison table of one data set: passed fits ranked and weighted, failed ones shown as failed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from il6infer._errors import UserError
from il6infer._files import Groups
from il6infer.comparison.criteria import (
    INFORMATION,
    gathered,
    is_level,
    of_evidence,
    of_groups,
    of_information,
    of_values,
    without_ranks,
)
from il6infer.comparison.disagreement import disagreements
from il6infer.comparison.loo import Loo, in_order, loo
from il6infer.comparison.weights import shares
from il6infer.stages.comparison import NAMES, NOTHING_FITS, UNRANKED, WEIGHTS, Comparison, Influential, ModelRow, Score
from il6infer.stages.evidence import Evidence
from il6infer.stages.leave_out import LeaveOut
from il6infer.stages.verdict import Verdict

CORRELATED = 0.05
"""Chance of a serial correlation below which residuals are said to follow each other."""

ALONE = (
    "What other criteria say stands without differences and weights: `comparison.criterion` names the one that ranks."
)
"""What is said where the criterion that ranks has no number of any model."""

OTHER_ERRORS = (
    "Errors along courses are correlated in some fits and not in others: the elpd of single values is not compared."
)
"""What is said where `loo` leaves out different things of the same measurements."""


@dataclass(frozen=True)
class Fit:
    """One model's posterior and its verdict; its evidence, and what was left out of it, where that was computed."""

    model: str
    idata: Groups
    verdict: Verdict
    evidence: Evidence | None = None
    left_out: tuple[LeaveOut, ...] = ()


def observed_digest(idata: Groups) -> tuple[int, str]:
    """Count the measurements, with a digest of their values and times."""
    data, about = idata["observed_data"], idata["constant_data"]
    values = []
    for name in sorted(map(str, data.data_vars)):
        rows = in_order(idata, name)
        values += [data[name].values[rows].astype(float), about[f"{name}_time"].values[rows].astype(float)]
    return sum(map(len, values[::2])), hashlib.sha256(b"".join(v.tobytes() for v in values)).hexdigest()


def same_measurements(dataset: str, fits: Sequence[Fit]) -> int:
    """Count the measurements that all fits have.

    Raises
    ------
    UserError
        If the fits are of different measurements.
    """
    first = observed_digest(fits[0].idata)
    for other in fits[1:]:
        if (found := observed_digest(other.idata)) != first:
            raise UserError(
                f"comparison of '{dataset}': '{other.model}' was fitted to other measurements "
                f"({found[0]}) than '{fits[0].model}' ({first[0]}). "
                "Models can be compared only on the same data; fit them again."
            )
    return first[0]


def compare(
    dataset: str, fits: Sequence[Fit], *, pareto_k_max: float = 0.7, seed: int = 1, criterion: str = "loo",
    weights: str = "pseudo_bma",
) -> Comparison:  # fmt: skip
    """Compare models of one data set, by every criterion that was computed.

    Ranked are the fits that sampled; weights have those of them that reproduce the data as well: a weight is a share of
    a joint prediction, and a model that misses the data predicts nothing.

    Parameters
    ----------
    pareto_k_max
        Pareto k above which a measurement's leave-one-out density is not trusted.
    seed
        Of the Bayesian bootstrap of pseudo-BMA+.
    criterion
        What they are ranked and averaged by: loo, leave_out or evidence.
    weights
        What the first two average by: pseudo_bma or stacking.

    Raises
    ------
    UserError
        If the fits are of different measurements, if the criterion was not computed for all of them, or if it is loo
        and the errors of some are correlated along courses, and of others not.
    """
    measurements = same_measurements(dataset, fits)
    alike = _same_errors(dataset, fits, criterion)
    loos = {fit.model: loo(fit.idata) for fit in fits}
    sampled = [fit.model for fit in fits if fit.verdict.sampled.passed]
    right = [fit.model for fit in fits if fit.model in sampled and fit.verdict.reproduces.passed]
    known = {model: own for model in sampled if alike and (own := loos[model]) is not None}
    known = dict(sorted(known.items(), key=lambda item: -item[1].elpd))
    own_weights = _weights_of_values(known, right, seed)
    scores, unit = _scores(fits, known, own_weights[weights], sampled, right, weights, seed)
    if criterion not in scores and known:
        raise UserError(
            f"comparison of '{dataset}': the criterion is {criterion}, which is not known of all models. "
            "Give the files of `il6infer evidence` or `il6infer leaveout` for each."
        )
    chosen = {model: own for model, own in scores.get(criterion, {}).items() if own.difference is not None}
    chosen = dict(sorted(chosen.items(), key=lambda item: item[1].difference or 0.0))
    if not chosen:
        scores = without_ranks(scores)
    # A model that the criterion cannot rank is held against no other by single values either, whatever these say of it.
    ranked = {model: own for model, own in known.items() if model in chosen}
    own_weights = own_weights if len(ranked) == len(known) else _weights_of_values(ranked, right, seed)
    by_name = {fit.model: fit for fit in fits}
    order = [*chosen, *(model for model in by_name if model not in chosen)]
    rows = []
    for model in order:
        row = _row(by_name[model], loos[model], ranked, own_weights, pareto_k_max)
        own = {name: found[model] for name, found in scores.items() if model in found}
        row = replace(row, scores=own)
        if model in chosen:
            rank, level = [*chosen].index(model) + 1, is_level(chosen[model], criterion)
            row = replace(row, rank=rank, level=level, weight=chosen[model].weight)
        elif model in known:
            lacks = own[criterion].words if criterion in own else ""
            row = replace(row, reasons=(*row.reasons, f"no number by {NAMES[criterion]}: {lacks}"))
        rows.append(row)
    evidence = {fit.model: fit.evidence for fit in fits if fit.evidence is not None}
    notes = (
        *_notes(rows, pareto_k_max, criterion), *([] if alike else [OTHER_ERRORS]), *_correlated(fits, sampled, unit),
        *_constraint_notes(fits),
    )  # fmt: skip
    apart = tuple(disagreements(scores, evidence))
    return Comparison(dataset, measurements, criterion, weights, unit, tuple(rows), apart, notes)


def _same_errors(dataset: str, fits: Sequence[Fit], criterion: str) -> bool:
    """Tell whether the same read-outs of all fits have errors along courses; refuse to rank by loo where they have not.

    Where errors are correlated, a value left out is one given the lanes before it: another thing than one by itself.
    """
    readouts = {fit.model: _with_courses(fit) for fit in fits}
    alike = len({tuple(names) for names in readouts.values()}) < 2
    if not alike and criterion == "loo":
        said = ", ".join(f"'{model}' of {', '.join(names) or 'none'}" for model, names in readouts.items())
        raise UserError(
            f"comparison of '{dataset}': errors are correlated along courses of other read-outs in one fit than in "
            f"another ({said}), so what loo leaves out is not the same. Leave out whole gels (`il6infer leaveout` for "
            "each, criterion leave_out), or compare by evidence."
        )
    return alike


def _with_courses(fit: Fit) -> list[str]:
    """Read-outs whose errors are correlated along courses, and whether replicates share these."""
    told = json.loads(fit.idata["posterior"].attrs.get("correlated", "{}"))
    return sorted(f"{name} (shared by replicates)" if one.get("replicates") else name for name, one in told.items())


def _weights_of_values(known: Mapping[str, Loo], right: Sequence[str], seed: int) -> dict[str, dict[str, float]]:
    """Way of weighing -> model that reproduces the data -> its share, by leaving single values out."""
    heavy = [model for model in known if model in right]
    pointwise = {model: known[model].pointwise for model in heavy}
    return {way: shares(way, pointwise, heavy, np.random.default_rng(seed)) for way in WEIGHTS}


def _scores(
    fits: Sequence[Fit], known: Mapping[str, Loo], of_loo: Mapping[str, float], sampled: Sequence[str],
    right: Sequence[str], weights: str, seed: int,
) -> tuple[dict[str, dict[str, Score]], str]:  # fmt: skip
    """Criterion -> model -> score, of criteria that were computed for every model; and what was left out."""
    scores: dict[str, dict[str, Score]] = {}
    if known:
        scores["loo"] = of_values(known, of_loo)
    unit = ""
    if all(fit.left_out for fit in fits):
        parts = {fit.model: gathered(fit.model, fit.left_out) for fit in fits}
        scores["leave_out"], unit = of_groups(parts, sampled, right, weights, seed)
    evidence = {fit.model: fit.evidence for fit in fits if fit.evidence is not None}
    if len(evidence) == len(fits):
        scores["evidence"] = of_evidence(evidence, sampled, right)
        scores |= {name: of_information(evidence, sampled, name) for name in INFORMATION}
    return scores, unit


def _row(
    fit: Fit, own: Loo | None, ranked: Mapping[str, Loo], weights: Mapping[str, Mapping[str, float]], limit: float
) -> ModelRow:
    reasons = [reason.message for reason in fit.verdict.sampled.failed]
    row = ModelRow(
        fit.model, fit.verdict.sampled.passed, fit.verdict.reproduces.passed, rank=None, weight=None, level=False,
        scores={}, elpd=None, se=None, p_loo=None, elpd_diff=None, diff_se=None, stacking=None, pseudo_bma=None,
        pareto_k_bad=None, pareto_k_worst=(), n=None, reasons=tuple(reasons),
        misfits=tuple(reason.message for reason in fit.verdict.reproduces.failed),
        conflicts=tuple(reason.message for reason in fit.verdict.agrees.failed),
    )  # fmt: skip
    if own is None:
        return replace(row, reasons=(*reasons, "some draws could not be simulated: no leave-one-out density"))
    worst = np.argsort(-own.pareto_k)[:5]
    row = replace(
        row, elpd=own.elpd, se=own.se, p_loo=own.p_loo, n=len(own.pointwise),
        pareto_k_bad=int((own.pareto_k > limit).sum()),
        pareto_k_worst=tuple(
            Influential(*own.places[i], float(own.pareto_k[i]) if np.isfinite(own.pareto_k[i]) else None)
            for i in map(int, worst)
            if own.pareto_k[i] > limit
        ),
    )  # fmt: skip
    if fit.model not in ranked:
        return row
    difference = next(iter(ranked.values())).pointwise - own.pointwise
    return replace(
        row,
        elpd_diff=float(difference.sum()),
        diff_se=float(np.sqrt(len(difference) * difference.var())),
        stacking=weights["stacking"].get(fit.model),
        pseudo_bma=weights["pseudo_bma"].get(fit.model),
    )


def _notes(rows: Sequence[ModelRow], limit: float, criterion: str) -> Iterator[str]:
    ranked = [row for row in rows if row.rank is not None]
    if not ranked and any(row.sampled for row in rows):
        yield f"{UNRANKED[0].upper()}{UNRANKED[1:]}, {NAMES[criterion]}: the models cannot be ranked. {ALONE}"
    elif not ranked:
        yield "No fit sampled: the models cannot be ranked."
    elif not any(row.reproduces for row in ranked):
        yield f"{NOTHING_FITS[0].upper()}{NOTHING_FITS[1:]}: ranks say which misses least, and there are no weights."
    for row in rows:
        if row.rank is not None and not row.reproduces:
            yield f"{row.model} does not reproduce the data and has no weight: {'; '.join(row.misfits)}"
    what = "log-evidence" if criterion == "evidence" else "elpd"
    for row in ranked[1:]:
        own = row.scores[criterion]
        end = "the data do not tell them apart" if row.level else "the data prefer the first"
        words = f" ({own.words})" if criterion == "evidence" and own.words else ""
        difference = f"{what} difference {own.difference:.1f} +- {own.difference_se:.1f}{words}"
        yield f"{ranked[0].model} against {row.model}: {difference}; {end}."
    for row in rows:
        if row.rank is None:
            short = "did not sample and " if not row.sampled else ""
            yield f"{row.model} {short}is not ranked: {'; '.join(row.reasons)}"
        elif row.pareto_k_bad:
            yield (
                f"{row.model}: {row.pareto_k_bad} of {row.n} measurements have a Pareto k above {limit:g}; "
                "its elpd leans on them."
            )


def _correlated(fits: Sequence[Fit], sampled: Sequence[str], unit: str) -> Iterator[str]:
    """Say where leaving single values out flatters, for the residuals of neighbours in time follow each other."""
    for fit in fits:
        found = [
            f"{name} (correlation {own.r:.2f}, p {own.p:.2g})"
            for name, own in fit.verdict.serial.items()
            if fit.model in sampled and own.r is not None and own.p is not None and own.r > 0 and own.p < CORRELATED
        ]
        if found:
            end = "" if unit else "; leave whole gels out ('comparison.leave_out: batch')"
            yield (
                f"{fit.model}: the elpd of single values is optimistic, for residuals of neighbours in time follow "
                f"each other: {', '.join(found)}{end}."
            )


def _constraint_notes(fits: Sequence[Fit]) -> list[str]:
    """Say which posteriors hold literature constraints: they count as prior knowledge, and no elpd counts them."""
    holders: dict[str, list[str]] = {}
    for fit in fits:
        for name in json.loads(fit.idata["posterior"].attrs.get("literature", "{}")):
            holders.setdefault(name, []).append(fit.model)
    notes = []
    for name, models in holders.items():
        note = f"'{name}' is a literature constraint and no measurement: it counts in the posterior"
        others = [fit.model for fit in fits if fit.model not in models]
        if others:
            note += (
                f" of {', '.join(models)}, and not in that of {', '.join(others)}, whose prior knowledge is thus less"
            )
        notes.append(f"{note}; the elpd is over the data alone.")
    return notes
