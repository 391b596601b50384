"""The files that a PEtab problem names: listed, checked, copied side by side into another folder."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._files import why_unreadable
from il6infer._yaml import read_yaml
from il6infer.problems.courses import EXTENSION as CORRELATION
from il6infer.problems.noise import EXTENSION
from il6infer.problems.spec import CELLS
from il6infer.problems.student import FREEDOM

KINDS = ("parameter", "measurement", "observable", "condition", "experiment", "mapping")
"""Tables of a problem; those of v1 have no experiments, and keep the mapping unused."""

_NEEDED = ("parameter", "measurement", "observable")
_PART = {f"{kind}_files" for kind in KINDS} | {"sbml_files", "visualization_files"}
_KEYS = {
    1: {"format_version", "parameter_file", "problems", "extensions", "id"},
    2: {"format_version", "id", "extensions", "model_files", *(f"{kind}_files" for kind in KINDS)},
}
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://|file:")


@dataclass(frozen=True)
class Listing:
    """What a problem's YAML file says.

    Attributes
    ----------
    path
        The YAML file; the names of the others start from its folder.
    version
        1 or 2, of the PEtab format.
    id
        Of the problem; empty where it has none.
    tables
        Kind of table -> names of its files, as they are written.
    model
        Id and file name of the one model.
    correlated
        Whether errors of read-outs hang together along courses, as an extension says.
    cells
        Experiment whose cells are those of predictions, as an extension says; empty: none.
    """

    path: Path
    version: int
    id: str
    tables: Mapping[str, tuple[str, ...]]
    model: tuple[str, str]
    correlated: bool = False
    cells: str = ""

    @property
    def subject(self) -> str:
        """How messages call the problem."""
        return f"PEtab problem {self.path}"

    def paths(self, kind: str) -> list[Path]:
        """Files of one kind of table."""
        return [self.path.parent / name for name in self.tables[kind]]

    @property
    def model_path(self) -> Path:
        """The SBML file."""
        return self.path.parent / self.model[1]

    @property
    def files(self) -> list[Path]:
        """The YAML file, and every other."""
        return [self.path, self.model_path, *(path for kind in KINDS for path in self.paths(kind))]


def read_listing(path: Path) -> Listing:
    """Read a problem's YAML file.

    Raises
    ------
    UserError
        If it is missing, not YAML, not that of a PEtab problem, or with every file that it names wrongly.
    """
    if not path.exists():
        raise UserError(f"{path}: no such PEtab problem file.")
    config = read_yaml(path)
    if "format_version" not in config:
        raise UserError(f"{path}: not a PEtab problem file: key 'format_version' is missing.")
    first = str(config["format_version"]).split(".")[0]
    if first not in ("1", "2"):
        raise UserError(f"{path}: format_version {config['format_version']}: versions 1 and 2 of PEtab are supported.")
    faults: list[Fault] = []
    listing = _first(path, config, faults) if first == "1" else _second(path, config, faults)
    faults += [fault for name in dict.fromkeys(_names(listing)) for fault in _name_faults(path, name)]
    raise_faults(faults, listing.subject)
    return listing


def _first(path: Path, config: Mapping[str, Any], faults: list[Fault]) -> Listing:
    parts = config.get("problems")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise UserError(f"{path}: key 'problems': a list was expected, each entry with the files of one problem.")
    if len(parts) != 1:
        raise UserError(f"{path}: {len(parts)} entries under 'problems'; exactly one is supported.")
    [part] = parts
    faults += _unknown(path, config, _KEYS[1]) + _unknown(path, part, _PART)
    tables = {kind: _list(path, part, f"{kind}_files", faults) for kind in KINDS}
    tables["parameter"] = _list(path, config, "parameter_file", faults)
    models = _list(path, part, "sbml_files", faults)
    if len(models) != 1:
        faults.append(Fault(path.name, f"{len(models)} models in the problem; exactly one is supported."))
    faults += [] if faults else _missing(path, tables, {"parameter": "parameter_file"})
    name = models[0] if models else ""
    return Listing(path, 1, "", tables, (Path(name).stem, name))


def _second(path: Path, config: Mapping[str, Any], faults: list[Fault]) -> Listing:
    faults += _unknown(path, config, _KEYS[2])
    tables = {kind: _list(path, config, f"{kind}_files", faults) for kind in KINDS}
    faults += [] if faults else _missing(path, tables, {})
    models = config.get("model_files") or {}
    if not isinstance(models, dict):
        raise UserError(f"{path}: key 'model_files': model ids with location and language were expected.")
    if len(models) != 1:
        raise UserError(f"{path}: {len(models)} models in the problem; exactly one is supported.")
    [(name, model)] = models.items()
    if not isinstance(model, dict) or not isinstance(model.get("location"), str):
        raise UserError(f"{path}: model '{name}': its 'location' (a file name) and 'language' were expected.")
    if model.get("language") != "sbml":
        raise UserError(f"{path}: model language '{model.get('language')}'; only sbml is supported.")
    faults += _extensions(path, config.get("extensions") or {})
    known = config.get("id")
    extensions = config.get("extensions") or {}
    told = extensions.get(CELLS) if isinstance(extensions, dict) else None
    about = told.get("config") if isinstance(told, dict) else None
    cells = str(about.get("experiment", "")) if isinstance(about, dict) else ""
    name_of_problem = "" if known is None else str(known)
    return Listing(
        path, 2, name_of_problem, tables, (str(name), model["location"]), CORRELATION in extensions, cells
    )  # fmt: skip


def _list(path: Path, part: Mapping[str, Any], key: str, faults: list[Fault]) -> tuple[str, ...]:
    """File names under a key; one name alone is a list of one."""
    found = part.get(key)
    names = [] if found is None else [found] if isinstance(found, str) else found
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        faults.append(
            Fault(path.name, f"key '{key}': file names were expected, found {found!r}.", f"Write {key}: [a.tsv].")
        )
        return ()
    return tuple(names)


def _missing(path: Path, tables: Mapping[str, tuple[str, ...]], keys: Mapping[str, str]) -> list[Fault]:
    return [
        Fault(path.name, f"key '{keys.get(kind, f'{kind}_files')}' names no file.", f"Give the {kind} table.")
        for kind in _NEEDED
        if not tables[kind]
    ]


def _unknown(path: Path, part: Mapping[str, Any], known: Iterable[str]) -> list[Fault]:
    return [Fault(path.name, f"unknown key '{key}'.", nearest(str(key), known)) for key in part if key not in known]


def _extensions(path: Path, extensions: Any) -> list[Fault]:
    """Extensions that the problem says it cannot be understood without."""
    if not isinstance(extensions, dict):
        return [Fault(path.name, "key 'extensions': names with 'version' and 'required' were expected.")]
    known = f"Known: {EXTENSION}, {CORRELATION}."
    faults = [
        Fault(path.name, f"the problem needs the extension '{name}', which is not supported.", known)
        for name, about in extensions.items()
        if name not in (EXTENSION, CORRELATION) and isinstance(about, dict) and about.get("required")
    ]
    own = extensions.get(EXTENSION)
    config = own.get("config") if isinstance(own, dict) else None
    freedom = config.get("degrees_of_freedom", FREEDOM) if isinstance(config, dict) else FREEDOM
    if freedom != FREEDOM:
        what = f"extension '{EXTENSION}': degrees_of_freedom {freedom!r}; only {FREEDOM} are supported."
        faults.append(Fault(path.name, what, f"Write degrees_of_freedom: {FREEDOM}."))
    return faults


def _names(listing: Listing) -> list[str]:
    return [name for name in (listing.model[1], *(n for kind in KINDS for n in listing.tables[kind])) if name]


def _name_faults(path: Path, name: str) -> list[Fault]:
    if _ADDRESS.match(name):
        return [Fault(path.name, f"names the address '{name}': nothing is fetched.", "Save the file beside this one.")]
    try:
        why = why_unreadable(path.parent / name)
    except OSError as error:
        why = f"cannot be read ({error.strerror})."
    return [Fault(path.name, f"names the file '{name}': {why}", "Check the name.")] if why else []


def copy_problem(path: Path, folder: Path, name: str = "problem.yaml") -> None:
    """Copy a problem to ``folder / name``; its files get plain names, so that none can leave the folder.

    Parameters
    ----------
    path
        YAML file of the problem.
    folder
        Where it goes; made if need be.
    name
        Of the YAML file there.

    Raises
    ------
    UserError
        As `read_listing`.
    """
    listing = read_listing(path)
    config = read_yaml(path)
    folder.mkdir(parents=True, exist_ok=True)
    plain: dict[str, str] = {}
    for written in dict.fromkeys(_names(listing)):
        short = Path(written).name
        plain[written] = f"{len(plain)}_{short}" if short in (*plain.values(), name) else short
        shutil.copyfile(path.parent / written, folder / plain[written])
    lists = {f"{kind}_files": [plain[n] for n in listing.tables[kind]] for kind in KINDS if listing.tables[kind]}
    if listing.version == 1:
        parameters = lists.pop("parameter_files")
        config["parameter_file"] = parameters[0] if len(parameters) == 1 else parameters
        config["problems"] = [{**lists, "sbml_files": [plain[listing.model[1]]]}]
    else:
        model = {"location": plain[listing.model[1]], "language": "sbml"}
        config |= {**lists, "model_files": {listing.model[0]: model}}
    (folder / name).write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
