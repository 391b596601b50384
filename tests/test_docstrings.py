"""Public functions of three arguments or more say what these are.

Public is a function of a module, or a method of a class, whose own name and whose module's and class's names begin with
no underscore. A method that a class of another package asks for is described there (PyTensor's `Op`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from il6infer._digests import ROOT

KERNEL = ROOT.parent / "docs" / "kernel.md"
OF_OTHERS = {"pymc/op.py": {"infer_shape", "perform", "L_op"}}
COMPILED = ("njit", "cached")


def _public(path: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in ast.parse(path.read_text("utf-8")).body:
        of_class = isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        for function in node.body if of_class else [node]:
            if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
                yield f"{node.name}.{function.name}" if of_class else function.name, function


def _arguments(function: ast.FunctionDef) -> list[str]:
    given = function.args
    named = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg) if a]
    return [name for name in named if name not in ("self", "cls")]


def _sections(function: ast.FunctionDef) -> list[str]:
    """Names that the section of parameters describes."""
    _, found, rest = (ast.get_docstring(function) or "").partition("Parameters\n----------\n")
    if not found:
        return []
    names = re.findall(r"^(\w+(?:, \w+)*)(?: : .*)?$", re.split(r"\n\n\w+\n-+\n", rest)[0], re.MULTILINE)
    return [name for line in names for name in line.split(", ")]


def _compiled(function: ast.FunctionDef) -> bool:
    return any(ast.unparse(decorator).startswith(COMPILED) for decorator in function.decorator_list)


def _files() -> list[str]:
    found = [path.relative_to(ROOT) for path in sorted(ROOT.rglob("*.py"))]
    return [p.as_posix() for p in found if not any(part.startswith("_") for part in p.parts if part != "__init__.py")]


@pytest.fixture(scope="module")
def glossary() -> set[str]:
    """Names of the arguments of compiled functions, from the tables in docs/kernel.md."""
    table = KERNEL.read_text("utf-8").split("## Names of arguments\n")[1].split("\n## ")[0]
    return {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}


def test_public_functions_of_many_arguments_describe_them(glossary):
    silent, wrong = [], []
    for file in _files():
        for name, function in _public(ROOT / file):
            arguments, described = _arguments(function), _sections(function)
            wrong += [
                f"{file}: {name} describes '{word}', which it does not take" for word in {*described} - {*arguments}
            ]
            if len(arguments) < 3 or described or function.name in OF_OTHERS.get(file, ()):
                continue
            if _compiled(function) and glossary.issuperset(arguments):
                continue
            silent.append(f"{file}: {name}({', '.join(arguments)})")

    assert silent == []
    assert wrong == []


def test_glossary_of_the_kernel_names_nothing_that_is_gone(glossary):
    compiled = [f for file in _files() for _, f in _public(ROOT / file) if _compiled(f)]

    assert glossary - {argument for function in compiled for argument in _arguments(function)} == set()
