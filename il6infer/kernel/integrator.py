"""Compile the integrator, without a model, to LLVM bitcode: run as a process of its own by `link`.

    python -m il6infer.kernel.integrator ENTRY > OUTPUT

A process of its own, for numba reads from the environment how far to optimise: here it must stop before it makes
vector code of loops whose length only the model will say.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

from llvmlite import binding
from numba.core.codegen import CPUCodeLibrary, JITCPUCodegen
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

from il6infer.kernel import backward, forward, sensitivity
from il6infer.kernel.contracts import JACOBIAN, JACOBIANS, PULLBACK, SIMULATE, SIMULATED, VECTOR
from il6infer.kernel.model_functions import entry_symbol
from il6infer.kernel.vectors import ENVIRONMENT

RARE = tuple(f"{len(module)}{module}" for module in ("steady", "dense", "stability"))
"""Parts of the symbols of functions that run once a pre-equilibration: small code, loops stay loops."""

ENTRIES = {
    "simulate": (forward.simulate, SIMULATE, SIMULATED),
    "pullback": (backward.pullback, PULLBACK, VECTOR),
    "jacobian": (sensitivity.jacobian, JACOBIAN, JACOBIANS),
}
"""Function, types of its arguments, type of what it returns."""

SMALL = 15
"""Most functions of what is optimised alone, before others inline it; what is larger is optimised with a model only.

Numba would optimise each function together with all that it calls, again and again: twice the work for kernels
that are no faster. With nothing optimised before, values of the reference problem take 8 % longer.
"""

_NOWHERE = ctypes.c_void_p()
"""What stands for the address of code that is never run."""


class _Library(CPUCodeLibrary):
    """LLVM's code of a function, of which no machine code is made."""

    def _optimize_final_module(self) -> None:
        if sum(not function.is_declaration for function in self._final_module.functions) <= SMALL:
            super()._optimize_final_module()

    def _finalize_specific(self) -> None:
        """Pass over what only machine code needs."""

    def get_pointer_to_function(self, name: str) -> int:
        """Give an address that nothing is called at."""
        return ctypes.addressof(_NOWHERE)


class _Codegen(JITCPUCodegen):
    """Numba's own, for `_Library`."""

    _library_class = _Library

    def _add_module(self, module: Any) -> None:
        pass

    def set_env(self, env_name: str, env: Any) -> None:
        """Pass over what only machine code needs."""


@global_compiler_lock
def bitcode(entry: str) -> bytes:
    """Compile one entry with all that it calls, the parts of a model left open."""
    function, signature, returned = ENTRIES[entry]
    # For all of this process, which ends after it.
    vars(cpu_target.target_context)["_internal_codegen"] = _Codegen("numba.exec")
    function.compile(signature)
    compiled = function.overloads[signature]
    if compiled.signature.return_type != returned:
        raise TypeError(f"{entry} returns {compiled.signature.return_type}, expected {returned}")
    module = binding.parse_bitcode(compiled.library.serialize_using_bitcode()[2])
    for written in module.functions:
        if not written.is_declaration and any(part in written.name for part in RARE):
            # Unrolled, the largest entry of a matrix is a chain in which LLVM 22's HashRecognize takes 2^n steps.
            written.add_function_attribute("noinline")
            written.add_function_attribute("optsize")
    module.get_function(compiled.fndesc.llvm_func_name).name = entry_symbol(entry)
    return module.as_bitcode()


if __name__ == "__main__":
    _, ENTRY = sys.argv
    if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
        sys.exit(f"set {ENVIRONMENT}")
    sys.stdout.buffer.write(bitcode(ENTRY))
