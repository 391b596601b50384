"""Conditions as people write them ("IL-6 10 ng/ml + sIL-6R 25 ng/ml") to names and steps of a protocol."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from il6infer._units import DOSE_UNITS, species_of, substances

_WORDS = {
    *("vehicle", "veh", "control", "ctrl", "ctl", "con", "untreated", "unstimulated", "unstim", "mock", "resting"),
    *("medium", "media", "pbs", "dmso", "solvent", "none", "nothing", "no stimulus", "no treatment", "not treated"),
    *("not stimulated", "non-stimulated", "nonstimulated", "no stimulation", "no cytokine", "no ligand"),
    *("kontrolle", "unbehandelt", "unstimuliert", "vehikel", "ohne", "l\u00f6sungsmittel"),
    *("v\u00e9hicule", "vehicule", "t\u00e9moin", "temoin", "contr\u00f4le", "controle"),
    *("non trait\u00e9", "non stimul\u00e9"),
}
_ALONE = re.compile(
    r"(?P<word>.+?) (only|alone|control|ctrl|treated)|(?P<solvent>dmso|pbs|vehicle|veh|solvent)[ _]\d.*%"
    r"|\d[\d.,]* ?% (?P<share>dmso|pbs|vehicle|solvent)"
)


def is_nothing(text: str) -> bool:
    """Tell whether a label, in what letters ever, is one of a sample to which nothing was added: ``DMSO 0.1 %``."""
    plain = " ".join(text.casefold().split())
    if plain in _WORDS:
        return True
    found = _ALONE.fullmatch(plain)
    return bool(found) and (found["word"] or found["solvent"] or found["share"]) in _WORDS


_NUMBER = r"(?P<dose>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_UNIT = r"(?P<unit>[fpnumk\u00b5\u03bc]?(?:g|mol)\s*/\s*[mu\u00b5\u03bc]?[lL]|[fpnum\u00b5\u03bc]?M)"
_BEFORE = (
    r"(?:\s*\(?\s*(?P<before>\d+(?:\.\d+)?)\s*(?P<beforeunit>min|h)\s+(?:before|pre|pretreatment|preincubation)\s*\)?)?"
)
_FORMS = (
    re.compile(rf"(?P<name>.*?[^\s(,:=@_])[\s(,:=@_]+{_NUMBER}\s*{_UNIT}?\s*\)?{_BEFORE}"),
    re.compile(rf"{_NUMBER}\s*{_UNIT}?\s+(?:of\s+)?(?P<name>[A-Za-z].*?){_BEFORE}"),
)
_NUMBERED = re.compile(r"\(\s*\d[\d.]*\s*\)")
"""A number in brackets of its own, which is that of a bead, a catalogue or a mass: the unit of another is not its."""
_PER_ML = re.compile(r"(?<=[gl])[ \u00b7*.]*(?:per[ ])?([mu\u00b5\u03bc]?)[lL][ ]?(?:\^?-1|\u207b\u00b9)(?!\d)")
"""``ng ml-1`` and ``ng·mL⁻¹``, which are ng/ml."""
_SPLIT = re.compile(r"\s+\+\s+|\s*\+\s+|\s+and\s+|\s+with\s+|\s*&\s*|\s*;\s*|\s+und\s+|\s+mit\s+|\s+et\s+|\s+avec\s+")

_SPELLED = str.maketrans({"\u00df": "ss", "\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue"})

Rows = tuple[Mapping[str, str], ...]
"""Rows of a protocol (``condition,time_min,action,species,dose,unit``)."""


@dataclass(frozen=True)
class Label:
    """What a condition's label says: the condition's name, and what is done."""

    name: str
    rows: Rows


def is_medium(text: str) -> bool:
    """Tell whether a label says medium and nothing else, which on a plate can be a well without cells."""
    return text.strip().casefold() in ("medium", "media", "medium only", "media only", "medium alone", "media alone")


def name_of(text: str) -> str:
    """Name of a condition made of any text: letters, digits and _."""
    plain = unicodedata.normalize("NFKD", text.strip().translate(_SPELLED).replace("\u00b5", "u"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = plain.replace("\u00b5", "u").replace("\u03bc", "u").replace("\u03b1", "a")
    plain = re.sub(r"(?<=\d)\.(?=\d)", "p", plain)
    plain = re.sub(r"(?<!\w)-(?=\d)", "minus", plain)
    words = re.sub(r"[^A-Za-z0-9_]+", "_", plain).strip("_")
    return words if re.match(r"[A-Za-z_]", words) else f"c_{words}"


def control(condition: str) -> Rows:
    """Give the steps of a condition in which nothing is added."""
    return (step(condition, 0.0, "control"),)


def step(
    condition: str, time: float, action: str, species: str = "", dose: str = "", unit: str = ""
) -> Mapping[str, str]:
    """One row of a protocol.

    Parameters
    ----------
    condition
        Name of the condition.
    time
        In min.
    action
        One of `il6infer.ingestion.protocol.ACTIONS`.
    species
        What is added; empty for a control or a wash.
    dose
        As it is written.
    unit
        Of the dose.
    """
    cells = {"condition": condition, "time_min": f"{time:g}", "action": action}
    return cells | {"species": species, "dose": dose, "unit": unit}


def parse_label(text: str) -> tuple[Label | None, str]:
    """Read a label.

    Parameters
    ----------
    text
        Names and doses, joined by ``+``, ``and``, ``with``, ``&`` or ``;``; or a word for a control. Where one unit
        stands for all of them, it may be written once (but not for a number in brackets of its own, ``sIL-6R (43)``).
        ``Stattic 60 uM 60 min before`` is added 60 min before.

    Returns
    -------
    tuple
        The label, or None and what cannot be read in it.
    """
    text = _PER_ML.sub(r"/\1l", text)
    text = re.sub(r"(?<![\w.,-])(\d+),(\d{1,2})(?![\w.,])", r"\1.\2", text)  # 10,5 is no thousand
    name = name_of(text)
    if is_nothing(text):
        return Label(name, control(name)), ""
    parts = [part.strip() for part in _SPLIT.split(text.strip()) if part.strip()]
    found: list[re.Match[str]] = []
    for part in parts:
        if is_nothing(part):
            continue
        match = next(
            (m for form in _FORMS if (m := form.fullmatch(part)) and species_of(m["name"]) in substances()), None
        )
        if match is None:
            return None, f"'{part}' is no dose of a known substance"
        found.append(match)
    if not found:
        return Label(name, control(name)), ""
    if alone := [match[0] for match in found if not match["unit"] and _NUMBERED.search(match[0])]:
        return None, f"'{alone[0]}' has no unit"
    units = {spelled_unit(match["unit"]) for match in found if match["unit"]}
    if any(not match["unit"] for match in found) and len(units) != 1:
        return None, f"'{next(m[0] for m in found if not m['unit'])}' has no unit"
    if unknown := sorted(units - set(DOSE_UNITS)):
        return None, f"'{unknown[0]}' is no unit of a dose"
    rows = []
    for match in found:
        early = float(match["before"] or 0) * (60 if match["beforeunit"] == "h" else 1)
        unit = spelled_unit(match["unit"]) if match["unit"] else next(iter(units))
        rows.append(step(name, -early if early else 0.0, "add", species_of(match["name"]), match["dose"], unit))
    if len({(row["species"], row["time_min"]) for row in rows}) < len(rows):
        return None, "one substance has two doses"
    return Label(name, tuple(rows)), ""


def spelled_unit(text: str) -> str:
    """Spell a unit of doses as this house does: ``ng / mL`` is ng/ml, ``\u00b5mol/l`` uM."""
    plain = re.sub(r"\s", "", text).replace("\u00b5", "u").replace("\u03bc", "u").replace("L", "l")
    return re.sub(r"^([fpnum]?)mol/l$", r"\1M", plain)


def steps_of_doses(doses: Sequence[tuple[str, str, str, float, float | None]]) -> Label:
    """Name and steps of a condition told by its doses.

    Parameters
    ----------
    doses
        Species, dose as it is written, unit, time of its addition [min], and time of the wash that ends it [min];
        a dose of 0 is none.
    """
    given = [dose for dose in doses if float(dose[1]) != 0]
    if not given:
        return Label("vehicle", control("vehicle"))
    words, rows, washes = [], [], set()
    for species, dose, unit, time, until in given:
        amount = f"{float(dose):g}"
        at = f" at {time:g}" if time else ""
        words.append(f"{species} {amount} {unit}{at}" + (f" until {until:g}" if until is not None else ""))
        rows.append((species, amount, unit, time))
        washes |= {until} if until is not None else set()
    name = name_of(" ".join(words).replace("-", "minus"))
    steps = [step(name, time, "add", species, amount, unit) for species, amount, unit, time in rows]
    return Label(name, (*steps, *(step(name, until, "wash") for until in sorted(washes))))
