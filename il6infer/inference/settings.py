"""Random numbers of each use in a fit, from one root."""

from __future__ import annotations

import zlib

import numpy as np


def child_seed(root: int, name: str) -> np.random.SeedSequence:
    """Seed of one named use, independent of all others and of their order."""
    return np.random.SeedSequence(root, spawn_key=(zlib.crc32(name.encode()),))
