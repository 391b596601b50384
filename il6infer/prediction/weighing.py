"""Predictions averaged over the models of a data set by their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from il6infer._errors import UserError
from il6infer.prediction.contest import contest
from il6infer.stages.comparison import NOTHING_FITS, UNRANKED, Comparison
from il6infer.stages.predictions import (
    PROBABILITY,
    Band,
    Curve,
    DrawnCurve,
    DrawnNumber,
    DrawnPrediction,
    ModelPredictions,
    Number,
    Prediction,
    Predictions,
    Spread,
)

SEED = 20261126
"""Of the simulated outcomes of plans that tell models apart: a property of the method, not of the analysis."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
UNDEFINED_MAX = 0.5
"""A point of a curve has no quantile where more than this share of the draws has no value."""


def weigh(found: Mapping[str, ModelPredictions], comparison: Comparison) -> Predictions:
    """Put the predictions of all models of a data set beside each other, and average them by their weights.

    The average is the mixture: each draw of a model counts its weight over the number of the model's draws. Weights
    have the models that sampled and reproduce the data; where there is none, nothing has an average.

    Parameters
    ----------
    found
        Model -> what it predicts.
    comparison
        Of the same models: verdicts and weights.

    Raises
    ------
    UserError
        If the models were asked other questions, or the comparison is not of them.
    """
    rows = {row.model: row for row in comparison.models}
    first, asked = next(iter(found.items()))
    for model, own in found.items():
        if model not in rows:
            raise UserError(
                f"comparison of '{comparison.dataset}' has no model '{model}', whose predictions are given. "
                f"It compares {', '.join(rows)}: run `il6infer compare` again."
            )
        if [_said(one) for one in own.predictions] != [_said(one) for one in asked.predictions]:
            raise UserError(
                f"'{model}' was asked for other predictions than '{first}'. Run `il6infer predict ask` again, with "
                "one file of predictions for all models."
            )
    weights = {
        name: float(row.weight)
        for name, row in rows.items()
        if row.weight is not None and row.weight > 0 and name in found
    }
    predictions = tuple(
        _prediction(one, {model: own.predictions[i] for model, own in found.items()}, weights)
        for i, one in enumerate(asked.predictions)
    )
    failed = {name: row.reasons for name, row in rows.items() if name in found and not row.sampled}
    misfits = {name: row.misfits for name, row in rows.items() if name in found and not row.reproduces}
    conflicts = {name: row.conflicts for name, row in rows.items() if name in found and row.conflicts}
    sampled = [name for name in found if name not in failed]
    unanswered = NOTHING_FITS if sampled and set(sampled) <= set(misfits) else "" if sampled else "no fit sampled"
    unanswered = unanswered or ("" if weights else UNRANKED)
    # Stacking may give one of two models that predict alike everything, and is no chance.
    by_weight = comparison.criterion == "evidence" or comparison.weights != "stacking"
    shares = {name: row.weight if by_weight else row.pseudo_bma for name, row in rows.items() if name in found}
    chances = {name: float(share) for name, share in shares.items() if share}
    asked_next = any(own.plan is not None for own in found.values())
    heaviest = max(weights, key=lambda model: weights[model]) if weights else ""
    return Predictions(
        max(own.draws for own in found.values()), weights, failed, misfits, conflicts, unanswered, predictions,
        plan=found[heaviest].plan if heaviest else None, planned_for=heaviest,
        contest=contest({m: own.readings for m, own in found.items()}, chances, SEED) if asked_next else None,
    )  # fmt: skip


def _said(one: DrawnPrediction) -> tuple:
    curves = [(curve.label, curve.x) for curve in one.curves]
    return one.id, one.kind, one.title, curves, [number.label for number in one.numbers]


def _prediction(one: DrawnPrediction, own: Mapping[str, DrawnPrediction], weights: Mapping[str, float]) -> Prediction:
    curves = tuple(
        _curve(curve, {model: p.curves[i] for model, p in own.items()}, weights) for i, curve in enumerate(one.curves)
    )
    numbers = tuple(
        _number(number, {model: p.numbers[i] for model, p in own.items()}, weights)
        for i, number in enumerate(one.numbers)
    )
    # A model without the read-out has no unit for the axis.
    labels = [p.y for p in own.values()]
    return Prediction(one.id, one.kind, one.title, one.x, max(labels, key=len), curves, numbers)


def _curve(one: DrawnCurve, own: Mapping[str, DrawnCurve], weights: Mapping[str, float]) -> Curve:
    values = {model: c.values.values for model, c in own.items() if c.values is not None}
    new = {model: c.new.values for model, c in own.items() if c.new is not None}
    able = {model: weight for model, weight in weights.items() if model in values}
    total = sum(able.values())
    average = None
    if one.label.startswith(PROBABILITY):
        if total > 0:
            average = _share([values[m] for m in able], [w / total for w in able.values()])
        bands = {model: _share([v], [1.0]) for model, v in values.items()}
        return Curve(one.label, one.x, bands, {m: c.absent for m, c in own.items() if c.absent}, average, total)
    if total > 0:
        noisy = [new[m] for m in able] if set(able) <= new.keys() else []
        average = _band([values[m] for m in able], noisy, [w / total for w in able.values()])
    bands = {model: _band([v], [new[model]] if model in new else [], [1.0]) for model, v in values.items()}
    return Curve(one.label, one.x, bands, {m: c.absent for m, c in own.items() if c.absent}, average, total)


def _number(one: DrawnNumber, own: Mapping[str, DrawnNumber], weights: Mapping[str, float]) -> Number:
    values = {model: n.values.values for model, n in own.items() if n.values is not None}
    able = {model: weight for model, weight in weights.items() if model in values}
    total = sum(able.values())
    average = _spread([values[m] for m in able], [w / total for w in able.values()]) if total > 0 else None
    return Number(
        one.label, max((n.unit for n in own.values()), key=len), one.mass,
        {m: _spread([v], [1.0]) for m, v in values.items()},
        {m: n.absent for m, n in own.items() if n.absent}, average, total,
    )  # fmt: skip


def _band(values: Sequence[np.ndarray], new: Sequence[np.ndarray], weights: Sequence[float]) -> Band:
    mean = _quantiles(values, weights, QUANTILES)
    noisy = _quantiles(new, weights, (0.05, 0.95)) if new else ((), ())
    return Band(*mean, *noisy)


def _share(values: Sequence[np.ndarray], weights: Sequence[float]) -> Band:
    """Probability along a curve: each draw says 0 or 100 %, and their mean is one line, without a band."""
    pooled, of = np.concatenate(values), _weights(values, weights)
    known = np.where(np.isfinite(pooled), of[:, None], 0.0)
    total = known.sum(axis=0)
    mean = (known * np.nan_to_num(pooled)).sum(axis=0) / np.where(total > 0, total, 1.0)
    line = tuple(float(m) if t > 0 else None for m, t in zip(mean, total, strict=True))
    return Band(line, line, line, line, line, (), ())


def _spread(values: Sequence[np.ndarray], weights: Sequence[float]) -> Spread:
    pooled = [v[:, None] for v in values]
    low, middle, high = (row[0] for row in _quantiles(pooled, weights, (0.05, 0.5, 0.95), least=0.0))
    of = _weights(pooled, weights)
    flat = np.concatenate(pooled)[:, 0]
    known = np.isfinite(flat)
    mean = float(np.average(flat[known], weights=of[known])) if of[known].sum() > 0 else None
    return Spread(mean, low, middle, high, float(of[~known].sum()))


def _weights(values: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """(draws of all,), adding up to 1."""
    return np.concatenate([np.full(len(v), w / len(v)) for v, w in zip(values, weights, strict=True)])


def _quantiles(
    values: Sequence[np.ndarray], weights: Sequence[float], at: Sequence[float], least: float = UNDEFINED_MAX
) -> tuple[tuple[float | None, ...], ...]:
    """Quantiles of a mixture, a row each, of (draws, x) of its parts; None where too few draws have a value."""
    pooled, of = np.concatenate(values), _weights(values, weights)
    order = np.argsort(pooled, axis=0)  # NaN last
    sorted_values = np.take_along_axis(pooled, order, axis=0)
    mass = np.where(np.isfinite(sorted_values), of[order], 0.0)
    total = mass.sum(axis=0)
    # Each draw stands in the middle of its own weight, as in Hazen's quantile.
    middle = (np.cumsum(mass, axis=0) - 0.5 * mass) / np.where(total > 0, total, 1.0)
    rows = []
    for quantile in at:
        row: list[float | None] = []
        for j in range(pooled.shape[1]):
            known = mass[:, j] > 0
            enough = known.any() and total[j] >= 1.0 - least if least else known.any()
            row.append(float(np.interp(quantile, middle[known, j], sorted_values[known, j])) if enough else None)
        rows.append(tuple(row))
    return tuple(rows)
