"""Columns of PEtab tables that nothing reads: comments, or a column misspelled or of the other version."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from difflib import get_close_matches

from il6infer._errors import Fault
from il6infer._tables import Sheet
from il6infer.petab_files.package import FIRST, C

logger = logging.getLogger("il6infer")

OF_PARAMETERS, OF_CONDITIONS = ("unit", "source"), "note"
"""Comments that the project's own problems have."""

_COLUMNS: Mapping[int, Mapping[str, tuple[str, ...]]] = {
    1: {
        "parameter": tuple(FIRST.PARAMETER_DF_COLS),
        "measurement": (*FIRST.MEASUREMENT_DF_COLS, "censored"),
        "observable": tuple(FIRST.OBSERVABLE_DF_COLS),
    },
    2: {
        "parameter": (*C.PARAMETER_DF_COLS, *OF_PARAMETERS),
        "measurement": (*C.MEASUREMENT_DF_COLS, "censored"),
        "observable": (*C.OBSERVABLE_DF_COLS, C.OBSERVABLE_PLACEHOLDERS, C.NOISE_PLACEHOLDERS),
        "condition": (*C.CONDITION_DF_COLS, "conditionName", OF_CONDITIONS),
        "experiment": (*C.EXPERIMENT_DF_REQUIRED_COLS, "experimentName"),
        "mapping": (*C.MAPPING_DF_REQUIRED_COLS, "name"),
    },
}
"""Version of PEtab -> kind of table -> its columns; every other column of a condition table of v1 is a target."""

_MEANT = {"objectivePrior": "objectivePriorType"}
"""Column as a problem of the public collection has it (Schwen 2014) -> as PEtab calls it."""

_HARMLESS = {"parameterScale", "initializationPriorType", "initializationPriorParameters"}
"""Columns of the other version that say nothing of the problem itself."""

_ALIKE = 0.85
"""Likeness from which a column counts as another one misspelled."""


def strays(sheet: Sheet, version: int, kind: str) -> list[Fault]:
    """Find columns that hold something and are not read.

    Parameters
    ----------
    sheet
        The table.
    version, kind
        Of PEtab, and of table.

    Returns
    -------
    list of Fault
        One for each that is a column of this kind of table misspelled, or one of the other version of PEtab: what it
        says would be lost. The others, which the format allows, are named in a warning.
    """
    known = _COLUMNS[version].get(kind)
    if known is None:
        return []
    other = set(_COLUMNS[3 - version].get(kind, ())) - _HARMLESS
    faults, comments = [], []
    for column in sheet.columns:
        if column in known or not any(row.cells.get(column) for row in sheet.rows):
            continue
        absent = [name for name in known if name not in sheet.columns]
        if _MEANT.get(column) in absent:
            logger.warning(
                "%s: column '%s' is none of PEtab's, and is read as '%s'", sheet.name, column, _MEANT[column]
            )
        elif meant := _meant(column, absent):
            what = f"column '{column}' is none of PEtab's, and would not be read."
            faults.append(Fault(sheet.name, what, f"Did you mean '{meant}'? Otherwise give it a less similar name."))
        elif column in other:
            what = f"column '{column}' is one of PEtab v{3 - version}, and nothing reads it in a problem of v{version}."
            faults.append(Fault(sheet.name, what, "Say it with the columns of this version, or remove it."))
        elif column not in _HARMLESS:
            comments.append(column)
    if comments:
        logger.warning("%s: not among PEtab's columns, and not read: %s", sheet.name, ", ".join(comments))
    return faults


def renamed(cells: Mapping[str, str]) -> Mapping[str, str]:
    """Cells of a row, with the name that PEtab has for a column of which it is known what was meant."""
    if _MEANT.keys().isdisjoint(cells):
        return cells
    return {_MEANT[c] if c in _MEANT and _MEANT[c] not in cells else c: text for c, text in cells.items()}


def _meant(column: str, absent: list[str]) -> str:
    """Give the column that another spells, with other capitals, marks between words or letters; else empty."""
    plain = {_plain(name): name for name in absent}
    close = get_close_matches(_plain(column), plain, n=1, cutoff=_ALIKE)
    return plain[close[0]] if close else ""


def _plain(column: str) -> str:
    return re.sub(r"[\W_]", "", column).lower()
