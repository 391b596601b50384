"""Simulated experiments: stated truth, instrument files."""
