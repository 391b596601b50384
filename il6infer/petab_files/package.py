"""The package petab, as much of it as is used here, imported without its plots and without SciPy's statistics.

petab imports all its modules at once: its plots with pyplot, and `scipy.stats` for eight distributions that only its
own densities call. Together they take more than a second in each process of a workflow.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Distribution:
    """A distribution of `scipy.stats`, imported when something of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        from scipy import stats

        return getattr(getattr(stats, self._name), attribute)


class _Distributions(ModuleType):
    """Stands in for `scipy.stats` while petab takes names from it."""

    def __getattr__(self, name: str) -> _Distribution:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Distribution(name)


@contextmanager
def _in_place_of(modules: Mapping[str, ModuleType | None]) -> Iterator[None]:
    """Let imports find `modules`, where the true ones were not imported before; None is one that is not there."""
    placed = {name: module for name, module in modules.items() if name not in sys.modules}
    sys.modules.update(placed)  # pyright: ignore[reportArgumentType, reportCallIssue]
    try:
        yield
    finally:
        for name in placed:
            del sys.modules[name]


# petab expects of its plots that they may be absent: None makes their import raise ModuleNotFoundError.
with _in_place_of({"petab.v1.visualize": None, "scipy.stats": _Distributions("scipy.stats")}):
    import petab.v1.C as FIRST
    import petab.v1.math._generated.PetabMathExprLexer as _lexer
    import petab.v1.math._generated.PetabMathExprParser as _parser
    import petab.v1.math.sympify as _sympify
    import petab.v1.math.SympyVisitor as _visitor
    import petab.v1.models.sbml_model as _sbml_model
    import petab.v2 as petab
    import petab.v2.C as C
    import petab.v2.lint as _lint

# Assigned, for a name imported from a package without types cannot be imported from here, pyright says.
MathErrorListener = _sympify.MathErrorListener
MathVisitorSympy = _visitor.MathVisitorSympy
PetabMathExprLexer = _lexer.PetabMathExprLexer
PetabMathExprParser = _parser.PetabMathExprParser
SbmlModel = _sbml_model.SbmlModel
ValidationIssueSeverity = _lint.ValidationIssueSeverity

__all__ = [
    "C",
    "FIRST",
    "MathErrorListener",
    "MathVisitorSympy",
    "PetabMathExprLexer",
    "PetabMathExprParser",
    "SbmlModel",
    "ValidationIssueSeverity",
    "petab",
]
