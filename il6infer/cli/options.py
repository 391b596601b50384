"""Arguments that several commands read in the same way."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from typing import Any

from il6infer._numbers import VANISHES, vanishes


class Named(argparse.Action):
    """An option that may be repeated, each time for another name: that of its first `keys` words.

    The last of two values of one name would be taken, and the other never be seen.
    """

    def __init__(self, *args: Any, keys: int = 1, **others: Any) -> None:
        """Take what argparse gives, and the number of words that make a name."""
        super().__init__(*args, **others)
        self.keys = keys

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Append what was given."""
        before: Sequence[Any] = getattr(namespace, self.dest) or []
        name = tuple(values[: self.keys])
        if any(tuple(earlier[: self.keys]) == name for earlier in before):
            raise argparse.ArgumentError(self, f"{' '.join(name)} is given twice; give it once")
        setattr(namespace, self.dest, [*before, values])


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


def of_cell(text: str) -> tuple[str, str]:
    """Read ``NAME=CELL``."""
    name, given, cell = text.partition("=")
    if not (name and given):
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is not NAME=CELL, such as mouse=hepatocyte")
    return name, cell


def of_member(text: str) -> tuple[str, str, float]:
    """Read ``NAME.PARAMETER=VALUE``."""
    member, dot, rest = text.partition(".")
    try:
        name, value = assignment(rest)
    except argparse.ArgumentTypeError:
        dot = ""
    if not (member and dot):
        what = f"'{text[:40]}' is not NAME.PARAMETER=VALUE, such as mouse.cell_number=5e4"
        raise argparse.ArgumentTypeError(what)
    return member, name, value


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
