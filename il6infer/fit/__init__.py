"""PEtab problem -> posterior; `build_model` gives the same posterior as a PyMC model."""

from __future__ import annotations

from typing import Any

__all__ = ["FitSettings", "build_model", "fit", "fit_problem"]


def __getattr__(name: str) -> Any:
    # PyMC takes seconds to import and a fit does not need it; other stages need neither nutpie nor ArviZ.
    if name == "build_model":
        from il6infer.fit.model import build_model

        return build_model
    if name == "FitSettings":
        from il6infer.fit.settings import FitSettings

        return FitSettings
    if name in ("fit", "fit_problem"):
        from il6infer.fit import run

        return getattr(run, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
