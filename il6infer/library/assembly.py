"""Modules of a composed model: which files, in which order, and how their text becomes one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from itertools import combinations_with_replacement
from types import MappingProxyType

from il6infer.library.names import ModelName

RECEPTORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "classic": ("receptor_classic",),
        "trans": ("receptor_trans",),
        "both": ("receptor_classic", "receptor_trans"),
        "cluster": ("receptor_cluster",),
    }
)
"""Hypothesis on the receptor -> modules that engage gp130."""

INHIBITION: Mapping[str, str] = MappingProxyType(
    {"none": "1", "socs3": "1/(1 + SOCS3_p/K_SOCS3)", "loss": "1", "dual": "1/(1 + SOCS3_p/K_SOCS3)"}
)
"""Hypothesis on feedback -> factor on phosphorylation."""

COMPLEXES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"receptor_classic": ("classic",), "receptor_trans": ("trans", "hyper"), "receptor_cluster": ("cluster",)}
)
"""Module -> its complexes of one ligand, one receptor, one gp130, without the prefix ``C_``."""

ACTS_ON: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "drugs": (
            ("phosphorylate*", "JAK_left"),
            ("phosphorylate", "STAT3_left"),
            ("transcribe_*", "transcription_left"),
            ("translate_*", "translation_left"),
            ("synthesis_*", "translation_left"),
            ("resupply_*", "translation_left"),
        )
    }
)
"""Module -> pattern of reaction ids, and the factor that it puts on their rates."""

# Extra file of an option, and the modules that must be there for it.
_JOINTS = (
    ("antibodies_classic", {"antibodies", "receptor_classic"}),
    ("antibodies_cluster", {"antibodies", "receptor_cluster"}),
    ("antibodies_shedding", {"antibodies", "receptor_classic", "shedding"}),
    ("dimer_cluster", {"dimer", "receptor_cluster"}),
    ("dimer_surface", {"dimer", "surface_trap"}),
    ("sgp130_surface", {"sgp130", "surface_trap"}),
    ("sgp130_cluster", {"sgp130", "receptor_cluster"}),
)
_WIRINGS = ("wiring_erk_akt", "wiring_shared", "wiring_stat3")
# These redefine what others define, or count species that others add, so they come after them.
_LAST = (
    "dimer",
    "dimer_surface",
    "dimer_cluster",
    "trafficking",
    "stat1",
    "mapk",
    "akt",
    *_WIRINGS,
    "targets",
    "socs3_loss",
    "drugs",
    "assays",
)


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


def gp130_unit(modules: tuple[str, ...]) -> str:
    """Active gp130 is counted in this: per cell where cells are counted, else as a share of gp130 at rest."""
    return "gp130_reference" if "cell" in modules else "gp130_0"


def modules_of(name: ModelName) -> tuple[str, ...]:
    """List the modules of a model in the order in which they are read."""
    chosen = set(name.options)
    if chosen & set(_WIRINGS):
        chosen |= {"akt", "mapk"}
    if name.feedback in ("loss", "dual"):
        chosen.add("socs3_loss")
    base = ("medium", "gp130", *RECEPTORS[name.receptor], "stat3", "socs3", "reporter")
    chosen |= {joint for joint, needed in _JOINTS if needed <= chosen | set(base)}
    first, last = sorted(chosen - set(_LAST)), [m for m in _LAST if m in chosen]
    cells = ("cell", "cell_classic") if "receptor_classic" in base else ("cell",)
    return (*base, *first, *last, *(cells if name.cell else ()))


def complexes_of(modules: tuple[str, ...]) -> Complexes:
    """Receptor complexes that the modules make."""
    trimers = tuple(c for m in modules for c in COMPLEXES.get(m, ()))
    pairs = combinations_with_replacement(trimers, 2) if "hexamer" in modules else ()
    return Complexes(trimers, {a if a == b else f"{a}_{b}": (a, b) for a, b in pairs})


def texts_of(modules: tuple[str, ...]) -> dict[str, str]:
    """Antimony text of each module, expanded for the model's complexes.

    A later module may redefine a reaction or a read-out of an earlier one; `ACTS_ON` scales rates.
    """
    found = complexes_of(modules)
    texts = {
        m: _expanded(files("il6infer.library").joinpath("modules", f"{m}.ant").read_text("utf-8"), found)
        for m in modules
    }
    for position, module in enumerate(modules):
        later = {i for m in modules[position + 1 :] for i in _redefinable(texts[m])}
        kept = [line for line in texts[module].splitlines(keepends=True) if not later & set(_redefinable(line))]
        texts[module] = "".join(kept)
    texts = {m: _summed(t.replace("<gp130 unit>", gp130_unit(modules)), texts, found) for m, t in texts.items()}
    for actor in modules:
        for pattern, factor in ACTS_ON.get(actor, ()):
            texts = {m: _scaled(text, pattern, factor) for m, text in texts.items()}
    return texts


def species_of(text: str) -> list[str]:
    """List the ids of the species that a module declares."""
    declared = [s for line in re.findall(r"^\s*species (.*);", text, re.MULTILINE) for s in line.split(",")]
    return [s.split()[0] for s in declared]


def reactions_of(text: str) -> list[str]:
    """List the ids of the reactions that a module declares."""
    return re.findall(r"^\s*(\w+):(?!=)", text, re.MULTILINE)


def rules_of(text: str) -> list[str]:
    """List the ids of the assignment rules that a module declares."""
    return re.findall(r"^\s*(\w+) :=", text, re.MULTILINE)


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


def _summed(text: str, texts: Mapping[str, str], found: Complexes) -> str:
    """Fill in the sums over species that other modules may add."""
    if "<sum " not in text:
        return text
    species = [s for t in texts.values() for s in species_of(t)]
    trimers, hexamers = [f"C_{c}" for c in found.trimers], [f"2*H_{h}" for h in found.hexamers]
    on_cell = {s: len(re.findall(r"(?<!s)IL6R", s)) for s in species}
    held = [_times(n, s) for s, n in on_cell.items() if n and "presenting" not in s]
    held += ["C_classic"] if "classic" in found.trimers else []
    held += [f"{pair.count('classic')}*H_{h}" for h, pair in found.hexamers.items() if "classic" in pair]
    sums = {
        "dissolved sIL6R": [_times(s.count("sIL6R"), s) for s in species if "sIL6R" in s and not on_cell[s]],
        "complexes": [*trimers, *hexamers, *(s for s in species if s == "C_endosome")],
        "surface gp130": ["gp130", *trimers, *hexamers],
        "surface IL6R": held,
    }
    for key, terms in sums.items():
        text = text.replace(f"<sum {key}>", " + ".join(terms))
    return text


def _times(count: int, species: str) -> str:
    return species if count == 1 else f"{count}*{species}"


def _scaled(text: str, pattern: str, factor: str) -> str:
    """Multiply the rate of every reaction whose id fits."""

    def scaled(match: re.Match[str]) -> str:
        head, name, equation, rate = match.groups()
        return f"{head}{name}:{equation};{f' {factor}*({rate.strip()})' if fnmatchcase(name, pattern) else rate};"

    return re.sub(r"^(\s*)(\w+):(?!=)([^;\n]*);([^;\n]*);", scaled, text, flags=re.MULTILINE)
