"""A fitted model for a browser: its equations as JavaScript, and draws of its posterior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Slider:
    """What may be changed in the explorer.

    Attributes
    ----------
    kind
        ``dose`` of a species [nM], or ``factor`` on a parameter.
    low, high
        Ends, on a logarithmic scale; a dose has 0 below its low end.
    start
        Where it stands at first.
    measured_low, measured_high
        What the experiments that were fitted had above 0; null where they had none: everything is extrapolation.
    nM_per_ng_ml
        To show doses by mass, too; null where no molecular weight is known.
    """

    name: str
    label: str
    kind: str
    low: float
    high: float
    start: float
    measured_low: float | None
    measured_high: float | None
    nM_per_ng_ml: float | None


@dataclass(frozen=True)
class Reference:
    """A course as the engine of the fit has it, for the browser to check its own against."""

    draw: int
    settings: Mapping[str, float]
    times: tuple[float, ...]
    values: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Explorer:
    """One model.

    Attributes
    ----------
    code
        Body of a JavaScript function that returns the functions ``parameters(theta, factors)``, ``initial(p)``,
        ``rhs(y, p, t, out)``, ``jacobian(y, p, t, out)`` and ``read(y, p, t)``; written by
        `il6infer.prediction.browser`, of numbers and arithmetic only.
    states
        Ids in the order of ``y``.
    readouts
        Name -> unit, in the order of ``read``.
    draws
        (draws, parameters), in the order of ``theta``.
    until, tested
        Longest time that may be shown, and last time that was measured [min].
    """

    code: str
    states: tuple[str, ...]
    readouts: Mapping[str, str]
    draws: tuple[tuple[float, ...], ...]
    sliders: tuple[Slider, ...]
    until: float
    tested: float
    references: tuple[Reference, ...]
