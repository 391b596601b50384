"""The posterior as a PyMC model, to be read, extended and sampled; the same density as `il6infer.inference` samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from il6infer.pymc.model import build_model

__all__ = ["build_model"]


def __getattr__(name: str) -> Any:
    # PyMC takes seconds to import, and a fit that was held against it before needs it no more.
    if name == "build_model":
        from il6infer.pymc import model

        return model.build_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
