"""The comparison table of one data set: passed fits ranked and weighted, failed ones shown as failed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from il6infer._errors import UserError
from il6infer._files import Groups
from il6infer.comparison.loo import Loo, loo
from il6infer.comparison.weights import pseudo_bma, stacking
from il6infer.stages.comparison import NOTHING_FITS, Comparison, Influential, ModelRow
from il6infer.stages.verdict import Verdict

CLEAR = 4.0
"""Difference in elpd below which, or below two standard errors, models are not told apart."""


@dataclass(frozen=True)
class Fit:
    """One model's posterior and its verdict."""

    model: str
    idata: Groups
    verdict: Verdict


def observed_digest(idata: Groups) -> tuple[int, str]:
    """Count the measurements, with a digest of their values."""
    data = idata["observed_data"]
    values = [data[name].values for name in sorted(map(str, data.data_vars))]
    return sum(map(len, values)), hashlib.sha256(b"".join(np.sort(v).tobytes() for v in values)).hexdigest()


def compare(dataset: str, fits: Sequence[Fit], *, pareto_k_max: float = 0.7, seed: int = 1) -> Comparison:
    """Compare models of one data set by PSIS-LOO.

    Ranked are the fits that sampled; weights have those of them that reproduce the data as well: a weight is a share of
    a joint prediction, and a model that misses the data predicts nothing.

    Parameters
    ----------
    pareto_k_max
        Pareto k above which a measurement's leave-one-out density is not trusted.
    seed
        Of the Bayesian bootstrap of pseudo-BMA+.

    Raises
    ------
    UserError
        If the fits are of different measurements.
    """
    first = observed_digest(fits[0].idata)
    for other in fits[1:]:
        if observed_digest(other.idata) != first:
            raise UserError(
                f"comparison of '{dataset}': '{other.model}' was fitted to other measurements "
                f"({observed_digest(other.idata)[0]}) than '{fits[0].model}' ({first[0]}). "
                "Models can be compared only on the same data; fit them again."
            )
    loos = {fit.model: loo(fit.idata) for fit in fits}
    ranked = {fit.model: own for fit in fits if fit.verdict.sampled.passed and (own := loos[fit.model]) is not None}
    ranked = dict(sorted(ranked.items(), key=lambda item: -item[1].elpd))
    weights: dict[str, tuple[float, float]] = {}
    by_name = {fit.model: fit for fit in fits}
    right = [model for model in ranked if by_name[model].verdict.reproduces.passed]
    if right:
        pointwise = np.column_stack([ranked[model].pointwise for model in right])
        both = zip(stacking(pointwise), pseudo_bma(pointwise, np.random.default_rng(seed)), strict=True)
        weights = {model: (float(a), float(b)) for model, (a, b) in zip(right, both, strict=True)}
    order = [*ranked, *(model for model in by_name if model not in ranked)]
    rows = tuple(_row(by_name[model], loos[model], ranked, weights, pareto_k_max) for model in order)
    notes = (*_notes(rows, pareto_k_max), *_constraint_notes(fits))
    return Comparison(dataset, first[0], rows, notes)


def _row(fit: Fit, own: Loo | None, ranked: Mapping[str, Loo], weights: Mapping, limit: float) -> ModelRow:
    reasons = [reason.message for reason in fit.verdict.sampled.failed]
    row = ModelRow(
        fit.model, fit.verdict.sampled.passed, fit.verdict.reproduces.passed, rank=None, elpd=None, se=None,
        p_loo=None, elpd_diff=None, diff_se=None, stacking=None, pseudo_bma=None, pareto_k_bad=None,
        pareto_k_worst=(), n=None, reasons=tuple(reasons),
        misfits=tuple(reason.message for reason in fit.verdict.reproduces.failed),
    )  # fmt: skip
    if own is None:
        return replace(row, reasons=(*reasons, "some draws could not be simulated: no leave-one-out density"))
    worst = np.argsort(-own.pareto_k)[:5]
    row = replace(
        row, elpd=own.elpd, se=own.se, p_loo=own.p_loo, n=len(own.pointwise),
        pareto_k_bad=int((own.pareto_k > limit).sum()),
        pareto_k_worst=tuple(
            Influential(*own.places[i], float(own.pareto_k[i])) for i in map(int, worst) if own.pareto_k[i] > limit
        ),
    )  # fmt: skip
    if fit.model not in ranked:
        return row
    difference = next(iter(ranked.values())).pointwise - own.pointwise
    return replace(
        row,
        rank=list(ranked).index(fit.model) + 1,
        elpd_diff=float(difference.sum()),
        diff_se=float(np.sqrt(len(difference) * difference.var())),
        stacking=weights[fit.model][0] if fit.model in weights else None,
        pseudo_bma=weights[fit.model][1] if fit.model in weights else None,
    )


def _notes(rows: Sequence[ModelRow], limit: float) -> Iterator[str]:
    ranked = [row for row in rows if row.rank is not None]
    if not ranked:
        yield "No fit sampled: the models cannot be ranked."
    elif not any(row.reproduces for row in ranked):
        yield f"{NOTHING_FITS[0].upper()}{NOTHING_FITS[1:]}: ranks say which misses least, and there are no weights."
    for row in rows:
        if row.rank is not None and not row.reproduces:
            yield f"{row.model} does not reproduce the data and has no weight: {'; '.join(row.misfits)}"
    for row in ranked[1:]:
        if row.elpd_diff is None or row.diff_se is None:
            continue
        apart = row.elpd_diff > max(CLEAR, 2 * row.diff_se)
        end = "the data prefer the first" if apart else "the data do not tell them apart"
        difference = f"elpd difference {row.elpd_diff:.1f} +- {row.diff_se:.1f}"
        yield f"{ranked[0].model} against {row.model}: {difference}; {end}."
    for row in rows:
        if row.rank is None:
            yield f"{row.model} did not sample and is not ranked: {'; '.join(row.reasons)}"
        elif row.pareto_k_bad:
            yield (
                f"{row.model}: {row.pareto_k_bad} of {row.n} measurements have a Pareto k above {limit:g}; "
                "its elpd leans on them."
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
