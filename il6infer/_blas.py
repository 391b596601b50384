"""One thread for BLAS, the library that numpy and scipy multiply matrices with.

How many threads share a sum changes its last digits, and an optimiser and a sampler carry these on into other draws.
The matrices here are too small for a second thread to pay: it doubled the processor time of a search for starts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_TOLD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What each of these libraries reads when it is loaded."""


def let_blas_use_one_thread() -> None:
    """Set the environment so that BLAS, where it is not loaded yet, will use one thread, whatever it was told."""
    os.environ.update(dict.fromkeys(_TOLD, "1"))


@contextmanager
def one_thread_of_blas() -> Iterator[None]:
    """Let BLAS, which a caller from Python has loaded, use one thread meanwhile."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
