"""Arguments that several commands read in the same way."""

from __future__ import annotations

import argparse


def freed(text: str) -> tuple[str, tuple[float, float] | None]:
    """Read ``CONSTANT`` or ``CONSTANT=LOW:HIGH``."""
    name, given, ends = text.partition("=")
    low, _, high = ends.partition(":")
    try:
        return name, (float(low), float(high)) if given else None
    except ValueError:
        what = f"'{text}' is not CONSTANT or CONSTANT=LOW:HIGH, such as k_import=0.04:4"
        raise argparse.ArgumentTypeError(what) from None


def assignment(text: str) -> tuple[str, float]:
    """Read ``PARAMETER=VALUE``."""
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not PARAMETER=VALUE, such as cell_number=5e4") from None
