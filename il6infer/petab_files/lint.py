"""Petab's own linter and our reader: what neither refuses is valid."""

from __future__ import annotations

from pathlib import Path

from il6infer.petab_files.read import load
from il6infer.problems.spec import Problem


def check(path: Path) -> Problem:
    """Read a PEtab problem that neither petab's linter nor our reader refuses.

    Raises
    ------
    UserError
        With every fault that either finds.
    """
    return load(path, linted=True)
