"""What stages hand on: JSON files, each a frozen dataclass (`read(path, Verdict)`), and the two tables of ingest."""

from __future__ import annotations

from il6infer.stages.codec import read, write

__all__ = ["read", "write"]
