"""Join the integrator with a model's equations: machine code, kept on disk by a digest of both.

Numba compiles the integrator (`lanes`, `steady`, `forward`, `backward`, `sensitivity`) once a machine, in half a
minute. A model then costs what LLVM needs to optimise both together, some seconds.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Lock

import llvmlite
import numba
import numpy as np
from filelock import FileLock
from llvmlite import binding
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys

from il6infer._digests import ROOT, reached_modules
from il6infer.kernel.lowering import module_of
from il6infer.kernel.model_functions import entry_symbol
from il6infer.kernel.vector_math import library
from il6infer.kernel.vectors import ENVIRONMENT

INTEGRATOR = "il6infer.kernel.integrator"
"""Module that compiles the integrator, in a process of its own."""


def cache_folder() -> Path:
    """Where compiled kernels are kept: ``$IL6INFER_CACHE``, else ``il6infer`` in the user's cache folder."""
    own = os.environ.get("IL6INFER_CACHE")
    base = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "il6infer"
    base.mkdir(parents=True, exist_ok=True)
    return base


class Kernel:
    """Compiled functions of one model; they live as long as the process.

    Parameters
    ----------
    source, constants
        See `il6infer.kernel.lowering.module_of`.

    Attributes
    ----------
    digest
        Of all that the machine code depends on.
    """

    def __init__(self, source: str, constants: Mapping[str, object]) -> None:
        self._source, self._constants = source, dict(constants)
        values = (f"{k}={v!r}" for k, v in sorted(self._constants.items()))
        text = "\0".join([_digest_of(INTEGRATOR), _digest_of(__name__), source, *values])
        self.digest = hashlib.sha256(text.encode()).hexdigest()[:32]

    def address(self, entry: str) -> int:
        """Address of an entry (``simulate``, ``pullback`` or ``jacobian``), compiled when first asked for."""
        symbol = f"{entry_symbol(entry)}.{self.digest}"
        with _LOADING:
            if symbol not in _ADDRESSES:
                engine = _engine()
                engine.add_object_file(binding.ObjectFileRef.from_data(self._object(entry)))
                engine.finalize_object()
                _ADDRESSES[symbol] = engine.get_function_address(symbol)
        return _ADDRESSES[symbol]

    def _object(self, entry: str) -> bytes:
        path = cache_folder() / f"{self.digest}.{entry}.o"
        if not path.exists():
            _write(path, self._compiled(entry))
        return path.read_bytes()

    def _compiled(self, entry: str) -> bytes:
        whole = binding.parse_bitcode(_integrator(entry))
        wanted = {function.name for function in whole.functions if function.is_declaration}
        model = binding.parse_assembly(str(module_of(self._source, self._constants, wanted)))
        model.triple, model.data_layout = whole.triple, whole.data_layout
        whole.link_in(model)
        for symbol in (*whole.functions, *whole.global_variables):
            # Nothing but the entry is seen from outside, so that what is inlined everywhere vanishes.
            if not symbol.is_declaration:
                symbol.linkage = "internal"
        function = whole.get_function(entry_symbol(entry))
        function.name, function.linkage = f"{entry_symbol(entry)}.{self.digest}", "external"
        machine = _machine()
        builder = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(speed_level=3))
        passes = builder.getModulePassManager()
        passes.add_refprune_pass()
        passes.run(whole, builder)
        _refuse_missing(whole)
        return machine.emit_object(whole)


def _refuse_missing(module: binding.ModuleRef) -> None:
    """Refuse code that calls what this process does not have: the loader would take its address to be 0."""
    _engine()  # registers what numba's own code calls
    symbols = (symbol for kind in (module.functions, module.global_variables) for symbol in kind)
    names = {symbol.name for symbol in symbols if symbol.is_declaration and not symbol.name.startswith("llvm.")}
    missing = sorted(name for name in names if binding.address_of_symbol(name) is None)
    if missing:
        raise RuntimeError(f"the kernel calls what is not there: {', '.join(missing)}")


_ADDRESSES: dict[str, int] = {}
"""Of what this process has loaded; code is never unloaded."""

_LOADING = Lock()


def _machine() -> binding.TargetMachine:
    """Code generator for this processor, as numba sets its own."""
    triple = binding.get_process_triple()
    return binding.Target.from_triple(triple).create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
        reloc="static" if triple.startswith(("x86", "i386", "i686")) else "default",
        codemodel="jitdefault",
        jit=True,
    )


@cache
def _engine() -> binding.ExecutionEngine:
    rtsys.initialize(cpu_target.target_context)  # registers what arrays are allocated with
    return binding.create_mcjit_compiler(binding.parse_assembly(""), _machine())


@cache
def _digest_of(module: str) -> str:
    """Digest of what a module of the kernel is compiled from: its code and that which it imports, and the machine."""
    processor = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten(), library()
    versions = numba.__version__, llvmlite.__version__, np.__version__
    code = [path.read_text("utf-8") for path in sources(module)]
    return hashlib.sha256("\0".join([*processor, *versions, *code]).encode()).hexdigest()[:32]


def sources(module: str) -> list[Path]:
    """Files of il6infer that a module is made of, by its imports."""
    files = {ROOT.joinpath(*name.split(".")[1:]).with_suffix(".py") for name in reached_modules(module)}
    return sorted(path for path in files if path.is_file())


def prepare(*entries: str) -> None:
    """Compile several entries of the integrator at the same time, where the machine does not have them."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(_integrator, entries))


def _integrator(entry: str) -> bytes:
    """Bitcode of an entry; one process of all that need it compiles it."""
    path = cache_folder() / f"integrator.{_digest_of(INTEGRATOR)}.{entry}.bc"
    if not path.exists():
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                _compile_integrator(entry, path)
    return path.read_bytes()


def _compile_integrator(entry: str, path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        output = Path(folder) / "integrator.bc"
        command = [sys.executable, "-m", INTEGRATOR, entry, str(output)]
        done = subprocess.run(command, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
        output.replace(path)


def _write(path: Path, data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
        file.write(data)
    Path(file.name).replace(path)
