"""Numbers as texts: those that a computer would keep as another number."""

from __future__ import annotations

import re

_MANTISSA = re.compile(r"[^eE]*[1-9]")
VANISHES = "is nearer to 0 than a computer keeps numbers"
"""What is wrong with such a text, for a message."""


def vanishes(text: str) -> bool:
    """Whether a text is a number other than 0 that would be read as 0 (below 3e-324).

    Parameters
    ----------
    text
        A decimal number with a point, such as ``1e-400``; anything else does not vanish.
    """
    try:
        return float(text) == 0 and bool(_MANTISSA.match(text))
    except ValueError:
        return False
