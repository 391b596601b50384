"""Which model predicts best, among the fits that can be trusted."""

from __future__ import annotations

from il6infer.comparison.compare import Fit, compare
from il6infer.comparison.freed import FreedFit, free_in_turn

__all__ = ["Fit", "FreedFit", "compare", "free_in_turn"]
