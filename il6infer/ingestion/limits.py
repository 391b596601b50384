"""Measurements of which only a limit is known: cells out of range, saturated bands, wells that never came up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from il6infer._tables import Row, Sheet
from il6infer.ingestion.no_numbers import MARKED, range_side
from il6infer.ingestion.reading import LOGARITHMIC, Collector, Dropped, Value

FULL = 65535
"""What a camera of 16 bits writes of a band that is brighter than it can see."""

OTHER = {"below": "above", "above": "below", "": ""}

LIMITS: Mapping[str, Mapping[str, Any]] = {
    "detection_limit": {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "Signal at and below which nothing is seen: such cells, and those that say so, are below it.",
    },
    "saturation": {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "Signal at and above which the instrument is saturated: such cells, and those that say so, are "
        "above it.",
    },
}
"""JSON schema of the keys that say where an instrument's range ends."""


@dataclass(frozen=True)
class Range:
    """Where an instrument's range ends, in the unit of its signal; None: it is not known.

    Attributes
    ----------
    camera
        Whether it is a camera, which writes `FULL` of what is too bright; elsewhere that is a number like others.
    """

    low: float | None = None
    high: float | None = None
    camera: bool = False


@dataclass(frozen=True)
class Beyond:
    """A cell out of range.

    Attributes
    ----------
    side
        ``below`` or ``above``; empty where the cell says nothing at all.
    limit
        That the signal lies on that side of; None where nothing says it.
    reason
        In words.
    """

    side: str
    limit: float | None
    reason: str


def beyond(sheet: Sheet, row: Row, column: str, known: Range) -> Beyond | None:
    """Tell whether a cell is out of range: by what it says (``<0.31``, n.d., OVER), or by its number.

    Parameters
    ----------
    known
        Where the range ends; a cell with a number of its own (``<0.31``) means that.
    """
    text = row[column]
    if not text:
        return Beyond("", None, f"empty cell in column '{column}'")
    if side := range_side(text):
        marked = MARKED.fullmatch(text)
        own = sheet.number(marked[2]) if marked else None
        limit = own if own is not None else known.low if side == "below" else known.high
        return Beyond(side, limit, f"{side} range: '{text}' in column '{column}'")
    value = sheet.number(text)
    if value is None:
        return None
    if known.camera and known.high is None and value == FULL:
        return Beyond("above", value, f"saturated: {FULL} in column '{column}'")
    if known.high is not None and value >= known.high:
        return Beyond("above", known.high, f"saturated: {text} in column '{column}'")
    if known.low is not None and value <= known.low:
        return Beyond("below", known.low, f"below the detection limit: {text} in column '{column}'")
    return None


def ratio(signal: float | Beyond, divisor: float | Beyond) -> tuple[float | None, str, str]:
    """Divide two signals, of which either may be out of range.

    Returns
    -------
    tuple
        The value, or the limit that it lies on one side of (None where nothing is known of it); that side, empty for a
        value; and the reason in words.
    """
    if not isinstance(signal, Beyond) and not isinstance(divisor, Beyond):
        return (signal / divisor if divisor > 0 else None), "", ""
    side = signal.side if isinstance(signal, Beyond) else ""
    other = OTHER[divisor.side] if isinstance(divisor, Beyond) else ""
    reason = "; ".join(one.reason for one in (signal, divisor) if isinstance(one, Beyond))
    above, below = (one.limit if isinstance(one, Beyond) else one for one in (signal, divisor))
    if side and other and side != other:
        return None, "", reason
    if above is None or below is None or below <= 0:
        return None, side or other, reason
    return above / below, side or other, reason


def limited(collector: Collector, value: Value, side: str, reason: str) -> None:
    """Add a value, or that it lies on one side of a limit: log-normal noise knows no limit that is not above zero.

    Parameters
    ----------
    collector
        Takes it.
    value
        The value, or the limit.
    side
        ``below`` or ``above`` the limit; empty for a value.
    reason
        Why it is left out where its noise knows no such limit.
    """
    if side and value.noise in LOGARITHMIC and value.value <= 0:
        collector.dropped.append(Dropped(value.observable, value.row, reason, None, side))
        return
    collector.values.append(value)
