"""The comparison table of one data set: passed fits ranked and weighted, failed ones shown as failed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from il6infer._errors import UserError
from il6infer._files import Groups
from il6infer.compare.loo import Loo, loo
from il6infer.compare.weights import pseudo_bma, stacking

CLEAR = 4.0
"""Difference in elpd below which, or below two standard errors, models are not told apart."""


@dataclass(frozen=True)
class Fit:
    """One model's posterior and its verdict."""

    model: str
    idata: Groups
    verdict: dict[str, Any]


def observed_digest(idata: Groups) -> tuple[int, str]:
    """Count the measurements, with a digest of their values."""
    data = idata["observed_data"]
    values = [data[name].values for name in sorted(map(str, data.data_vars))]
    return sum(map(len, values)), hashlib.sha256(b"".join(np.sort(v).tobytes() for v in values)).hexdigest()


def compare(dataset: str, fits: Sequence[Fit], *, pareto_k_max: float = 0.7, seed: int = 1) -> dict[str, Any]:
    """Compare models of one data set by PSIS-LOO.

    Returns
    -------
    dict
        ``models``: rows in order of rank, failed fits last, with model, passed, rank, elpd, se, p_loo, elpd_diff and
        diff_se (to the best passed model), stacking, pseudo_bma, pareto_k_bad, pareto_k_worst, n, reasons. Rank,
        differences and weights are null for a fit that failed its verdict. ``notes``: sentences for a reader.

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
    passed = [fit.model for fit in fits if fit.verdict["passed"] and loos[fit.model] is not None]
    passed.sort(key=lambda model: -loos[model].elpd)
    weights: dict[str, tuple[float, float]] = {}
    if passed:
        pointwise = np.column_stack([loos[model].pointwise for model in passed])
        both = zip(stacking(pointwise), pseudo_bma(pointwise, np.random.default_rng(seed)), strict=True)
        weights = {model: (float(a), float(b)) for model, (a, b) in zip(passed, both, strict=True)}
    order = [*passed, *(fit.model for fit in fits if fit.model not in passed)]
    by_name = {fit.model: fit for fit in fits}
    rows = [_row(by_name[model], loos, passed, weights, pareto_k_max) for model in order]
    notes = [*_notes(rows, loos, pareto_k_max), *_constraint_notes(fits)]
    return {"dataset": dataset, "n": first[0], "models": rows, "notes": notes}


def _row(fit: Fit, loos: dict[str, Loo | None], passed: list[str], weights: dict, limit: float) -> dict[str, Any]:
    own = loos[fit.model]
    ranked = fit.model in passed
    row: dict[str, Any] = {
        "model": fit.model,
        "passed": bool(fit.verdict["passed"]),
        "rank": passed.index(fit.model) + 1 if ranked else None,
        "elpd": None, "se": None, "p_loo": None, "elpd_diff": None, "diff_se": None,
        "stacking": weights[fit.model][0] if ranked else None,
        "pseudo_bma": weights[fit.model][1] if ranked else None,
        "pareto_k_bad": None, "pareto_k_worst": [], "n": None,
        "reasons": [r["message"] for r in fit.verdict["reasons"] if r["kind"] == "sampling" and not r["passed"]],
    }  # fmt: skip
    if own is None:
        row["reasons"].append("some draws could not be simulated: no leave-one-out density")
        return row
    worst = np.argsort(-own.pareto_k)[:5]
    row |= {
        "elpd": own.elpd, "se": own.se, "p_loo": own.p_loo, "n": len(own.pointwise),
        "pareto_k_bad": int((own.pareto_k > limit).sum()),
        "pareto_k_worst": [
            {"measurement": own.labels[i], "k": float(own.pareto_k[i])} for i in worst if own.pareto_k[i] > limit
        ],
    }  # fmt: skip
    if ranked:
        difference = loos[passed[0]].pointwise - own.pointwise
        row |= {
            "elpd_diff": float(difference.sum()),
            "diff_se": float(np.sqrt(len(difference) * difference.var())),
        }
    return row


def _notes(rows: list[dict[str, Any]], loos: dict[str, Loo | None], limit: float) -> list[str]:
    ranked = [row for row in rows if row["rank"]]
    notes = []
    if not ranked:
        notes.append("No fit passed its verdict: the models cannot be ranked.")
    for row in ranked[1:]:
        difference, se = row["elpd_diff"], row["diff_se"]
        apart = difference > max(CLEAR, 2 * se)
        end = "the data prefer the first" if apart else "the data do not tell them apart"
        notes.append(
            f"{ranked[0]['model']} against {row['model']}: elpd difference {difference:.1f} +- {se:.1f}; {end}."
        )
    for row in rows:
        if not row["rank"]:
            notes.append(f"{row['model']} failed its verdict and is not ranked: {'; '.join(row['reasons'])}")
        elif row["pareto_k_bad"]:
            notes.append(
                f"{row['model']}: {row['pareto_k_bad']} of {row['n']} measurements have a Pareto k above {limit:g}; "
                "its elpd leans on them."
            )
    return notes


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
