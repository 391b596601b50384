"""Which model predicts best, among the fits that can be trusted."""

from __future__ import annotations

from il6infer.comparison.compare import Fit, compare

__all__ = ["Fit", "compare"]
