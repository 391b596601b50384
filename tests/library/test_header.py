"""The package's modules: each is one file, whose header nothing else repeats."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from il6infer._digests import ROOT
from il6infer.library import header
from il6infer.library.catalogue import shipped, undeclared
from tests.test_layers import HEAVY

MODULES = shipped().modules


@pytest.mark.parametrize("name", MODULES)
def test_a_header_names_only_what_its_text_declares_and_modules_that_are_there(name):
    module = MODULES[name]

    assert list(undeclared(module)) == []
    assert {*module.brings, *module.joins} <= set(MODULES)
    assert set(module.excludes) <= {*shipped().options, *shipped().receptors}
    assert set(module.receptors or ()) <= set(shipped().receptors)


def test_every_key_is_one_that_some_module_has():
    used = set().union(*(module.lines for module in MODULES.values())) - {"body"}

    assert used == set(header._KEYS)


def test_every_kind_is_one_that_some_module_is_of():
    assert {module.kind for module in MODULES.values()} == set(header.KINDS)


def literals(path: Path) -> set[str]:
    """Texts in the code of a file, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docs)
    return {node.value for node in found if isinstance(node.value, str)}


def test_no_code_knows_a_module_by_its_name():
    """A table of the package that repeats what headers say would be a second place to touch."""
    words = {name for name, m in MODULES.items() if m.kind in ("option", "joint", "receptor", "feedback")}
    # The library's name of a molecule, not the module's: what a literature constraint needs.
    allowed = {"constraint_names.py": {"sgp130"}}
    found = {
        path.name: names
        for package in ("library", "drawing", "building", "cli", "config", "report")
        for path in sorted((ROOT / package).glob("*.py"))
        if (names := (literals(path) & words) - allowed.get(path.name, set()))
    }

    assert found == {}


def test_a_name_is_parsed_without_the_packages_that_are_slow_to_import():
    code = (
        "import sys; from il6infer.library.names import parse_model_name; parse_model_name('both_dual+jak@PHH'); "
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set(done.stdout.split()) & HEAVY == set()
