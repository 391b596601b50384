"""Bayesian parameter inference for interleukin-6 signalling."""
