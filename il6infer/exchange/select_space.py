"""A PEtab Select problem: its space of models, and steps through it.

The format is version 1 of that of the petab-select library. Methods: all models (brute force), or steps from the
smallest models upwards (forward) or the largest downwards (backward), as long as the criterion falls.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._files import read_text
from il6infer._numbers import vanishes
from il6infer._yaml import read_yaml
from il6infer.petab_files.files import copy_problem, read_listing
from il6infer.stages.selection import Step

METHODS = ("brute_force", "forward", "backward")
CRITERIA = ("AIC", "AICc", "BIC")

MOST = 10_000
"""Models of a space beyond which it is refused."""

_KEYS = ("format_version", "version", "criterion", "method", "model_space_files", "candidate_space_arguments")
_ID, _YAML = "model_subspace_id", "model_subspace_petab_yaml"
_OLD_YAML = "petab_yaml"
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"


@dataclass(frozen=True)
class Candidate:
    """A model of the space.

    Attributes
    ----------
    name
        Of its subspace, and its number there from 1.
    problem
        PEtab problem (YAML file) that it changes.
    values
        Parameter -> value, or None where it is estimated.
    """

    name: str
    problem: Path
    values: tuple[tuple[str, float | None], ...]

    @property
    def estimated(self) -> frozenset[str]:
        """Parameters that are estimated."""
        return frozenset(name for name, value in self.values if value is None)

    @property
    def fixed(self) -> dict[str, float]:
        """Parameters that are not, and their values."""
        return {name: value for name, value in self.values if value is not None}

    def holds(self, other: Candidate) -> bool:
        """Whether it estimates all that another one does and more, and fixes what both fix at the same value."""
        same = all(other.fixed.get(name, value) == value for name, value in self.fixed.items())
        return same and self.problem == other.problem and self.estimated > other.estimated


@dataclass(frozen=True)
class Space:
    """What a PEtab Select problem says."""

    criterion: str
    method: str
    candidates: tuple[Candidate, ...]


def read_space(path: Path) -> Space:
    """Read a PEtab Select problem.

    Raises
    ------
    UserError
        With every fault of its YAML file and of its tables, in one message.
    """
    content = read_yaml(path)
    faults = [Fault(f"key '{key}'", "is unknown.", nearest(str(key), _KEYS)) for key in content if key not in _KEYS]
    for key, known in (("method", METHODS), ("criterion", CRITERIA)):
        if content.get(key) not in known:
            what = f"it is {content.get(key)!r}, one of {', '.join(known)} was expected."
            faults.append(Fault(f"key '{key}'", what))
    if content.get("candidate_space_arguments"):
        what = "a search that begins at a model of its own is not supported."
        faults.append(
            Fault("key 'candidate_space_arguments'", what, "Leave it out: it begins at the smallest or largest.")
        )
    files = content.get("model_space_files")
    if not isinstance(files, list) or not files or not all(isinstance(name, str) for name in files):
        faults.append(Fault("key 'model_space_files'", "a list of tables (.tsv) was expected."))
        files = []
    found: list[Candidate] = []
    for name in files:
        found += _of_table(path.parent / name, faults)
    names = [candidate.name for candidate in found]
    for name in sorted({n for n in names if names.count(n) > 1}):
        faults.append(Fault("model space", f"'{name}' is there twice.", "Give each subspace a name of its own."))
    raise_faults(faults, str(path))
    return Space(content["criterion"], content["method"], tuple(found))


def _of_table(path: Path, faults: list[Fault]) -> list[Candidate]:
    reader = csv.DictReader(read_text(path).splitlines(), delimiter="\t")
    rows, columns = list(reader), list(reader.fieldnames or [])
    unclear = sorted({column for column in columns if not column or columns.count(column) > 1})
    if unclear:
        what = "a column has no name." if not unclear[0] else f"column {unclear[0]!r} is there twice."
        faults.append(Fault(f"{path.name}, row 1", what, "Give each parameter one column."))
        return []
    yaml_column = _OLD_YAML if _OLD_YAML in columns else _YAML
    missing = [column for column in (_ID, yaml_column) if column not in columns] if rows else [_ID]
    if missing:
        what = "it has no rows." if not rows else f"column {' and '.join(map(repr, missing))} is missing."
        faults.append(Fault(path.name, what, f"Columns: {_ID}, {_YAML}, then parameters."))
        return []
    parameters, found = [c for c in columns if c not in (_ID, yaml_column)], []
    for number, row in enumerate(rows, start=2):
        where = f"{path.name}, row {number}"
        if row.get(None):  # pyright: ignore[reportArgumentType, reportCallIssue] (what a row has beyond the columns)
            what = f"it has more cells than the {len(columns)} columns of row 1."
            faults.append(Fault(where, what, "Give each parameter one column, and each row one cell of it."))
            continue
        if not re.fullmatch(_NAME, row[_ID] or ""):
            what = f"column '{_ID}': {row[_ID]!r} names a folder: letters, digits, _, - and . were expected."
            faults.append(Fault(where, what, "Begin with a letter, a digit or _."))
            continue
        problem = path.parent / str(row[yaml_column])
        if not problem.is_file():
            faults.append(Fault(where, f"column '{yaml_column}': there is no file '{row[yaml_column]}'."))
            continue
        choices = [_choices(where, name, row[name], faults) for name in parameters]
        count = math.prod(map(len, choices))
        if count > MOST:
            faults.append(Fault(where, f"it has {count} models, at most {MOST} are looked at.", "Fix some parameters."))
            continue
        for place, values in enumerate(itertools.product(*choices), start=1):
            pairs = tuple(zip(parameters, values, strict=True))
            found.append(Candidate(f"{row[_ID]}_{place}" if count > 1 else str(row[_ID]), problem, pairs))
    return found


def _choices(where: str, name: str, text: str | None, faults: list[Fault]) -> list[float | None]:
    found: list[float | None] = []
    for word in (text or "").split(";"):
        try:
            value = None if word.strip() == "estimate" else float(word)
        except ValueError:
            value = math.nan
        if value is not None and (not math.isfinite(value) or vanishes(word)):
            faults.append(Fault(where, f"column '{name}': '{word}' is not a number or 'estimate'."))
            continue
        found.append(value)
    return found


Scored = Callable[[Candidate], float | None]


def search(space: Space, score: Scored) -> Iterator[Step]:
    """Go through a space by its method; yields each step after its models were scored.

    Parameters
    ----------
    space
        Of models.
    score
        Criterion of a model, smaller is better; None where it has none. A model may be asked for twice.
    """
    everything = space.candidates
    if space.method == "brute_force":
        for candidate in everything:
            score(candidate)
        yield Step("", tuple(candidate.name for candidate in everything))
        return
    forward = space.method == "forward"
    size = (min if forward else max)(len(candidate.estimated) for candidate in everything)
    here, name = [c for c in everything if len(c.estimated) == size], ""
    best: tuple[float, Candidate] | None = None
    while here:
        known = [(value, candidate) for candidate in here if (value := score(candidate)) is not None]
        yield Step(name, tuple(candidate.name for candidate in here))
        if not known:
            if best is not None:
                return
            # None that the search could begin at, as AICc of more parameters than measurements: at the next size, then.
            here, size = _beyond(everything, size, forward=forward)
            continue
        first = min(known, key=lambda pair: pair[0])
        if best is not None and first[0] >= best[0]:
            return
        best, name = first, first[1].name
        here = _next(everything, first[1], forward=forward)


def _beyond(everything: Sequence[Candidate], size: int, *, forward: bool) -> tuple[list[Candidate], int]:
    """Models of the next number of estimated parameters there is, and that number."""
    sizes = {len(c.estimated) for c in everything}
    left = [other for other in sizes if (other > size if forward else other < size)]
    if not left:
        return [], size
    size = (min if forward else max)(left)
    return [c for c in everything if len(c.estimated) == size], size


def _next(everything: Sequence[Candidate], at: Candidate, *, forward: bool) -> list[Candidate]:
    """Models that estimate more (or fewer) parameters, by as few as there are."""
    found = [c for c in everything if (c.holds(at) if forward else at.holds(c))]
    near = min((abs(len(c.estimated) - len(at.estimated)) for c in found), default=0)
    return [c for c in found if abs(len(c.estimated) - len(at.estimated)) == near]


def write_candidate(candidate: Candidate, folder: Path) -> Path:
    """Write a model as a PEtab problem of its own.

    Parameters
    ----------
    candidate
        Of a space.
    folder
        To write into.

    Returns
    -------
    Path
        Its YAML file.

    Raises
    ------
    UserError
        If a parameter of the space is not in the problem's table.
    """
    copy_problem(candidate.problem, folder)
    listing, left = read_listing(folder / "problem.yaml"), dict(candidate.values)
    for path in listing.paths("parameter"):
        lines = list(csv.DictReader(read_text(path).splitlines(), delimiter="\t"))
        for line in lines:
            name = line["parameterId"]
            if name not in left:
                continue
            value = left.pop(name)
            line["estimate"] = (
                ("true" if value is None else "false") if listing.version == 2 else str(int(value is None))
            )
            if value is not None:
                line["nominalValue"] = repr(value)
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, list(lines[0]), delimiter="\t", lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)
    if left:
        raise UserError(
            f"{candidate.problem}: its parameter table has no {', '.join(map(repr, left))}, which the model space "
            "names. Add a row for it, or leave the column out."
        )
    return folder / "problem.yaml"
