"""How errors of lanes may hang together over time (`il6infer.problems.courses`)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ALONG: Mapping[str, str] = MappingProxyType(
    {
        "independent": "each lane's error is its own",
        "correlated": "errors of lanes of one gel, condition and replicate hang together over time",
        "shared": "so do errors of all replicates on one gel or plate, which share what goes on along the course, as "
        "samples of one preparation of cells do",
    }
)
"""What a configuration may say, and what it means."""
