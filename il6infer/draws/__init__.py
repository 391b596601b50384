"""Statistics of posterior draws: do chains agree, what are draws worth, importance weights.

They are ArviZ's, to the last digit (`tests/draws`), without its import: ArviZ loads all its plots, two seconds in each
process of a workflow that asks for four numbers.
"""

from il6infer.draws.convergence import (
    SPREAD_ERROR,
    bulk_draws,
    effective_draws,
    mean_error,
    rank_rhat,
    spread_error,
    tail_draws,
)
from il6infer.draws.importance import smoothed_weights

__all__ = [
    "SPREAD_ERROR", "bulk_draws", "effective_draws", "mean_error", "rank_rhat", "spread_error", "smoothed_weights",
    "tail_draws",
]  # fmt: skip
