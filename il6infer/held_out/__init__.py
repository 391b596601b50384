"""Held-out data: what a fit predicts of measurements that it has never seen."""
