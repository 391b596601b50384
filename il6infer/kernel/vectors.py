# ruff: noqa: ANN001, ANN202  (numba infers the types, and wants plain loops)
"""Vectors in compiled code: explicit loops, for numba compiles each array expression anew, at 0.2 s apiece.

What this package compiles with numba is compiled by `il6infer.kernel.link`, and never called from Python.
"""

from __future__ import annotations

from numba import njit

OPTIONS = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


ENVIRONMENT = {"NUMBA_OPT": "1", "NUMBA_LOOP_VECTORIZE": "0", "NUMBA_SLP_VECTORIZE": "0"}
"""What the process must see that compiles this package's functions; see `il6infer.kernel.integrator`."""


@njit(**OPTIONS)
def put(target, source):
    """Copy a vector."""
    for i in range(len(target)):
        target[i] = source[i]


@njit(**OPTIONS)
def accumulate(target, source):
    """Add a vector."""
    for i in range(len(target)):
        target[i] += source[i]


@njit(**OPTIONS)
def clear(target):
    """Set a vector to zero."""
    for i in range(len(target)):
        target[i] = 0.0


@njit(**OPTIONS)
def clear_all(target):
    """Set a matrix to zero."""
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = 0.0


@njit(**OPTIONS)
def put_column(target, lane, source):
    """Copy a vector into a column."""
    for i in range(len(source)):
        target[i, lane] = source[i]


@njit(**OPTIONS)
def take_column(source, lane, target):
    """Copy a column into a vector."""
    for i in range(len(target)):
        target[i] = source[i, lane]


@njit(**OPTIONS)
def spread(target, source):
    """Copy a vector into each column."""
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = source[i]
