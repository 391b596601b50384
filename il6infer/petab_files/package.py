"""The package petab, as much of it as is used here, imported without its plots.

petab imports all its modules at once, its plots and pyplot with them: half a second in each process of a workflow.
"""

from __future__ import annotations

import sys

_PLOTS = "petab.v1.visualize"
_HIDDEN = _PLOTS not in sys.modules
if _HIDDEN:
    # None makes an import raise ModuleNotFoundError, which petab expects of modules that may be absent.
    sys.modules[_PLOTS] = None  # pyright: ignore[reportArgumentType]
try:
    import petab.v2 as petab
    from petab.v1.math._generated.PetabMathExprLexer import PetabMathExprLexer
    from petab.v1.math._generated.PetabMathExprParser import PetabMathExprParser
    from petab.v1.math.sympify import MathErrorListener
    from petab.v1.math.SympyVisitor import MathVisitorSympy
    from petab.v1.models.sbml_model import SbmlModel
    from petab.v2 import C
    from petab.v2.lint import ValidationIssueSeverity
finally:
    if _HIDDEN:
        del sys.modules[_PLOTS]

__all__ = [
    "C",
    "MathErrorListener",
    "MathVisitorSympy",
    "PetabMathExprLexer",
    "PetabMathExprParser",
    "SbmlModel",
    "ValidationIssueSeverity",
    "petab",
]
