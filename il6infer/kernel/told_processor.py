"""Whether LLVM knows the processor that numba is told of, and this machine has its features.

    python -m il6infer.kernel.told_processor NAME FEATURES

LLVM says what it does not know to the number 2, for each function that it compiles, and goes on without: so it is
asked in a process of its own. What is not told is not asked for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

from llvmlite import binding
from numba.core import config

from il6infer._digests import ROOT
from il6infer._errors import UserError
from il6infer.kernel.processor import processor

_REMEDY = "Unset NUMBA_CPU_NAME and NUMBA_CPU_FEATURES, or correct them (docs/hpc.md)."


@cache
def refuse_told() -> None:
    """Refuse ``NUMBA_CPU_NAME`` and ``NUMBA_CPU_FEATURES`` with which code is not what they say, or ends the process.

    Raises
    ------
    UserError
        With what LLVM does not know, or the processor lacks.
    """
    told = vars(config)  # which numba fills from the environment
    if told["CPU_NAME"] is None and told["CPU_FEATURES"] is None:
        return
    name, features = processor()
    here = binding.get_host_cpu_features()
    asked = [feature[1:] for feature in features.split(",") if feature.startswith("+")]
    lacking = [feature for feature in asked if here.get(feature) is False]
    if lacking:
        raise UserError(f"NUMBA_CPU_FEATURES asks for {', '.join(lacking)}, which this processor lacks. {_REMEDY}")
    command = [sys.executable, "-P", "-m", __name__, name, features]
    path = os.pathsep.join(filter(None, [str(ROOT.parent), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, errors="replace", check=False
    )
    said = (line.partition(" (")[0] for line in done.stderr.splitlines() if "not a recognized" in line)
    if unknown := ", ".join(dict.fromkeys(said)):
        raise UserError(f"NUMBA_CPU_NAME or NUMBA_CPU_FEATURES: {unknown}. {_REMEDY}")


if __name__ == "__main__":
    _, NAME, FEATURES = sys.argv
    binding.initialize_native_target()
    TARGET = binding.Target.from_triple(binding.get_process_triple())
    TARGET.create_target_machine(cpu=NAME, features=FEATURES)
