"""Arguments that several commands read in the same way."""

from __future__ import annotations

import argparse
import math
import re

from il6infer._numbers import VANISHES, vanishes


def freed(text: str) -> tuple[str, tuple[float, float] | None]:
    """Read ``CONSTANT`` or ``CONSTANT=LOW:HIGH``."""
    name, given, ends = text.partition("=")
    low, _, high = ends.partition(":")
    try:
        return name, (_float(low), _float(high)) if given else None
    except ValueError:
        what = f"'{text}' is not CONSTANT or CONSTANT=LOW:HIGH, such as k_import=0.04:4"
        raise argparse.ArgumentTypeError(what) from None


def assignment(text: str) -> tuple[str, float]:
    """Read ``PARAMETER=VALUE``."""
    name, _, value = text.partition("=")
    try:
        return name, _float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not PARAMETER=VALUE, such as cell_number=5e4") from None


def whole(text: str) -> int:
    """Read a whole number as it is commonly written: Python reads ``1_0`` and digits of any script."""
    if not re.fullmatch(r"[+-]?[0-9]{1,30}", text):
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is not a whole number")
    return int(text)


def real(text: str) -> float:
    """Read a finite number."""
    try:
        value = _float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is not a number")
    return value


def count(text: str) -> int:
    """Read a whole number of 1 or more."""
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of 1 or more")
    return int(text)


def natural(text: str) -> int:
    """Read a whole number of 0 or more."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of 0 or more")
    return int(text)


def positive(text: str) -> float:
    """Read a finite number above 0."""
    try:
        value = _float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return value


def _float(text: str) -> float:
    if vanishes(text):
        raise argparse.ArgumentTypeError(f"{text[:40]} {VANISHES}")
    return float(text)
