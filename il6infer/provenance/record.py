"""A command's provenance, noted beside its results when it has ended well."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from il6infer._digests import LOCK, ROOT, source_digest
from il6infer._errors import UserError
from il6infer._files import digest, versions
from il6infer._yaml import read_yaml
from il6infer.stages.codec import read, write
from il6infer.stages.ingest import FileDigest
from il6infer.stages.provenance import Provenance

FOLDER = ".provenance"

OUTPUTS = ("output", "diagram", "figure", "figures", "csv")
"""Arguments that say where to write."""

MOST_FILES = 10_000
"""Of a folder that is an input; more are no folder of modules."""


def note(args: argparse.Namespace, words: Sequence[str], written: Iterable[Path]) -> Path | None:
    """Note what a command made from what.

    Parameters
    ----------
    args
        Its arguments. What is a file among them is an input, with the files that it names; `output` is its result.
    words
        The command as it was typed, without ``il6infer``.
    written
        Files that it has put in place.

    Returns
    -------
    pathlib.Path
        The record; None for a command that wrote no file.
    """
    output = getattr(args, "output", None)
    results = sorted({path.absolute() for path in written if path.is_file()})
    if output is None or not results:
        return None
    folder = output if output.is_dir() else output.parent
    name = output.name if not output.is_dir() else str(args.command)
    # Links are followed: of two names of one file both must say the same.
    base = Path(os.path.realpath(folder))
    inputs = sorted({path.absolute() for path in _inputs(args)} - set(results))
    lock = ROOT.parent / LOCK
    record = Provenance(
        command=("il6infer", *words),
        folder=os.path.relpath(os.path.realpath("."), base),
        made=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        results=_digests(results, base),
        inputs=_digests(inputs, base),
        seed=_seed(args),
        source_digest=source_digest(f"{args.run.__module__}:{args.run.__name__}"),
        lock_digest=digest(lock) if lock.is_file() else None,
        versions=versions(),
        host={"name": platform.node(), "system": platform.platform(), "processor": platform.machine()},
    )
    path = folder / FOLDER / f"{name}.json"
    write(path, record)
    return path


def altered(args: argparse.Namespace) -> Iterator[str]:
    """Say which inputs of a command are not what another command has written there: cut, or edited by hand.

    Parameters
    ----------
    args
        Its arguments.
    """
    # Of all results (a page reads them) only `il6infer verify` takes the time to read each.
    named = argparse.Namespace(**{name: value for name, value in vars(args).items() if name != "results"})
    inputs = {Path(os.path.realpath(path)) for path in _inputs(named)}
    folders = {folder for path in inputs for folder in path.parents[:2]}
    known: dict[Path, dict[str, str]] = {}
    for folder in sorted(folders):
        for record in sorted((folder / FOLDER).glob("*.json")):
            try:
                made = read_record(record)
            except UserError:  # damaged: `il6infer verify` says so
                continue
            for file in made.results:
                known.setdefault(place_of(record, file.path), {})[file.sha256] = " ".join(made.command[:2])
    for path in sorted(inputs & known.keys()):
        if digest(path) not in known[path]:
            command = next(reversed(known[path].values()))
            yield f"{path}: was altered after `{command}` wrote it, and is read as it is now."


def inputs_of(args: argparse.Namespace) -> set[Path]:
    """Files that the arguments of a command name as what it reads, and those that these name."""
    files = {path for path in _named(args) if path.is_file()}
    folders = [Path(args.folder)] if getattr(args, "folder", None) else []
    # A truth names the files that are made from it.
    listing = [path for path in files if path.suffix in (".yaml", ".yml")] if args.command != "simulate" else []
    return files.union(*(_named_in(path, [path.parent, *folders]) for path in listing))


def records(folder: Path) -> Iterator[tuple[Path, Provenance]]:
    """Read all records in a folder and below, with their paths, in their order."""
    for path in sorted(folder.glob(f"**/{FOLDER}/*.json")):
        yield path, read_record(path)


def read_record(path: Path) -> Provenance:
    """Read a record.

    Raises
    ------
    UserError
        If it cannot be read, or says of no file that a command made it.
    """
    made = read(path, Provenance)
    if len(made.command) < 2 or not made.results or "name" not in made.host:
        raise UserError(f"{path}: tells of no command, result or machine: il6infer did not write it. Remove it.")
    return made


def place_of(record: Path, path: str) -> Path:
    """Give the file that a path in a record means."""
    return Path(os.path.normpath(record.parent.parent / path))


def _digests(paths: Iterable[Path], base: Path) -> tuple[FileDigest, ...]:
    return tuple(FileDigest(os.path.relpath(os.path.realpath(path), base), digest(path)) for path in paths)


def _inputs(args: argparse.Namespace) -> Iterator[Path]:
    yield from inputs_of(args)
    for path in _named(args):
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file())[:MOST_FILES]
    results = getattr(args, "results", None)
    if results is not None:
        for record, made in records(Path(results)):
            yield from (place for file in made.results if (place := place_of(record, file.path)).is_file())


def _named(args: argparse.Namespace) -> Iterator[Path]:
    """Paths among the arguments of a command that it reads by themselves."""
    apart = (*OUTPUTS, "results", "folder")
    return _paths([value for name, value in vars(args).items() if name not in apart])


def _paths(value: Any) -> Iterator[Path]:
    """Paths among arguments; a word that is the name of a file is one, a word that is that of a folder is none."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, str):
        if 0 < len(value) < 4096 and "\0" not in value and os.path.isfile(value):
            yield Path(value)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _paths(item)


def _named_in(path: Path, folders: Sequence[Path]) -> Iterator[Path]:
    """Files that a YAML file names: raw files of a description, tables and models of a PEtab problem."""
    try:
        texts = list(_texts(read_yaml(path)))
    except UserError:  # it was read by another name, or not as YAML
        return
    for text in texts:
        if 0 < len(text) < 4096 and "\n" not in text and "\0" not in text:
            # os.path says no to what can be the name of no file, such as a long question.
            yield from (folder / text for folder in folders if os.path.isfile(folder / text))


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)


def _seed(args: argparse.Namespace) -> int | None:
    """Seed of the command line, else that of the configuration."""
    given = getattr(args, "seed", None)
    config = getattr(args, "config", None)
    if given is None and config is not None and Path(config).is_file():
        content = read_yaml(Path(config))
        given = content.get("seed") if isinstance(content, dict) else None
    return given if isinstance(given, int) else None
