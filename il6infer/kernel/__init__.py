"""The project's own integrator: compiled once a machine, then linked to each model's equations."""
