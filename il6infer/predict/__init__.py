"""What a model says before data are taken: simulated experiments in the instruments' raw form."""

from __future__ import annotations

from il6infer.predict.synthetic import Truth, read_truth, simulate

__all__ = ["Truth", "read_truth", "simulate"]
