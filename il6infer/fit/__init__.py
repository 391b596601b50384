"""PEtab problem -> PyMC model -> posterior."""

from __future__ import annotations

from il6infer.fit.model import build_model
from il6infer.fit.run import fit, fit_problem
from il6infer.fit.settings import FitSettings

__all__ = ["FitSettings", "build_model", "fit", "fit_problem"]
