"""Compile the integrator, without a model, to LLVM bitcode: run as a process of its own by `link`.

    python -m il6infer.kernel.integrator ENTRY > OUTPUT

A process of its own, for numba reads from the environment how far to optimise: here it must stop before it makes
vector code of loops whose length only the model will say.
"""

from __future__ import annotations

import os
import sys

from llvmlite import binding

from il6infer.kernel import backward, forward, model_functions, sensitivity
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


def bitcode(entry: str) -> bytes:
    """Compile one entry with all that it calls, the parts of a model left open."""
    function, signature, returned = ENTRIES[entry]
    # Numba makes machine code, too, which is thrown away; it only must find the symbols.
    for name in (*dir(model_functions), *model_functions.FUNCTIONS):
        binding.add_symbol(model_functions.symbol_of(name), 1)
    for name in model_functions.LANE_FUNCTIONS:
        binding.add_symbol(model_functions.symbol_of(name, together=True), 1)
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
