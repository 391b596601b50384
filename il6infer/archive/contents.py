"""What belongs to an analysis: its configuration, the files that it reads, those that it wrote, the code."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from il6infer._digests import LOCK, ROOT
from il6infer._errors import Fault, UserError, raise_faults
from il6infer._yaml import read_yaml
from il6infer.configuration.configuration import Configuration, as_keys
from il6infer.configuration.load import load_config, models_of
from il6infer.configuration.raw import named_files, truth_of
from il6infer.library.catalogue import files_of
from il6infer.petab_files.files import read_listing
from il6infer.provenance import verify
from il6infer.provenance.record import FOLDER, place_of, records
from il6infer.stages.provenance import Provenance

OUTSIDE = "outside"
"""Folder of what lay outside of the run directory."""

OF_SET = ("measurements.csv", "protocol.csv", "ingest.json", "comparison.json")
OF_SETTINGS = ("fit", "verdict", "compare", "report", "sbc")
ASKED = ("claims", "predictions")
"""Keys of the configuration whose answers stand in files of their names."""

_CODE = ("Snakefile", "pyproject.toml", LOCK, "LICENSE", "README.md", "Makefile", "CITATION.cff")
_FOLDERS = ("workflow", "profiles", "containers")


@dataclass(frozen=True)
class Contents:
    """An analysis, file by file.

    Attributes
    ----------
    config
        With paths as they are in the archive, below its run directory.
    moved
        Path in the configuration of the analysis -> path in `config`, where they differ.
    inputs, outputs
        Path below the run directory of the archive -> file.
    code
        Path below the folder of the code -> file.
    made
        Records of the commands that wrote `outputs`, by their files.
    """

    config: Mapping[str, Any]
    moved: Mapping[str, str]
    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    code: Mapping[str, Path]
    made: Mapping[Path, Provenance]


def contents(results: Path) -> Contents:
    """Gather what belongs to an analysis.

    Parameters
    ----------
    results
        Folder that the workflow wrote into.

    Raises
    ------
    UserError
        If the folder holds no finished analysis, or results that were altered, or made from files that have changed
        since: such an archive could not be made again.
    """
    settings, page = results / "settings" / "report.json", results / "report" / "index.html"
    for path in (settings, page):
        if not path.is_file():
            what = "the folder of a finished analysis was expected; `snakemake` makes one."
            raise UserError(f"{results}: holds no {path.relative_to(results).as_posix()}: {what}")
    config = load_config(settings)
    files = [*_outputs(config, results)]
    known = {record: made for record, made in records(results) if _is_of(record, made, set(files))}
    files = sorted({*files, *known})
    top = _run_directory(results, page, known)
    _check_unaltered(results, known)
    archive = _Archive(top)
    inputs = _inputs(config, archive)
    below = archive.inside(Path(os.path.abspath(results))) or "results"
    again = archive.rewritten({**as_keys(config), "results": below}, {config.results: below})
    outputs = {f"{below}/{path.relative_to(results).as_posix()}": path for path in files}
    return Contents(again, archive.moved, inputs, outputs, dict(_code()), known)


def _run_directory(results: Path, page: Path, known: Mapping[Path, Provenance]) -> Path:
    """Folder that paths of the configuration start from: where the command of the page was called."""
    record = page.parent / FOLDER / f"{page.name}.json"
    if record not in known:
        raise UserError(f"{page}: nothing says where it was made. Run `snakemake` again.")
    return Path(os.path.normpath(os.path.realpath(page.parent) + "/" + known[record].folder))


def _check_unaltered(results: Path, known: Mapping[Path, Provenance]) -> None:
    _, findings = verify(results, known)
    faults = [Fault(str(finding.path), finding.what) for finding in findings]
    raise_faults(faults, f"{results} cannot be exported", "Run `snakemake` again, then export.")


def _outputs(config: Configuration, results: Path) -> Iterator[Path]:
    """Files that the configuration makes; what older ones left beside them is not of this analysis."""
    asked = tuple(key for key in ASKED if getattr(config, key))
    yield from (p for part in OF_SETTINGS if (p := results / "settings" / f"{part}.json").is_file())
    for folder in (results / "report", results / "figures"):
        yield from _all(folder)
    for dataset in config.datasets:
        folder = results / dataset
        names = (*OF_SET, *(f"{key}.json" for key in asked))
        yield from (folder / name for name in names if (folder / name).is_file())
        if "predictions" in asked:
            yield from _all(folder / "predictions")
        for model in models_of(config, dataset):
            skipped = {f"{key}.json" for key in ASKED if key not in asked}
            yield from (path for path in _all(folder / model) if path.name not in skipped)


def _is_of(record: Path, made: Provenance, files: Set[Path]) -> bool:
    """Whether a command wrote any of the files."""
    return any(place_of(record, file.path) in files for file in made.results)


def _all(folder: Path) -> Iterator[Path]:
    """Files of a folder and below, without what is hidden, under way, or a link."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not path.is_symlink() and not hidden and path.suffix != ".partial":
            yield path


class _Archive:
    """Places of files below the run directory of the archive."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.moved: dict[str, str] = {}

    def inside(self, path: Path) -> str | None:
        """Path below the run directory, or None: it lies elsewhere."""
        for top, place in ((self.top, os.path.normpath(self.top / path)), (self.top.resolve(), path.resolve())):
            if Path(place).is_relative_to(top):
                return Path(place).relative_to(top).as_posix()
        return None

    def place(self, text: str) -> str:
        """Path of the archive for one of the configuration, with `moved` to say so where they differ."""
        found = None if Path(text).is_absolute() else self.inside(Path(text))
        if found is None and text not in self.moved:
            self.moved[text] = f"{OUTSIDE}/{len(self.moved) + 1}_{Path(text).name or 'folder'}"
        elif found is not None and found != text:
            self.moved[text] = found
        return self.moved.get(text, text)

    def rewritten(self, value: Any, more: Mapping[str, str] | None = None) -> Any:
        """Give the configuration the paths of the archive."""
        places = {**self.moved, **(more or {})}
        self.moved.update({old: new for old, new in (more or {}).items() if old != new})
        paths = ("results", "claims", "predictions", "modules", "description", "folder", "petab")
        if isinstance(value, Mapping):
            return {
                key: places.get(item, item) if key in paths and isinstance(item, str) else self._below(item, places)
                for key, item in value.items()
            }
        return value

    def _below(self, value: Any, places: Mapping[str, str]) -> Any:
        return self.rewritten(value, places) if isinstance(value, Mapping) else value


def _inputs(config: Configuration, archive: _Archive) -> dict[str, Path]:
    """Path below the run directory of the archive -> file that the workflow reads."""
    found: dict[str, Path] = {}
    for asked in filter(None, (getattr(config, key) for key in ASKED)):
        found[archive.place(asked)] = archive.top / asked
    if config.modules:
        place, folder = archive.place(config.modules), archive.top / config.modules
        found |= {f"{place}/{path.name}": path for path in files_of(folder)}
    for described in config.datasets.values():
        if described.description is not None and described.folder is not None:
            description = archive.top / described.description
            found[archive.place(described.description)] = description
            place = archive.place(described.folder)
            for name in named_files(read_yaml(description)):
                found[os.path.normpath(f"{place}/{name}")] = archive.top / described.folder / name
            if truth := truth_of(described, archive.top):
                found[os.path.normpath(f"{place}/{truth.name}")] = truth
        elif described.petab is not None:
            found |= _petab(described.petab, archive)
    for place in found:
        if PurePosixPath(place).is_absolute() or ".." in PurePosixPath(place).parts:
            raise UserError(f"{found[place]}: lies outside of the data folder, and cannot be exported.")
    return found


def _petab(name: str, archive: _Archive) -> dict[str, Path]:
    """Files of a PEtab problem: where they lie, or with all that it names in a folder of their own."""
    problem = Path(os.path.normpath(archive.top / name))
    files = [Path(os.path.normpath(path)) for path in read_listing(problem).files]
    if not Path(name).is_absolute() and all(archive.inside(path) for path in files):
        return {str(archive.inside(path)): path for path in files}
    root = Path(os.path.commonpath([path.parent for path in files]))
    place = f"{OUTSIDE}/{len(archive.moved) + 1}_{root.name or 'problem'}"
    archive.moved[name] = f"{place}/{problem.relative_to(root).as_posix()}"
    return {f"{place}/{path.relative_to(root).as_posix()}": path for path in files}


def _code() -> Iterator[tuple[str, Path]]:
    """Package, and the workflow where it stands beside it, as in a clone."""
    top = ROOT.parent
    own = [path for path in sorted(ROOT.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    if not (top / "Snakefile").is_file():
        yield from ((path.relative_to(top).as_posix(), path) for path in own)
        return
    beside = [top / name for name in _CODE] + [
        path for folder in _FOLDERS for path in sorted((top / folder).rglob("*"))
    ]
    for path in [*own, *beside]:
        if path.is_file() and path.suffix != ".pyc":
            yield path.relative_to(top).as_posix(), path
