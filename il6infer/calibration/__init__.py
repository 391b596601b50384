"""Simulation-based calibration: fits of data that were simulated from draws of the prior."""
