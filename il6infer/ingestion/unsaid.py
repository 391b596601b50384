"""What a column says was done to all its samples, and the description does not: Stattic, a dilution, a wash."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from il6infer._errors import Fault
from il6infer._tables import number
from il6infer._units import species_of, substances
from il6infer.ingestion.dilutions import dilution_of
from il6infer.ingestion.formats.format import plain
from il6infer.ingestion.labels import is_nothing
from il6infer.ingestion.protocol import Protocol, Step
from il6infer.ingestion.sources import Source, without_faults

_DRUGS = {"inhibitor", "inhibitors", "inhibiteur", "inhib", "drug", "drugs", "drogue", "compound", "antagonist"}
_DRUGS |= {"wirkstoff", "hemmstoff", "medicament"}
_LIGANDS = {"ligand", "liganden", "cytokine", "zytokin", "agonist", "stimulus", "stimulation", "stim"}
_SUBSTANCES = _DRUGS | _LIGANDS | {"pretreatment", "pretreat", "vorbehandlung", "antibody"}
_STIMULI = {"IL6", "HyperIL6"}
_NONE = {"no", "nein", "non", "-", "n/a", "na", "n.a.", "kein", "keine", "aucun", "unstimulated", "false"}
_EARLY = re.compile(r"pre[ _-]?(inc|treat)\w*|vor(inkub|behandl)\w*|pr[e\u00e9][ _-]?(incub|trait)\w*", re.IGNORECASE)
_DILUTION = re.compile(
    r"(sample |proben ?)?(dilutions?|verd(ue|\u00fc)nnung|dil\.?)([ _-]?(factor|faktor|fold))?|facteur de dilution|df",
    re.IGNORECASE,
)
_TECHNICAL = re.compile(r"tech(n|nical)?\.?[ _-]?(rep|repl|replicates?)?", re.IGNORECASE)
_REMARKS = {"comment", "comments", "note", "notes", "remark", "remarks", "bemerkung", "bemerkungen", "kommentar"}
_REMARKS |= {"anmerkung", "remarque", "remarques", "commentaire"}
_WASHED = re.compile(
    r"\b(washed|wash(-| )?(out|off)|wash at|medium (change[ds]?|exchange[ds]?|replaced)|(ligand|il-?6|cytokine) removed"
    r"|gewaschen|mediumwechsel|lav(\u00e9|e)e?s?|rin(c|s)(\u00e9|e)d?)\b",
    re.IGNORECASE,
)
_PULSES = {"pulse", "chase", "wash", "washout", "washed", "removal", "removed", "puls", "waschen", "lavage"}
_CELLS = {"cell", "cells", "cell line", "cell type", "line", "zelllinie", "zelltyp", "lignee", "lignee cellulaire"}
_LINES = {
    "hela",
    "hek293",
    "hek293t",
    "hepg2",
    "hep3b",
    "huh7",
    "a549",
    "mcf7",
    "u87",
    "u937",
    "thp1",
    "jurkat",
    "caco2",
}
_LINES |= {"hct116", "raw2647", "nih3t3", "cos7", "cho", "huvec", "rpe1", "mef", "mefs", "baf3", "phh", "du145", "k562"}
_LINES |= {"u266", "u3a", "pc3", "shsy5y", "panc1", "vsmc", "hepatocytes", "primaryhepatocytes"}
_PROGRAMS = {"msd", "luminex"}
"""Formats whose concentrations are those of the sample, before it was diluted."""

_OF_THEIR_OWN = (
    "Make such rows a condition of their own (in the protocol, by labels or by 'until:'), leave them out by 'where:', "
    "or, if it makes no difference, list it under 'ignore: [{column}]'."
)
_WASH = (
    "Say 'until: {column}' beside the dose ('doses: {{NAME: {{..., until: {column}}}}}', times since the stimulus), or "
    "write the wash into the protocol; or, if it makes no difference, list it under 'ignore: [{column}]'."
)
_MULTIPLY = (
    "Multiply them and list it under 'ignore: [{column}]' (also if they are multiplied already); of an ELISA say "
    "'dilution: {column}'."
)
_PARTS_OF_ONE = (
    "technical replicates are read as samples of their own ({condition}, {time:g} min): parts of one sample would "
    "count as several, and every interval would be too narrow."
)
_AVERAGE = (
    "Average them in the file, a row a sample; or, if they are samples of their own, list it under "
    "'ignore: [{column}]'."
)


def unsaid_substance(given: Collection[str], column: str, cell: str) -> str:
    """Say what is wrong with a column of substances, whose cell names another than a condition gets; or nothing.

    Parameters
    ----------
    given
        Substances that the protocol gives in the condition.
    column, cell
        Header, and what stands in all rows of the condition.
    """
    words = set(plain(column).split())
    text = cell.strip()
    if not words & _SUBSTANCES or not text:
        return ""
    if text.casefold() in _NONE or is_nothing(text):
        return ""
    value = number(text)
    if value is not None:
        others = set(given) - _STIMULI - {"sIL6R"}
        return f"{cell} of it" if value > 0 and words & _DRUGS and not others else ""
    named = _named(text)
    lacking = sorted(named - set(given))
    if lacking:
        return f"'{cell}', which is {', '.join(lacking)},"
    return "" if named else f"'{cell}'"


def contradicts_dose(given: Collection[str], column: str, cell: str) -> bool:
    """Tell whether a column of ligands says none of a condition that gets one.

    Parameters
    ----------
    given
        Substances that the protocol gives in the condition.
    column, cell
        Header, and what stands in all rows of the condition.
    """
    none = cell.strip().casefold() in _NONE or is_nothing(cell)
    words = set(plain(column).split())
    return none and bool(words & _LIGANDS) and not words & _DRUGS and bool(_STIMULI & set(given))


def _named(text: str) -> set[str]:
    """Substances that a text names: ``Stattic 5 uM``, ``IL-6 + sIL-6R``."""
    parts = [text, *re.split(r"[+,;&()]|\s+(?:and|with|und|mit|et|avec)\s+", text)]
    words = [word for part in parts for word in (part.strip(), *part.split())]
    return {species for word in words if (species := species_of(word)) in substances()}


def says_time(column: str) -> bool:
    """Tell whether a column, by its name, says how long before the stimulus something was added."""
    return bool(_EARLY.search(column))


def unsaid_time(steps: Sequence[Step], column: str, cell: str) -> str:
    """Say what is wrong with a column of pre-incubation, where the protocol of a condition gives nothing before 0.

    Parameters
    ----------
    steps
        Of the condition.
    column, cell
        Header, and what stands in all rows of the condition.
    """
    value = number(cell)
    given = [step for step in steps if step.species]
    if not says_time(column) or not value or value <= 0 or not given or min(s.time_min for s in given) < 0:
        return ""
    return f"{cell}, and the protocol of the condition gives all at {min(s.time_min for s in given):g} min or later"


def unsaid_remarks(sources: Sequence[Source], protocol: Protocol) -> Iterator[Fault]:
    """Find remarks on rows that are read, which say a wash or a substance that the protocol of the condition lacks.

    Parameters
    ----------
    sources
        Each gel or plate.
    protocol
        What was done.

    Yields
    ------
    Fault
        For the first such remark of each column.
    """
    for one in without_faults(sources):
        for column in one.passed_over:
            if not set(plain(column).split()) & _REMARKS:
                continue
            for value, row in one.read:
                if lacks := _lacks(protocol, value.condition, row[column]):
                    what = f"'{row[column][:60]}', and the protocol of condition '{value.condition}' has no {lacks}."
                    yield Fault(one.sheet.where(row, column), what, _OF_THEIR_OWN.format(column=column))
                    break


def unsaid_washes(sources: Sequence[Source], protocol: Protocol) -> Iterator[Fault]:
    """Find columns that by their names say how long a pulse was, or when it was washed off, and that nobody reads.

    Parameters
    ----------
    sources
        Each gel or plate.
    protocol
        What was done.

    Yields
    ------
    Fault
        For the first condition of each such column in which something was added and nothing is washed off.
    """
    washed = {step.condition for step in protocol.steps if step.action in ("wash", "set")}
    given = {step.condition for step in protocol.steps if step.species}
    for one in without_faults(sources):
        for column in one.passed_over:
            if not set(plain(column).split()) & _PULSES:
                continue
            for value, row in one.read:
                if value.condition in given - washed and one.sheet.number(row[column]):
                    what = f"{row[column]}, and in the protocol of condition '{value.condition}' nothing is washed off."
                    yield Fault(one.sheet.where(row, column), what, _WASH.format(column=column))
                    break


def _lacks(protocol: Protocol, condition: str, remark: str) -> str:
    """Wash or substance that a remark says and a condition lacks; or nothing."""
    steps = [step for step in protocol.steps if step.condition == condition]
    if _WASHED.search(remark) and not any(step.action == "wash" for step in steps):
        return "wash"
    return ", ".join(sorted(_named(remark) - {step.species for step in steps}))


def undone_dilutions(sources: Sequence[Source]) -> Iterator[Fault]:
    """Find columns of dilutions that are passed over, and by which values are to be multiplied.

    Parameters
    ----------
    sources
        Each gel or plate.

    Yields
    ------
    Fault
        Where samples of one gel or plate were diluted differently, or values that are known without an unknown factor
        (``scale: false``, an ELISA) were diluted at all.
    """
    for one in without_faults(sources):
        if one.source.loaded and one.source.loaded.format in _PROGRAMS:
            continue
        for column in one.passed_over:
            if not _DILUTION.fullmatch(re.sub(r"[(\[].*", "", column).strip()):
                continue
            factors = {row[column]: factor for _, row in one.read if (factor := _factor(row[column])) is not None}
            absolute = any(not value.scale for value, _ in one.read)
            if len(set(factors.values())) > 1 or (absolute and set(factors.values()) - {1.0}):
                shown = ", ".join(sorted(factors)[:4])
                what = f"samples were diluted ({shown}), and the values are read as they stand."
                yield Fault(one.where(column), what, _MULTIPLY.format(column=column))


def _factor(cell: str) -> float | None:
    """Read a dilution: ``10``, ``1:10``, ``10x``; None for what is none."""
    if (found := dilution_of(cell)) is not None:
        return found
    value = number(cell)
    return value if value and value > 0 else None


def other_cells(sources: Sequence[Source], cell: str) -> Iterator[Fault]:
    """Find columns that name another cell line than the description does.

    Parameters
    ----------
    sources
        Each gel or plate.
    cell
        Of the description; empty where it says none.

    Yields
    ------
    Fault
        For the first such row of each column.
    """
    for one in without_faults(sources) if cell else ():
        for column in one.passed_over:
            if plain(column) not in _CELLS:
                continue
            found = (row for _, row in one.read if _folded(row[column]) in _LINES)
            other = next((row for row in found if _folded(row[column]) not in _folded(cell)), None)
            if other is not None:
                what = f"'{other[column]}', and the description says 'cell: {cell}'."
                remedy = f"Correct one of them; or, if it makes no difference, list it under 'ignore: [{column}]'."
                yield Fault(one.sheet.where(other, column), what, remedy)


def _folded(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def technical_replicates(sources: Sequence[Source]) -> Iterator[Fault]:
    """Find columns that by their name number the technical replicates of a sample, each of which is read as a value.

    Parameters
    ----------
    sources
        Each gel or plate.

    Yields
    ------
    Fault
        Where values of one condition and time differ in such a column: parts of one sample would count as several.
    """
    for one in without_faults(sources):
        for column in one.passed_over:
            if not _TECHNICAL.fullmatch(column.strip()):
                continue
            levels: dict[tuple[str, str, float], set[str]] = {}
            for value, row in one.read:
                if len(value.rows) < 2:  # of an assay that averages wells a value has several
                    levels.setdefault((value.observable, value.condition, value.time_min), set()).add(row[column])
            several = next((key for key, found in levels.items() if len(found) > 1), None)
            if several is not None:
                what = _PARTS_OF_ONE.format(condition=several[1], time=several[2])
                yield Fault(one.where(column), what, _AVERAGE.format(column=column))
