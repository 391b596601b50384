"""Densities whose modes, weights and draws are known, for tests of what moves draws."""

from __future__ import annotations

import arviz as az
import numpy as np
import xarray as xr

from il6infer.problems.spec import Parameter, Prior


class Known:
    """Density of a mixture of normal ones in so many dimensions; the prior is wide, and the points are the values."""

    def __init__(self, weights, centres, widths, bend=0.0):
        self.weights, self.centres, self.widths = (np.asarray(a, float) for a in (weights, centres, widths))
        self.dimensions, self.bend = self.centres.shape[1], bend
        self.names = [f"p{i}" for i in range(self.dimensions)]
        wide = Prior("normal", (0.0, 30.0))
        self.parameters = tuple(Parameter(name, -np.inf, np.inf, 0.0, True, wide) for name in self.names)

    def value(self, point):
        return self(point)[0]

    def __call__(self, point):
        # A parabola along the first coordinate, in the second: a shear, so it changes no mass.
        x = point.copy()
        x[1] -= self.bend * x[0] ** 2
        z = (x - self.centres) / self.widths
        logs = np.log(self.weights) - 0.5 * (z**2).sum(axis=1) - np.log(self.widths).sum(axis=1)
        total = np.logaddexp.reduce(logs)
        slope = -(np.exp(logs - total)[:, None] * z / self.widths).sum(axis=0)
        slope[0] -= 2.0 * self.bend * x[0] * slope[1]
        return float(total), slope

    def unconstrained(self, values):
        return np.asarray(values, float)

    constrained = unconstrained

    def drawn(self, mode, size, rng):
        x = self.centres[mode] + self.widths[mode] * rng.normal(size=(size, self.dimensions))
        x[:, 1] += self.bend * x[:, 0] ** 2
        return x

    def chains(self, modes, size=500, seed=5):
        """Draws of NUTS whose chains never leave the mode that they began at."""
        rng = np.random.default_rng(seed)
        values = np.array([self.drawn(mode, size, rng) for mode in modes])
        both = ("chain", "draw")
        draws = xr.Dataset({name: (both, values[..., i]) for i, name in enumerate(self.names)})
        shape = values.shape[:2]
        counted = xr.Dataset({"n_steps": (both, np.ones(shape)), "diverging": (both, np.zeros(shape, bool))})
        groups = {"posterior": draws, "sample_stats": counted}
        return az.InferenceData(**groups, **{f"warmup_{n}": g.isel(draw=slice(0, 0)) for n, g in groups.items()})

    def shares(self, values):
        x = values.reshape(-1, self.dimensions).copy()
        x[:, 1] -= self.bend * x[:, 0] ** 2
        z = (x[:, None] - self.centres) / self.widths
        logs = np.log(self.weights) - 0.5 * (z**2).sum(axis=2) - np.log(self.widths).sum(axis=1)
        return np.bincount(logs.argmax(axis=1), minlength=len(self.weights)) / len(x)


def apart(size, modes, seed=1):
    """Modes ten of their widths apart, of weights from 0.1 to 0.7 and widths that differ by five."""
    rng = np.random.default_rng(seed)
    weights = {2: [0.85, 0.15], 3: [0.1, 0.2, 0.7]}[modes]
    widths = np.geomspace(0.3, 1.5, modes)[:, None] * np.exp(0.3 * rng.normal(size=(modes, size)))
    centres = 12.0 * rng.normal(size=(modes, size)) / np.sqrt(size) * np.sqrt(2.0)
    return Known(weights, centres, widths)


def values_of(idata, known):
    return np.stack([idata["posterior"][name].values for name in known.names], axis=-1)
