"""Digests of the source code: what a stage's outcome depends on besides its inputs."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "il6infer"
ROOT = Path(__file__).parent


def source_digest(*modules: str) -> str:
    """SHA-256 of the package's source, or of just those files that `modules` reach by imports.

    Parameters
    ----------
    modules
        Names such as ``"il6infer.cli.fit"``. Their imports are followed, those inside functions too. Of each
        stage's package that is reached all files count, for a package also reads files of its own: models, tables,
        templates. None: everything.

    Returns
    -------
    str
        64 hexadecimal digits; the same on every machine for the same files.
    """
    files = _reached(modules) if modules else {path for path in ROOT.rglob("*") if _counts(path)}
    total = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.relative_to(ROOT).as_posix()):
        total.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def reached_modules(*modules: str) -> tuple[str, ...]:
    """Names of all modules of il6infer that `modules` import, directly or not, themselves included."""
    waiting, seen = list(modules), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        parent = name.rpartition(".")[0]
        waiting += ([parent] if parent else []) + list(imports(_file(name)))
    return tuple(sorted(seen))


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Modules of il6infer that the file imports, at its top or inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names if _ours(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module and _ours(node.module):
            names.add(node.module)
            names.update(name for alias in node.names if _exists(name := f"{node.module}.{alias.name}"))
    return tuple(sorted(names))


def _reached(modules: tuple[str, ...]) -> set[Path]:
    files = {_file(name) for name in reached_modules(*modules)}
    packages = {path.parent for path in files} - {ROOT, ROOT / "cli"}
    shared = {path for path in ROOT.glob("*") if _counts(path) and path.suffix != ".py"}
    return files | shared | {path for package in packages for path in package.rglob("*") if _counts(path)}


def _ours(name: str) -> bool:
    return name == PACKAGE or name.startswith(PACKAGE + ".")


def _exists(name: str) -> bool:
    base = ROOT.joinpath(*name.split(".")[1:])
    return base.with_suffix(".py").is_file() or (base / "__init__.py").is_file()


def _file(name: str) -> Path:
    base = ROOT.joinpath(*name.split(".")[1:])
    package = base / "__init__.py"
    return package if package.is_file() else base.with_suffix(".py")


def _counts(path: Path) -> bool:
    return path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts
