"""Directions that the data do not tell, made sparse and said in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from il6infer.identifiability.data import Lines
from il6infer.stages.identifiability import Direction

SHARE, EXACT, NEAR = 0.2, 1e-3, 0.1
"""Share of the largest change, in standard deviations of the priors, below which a parameter is left out of a
direction, of one that changes nothing, and how near to 1 an exponent is called so."""

NOTHING, MOSTLY, CURVED = 0.2, 0.5, 0.25
"""Contraction below which the data tell nothing, above which they tell a parameter, and how far that of the draws must
stay behind what the information promises to be pointed out."""

_STARTS, _ROUNDS, _SETTLED = 5, 500, 1e-10


def sparse(basis: np.ndarray) -> np.ndarray:
    """Rotate an orthonormal basis (parameters, directions) so that each direction has few large components.

    Quartimax, the largest sum of fourth powers (Neuhaus & Wrigley 1954, doi 10.1111/j.2044-8317.1954.tb00147.x), by
    fixed-point steps from several rotations, the best kept.
    """
    size, rng = basis.shape[1], np.random.default_rng(0)
    if size < 2:
        return basis
    found = []
    for start in range(_STARTS):
        rotation = np.eye(size) if start == 0 else np.linalg.qr(rng.normal(size=(size, size)))[0]
        for _ in range(_ROUNDS):
            left, _, right = np.linalg.svd(basis.T @ (basis @ rotation) ** 3)
            before, rotation = rotation, left @ right
            if np.abs(rotation - before).max() < _SETTLED:
                break
        found.append(basis @ rotation)
    return max(found, key=lambda turned: float(np.sum(turned**4)))


def described(
    basis: np.ndarray, information: np.ndarray, lines: Lines, *, exact: bool = False
) -> tuple[Direction, ...]:
    """Describe each direction, the one with the least information first.

    Parameters
    ----------
    basis
        (parameters, directions) in standard deviations of the priors, orthonormal.
    information
        (parameters, parameters) Fisher information of the data in units of the priors'.
    lines
        Of the parameters.
    exact
        Whether they change nothing at all: then small components count, and one parameter alone is a direction.
    """
    found = []
    for column in sparse(basis).T:
        least = EXACT if exact else SHARE
        part = np.where(np.abs(column) >= least * np.abs(column).max(), column, 0.0)
        if exact or np.count_nonzero(part) > 1:
            told = max(float(column @ information @ column), 0.0)
            found.append(_direction(part, told, lines, EXACT if exact else NEAR))
    # What nothing tells is told by rounding: those are in the order of the parameters.
    order = {name: place for place, name in enumerate(lines.names)}
    return tuple(
        sorted(found, key=lambda one: (0.0 if exact else one.information, sorted(order[name] for name in one.changes)))
    )


def _direction(part: np.ndarray, told: float, lines: Lines, near: float) -> Direction:
    members = np.argsort(-_sizes(part), kind="stable")[: np.count_nonzero(part)]
    steps = part * lines.spread  # on the lines
    logs = members[lines.logarithmic[members]]
    # The largest factor is 2; without one, the largest change is a standard deviation of the prior.
    top = logs[np.argmax(_sizes(steps[logs]))] if len(logs) else members[0]
    steps = steps * (np.log(2.0) if len(logs) else lines.spread[top]) / steps[top]
    names = [lines.names[i] for i in members]
    changes = {lines.names[i]: float(np.exp(steps[i]) if lines.logarithmic[i] else steps[i]) for i in members}
    if len(members) == 1:
        return Direction(told, changes, f"{names[0]} changes nothing that was measured")
    if len(members) == 2 and len(logs) == 2:
        return Direction(told, changes, _pair(names, steps[members], near))
    said = [
        f"{lines.names[i]} × {number:.3g}" if lines.logarithmic[i] else f"{lines.names[i]} {number:+.3g}"
        for i, number in zip(members, changes.values(), strict=True)
    ]
    return Direction(told, changes, f"not apart: {', '.join(said)} together leave the measured values as they are")


def _sizes(changes: np.ndarray) -> np.ndarray:
    """Sizes relative to the largest, to what is shown: equal ones keep the order of the parameters on any processor."""
    return np.round(np.abs(changes) / np.abs(changes).max(), 3)


def _pair(names: Sequence[str], steps: np.ndarray, near: float) -> str:
    """Say which combination of two positive parameters stays the same along a direction of their logarithms."""
    first, second = sorted(zip(names, steps, strict=True))
    (a, up), (b, other) = first, second
    power = abs(up / other)  # b ** 1 goes with a ** (other / up)
    joined = "/" if up * other > 0 else "×"
    kind = "ratio" if joined == "/" else "product"
    if abs(np.log(power)) <= near:
        return f"only the {kind} {a} {joined} {b}"
    raised = f"{a} {joined} {b}^{power:.2g}" if power >= 1 else f"{a}^{1 / power:.2g} {joined} {b}"
    return f"only {raised}"


def in_words(alone: float, together: float, contraction: float | None) -> str:
    """Say what the data tell of one parameter.

    Parameters
    ----------
    alone, together, contraction
        As `il6infer.stages.identifiability.Informed` has them.
    """
    if alone < NOTHING:
        return "the data do not tell it"
    if together < NOTHING:
        return "the data would tell it if others were known, and do not apart from these"
    if contraction is None:
        return "the data tell it"
    if contraction < together - CURVED:
        return "the data tell less of it than their information promises: it differs from place to place"
    return "the data tell it" if contraction >= MOSTLY else "the data tell it in part"
