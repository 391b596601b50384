"""Numbers as the page writes them."""

from __future__ import annotations

import math
from typing import Any


def number(value: Any, error: float | None = None, digits: int = 3) -> str:
    """Write a number with the digits that its Monte-Carlo error allows, at most `digits` + 1 of them.

    Parameters
    ----------
    value
        A number, or None: written as n/a.
    error
        Monte-Carlo standard error; None where there is none.
    digits
        Significant digits without an error.
    """
    if value is None:
        return "n/a"
    value = float(value)
    if value == 0:
        return "0"
    if error and error > 0:
        known = math.floor(math.log10(abs(value))) - math.floor(math.log10(error)) + 1
        digits = max(1, min(digits + 1, known))
    text = f"{value:.{digits}g}"
    return f"{float(text):.0f}" if "e+" in text and abs(value) < 1e7 else text


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """Write a range for the reader; empty where there is none.

    Parameters
    ----------
    low, high
        Ends; None where there is none.
    digits
        That are significant.
    """
    if low is None or high is None:
        return ""
    dash = " to " if low < 0 or high < 0 else "\N{EN DASH}"  # a dash before a minus reads as neither
    return f"{number(low, digits=digits)}{dash}{number(high, digits=digits)}"


def tenth(value: Any) -> str:
    """Write a log density with one decimal, so that those of a column line up."""
    return "n/a" if value is None else f"{float(value):.1f}"


def duration(seconds: Any) -> str:
    """Seconds as a reader says them."""
    if seconds is None:
        return "n/a"
    seconds = float(seconds)
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def chance(probability: Any) -> str:
    """Write a probability that comes from some hundred draws: they cannot tell 99.9 % from certainty."""
    if probability is None:
        return "undefined"
    percent = 100 * float(probability)
    return "> 99 %" if percent > 99 else "< 1 %" if percent < 1 else f"{percent:.0f} %"


def after(unit: str) -> str:
    """Write a unit after its number: with a blank before, and nothing where there is none (``1``)."""
    return "" if unit in ("", "1") else f" {unit}"
