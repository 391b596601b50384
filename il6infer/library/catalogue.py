"""All modules that models can be made of: those that come with the package, and a folder of the user's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import MappingProxyType

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._files import digest, why_unreadable
from il6infer._once import once
from il6infer.library.declared import reactions_of, rules_of, species_of
from il6infer.library.header import Module, read_modules

SHIPPED = Path(__file__).parent / "modules"
PRIORS = "priors.csv"
"""Name of the table of priors beside a user's modules; its columns are those of the package's own."""

MOST_BYTES = 100_000
"""Of a user's file; the largest module of the package has 3 kB."""

# Of the user's own files there may be words of a name and what joins them; what every model holds is the package's.
_WORDED = ("receptor", "feedback")
_OWN_KINDS = ("receptor", "feedback", "option", "joint")


@dataclass(frozen=True, eq=False)
class Library:
    """Modules by name, in the order in which they are read.

    Attributes
    ----------
    modules
        Name -> module.
    folder
        The user's own folder, or None.
    own
        Names of the modules that come from it.
    """

    modules: Mapping[str, Module]
    folder: Path | None = None
    own: frozenset[str] = frozenset()

    @once
    def receptors(self) -> Mapping[str, Module]:
        """Hypothesis on the receptor -> its module."""
        return self._words("receptor")

    @once
    def feedbacks(self) -> Mapping[str, Module]:
        """Hypothesis on what SOCS3 does -> its module."""
        return self._words("feedback")

    @once
    def options(self) -> Mapping[str, Module]:
        """Option -> its module, in alphabetical order, as in names."""
        return MappingProxyType(dict(sorted(self._words("option").items())))

    @once
    def shown_options(self) -> Mapping[str, Module]:
        """Options without those that differ from another by their number only."""
        return MappingProxyType({word: m for word, m in self.options.items() if m.number is None})

    @property
    def priors(self) -> Path | None:
        """The user's own table of priors, if there is one."""
        path = self.folder / PRIORS if self.folder else None
        return path if path and path.is_file() else None

    def with_brought(self, names: Iterable[str]) -> set[str]:
        """Names of modules, and of all that they bring, and that those bring."""
        found, waiting = set(), list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.modules[name].brings
        return found

    def _words(self, kind: str) -> Mapping[str, Module]:
        return MappingProxyType({m.word: m for m in self.modules.values() if m.kind == kind})


@cache
def shipped() -> Library:
    """Modules that come with the package."""
    found, faults = _read(SHIPPED)
    if faults:
        raise ValueError("\n".join(map(str, faults)))
    return Library(MappingProxyType(_sorted(found)))


def read_library(folder: str | Path | None = None) -> Library:
    """Give the package's modules, and those of a folder beside them.

    Parameters
    ----------
    folder
        Holds the user's modules (``*.ant``) and the priors of their parameters (`PRIORS`); None or empty: none.

    Raises
    ------
    UserError
        With every fault of every file of the folder.
    """
    if not folder:
        return shipped()
    path = Path(folder)
    if not path.is_dir():
        raise UserError(f"modules: no such folder {path}. Give the folder that holds your .ant files.")
    found = files_of(path)
    faults = [Fault(file.name, why) for file in found if (why := why_unreadable(file, MOST_BYTES))]
    raise_faults(faults, f"modules of {path}")
    return _with_folder(path, tuple(map(digest, found)))


def files_of(folder: Path) -> list[Path]:
    """Files of a folder that count: modules, and the table of priors."""
    return sorted([*folder.glob("*.ant"), *folder.glob(PRIORS)])


@cache
def _with_folder(folder: Path, _: tuple[str, ...]) -> Library:
    """Read a folder; digests of its files stand beside it so that an edit is seen."""
    own, faults = _read(folder)
    if not own and not faults:
        faults.append(Fault(str(folder), "holds no module.", "A module is a file <name>.ant (docs/models.md)."))
    known = {**own, **shipped().modules}
    for module in own.values():
        faults += [*_collisions(module, shipped().modules, own), *_references(module, known), *undeclared(module)]
    raise_faults(faults, f"modules of {folder}")
    return Library(MappingProxyType(_sorted(known)), folder, frozenset(own))


def _read(folder: Path) -> tuple[dict[str, Module], list[Fault]]:
    found: dict[str, Module] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.ant")):
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError as error:
            faults.append(Fault(path.name, f"is not UTF-8 text (byte {error.start}).", "Save it as UTF-8."))
            continue
        modules, wrong = read_modules(path, text)
        faults += [*wrong, *_imports(path.name, text)]
        found |= {module.name: module for module in modules}
    return found, faults


def _imports(name: str, text: str) -> Iterator[Fault]:
    """Lines of a module that would take in another file, wherever it lies."""
    for number, line in enumerate(text.splitlines(), start=1):
        code = line if '"' in line else line.split("//")[0]
        if not line.lstrip().startswith(("//", "#")) and re.search(r"\bimport\b", code):
            yield Fault(
                f"{name}, line {number}", "takes in another file, a module is one.", "Copy what is needed of it."
            )


def _sorted(modules: Mapping[str, Module]) -> dict[str, Module]:
    return dict(sorted(modules.items(), key=lambda item: (item[1].order, item[0])))


def _collisions(module: Module, base: Mapping[str, Module], own: Mapping[str, Module]) -> Iterator[Fault]:
    """Names of a user's module that are already those of another module."""
    if module.name in base:
        yield Fault(module.file, "a module of the package has this name.", "Rename the file.")
    if module.kind not in _OWN_KINDS:
        yield module.fault("kind", f"'{module.kind}' is the package's own.", f"Use {', '.join(_OWN_KINDS)}.")
    others = [*base.values(), *(m for m in own.values() if m.name < module.name)]
    for other in others:
        if module.kind in _WORDED and (other.kind, other.word) == (module.kind, module.word):
            yield module.fault("word", f"{other.file} has {module.kind} '{module.word}', too.", "Choose another word.")
    for key in ("complexes", "medium", "readouts"):
        taken = {name: m.file for m in others for name in getattr(m, key)}
        for name in (n for n in getattr(module, key) if n in taken):
            what = f"'{name}' is that of {taken[name]}."
            yield module.fault(key, what, "A module lists what it adds: leave it out, or choose another name.")
    taken = {name: m.file for m in others for name in species_of(m.body)}
    for name in (s for s in species_of(module.body) if s in taken):
        what = f"species '{name}' is declared by {taken[name]}, too."
        yield Fault(module.file, what, "A species is declared once; other modules use it, or choose another name.")


def undeclared(module: Module) -> Iterator[Fault]:
    """Names in a header that the module's text does not declare."""
    species, rules, reactions = species_of(module.body), rules_of(module.body), reactions_of(module.body)
    asked = (
        ("complexes", [f"C_{c}" for c in module.complexes], species, "species"),
        ("medium", module.medium, species, "species"),
        ("readouts", module.readouts, rules, "rule (:=)"),
        ("readout_units", module.readout_units, list(module.readouts), "read-out"),
        ("places", module.places, [*species, *rules], "species or rule (:=)"),
        ("meetings", module.meetings, reactions, "reaction"),
        ("acts_on", module.acts_on, rules, "rule (:=)"),
    )
    for key, names, declared, what in asked:
        patterns = [re.sub(r"<\w>", "*", name) for name in declared]
        for name in names:
            if not any(fnmatchcase(name, pattern) for pattern in patterns):
                yield module.fault(key, f"the module's text declares no {what} '{name}'.", nearest(name, declared))


def _references(module: Module, known: Mapping[str, Module]) -> Iterator[Fault]:
    """Names in a header that no module answers to."""
    words = {kind: [m.word for m in known.values() if m.kind == kind] for kind in ("receptor", "option")}
    asked = (
        ("receptors", module.receptors or (), words["receptor"]),
        ("excludes", module.excludes, words["option"] + words["receptor"]),
        ("brings", module.brings, known),
        ("joins", module.joins, known),
    )
    for key, names, there in asked:
        for name in names:
            if name not in there:
                yield module.fault(key, f"there is no '{name}'.", nearest(name, there))
