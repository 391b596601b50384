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
    import petab.v1.math._generated.PetabMathExprLexer as _lexer
    import petab.v1.math._generated.PetabMathExprParser as _parser
    import petab.v1.math.sympify as _sympify
    import petab.v1.math.SympyVisitor as _visitor
    import petab.v1.models.sbml_model as _sbml_model
    import petab.v2 as petab
    import petab.v2.C as C
    import petab.v2.lint as _lint
finally:
    if _HIDDEN:
        del sys.modules[_PLOTS]

# Assigned, for a name imported from a package without types cannot be imported from here, pyright says.
MathErrorListener = _sympify.MathErrorListener
MathVisitorSympy = _visitor.MathVisitorSympy
PetabMathExprLexer = _lexer.PetabMathExprLexer
PetabMathExprParser = _parser.PetabMathExprParser
SbmlModel = _sbml_model.SbmlModel
ValidationIssueSeverity = _lint.ValidationIssueSeverity

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
