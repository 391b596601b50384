"""The processor that code is compiled for: the one it runs on, or the one that numba is told of.

``NUMBA_CPU_NAME``, ``NUMBA_CPU_FEATURES`` and ``NUMBA_ENABLE_AVX`` count as in
https://numba.readthedocs.io/en/stable/reference/envvars.html: with the first two set alike, machines of a mixed cluster
compile the same code.
"""

from __future__ import annotations

from llvmlite import binding
from numba.core import config
from numba.core.codegen import get_host_cpu_features


def processor() -> tuple[str, str]:
    """Name and features (``+avx2,-fma,...``) that LLVM is given, by numba for its functions and here for kernels."""
    told = vars(config)  # which numba fills from the environment
    name, features = told["CPU_NAME"], told["CPU_FEATURES"]
    return (
        binding.get_host_cpu_name() if name is None else name,
        get_host_cpu_features() if features is None else features,
    )
