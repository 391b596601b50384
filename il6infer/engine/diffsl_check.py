"""Whether diffsol's compiler bears a source: of a few it ends the whole process, which no exception can tell of."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache

from il6infer.engine.diffsl import NotInDiffSL

_SWITCHES = ("heaviside(", "max(")
"""What all sources have that were seen to end it."""

_COMPILE = "import sys, pydiffsol as ds; ds.Ode(sys.stdin.read(), matrix_type=ds.nalgebra_dense, ode_solver=ds.bdf)"


@lru_cache
def borne(source: str) -> str:
    """Give a source back, or refuse it where it ends the process; tried in one of its own.

    Parameters
    ----------
    source
        DiffSL.

    Raises
    ------
    NotInDiffSL
        With what LLVM says.
    """
    if not any(switch in source for switch in _SWITCHES):
        return source
    command = [sys.executable, "-c", _COMPILE]
    tried = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    fatal = [line for line in tried.stderr.splitlines() if line.startswith("LLVM ERROR")]
    if fatal or tried.returncode < 0:
        said = fatal[0].removeprefix("LLVM ERROR: ") if fatal else f"signal {-tried.returncode}"
        raise NotInDiffSL(f"engine diffsol cannot compile these rates: its LLVM ends the process ({said[:80]}...).")
    return source
