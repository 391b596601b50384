"""The log-density that NUTS climbs: one problem packed for the compiled function, callable from any thread."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from il6infer.engine import Engine, RosenbrockEngine
from il6infer.engine.likelihood import pointwise, slopes
from il6infer.inference import posterior
from il6infer.inference.collapsed import RULES
from il6infer.inference.collapsed_groups import collapsed_at
from il6infer.inference.collapsed_tables import CollapsedTables, reference, tables_of
from il6infer.inference.coordinates import coordinate
from il6infer.inference.correlated import ROW
from il6infer.inference.frame import Frame
from il6infer.inference.nuisance import NOTHING, Nuisance
from il6infer.inference.rows import prior_row
from il6infer.inference.variables import check_problem
from il6infer.kernel.cached_functions import address_of
from il6infer.kernel.calls import packed
from il6infer.kernel.link import prepare
from il6infer.problems.courses import carriers_of
from il6infer.problems.noise import ERRORS, NOISES
from il6infer.problems.spec import Problem

PROBES = 20
"""Draws at which the rules are held against finer ones."""

_CALL = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)


class Density:
    """Log-density and gradient in unconstrained coordinates; its calls release the interpreter's lock.

    The same posterior as that of `il6infer.inference.build_model`, in the same coordinates, for the optimiser and for
    nutpie.

    Parameters
    ----------
    problem
        What is inferred.
    engine
        Compiled from the same problem. Calls of one that is not the project's kernel take the lock.
    nuisance
        What is integrated out: the density is then the marginal one of the parameters that are left.

    Attributes
    ----------
    dimensions
        Length of an unconstrained point: one coordinate for each sampled parameter, in order.
    names
        Of the sampled parameters: all estimated ones but those integrated out.
    parameters
        These, as the problem has them.
    places
        (dimensions,) their places among all estimated parameters.

    Raises
    ------
    UserError
        If the problem cannot be fitted; see `il6infer.inference.variables.check_problem`.
    """

    def __init__(self, problem: Problem, engine: Engine, nuisance: Nuisance = NOTHING) -> None:
        check_problem(problem)
        self._template = template = reference(problem, nuisance)
        self.nuisance, self.places = nuisance, np.flatnonzero(np.isnan(template))
        self.parameters = sampled = tuple(problem.estimated[place] for place in self.places)
        self.names = [parameter.id for parameter in sampled]
        self.dimensions = len(self.names)
        self._engine, self._problem = engine, problem
        self._coordinates = [coordinate(parameter) for parameter in sampled]
        self._function = _CALL(address_of(posterior.log_density))
        self._data = np.zeros(1, dtype=posterior.DESCRIPTION)
        self._held: list[object] = [engine]
        self._data["dimension"] = self.dimensions
        self._put("priors", np.array([prior_row(parameter) for parameter in sampled]))
        self._put("template", template[None, :])
        self._put("places", self.places[None, :].astype(np.int64))
        self._tables = tables = tables_of(problem, nuisance)
        if nuisance.groups:
            self._put("groups", tables.groups)
            self._put("batches", tables.batches)
            self._put("members", tables.members[None, :])
            self._put("member_values", tables.measured[None, :])
        self._put("courses", tables.courses)
        self._put("lanes", tables.lanes)
        if isinstance(engine, RosenbrockEngine):
            self._put_kernel(problem, engine, tables.members)
        else:
            callback = _likelihood(problem, engine, tables)
            self._held.append(callback)
            self._data["likelihood"] = ctypes.cast(callback, ctypes.c_void_p).value
        self._plain = self.description(Frame(np.zeros(self.dimensions), np.eye(self.dimensions)))
        self._plain["threads"] = 1  # starts are improved side by side, as many at once as there are threads
        self._flat = self._plain.copy()
        self._flat["value_only"] = 1

    def __call__(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-density and gradient (dimensions,) at an unconstrained point; -inf and zeros where it has none."""
        value, gradient, code = self._called(point, self._plain)
        return (value, gradient) if code == 0 else (-np.inf, np.zeros_like(gradient))

    def value(self, point: np.ndarray) -> float:
        """Log-density at an unconstrained point, without the cost of a gradient; -inf where it has none."""
        value, _, code = self._called(point, self._flat)
        return value if code == 0 else -np.inf

    def _called(self, point: np.ndarray, described: np.ndarray) -> tuple[float, np.ndarray, int]:
        """Value, gradient (dimensions,) and code of the compiled function."""
        point = np.ascontiguousarray(point, dtype=float)
        if point.shape != (self.dimensions,):
            raise ValueError(f"point has shape {point.shape}, expected ({self.dimensions},)")
        gradient, value = np.zeros_like(point), np.zeros(1)
        arrays = (point.ctypes.data, gradient.ctypes.data, value.ctypes.data, described.ctypes.data)
        code = self._function(self.dimensions, *arrays)
        return float(value[0]), gradient, code

    def log_likelihood(self, values: np.ndarray) -> float:
        """Log-likelihood at values (dimensions,) of the sampled parameters, on the linear scale.

        The marginal one where parameters are integrated out; -inf where a simulation failed.
        """
        theta = self._template.copy()
        theta[self.places] = values
        found = self._engine.simulate(theta)
        alone = np.setdiff1d(np.arange(len(found.prediction)), self._tables.members)
        total = float(pointwise(self._problem, found.prediction, found.noise)[alone].sum())
        if self.nuisance.groups:
            ends = [np.zeros(len(found.prediction)) for _ in range(2)]
            total += collapsed_at(*self._tables, found.prediction, found.noise, *ends, RULES[0])
        return total if np.isfinite(total) else -np.inf

    def quadrature_error(self, thetas: np.ndarray) -> float:
        """How far the rules of what is integrated out move the log-density between draws; 0 where nothing is.

        Parameters
        ----------
        thetas
            (samples, parameters) of all estimated parameters, on the linear scale; `PROBES` of them, evenly spread, are
            looked at.

        Returns
        -------
        float
            Largest difference to finer rules, from its median over the draws: what all draws share changes nothing.
        """
        errors = self.quadrature_shifts(thetas)
        return float(np.max(np.abs(errors - np.median(errors))))

    def quadrature_shifts(self, thetas: np.ndarray) -> np.ndarray:
        """Difference that finer rules make in the log-density (draws looked at,); zeros where nothing is integrated.

        Parameters
        ----------
        thetas
            As `quadrature_error` takes them.
        """
        if not self.nuisance.groups:
            return np.zeros(1)
        errors = []
        for row in np.linspace(0, len(thetas) - 1, min(PROBES, len(thetas))).astype(int):
            theta = np.where(np.isnan(self._template), thetas[row], self._template)
            found = self._engine.simulate(theta)
            ends = [np.zeros(len(found.prediction)) for _ in range(2)]
            both = [collapsed_at(*self._tables, found.prediction, found.noise, *ends, rules) for rules in RULES]
            errors.append(both[0] - both[1])
        return np.array(errors)

    def unconstrained(self, values: np.ndarray) -> np.ndarray:
        """Unconstrained points (..., dimensions) of parameter values on the linear scale."""
        values = np.asarray(values, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([c.unconstrained(values[..., i]) for i, c in enumerate(self._coordinates)], axis=-1)

    def inside(self, values: np.ndarray) -> np.ndarray:
        """Parameter values (..., dimensions), those at a bound or beyond moved inwards, where a climb can begin."""
        values = np.asarray(values, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([c.inside(values[..., i]) for i, c in enumerate(self._coordinates)], axis=-1)

    def constrained(self, points: np.ndarray) -> np.ndarray:
        """Parameter values on the linear scale of unconstrained points (..., dimensions)."""
        points = np.asarray(points, dtype=float)
        return np.stack([c.constrained(points[..., i]) for i, c in enumerate(self._coordinates)], axis=-1)

    def _put(self, field: str, array: np.ndarray) -> None:
        """Let a field of the description name an array (rows, columns), which is kept alive."""
        array = np.ascontiguousarray(array)
        self._held.append(array)
        self._data[field] = (array.ctypes.data, *array.shape)

    def _put_kernel(self, problem: Problem, engine: RosenbrockEngine, members: np.ndarray) -> None:
        kernel, data = engine.kernel, self._data
        prepare("simulate", "pullback")
        data["forward"], data["backward"] = kernel.address("simulate"), kernel.address("pullback")
        data["rescue"], data["rescue_gradient"] = engine.fallback.addresses(engine.sizes)
        described = packed(engine.tables)
        self._held.append(described)
        data["tables"] = described.ctypes.data
        kinds = [NOISES[kind] for kind in problem.noise_kinds]
        columns = ([[*ERRORS].index(kind.error) for kind in kinds], [kind.logarithmic for kind in kinds])
        values = problem.measurements["value"].to_numpy(float)
        measured = np.column_stack([*columns, values, problem.sides]).astype(float)
        measured[members, posterior.ERROR] = -1.0
        measured[self._tables.lanes[:, ROW].astype(int), posterior.ERROR] = -1.0
        measured[list(carriers_of(problem).values()), posterior.ERROR] = -1.0
        self._put("measured", measured)
        if len(engine.blocks) > 1:
            described = np.concatenate([packed(block.tables) for block in engine.blocks])
            self._held.append(described)
            data["blocks"], data["block_tables"] = len(engine.blocks), described.ctypes.data
            self._put("block_measured", measured[np.concatenate([block.rows for block in engine.blocks])])
            first = np.cumsum([0, *(len(block.rows) for block in engine.blocks)])
            self._held.append(first)
            data["block_rows"], data["threads"] = first.ctypes.data, engine.threads
            data["share"] = address_of(posterior.share_of_blocks)

    def description(self, frame: Frame) -> np.ndarray:
        """Describe the problem in the coordinates of a frame, for `posterior.log_density`; the density keeps it."""
        rows = np.vstack([frame.origin, frame.matrix])
        self._held.append(rows)
        data = self._data.copy()
        data["frame"] = (rows.ctypes.data, *rows.shape)
        return data


def _likelihood(problem: Problem, engine: Engine, tables: CollapsedTables) -> Any:
    """C function of theta and the gradient (out; null: not asked for) that gives the log-likelihood by an engine."""
    doubles, size = ctypes.POINTER(ctypes.c_double), len(problem.estimated)
    alone = np.setdiff1d(np.arange(len(problem.measurements)), tables.members)
    members = set(tables.members.tolist())

    def likelihood(theta_: Any, gradient_: Any) -> float:
        theta = np.ctypeslib.as_array(theta_, (size,))
        found = engine.simulate(theta)
        by_value, by_noise = slopes(problem, found.prediction, found.noise, members)
        total = float(pointwise(problem, found.prediction, found.noise)[alone].sum())
        if len(tables.members):
            total += collapsed_at(*tables, found.prediction, found.noise, by_value, by_noise, RULES[0])
        if gradient_ and np.isfinite(total):
            np.ctypeslib.as_array(gradient_, (size,))[:] = engine.pullback(theta, by_value, by_noise)
        return total

    return ctypes.CFUNCTYPE(ctypes.c_double, doubles, doubles)(likelihood)
