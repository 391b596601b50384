"""A problem as distinct runs: plan, segments, outcome."""
