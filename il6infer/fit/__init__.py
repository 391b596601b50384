"""PEtab problem -> PyMC model -> posterior."""

from __future__ import annotations

from il6infer.fit.model import build_model
from il6infer.fit.run import FitSettings, fit

__all__ = ["FitSettings", "build_model", "fit"]
