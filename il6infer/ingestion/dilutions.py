"""Dilutions as people write them: ``1:10``, ``1/10``, ``10x``."""

from __future__ import annotations

import re

_RATIO = re.compile(
    r"1\s*[:/]\s*(?P<whole>\d+(?:[.,]\d+)?)|(?P<times>\d+(?:[.,]\d+)?)\s*[x\u00d7]|[x\u00d7]\s*(?P<x>\d+)"
)


def dilution_of(cell: str) -> float | None:
    """Read a dilution that is written as one, ``1:10``; None for a plain number, and for what is none."""
    found = _RATIO.fullmatch(cell.strip())
    return float((found["whole"] or found["times"] or found["x"]).replace(",", ".")) if found else None
