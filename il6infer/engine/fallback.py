"""The way out where the kernel fails: diffsol tries the failed runs once, and every failure is counted."""

from __future__ import annotations

import ctypes
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from llvmlite.binding import add_symbol
from numba import types

from il6infer._errors import UserError
from il6infer._once import once
from il6infer.engine.diffsol import DiffsolEngine
from il6infer.problems.spec import Problem
from il6infer.runs.modes import located, located_events, with_modes
from il6infer.runs.outcome import Outcome

logger = logging.getLogger("il6infer")

RESCUE = types.void(*[types.CPointer(types.float64), types.CPointer(types.int64)] + [types.CPointer(types.float64)] * 2)
"""theta, outcome (changed), prediction (changed), noise (changed)."""

RESCUE_GRADIENT = types.void(
    *[types.CPointer(types.float64), types.CPointer(types.int64)] + [types.CPointer(types.float64)] * 3
)
"""theta, outcome, prediction_bar, noise_bar, gradient (added to)."""


_KEPT: list[Any] = []
"""Callbacks whose address compiled code may hold: they live as long as the process."""


class Fallback:
    """Second attempts at failed runs.

    Parameters
    ----------
    problem
        As the kernel has it; the plan of runs is the same.
    rtol, atol, max_seconds
        Tolerances, and the wall time of a run.
    enabled
        Try again; else only count.

    Attributes
    ----------
    counts
        Failed runs by outcome, and ``rescued``: how many of them diffsol could simulate.
    """

    def __init__(self, problem: Problem, rtol: float, atol: float, max_seconds: float, *, enabled: bool) -> None:
        self._problem = problem
        self._rtol, self._atol, self._max_seconds = rtol, atol, max_seconds
        self._engine: DiffsolEngine | None = None
        self._refused = not enabled
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    @once
    def _final(self) -> set[Outcome]:
        """Outcomes that the second engine may not better.

        It looks for switches at the ends of its steps alone: where they follow each other without end, or hold a run,
        it would step over them.
        """
        network = with_modes(self._problem).network
        switches = located_events(network) or [mode for mode in located(network) if not mode.kink]
        return {Outcome.TIME_LIMIT, *((Outcome.STEP_LIMIT, Outcome.SLIDING) if switches else ())}

    def engine(self) -> DiffsolEngine | None:
        """Second engine, made when first needed; None where it cannot do the problem."""
        with self._lock:
            if self._engine is None and not self._refused:
                try:
                    self._engine = DiffsolEngine(
                        self._problem, rtol=self._rtol, atol=self._atol, lower_atol=False, max_seconds=self._max_seconds
                    )
                except (UserError, RuntimeError, ValueError) as error:
                    self._refused = True
                    logger.warning("%s: failed runs are not tried again: %s", self._problem.id, error)
            return self._engine

    def rescue(self, theta: np.ndarray, outcome: np.ndarray, prediction: np.ndarray, noise: np.ndarray) -> None:
        """Try each failed run once; where it succeeds, its outcome becomes `RESCUED` and its rows are filled.

        Parameters
        ----------
        theta
            (parameters,), on the linear scale.
        outcome
            (runs,), changed.
        prediction, noise
            (measurements,), changed.
        """
        for run in np.flatnonzero(outcome):
            self.counts[Outcome(outcome[run]).name.lower()] += 1
            engine = self.engine() if outcome[run] not in self._final else None
            if engine is None:
                continue
            found, rows, values, sds = engine.measure_run(int(run), theta)
            if found == Outcome.OK:
                self.counts["rescued"] += 1
                outcome[run], prediction[rows], noise[rows] = Outcome.RESCUED, values, sds

    def jacobian(self, theta: np.ndarray, outcome: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Rows of each rescued run, and the derivatives of their prediction and noise."""
        for run in np.flatnonzero(outcome == Outcome.RESCUED):
            engine = self.engine()
            if engine is None:
                raise ValueError(f"run {run} counts as rescued, but there is no second engine")
            yield engine.differentiate_run(int(run), theta)

    def gradient(
        self, theta: np.ndarray, outcome: np.ndarray, prediction_bar: np.ndarray, noise_bar: np.ndarray
    ) -> np.ndarray:
        """Share (parameters,) of the rescued runs in the gradient.

        Parameters
        ----------
        theta, outcome
            As `rescue` had and left them.
        prediction_bar, noise_bar
            (measurements,) adjoints of prediction and noise.
        """
        total = np.zeros(len(theta))
        for rows, prediction, noise in self.jacobian(theta, outcome):
            total += prediction_bar[rows] @ prediction + noise_bar[rows] @ noise
        return total

    def addresses(self, sizes: tuple[int, int, int]) -> tuple[int, int]:
        """Give the addresses of both as C functions, which take the interpreter's lock.

        Parameters
        ----------
        sizes
            Parameters, runs, measurements.

        Returns
        -------
        tuple of int
            Functions of the signatures `RESCUE` and `RESCUE_GRADIENT`.
        """
        p, r, m = sizes
        doubles, integers = ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_int64)

        def rescue(theta: Any, outcome: Any, prediction: Any, noise: Any) -> None:
            self.rescue(*_arrays((theta, p), (outcome, r), (prediction, m), (noise, m)))

        def add_gradient(theta: Any, outcome: Any, prediction_bar: Any, noise_bar: Any, out: Any) -> None:
            *inputs, total = _arrays((theta, p), (outcome, r), (prediction_bar, m), (noise_bar, m), (out, p))
            total += self.gradient(*inputs)

        callbacks = (
            ctypes.CFUNCTYPE(None, doubles, integers, doubles, doubles)(rescue),
            ctypes.CFUNCTYPE(None, doubles, integers, doubles, doubles, doubles)(add_gradient),
        )
        _KEPT.append(callbacks)
        first, second = (ctypes.c_size_t.from_buffer(callback).value for callback in callbacks)  # what they point to
        return first, second

    def link(self, symbol: str, sizes: tuple[int, int, int]) -> tuple[Any, Any]:
        """Make both callable from compiled functions, as external functions under names that begin with `symbol`."""
        linked = []
        for name, address, signature in zip(
            ("rescue", "rescue_gradient"), self.addresses(sizes), (RESCUE, RESCUE_GRADIENT), strict=True
        ):
            add_symbol(f"{symbol}.{name}", address)
            linked.append(types.ExternalFunction(f"{symbol}.{name}", signature))
        return linked[0], linked[1]


def _arrays(*pointers: tuple[Any, int]) -> list[np.ndarray]:
    return [np.ctypeslib.as_array(pointer, (size,)) for pointer, size in pointers]
