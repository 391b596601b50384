"""Join the integrator with a model's equations: machine code, kept on disk by a digest of both.

Numba compiles the integrator (`lanes`, `steady`, `forward`, `backward`, `sensitivity`) once a machine, in ten
to twenty seconds an entry. A model then costs what LLVM needs to optimise both together, some seconds.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock
from typing import Any

from llvmlite import binding
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys

from il6infer._digests import ROOT
from il6infer.kernel.cache import digest_of, obtain
from il6infer.kernel.lowering import module_of
from il6infer.kernel.model_functions import entry_symbol
from il6infer.kernel.processor import processor
from il6infer.kernel.vectors import ENVIRONMENT

INTEGRATOR = "il6infer.kernel.integrator"
"""Module that compiles the integrator, in a process of its own."""


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

    def __init__(self, source: str, constants: Mapping[str, Any]) -> None:
        self._source, self._constants = source, dict(constants)
        values = (f"{k}={v!r}" for k, v in sorted(self._constants.items()))
        text = "\0".join([digest_of(INTEGRATOR), digest_of(__name__), source, *values])
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
        return obtain(f"{self.digest}.{entry}.o", lambda: self._compiled(entry))

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
    """Code generator for the processor, as numba sets its own."""
    triple, (name, features) = binding.get_process_triple(), processor()
    return binding.Target.from_triple(triple).create_target_machine(
        cpu=name,
        features=features,
        opt=3,
        reloc="static" if triple.startswith(("x86", "i386", "i686")) else "default",
        codemodel="jitdefault",
        jit=True,
    )


@cache
def _engine() -> binding.ExecutionEngine:
    rtsys.initialize(cpu_target.target_context)  # registers what arrays are allocated with
    return binding.create_mcjit_compiler(binding.parse_assembly(""), _machine())


def prepare(*entries: str) -> None:
    """Compile several entries of the integrator at the same time, where the machine does not have them."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(_integrator, entries))


def _integrator(entry: str) -> bytes:
    """Bitcode of an entry."""
    return obtain(f"integrator.{digest_of(INTEGRATOR)}.{entry}.bc", lambda: _compile_integrator(entry))


def _compile_integrator(entry: str) -> bytes:
    # This package, not one of the same name in the folder that Python happens to be started in.
    command = [sys.executable, "-P", "-m", INTEGRATOR, entry]
    path = os.pathsep.join(filter(None, [str(ROOT.parent), os.environ.get("PYTHONPATH", "")]))
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr.decode(errors='replace')}")
    return done.stdout
