"""The house's table of which package may import which, read from the imports themselves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from il6infer._digests import ROOT

# Package -> packages it may import, besides itself and the private modules il6infer._*.
LAYERS: dict[str, set[str]] = {
    "stages": set(),
    "network": set(),
    "library": {"network"},
    "configuration": {"stages", "library"},
    "drawing": {"network", "library"},
    "ingestion": {"stages"},
    "problems": {"network"},
    "runs": {"network", "problems"},
    "kernel": {"network", "problems", "runs"},
    "petab_files": {"stages", "network", "problems"},
    "engine": {"network", "problems", "runs", "kernel", "petab_files"},
    "building": {"stages", "network", "library", "problems", "petab_files"},
    "exchange": {"stages", "problems", "petab_files"},
    "inference": {"draws", "network", "runs", "stages", "problems", "petab_files", "kernel", "engine"},
    "calibration": {"diagnosis", "draws", "stages", "problems", "engine", "inference"},
    "pymc": {"stages", "problems", "kernel", "engine", "inference"},
    "draws": set(),
    "provenance": {"stages"},
    "published": set(),
    "archive": {"draws", "stages", "library", "configuration", "petab_files", "provenance", "published"},
    "diagnosis": {"draws", "problems", "stages"},
    "identifiability": {"diagnosis", "stages", "problems", "engine", "inference"},
    "comparison": {"draws", "stages"},
    # held_out: samples of what only held-out values know, which a refit knows nothing of.
    "leave_out": {"draws", "stages", "problems", "engine", "inference", "held_out"},
    "evidence": {"draws", "stages", "problems", "petab_files", "exchange", "engine", "inference"},
    "held_out": {"network", "problems", "engine", "inference", "stages"},
    # ingest: names and units of doses in a protocol.
    "prediction": {"ingestion", "network", "library", "problems", "engine", "inference", "stages", "draws"},
    # ingest: the instruments' raw form, in which a simulated experiment is written.
    "experiments": {"ingestion", "library", "petab_files", "engine", "building", "stages"},
    "report": {"stages", "configuration", "library", "provenance"},
}
LAYERS["interface"] = set(LAYERS)
LAYERS["cli"] = set(LAYERS)

# Packages whose import takes long: a command that does not need them must not wait for them.
HEAVY = {"antimony", "arviz", "libsbml", "matplotlib", "nutpie", "pandera", "petab", "pymc", "pytensor"}
HEAVY |= {"jinja2", "numba", "numpy", "pandas", "pint", "scipy", "sympy", "xarray", "h5netcdf", "jsonschema"}


def _imports(path: Path, *, top_only: bool = False) -> set[str]:
    """Dotted names that a file imports; with `top_only` just those outside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_only else ast.walk(tree)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update([node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)])
    return names


def _part(name: str) -> str:
    """Package of il6infer that a dotted name lies in, or ''."""
    words = name.split(".")
    return words[1] if words[0] == "il6infer" and len(words) > 1 else ""


def test_every_package_has_its_layer():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert packages == set(LAYERS)


@pytest.mark.parametrize("package", LAYERS)
def test_package_imports_only_what_its_layer_allows(package):
    allowed = LAYERS[package] | {package}
    faults = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for name in sorted(_imports(path))
        if _part(name) in LAYERS and _part(name) not in allowed
    ]

    assert faults == []


def test_private_modules_import_no_package():
    faults = [
        f"{path.name} imports {name}"
        for path in sorted(ROOT.glob("_*.py"))
        if path.name not in ("__init__.py", "__main__.py")
        for name in sorted(_imports(path))
        if _part(name) in LAYERS
    ]

    assert faults == []


def test_commands_import_nothing_heavy_before_they_run():
    faults = [
        f"{path.name} imports {name} at its top"
        for path in sorted((ROOT / "cli").glob("*.py"))
        for name in sorted(_imports(path, top_only=True))
        if name.split(".")[0] in HEAVY or _part(name) in set(LAYERS) - {"cli"}
    ]

    assert faults == []


def test_layers_have_no_circle():
    below: dict[str, set[str]] = {}

    def reach(package: str, above: tuple[str, ...] = ()) -> set[str]:
        assert package not in above, f"circle: {' -> '.join([*above, package])}"
        if package not in below:
            below[package] = set().union(*({p} | reach(p, (*above, package)) for p in LAYERS[package] - {package}))
        return below[package]

    assert set().union(*(reach(package) for package in set(LAYERS) - {"interface", "cli"})) <= set(LAYERS)


def test_no_file_is_longer_than_four_hundred_lines():
    files = [*ROOT.rglob("*.py"), *ROOT.rglob("*.ant"), *ROOT.parent.glob("workflow/rules/*.smk")]
    lengths = {path.relative_to(ROOT.parent).as_posix(): len(path.read_text("utf-8").splitlines()) for path in files}

    assert len(lengths) > 150
    assert {name: length for name, length in lengths.items() if length > 400} == {}
