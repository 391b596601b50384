"""Modules of a composed model: which, in which order, and how their text becomes one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import combinations_with_replacement
from pathlib import Path

from il6infer._errors import Fault, UserError, nearest
from il6infer.library.catalogue import Library
from il6infer.library.declared import reactions_of, rules_of, species_of
from il6infer.library.header import SUMS, Module
from il6infer.library.names import ModelName, parse_model_name


@dataclass(frozen=True)
class Complexes:
    """Receptor complexes of a model, by suffix: ``C_<suffix>`` hold one gp130, ``H_<suffix>`` two."""

    trimers: tuple[str, ...]
    hexamers: Mapping[str, tuple[str, str]]

    @property
    def signalling(self) -> str:
        """Sum of gp130 in active complexes: in hexamers where they are modelled, else in 1:1:1 complexes."""
        if self.hexamers:
            return f"2*({' + '.join(f'H_{h}' for h in self.hexamers)})"
        return " + ".join(f"C_{c}" for c in self.trimers)


def parts_of(name: ModelName, library: Library) -> tuple[Module, ...]:
    """List the modules of a model in the order in which they are read.

    Those without text are there too: hypotheses that only bring others, or say what SOCS3 does.
    """
    chosen = {m.name for m in library.modules.values() if m.kind == "base" or (m.kind == "cell" and name.cell)}
    chosen |= {library.receptors[name.receptor].name, library.feedbacks[name.feedback].name, *name.options}
    size = 0
    while size < len(chosen):
        size, chosen = len(chosen), library.with_brought(chosen)
        chosen |= {m.name for m in library.modules.values() if m.kind == "joint" and chosen.issuperset(m.joins)}
    return tuple(module for module in library.modules.values() if module.name in chosen)


def own_files(name: str, library: Library) -> list[Path]:
    """List the user's files that a model is made of: modules of the folder, and the priors beside them."""
    if library.folder is None:
        return []
    own = [library.folder / m.file for m in parts_of(parse_model_name(name, library), library) if m.name in library.own]
    return [*own, *([library.priors] if own and library.priors else [])]


_CONTROL = re.compile(
    r"(t|total|pan)?[ _-]?(stat[1356]|erk(1/?2)?|akt|jak[12]|gp130)|total[ _-]?protein|ponceau|gapdh|vinculin|calnexin"
    r"|hsp[79]0|([ab]|alpha|beta)?[ _-]?(actin|tubulin)|lamin[ _-]?[ab]?",
    re.IGNORECASE,
)
"""What people call a total, or a loading control."""


def readout_fault(where: str, readout: str, name: str, library: Library) -> Fault | None:
    """Fault of a read-out that is measured and a model lacks, with the option that has it; None where it has it.

    Parameters
    ----------
    where
        Place that the fault is reported at.
    readout
        Name of what is measured.
    name
        Name of the model.
    """
    what = f"read-out '{readout}' is measured, but model '{name}' has none of that name."
    found = _lacking(where, what, readout, name, library, "readouts")
    if found is None or found.remedy.startswith("Model") or not _CONTROL.fullmatch(readout):
        return found
    remedy = "A total or a loading control is no read-out, but what the lanes of a blot are divided by: with "
    remedy += f"'assay: western_blot', 'normalise: {readout}' (docs/my_blots.md). Else leave it out."
    return replace(found, remedy=remedy)


def species_fault(where: str, species: str, name: str, library: Library) -> Fault | None:
    """Fault of a substance that is given and is not in the medium of a model, with the option that has it.

    Parameters
    ----------
    where
        Place that the fault is reported at.
    species
        Id of what is given.
    name
        Name of the model.

    Returns
    -------
    Fault or None
        None where the model has it.
    """
    what = f"'{species}' is given, but is not in the medium of model '{name}'."
    return _lacking(where, what, species, name, library, "medium")


def _lacking(where: str, what: str, wanted: str, name: str, library: Library, kind: str) -> Fault | None:
    parts = parse_model_name(name, library)
    known = _words(parts, library, kind)
    if wanted in known:
        return None
    able = [replace(parts, options=tuple(sorted({*parts.options, option}))) for option in library.options]
    able = [a for a in able if _exists(str(a), library) and wanted in _words(a, library, kind)]
    return Fault(where, what, f"Model '{able[0]}' has it." if able else nearest(wanted, known))


def _words(name: ModelName, library: Library, kind: str) -> set[str]:
    """Read-outs, or species of the medium, of all modules of a model."""
    return {word for module in parts_of(name, library) for word in getattr(module, kind)}


def _exists(name: str, library: Library) -> bool:
    try:
        parse_model_name(name, library)
    except UserError:
        return False
    return True


def complexes_of(parts: Sequence[Module]) -> Complexes:
    """Receptor complexes that the modules make."""
    trimers = tuple(c for m in parts for c in m.complexes)
    pairs = combinations_with_replacement(trimers, 2) if any(m.pairs for m in parts) else ()
    return Complexes(trimers, {a if a == b else f"{a}_{b}": (a, b) for a, b in pairs})


def gp130_unit(parts: Sequence[Module]) -> str:
    """Active gp130 is counted in this: a share of gp130 at rest, but where a module has a unit of its own."""
    return next((m.gp130_unit for m in reversed(parts) if m.gp130_unit), "gp130_0")


def inhibition(parts: Sequence[Module]) -> str:
    """Factor of the feedback on phosphorylation."""
    return replaced(next((m.inhibition for m in parts if m.inhibition), "1"), parts)


def texts_of(parts: Sequence[Module]) -> dict[str, str]:
    """Antimony text of each module that has one, expanded for the model's complexes.

    A later module may redefine a reaction or a read-out of an earlier one; `Module.acts_on` scales rates.
    """
    found = complexes_of(parts)
    texts = {m.name: _expanded(m.body, found) for m in parts if m.body.strip()}
    names = list(texts)
    for position, module in enumerate(names):
        later = {i for m in names[position + 1 :] for i in _redefinable(texts[m])}
        kept = [line for line in texts[module].splitlines(keepends=True) if not later & set(_redefinable(line))]
        texts[module] = "".join(kept)
    unit, sums = gp130_unit(parts), _sums(parts, texts, found)
    for module, text in texts.items():
        text = text.replace("<gp130 unit>", unit)
        for key, terms in sums.items():
            text = text.replace(f"<sum {key}>", terms)
        texts[module] = text
    for factor, pattern in ((f, p) for m in parts for f, patterns in m.acts_on.items() for p in patterns):
        texts = {m: _scaled(text, pattern, factor) for m, text in texts.items()}
    return {m: replaced(text, parts) for m, text in texts.items()}


def replaced(text: str, parts: Sequence[Module]) -> str:
    """Text with the parameters that modules put in the place of others."""
    for old, new in ((old, new) for m in parts for old, new in m.replaces.items()):
        text = re.sub(rf"\b{old}\b", new, text)
    return text


def _redefinable(text: str) -> list[str]:
    return reactions_of(text) + rules_of(text)


def _expanded(text: str, found: Complexes) -> str:
    """Repeat the lines that hold ``<C>``, ``<H>``, ``<A>`` or ``<A>`` and ``<B>`` for every complex they stand for."""
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        if "<C>" in line:
            lines += [line.replace("<C>", c) for c in found.trimers]
        elif "<H>" in line:
            lines += [line.replace("<H>", h).replace("<h>", ", ".join(pair)) for h, pair in found.hexamers.items()]
        elif "<B>" in line:
            lines += [line.replace("<A>", a).replace("<B>", b) for a, b in found.hexamers.values() if a != b]
        elif "<A>" in line:
            lines += [line.replace("<A>", a) for a, b in found.hexamers.values() if a == b]
        else:
            lines.append(line)
    return "".join(lines)


def _sums(parts: Sequence[Module], texts: Mapping[str, str], found: Complexes) -> dict[str, str]:
    """Write the sums over species that any module may add to: by their names, and by what headers count."""
    species = [s for t in texts.values() for s in species_of(t)]
    trimers, hexamers = [f"C_{c}" for c in found.trimers], [f"2*H_{h}" for h in found.hexamers]
    on_cell = {s: len(re.findall(r"(?<!s)IL6R", s)) for s in species}
    held = [_times(n, s) for s, n in on_cell.items() if n and "presenting" not in s]
    counted = {key: [s for m in parts for s in m.counts.get(key, ())] for key in SUMS}
    for h, pair in found.hexamers.items():
        halves = sum(f"C_{c}" in counted["surface IL6R"] for c in pair)
        counted["surface IL6R"] += [f"{halves}*H_{h}"] if halves else []
    il6 = {s: s.removeprefix("anti_IL6").split("_").count("IL6") for m in parts for s in m.medium}
    sums = {
        "dissolved IL6": [_times(n, s) for s, n in il6.items() if n],
        "dissolved sIL6R": [_times(s.count("sIL6R"), s) for s in species if "sIL6R" in s and not on_cell[s]],
        "complexes": [*trimers, *hexamers],
        "surface gp130": ["gp130", *trimers, *hexamers],
        "surface IL6R": held,
    }
    return {key: " + ".join([*terms, *counted[key]]) for key, terms in sums.items()}


def _times(count: int, species: str) -> str:
    return species if count == 1 else f"{count}*{species}"


def _scaled(text: str, pattern: str, factor: str) -> str:
    """Multiply the rate of every reaction whose id fits."""

    def scaled(match: re.Match[str]) -> str:
        head, name, equation, rate = match.groups()
        return f"{head}{name}:{equation};{f' {factor}*({rate.strip()})' if fnmatchcase(name, pattern) else rate};"

    return re.sub(r"^(\s*)(\w+):(?!=)([^;\n]*);([^;\n]*);", scaled, text, flags=re.MULTILINE)
