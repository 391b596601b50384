"""Can a fit be trusted, and does the model reproduce the data? One verdict with every reason."""

from __future__ import annotations

from il6infer.diagnosis.verdict import diagnose
from il6infer.stages.settings import Thresholds

__all__ = ["Thresholds", "diagnose"]
