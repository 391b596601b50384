"""Tests that could not fail are refused, kind by kind, by what stands in their text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import LONG

FILES = sorted(Path(__file__).parent.rglob("*.py"))


def _itself(tree: ast.AST) -> Iterator[ast.AST]:
    """Asserts that compare an expression with itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare):
            sides = [ast.dump(side) for side in (node.test.left, *node.test.comparators)]
            if len(set(sides)) < len(sides):
                yield node


def _any_error(tree: ast.AST) -> Iterator[ast.AST]:
    """``pytest.raises`` of any exception, or of a user's error whose message nobody reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.withitem) and ast.unparse(node.context_expr).startswith("pytest.raises("):
            call = node.context_expr
            read = node.optional_vars is not None or any(word.arg == "match" for word in call.keywords)
            error = ast.unparse(call.args[0])
            if error in {"Exception", "BaseException"} or (error.endswith("UserError") and not read):
                yield call


def _no_question(tree: ast.AST) -> Iterator[ast.AST]:
    """Counts that are at least 0, and constants that are taken for true."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            text = ast.unparse(node.test)
            if isinstance(node.test, ast.Constant | ast.Tuple) or (text.startswith("len(") and text.endswith(">= 0")):
                yield node


def _only_if(tree: ast.AST) -> Iterator[ast.AST]:
    """Tests that do nothing but ask something under a condition that may never hold."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            body = [one for one in node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
            if len(body) == 1 and isinstance(body[0], ast.If) and not body[0].orelse:
                yield node


KINDS = {
    "itself": (_itself, "def test_x():\n    assert f(1) == f(1)"),
    "any error": (_any_error, "def test_x():\n    with pytest.raises(UserError):\n        f()"),
    "no question": (_no_question, "def test_x():\n    assert len(x) >= 0"),
    "only if": (_only_if, "def test_x():\n    if y:\n        assert z"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_test_is_of_a_kind_that_cannot_fail(kind):
    found, example = KINDS[kind]
    trees = {path: ast.parse(path.read_text("utf-8")) for path in FILES}

    assert len(list(found(ast.parse(example)))) == 1
    assert len(FILES) > 100
    assert [f"{path.name}:{node.lineno}" for path, tree in trees.items() for node in found(tree)] == []


def test_long_files_that_begin_first_are_there(root):
    assert [name for name in LONG if not (root / "tests" / name).is_file()] == []
