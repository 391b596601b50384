"""PEtab problem -> posterior; `il6infer.pymc` gives the same posterior as a PyMC model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from il6infer.inference.from_file import fit
    from il6infer.inference.run import fit_problem
    from il6infer.stages.settings import FitSettings

__all__ = ["FitSettings", "fit", "fit_problem"]


def __getattr__(name: str) -> Any:
    # Stages that only look at a fit need neither nutpie nor ArviZ, which take seconds to import.
    if name == "FitSettings":
        from il6infer.stages.settings import FitSettings

        return FitSettings
    if name == "fit":
        from il6infer.inference.from_file import fit

        return fit
    if name == "fit_problem":
        from il6infer.inference.run import fit_problem

        return fit_problem
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
