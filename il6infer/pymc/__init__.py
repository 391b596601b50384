"""The posterior as a PyMC model, to be read and extended; the same density as `il6infer.inference` samples."""

from il6infer.pymc.model import build_model

__all__ = ["build_model"]
