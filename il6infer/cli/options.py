"""Arguments that several commands read in the same way."""

from __future__ import annotations

import argparse


def assignment(text: str) -> tuple[str, float]:
    """Read ``PARAMETER=VALUE``."""
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not PARAMETER=VALUE, such as cell_number=5e4") from None
