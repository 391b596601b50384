"""A module is one file: a header that says where it belongs, as YAML in comments, and below it Antimony."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from il6infer._errors import Fault, nearest

FENCE = "// ---"

KINDS: Mapping[str, str] = {
    "base": "in every model",
    "receptor": "hypothesis on the receptor, the first word of a name",
    "feedback": "hypothesis on what SOCS3 does, the second word of a name",
    "option": "what a name may add after +",
    "joint": "comes along where all modules that it joins are there",
    "cell": "in every model with a cell preset",
}
"""Kind of a module -> how it comes into a model."""

LANES: Mapping[str, str] = {
    **dict.fromkeys(("m0", "m1", "m2", "m3"), "medium"),
    **dict.fromkeys(("s0", "s1", "s2", "s3"), "membrane"),
    "e0": "endosome",
    **dict.fromkeys(("c0", "c1", "c2"), "cytoplasm"),
    **dict.fromkeys(("n0", "n1", "n2"), "nucleus, expression"),
}
"""Lane of a drawing, from top to bottom -> the compartment that it stands for."""

SUMS = ("dissolved IL6", "dissolved sIL6R", "complexes", "surface gp130", "surface IL6R")
"""Sums over species that a module's text may hold, as ``<sum complexes>``."""


@dataclass(frozen=True)
class Module:
    """A module: its header, and its text.

    Attributes
    ----------
    word
        What stands for it in a model's name; empty where nothing does.
    text
        What it is, in one line.
    order
        Modules are read by rising order, then name; a later one may redefine reactions and read-outs of an earlier one.
    receptors
        Receptors that an option goes with; None: all.
    excludes
        Option that cannot stand beside it, or receptor that it does not go with -> why not.
    brings, joins
        Modules that come with it; modules without which a joint stays away.
    complexes
        Receptor complexes of one ligand, one receptor, one gp130 that it makes, without the prefix ``C_``.
    pairs
        Whether complexes join in twos, which then signal in place of single ones.
    counts
        Sum -> species that it adds to it, where their names do not say so.
    replaces
        Parameter -> the one that stands in its place in the text of all modules.
    number
        Of an option that is written with a number; None: it has none, or it is the one that lists show.
    inhibition
        Factor of a feedback on phosphorylation.
    gp130_unit
        Parameter in whose units active gp130 is counted; empty: no opinion.
    medium, readouts
        Species that it adds to the medium; rules of its text that instruments may read.
    readout_units
        Read-out -> its unit, one of `READOUT_UNITS`; those that are not named are fractions, or relative.
    knock_outs
        Parameters that may be 0, besides rates (``k_...``) and basal ones (``..._basal``).
    genes
        Gene that cells can lack -> parameters that are then 0; none where the cells of the model lack it anyway.
    acts_on
        (factor, patterns): rates of the reactions whose ids fit are multiplied by the factor.
    colours
        Fill and line of its species in a drawing.
    places
        Species or read-out -> column and lane in a drawing.
    meetings
        Reaction -> column, lane and rows below it where its reactants meet, if half way is taken.
    body
        Antimony below the header.
    file
        Name of the file, as messages call it.
    lines
        Key of the header -> its line in the file.
    """

    name: str
    kind: str
    text: str
    body: str
    file: str
    lines: Mapping[str, int]
    word: str = ""
    order: int = 100
    receptors: tuple[str, ...] | None = None
    excludes: Mapping[str, str] = field(default_factory=dict)
    brings: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    complexes: tuple[str, ...] = ()
    pairs: bool = False
    counts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    replaces: Mapping[str, str] = field(default_factory=dict)
    number: int | None = None
    inhibition: str = ""
    gp130_unit: str = ""
    medium: tuple[str, ...] = ()
    readouts: tuple[str, ...] = ()
    readout_units: Mapping[str, str] = field(default_factory=dict)
    knock_outs: tuple[str, ...] = ()
    genes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    acts_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    colours: tuple[str, str] | None = None
    places: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    meetings: Mapping[str, tuple[float, str, float]] = field(default_factory=dict)

    def fault(self, key: str, what: str, remedy: str = "") -> Fault:
        """Fault of one key of the header.

        Parameters
        ----------
        key
            Of the header; its line is told.
        what
            What is wrong.
        remedy
            What to do about it; empty where that is plain.
        """
        return Fault(f"{self.file}, line {self.lines.get(key, 1)}, key '{key}'", what, remedy)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "\n" not in value


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[A-Za-z_]\w*", value, re.ASCII))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6


def _list(each: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and bool(value) and all(map(each, value))


def _table(key: Callable[[Any], bool], each: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, dict) and bool(value) and all(map(key, value)) and all(map(each, value.values()))
    )


def _is_colour(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"#[0-9a-fA-F]{6}", value))


def _is_place(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and _is_number(value[0]) and value[1] in LANES


def _is_meeting(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and _is_place(value[:2]) and _is_number(value[2])


def _is_numbers(value: Any) -> bool:
    whole = isinstance(value, list) and len(value) == 3 and all(type(number) is int for number in value)
    return whole and 1 < value[0] <= value[1] <= value[2] < 100


READOUT_UNITS = ("fraction", "nM", "molecules/cell")
"""Units that a read-out of a model may have; a fraction is any number relative to one of the model."""
_LANE = f"a lane is one of {', '.join(LANES)}"
_NAMES = "a list of names, such as [jak, mapk]"
_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "kind": (lambda value: value in KINDS, f"one of {', '.join(KINDS)}"),
    "word": (lambda value: _is_name(value) and "_" not in value, "letters and digits, a letter first"),
    "text": (_is_text, "one line of text"),
    "order": (lambda value: isinstance(value, int) and 0 <= value < 1000, "a whole number from 0 to 999"),
    "receptors": (_list(_is_name), "a list of receptors, such as [classic, both]"),
    "excludes": (_table(_is_name, _is_text), "options or receptors, each with the reason, such as {jak: why not}"),
    "brings": (_list(_is_name), _NAMES),
    "joins": (_list(_is_name), _NAMES),
    "complexes": (_list(_is_name), "a list of names without C_, such as [trans, hyper]"),
    "pairs": (lambda value: isinstance(value, bool), "true or false"),
    "counts": (
        _table(lambda key: key in SUMS, _list(_is_name)),
        f"species of a sum, such as {{complexes: [C_endosome]}}; sums: {', '.join(SUMS)}",
    ),
    "replaces": (_table(_is_name, _is_name), "parameters, such as {k_basal: k_basal_STAT3}"),
    "numbers": (_is_numbers, "the least, the shown and the greatest number, such as [3, 5, 12]"),
    "inhibition": (_is_text, "a formula, such as 1/(1 + SOCS3_p/K_SOCS3)"),
    "gp130_unit": (_is_name, "the name of a parameter"),
    "medium": (_list(_is_name), "a list of species, such as [IL6, sIL6R]"),
    "readouts": (_list(_is_name), "a list of read-outs, such as [pERK]"),
    "readout_units": (
        _table(_is_name, lambda value: value in READOUT_UNITS),
        f"read-outs with their units, such as {{ELISA: nM}}; units: {', '.join(READOUT_UNITS)}",
    ),
    "knock_outs": (_list(_is_name), "a list of parameters, such as [JAK1]"),
    "genes": (
        _table(_is_name, lambda value: value == [] or _list(_is_name)(value)),
        "a gene with the parameters that are 0 in cells without it, such as {SOCS3: [k_SOCS3_mRNA]}",
    ),
    "acts_on": (
        _table(_is_name, _list(lambda value: isinstance(value, str) and bool(re.fullmatch(r"[\w*?]+", value)))),
        "a factor with patterns of reaction ids, such as {JAK_left: [phosphorylate*]}",
    ),
    "colours": (
        lambda value: _list(_is_colour)(value) and len(value) == 2,
        'fill and line, such as ["#dbe8f6", "#2f6fb0"]',
    ),
    "places": (_table(_is_name, _is_place), f"species with column and lane, such as {{IL6: [4.7, m1]}}; {_LANE}"),
    "meetings": (
        _table(_is_name, _is_meeting),
        f"reactions with column, lane and rows below it, such as {{trap: [1.5, m1, 0.5]}}; {_LANE}",
    ),
}  # fmt: skip
_WORDED = ("receptor", "feedback")
# Kind -> keys that it alone may have; a key that is listed for no kind is open to all.
_OF_KIND = {
    "word": _WORDED,
    "receptors": ("option",),
    "excludes": ("option",),
    "joins": ("joint",),
    "numbers": ("option",),
    "inhibition": ("feedback",),
}
_REQUIRED = {"receptor": ("word",), "feedback": ("word",), "joint": ("joins",)}


def read_modules(path: Path, text: str) -> tuple[list[Module], list[Fault]]:
    """Read the modules of a file: one, or one for each of its `numbers`; none where its header cannot be used.

    Parameters
    ----------
    path
        The file ``<name>.ant``; its name is the module's.
    text
        What it holds.
    """
    name, file = path.stem, path.name
    if not _is_name(name):
        what = f"'{name}' is not a name for a module."
        return [], [Fault(file, what, "Use letters, digits and _, a letter first.")]
    lines = text.splitlines(keepends=True)
    if not lines or lines[0].rstrip() != FENCE:
        what = f"has no header: '{FENCE}' was expected in its first line."
        return [], [Fault(f"{file}, line 1", what, "docs/models.md shows a module.")]
    end = next((n for n, line in enumerate(lines[1:], start=1) if line.rstrip() == FENCE), None)
    if end is None:
        return [], [Fault(f"{file}, line 1", f"the header has no end: a second line '{FENCE}' was expected.")]
    for number, line in enumerate(lines[1:end], start=2):
        if not line.startswith("//"):
            what = f"'{line.strip()}' stands in the header without '//'."
            return [], [Fault(f"{file}, line {number}", what, f"The header ends with '{FENCE}'.")]
    content, at, faults = _mapping("".join(line[2:].removeprefix(" ") for line in lines[1:end]), file)
    faults += _faults(content, at, file)
    if faults:
        return [], faults
    values = {key: _frozen(value) for key, value in content.items()}
    numbers = values.pop("numbers", None)
    body = "".join(lines[end + 1 :])
    made = {"file": file, "lines": {**at, "body": end + 2}, **values}
    if numbers is None:
        word = {"word": name} if values["kind"] == "option" else {}
        return [Module(name=name, body=body, **{**made, **word})], []
    least, shown, most = numbers
    return [
        Module(
            name=f"{name}{n}",
            body=_numbered(body, n),
            **{
                **made,
                "word": f"{name}{n}",
                "text": values["text"].replace("<n>", str(n)),
                "places": {s: at for s, at in values.get("places", {}).items() if s in _numbered(body, n)},
            },
            number=None if n == shown else n,
        )
        for n in range(least, most + 1)
    ], []


def _numbered(body: str, n: int) -> str:
    """Write ``<n>`` as the number; repeat lines with ``<i>`` from 3 to it, or to one less with ``<i+1>``."""
    lines = []
    for line in body.replace("<n>", str(n)).splitlines(keepends=True):
        last = n - 1 if "<i+1>" in line else n
        repeats = range(3, last + 1) if "<i>" in line else (0,)
        lines += [line.replace("<i>", str(i)).replace("<i+1>", str(i + 1)) for i in repeats]
    return "".join(lines)


def _mapping(text: str, file: str) -> tuple[dict[str, Any], dict[str, int], list[Fault]]:
    """Content of a header and the line of each key."""
    # libyaml's loader where there is one: every process that reads a model's name reads all headers.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            return {}, {}, [Fault(f"{file}, line 2", "the header holds no 'key: value' lines.")]
        pairs = [(k.value, k.start_mark.line + 2, loader.construct_object(v, deep=True)) for k, v in node.value]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 2}" if mark else ""
        return {}, {}, [Fault(f"{file}{place}", f"the header is not valid YAML: {error.problem}.")]
    finally:
        loader.dispose()
    content, at = {key: value for key, _, value in pairs}, {key: line for key, line, _ in reversed(pairs)}
    twice = [Fault(f"{file}, line {line}, key '{key}'", "stands twice.") for key, line, _ in pairs if at[key] != line]
    return content, at, twice


def _faults(content: Mapping[str, Any], at: Mapping[str, int], file: str) -> Iterator[Fault]:
    kind = content.get("kind")
    for key, value in content.items():
        where = f"{file}, line {at[key]}, key '{key}'"
        if key not in _KEYS:
            yield Fault(where, "is unknown.", nearest(key, _KEYS))
            continue
        fits, expected = _KEYS[key]
        if not fits(value):
            yield Fault(where, f"{value!r} is given, expected {expected}.")
        elif kind in KINDS and kind not in _OF_KIND.get(key, (kind,)):
            yield Fault(where, f"is not for kind '{kind}', but for {' and '.join(_OF_KIND[key])}.")
    if at:
        for key in ("kind", "text", *_REQUIRED.get(str(kind), ())):
            if key not in content:
                yield Fault(f"{file}, line 2, key '{key}'", f"is missing, expected {_KEYS[key][1]}.")


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return {key: _frozen(part) for key, part in value.items()} if isinstance(value, dict) else value
