"""Digests of what a stage's outcome depends on besides its inputs: the code that it runs, and the packages below it."""

from __future__ import annotations

import ast
import hashlib
import platform
import re
import sys
from collections.abc import Collection, Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from il6infer._parsed import Parsed, Piece, Pieces

PACKAGE = "il6infer"
ROOT = Path(__file__).parent
LOCK = "requirements.lock"
"""Name of the lock file; it counts where it stands beside the package, as in a clone."""

MESSAGES = ("_errors.py", "_environment.py")
"""Count for no stage: they word what is refused, and a stage that refuses writes nothing."""

BY_FILE = ("", "cli", "stages")
"""Packages in which each file has a subject of its own, a command or a kind of file; every other one counts whole."""

_OTHER_NAMES = {"libsbml": "python-libsbml", "yaml": "pyyaml"}

ALL = "*"
"""In place of a name: all of a module."""

MAIN = "cli/main.py"
"""Counts for every stage, for every command starts there; what it imports itself parses, logs and tries outputs."""


def stage_digest(entry: str) -> str:
    """Digest of the code that a stage runs, of Python's version, and of the versions of all packages below that code.

    Parameters
    ----------
    entry
        As in `source_digest`.

    Returns
    -------
    str
        64 hexadecimal digits; the same on every machine for the same files and versions.
    """
    below = [f"python=={platform.python_version()}", *versions_of(distributions(third_party(entry)))]
    return hashlib.sha256("\n".join([source_digest(entry), *below]).encode()).hexdigest()


def source_digest(entry: str) -> str:
    """SHA-256 of the files of il6infer that a stage runs.

    Parameters
    ----------
    entry
        Module and function that start it, such as ``"il6infer.cli.fit:run"``. Imports are followed, those inside
        the functions that are used too. Of each package that is reached all files count, for a package also reads
        files of its own: models, tables, templates; `BY_FILE` and `MESSAGES` are the exceptions.
    """
    total = hashlib.sha256()
    for path in sorted(_counted(entry), key=lambda path: path.relative_to(ROOT).as_posix()):
        total.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def reached_modules(entry: str) -> tuple[str, ...]:
    """Names of all modules of il6infer that an entry (or a module) imports, directly or not, itself included."""
    return tuple(sorted(_reached(entry)))


def third_party(entry: str) -> tuple[str, ...]:
    """Top-level names of the modules of other packages that the modules of an entry import."""
    names = {name.partition(".")[0] for imported in _reached(entry).values() for name in imported}
    return tuple(sorted(names - {PACKAGE, "__future__"} - sys.stdlib_module_names))


def distributions(modules: Iterable[str]) -> tuple[str, ...]:
    """Installed distributions that these modules belong to, and all that they require, by their normal names."""
    waiting, seen = [name for module in modules for name in _owners(module)], set()
    while waiting:
        name = _normal(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        waiting += _required(name)
    return tuple(sorted(seen))


def versions_of(names: Iterable[str]) -> tuple[str, ...]:
    """Installed version of each distribution, and the one that the lock file beside the package names, if any."""
    locked = _locked(ROOT.parent / LOCK)
    return tuple(f"{name}=={_version(name)}{''.join(f' locked {v}' for v in locked.get(name, ()))}" for name in names)


def _counted(entry: str) -> set[Path]:
    files = {_file(name) for name in _reached(entry)} | {ROOT / MAIN}
    whole = {path.relative_to(ROOT).parts[0] for path in files if path.parent != ROOT} - set(BY_FILE)
    files |= {path for package in whole for path in (ROOT / package).rglob("*") if _counts(path)}
    texts = "".join(path.read_text(encoding="utf-8") for path in files if path.parent == ROOT)
    files |= {path for path in ROOT.glob("*.csv") if path.name in texts}
    return files - {ROOT / name for name in (*MESSAGES, "__init__.py")}


@cache
def _reached(entry: str) -> dict[str, frozenset[str]]:
    """Modules of il6infer that an entry reaches -> modules that what is reached of each imports."""
    start, _, function = entry.partition(":")
    waiting = [(start, function or ALL)]
    found: dict[str, frozenset[str]] = {}
    done: set[tuple[str, str]] = set()
    while waiting:
        name, part = waiting.pop()
        if (name, part) in done:
            continue
        done.add((name, part))
        imported = imports(_file(name), part)
        found[name] = found.get(name, frozenset()) | {other for other, _ in imported}
        waiting += [(other, inner) for other, inner in imported if _ours(other)]
        # A package's own __init__ runs, but what its functions import lazily is asked for by name, or not at all.
        parents = name.split(".")[:-1]
        waiting += [(".".join(parents[:depth]), "") for depth in range(1, len(parents) + 1)]
    _parsed(ROOT).keep()
    return found


@cache
def imports(path: Path, part: str = ALL) -> tuple[tuple[str, str], ...]:
    """Modules that a file imports, other than for type checkers, each with the name that is taken of it (or `ALL`).

    Parameters
    ----------
    part
        Name of a function or class: what the file imports at its top, and inside that one and those of the file that
        it, or the top, names. Another name: only at its top. `ALL`: anywhere.
    """
    inner, top = _pieces(path)
    waiting, seen, found = [part, *top.names], set(), set(top.imports)
    if part == ALL:
        waiting = list(inner)
    elif part and part not in inner and "__getattr__" in inner:
        waiting.append("__getattr__")  # a name that is imported when it is asked for
    while waiting:
        name = waiting.pop()
        if name in inner and name not in seen:
            seen.add(name)
            found |= inner[name].imports
            waiting += inner[name].names
    return tuple(sorted(found))


@cache
def _parsed(root: Path) -> Parsed:
    readers = (Path(__file__), Path(__file__).with_name("_parsed.py"))
    return Parsed(readers, (path.relative_to(root).as_posix() for path in root.rglob("*.py")))


@cache
def _pieces(path: Path) -> Pieces:
    text = path.read_text(encoding="utf-8")
    known = _parsed(ROOT).get(text)
    if known:
        return known
    body = ast.parse(text, filename=str(path)).body
    own = [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    names = {node.name for node in own}
    inner = {node.name: _piece([node], names) for node in own}
    found = inner, _piece([node for node in body if node not in own], names)
    _parsed(ROOT).put(text, found)
    return found


def _piece(nodes: Iterable[ast.AST], own: Collection[str]) -> Piece:
    imported, names, waiting = set(), set(), list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Import):
            imported.update((alias.name, ALL) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                taken = (whole, ALL) if _ours(node.module) and _exists(whole) else (node.module, alias.name)
                imported.add(taken)
        # As ast.iter_child_nodes, without its generators: some hundred files are walked at the end of each command.
        for field in node._fields:
            inner = getattr(node, field, None)
            if isinstance(inner, list):
                waiting += [one for one in inner if isinstance(one, ast.AST)]
            elif isinstance(inner, ast.AST):
                waiting.append(inner)
    return Piece(frozenset(imported), frozenset(names & {*own}))


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


def _normal(name: str) -> str:
    """Name of a distribution as all its spellings are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


@cache
def _owners(module: str) -> tuple[str, ...]:
    """Distributions that bring a module; where it is not the one of its name, looking takes longer than all else."""
    name = _OTHER_NAMES.get(module, module)
    return (name,) if _version(name) else tuple(_all_owners().get(module, ()))


@cache
def _all_owners() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


@cache
def _required(name: str) -> tuple[str, ...]:
    """Installed distributions that one requires, without its extras."""
    wanted = [text for text in metadata.requires(name) or () if "extra ==" not in text] if _version(name) else []
    names = [re.match(r"[\w.-]+", text) for text in wanted]
    return tuple(found[0] for found in names if found and _version(found[0]))


@cache
def _locked(path: Path) -> dict[str, tuple[str, ...]]:
    """Distribution -> versions that a lock file names (several where they depend on the system)."""
    if not path.is_file():
        return {}
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", path.read_text(encoding="utf-8"), flags=re.M):
        pins.setdefault(_normal(name), []).append(version)
    return {name: tuple(versions) for name, versions in pins.items()}
