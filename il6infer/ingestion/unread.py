"""What columns that nobody reads, and names, say of how values came about: settings, a wavelength, a dilution."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from il6infer._errors import Fault
from il6infer.ingestion.formats.format import plain
from il6infer.ingestion.guard import SETTINGS
from il6infer.ingestion.sources import Sound, Source, without_faults

_REFERENCE = re.compile(
    r"(od|a|abs|absorbance|e|\u03bb)?[ _-]*[(\[]?(540|550|562|570|595|620|630|650|655|690)([ _-]*nm)?[)\]]?",
    re.IGNORECASE,
)
"""Wavelengths at which the dye of an ELISA does not absorb, and the plate does."""

_DILUTED = re.compile(r"(?<![\d:/.])1 ?[:/] ?(?P<parts>\d+)(?![\d:/.])|(?<![\d.])(?P<fold>\d+) ?[x\u00d7](?![\w])")
_NAMES = {"sample", "samples", "name", "names", "description", "label", "id", "probe"}


def differing_settings(sources: Sequence[Source]) -> Iterator[Fault]:
    """Find settings of the instrument that differ between values of one gel or plate, and that nobody reads.

    Parameters
    ----------
    sources
        Each gel or plate.

    Yields
    ------
    Fault
        For each such column, whatever the conditions of its rows: values of another exposure are in another unit.
    """
    for one in without_faults(sources):
        for column in one.passed_over:
            cells = {row[column]: row for _, row in one.read if row[column]}
            if set(plain(column).split()) & SETTINGS and len(cells) > 1:
                shown = "; ".join(f"'{cell}' in row {row.number}" for cell, row in list(cells.items())[:3])
                what = (
                    f"values of one gel or plate were read under several settings: {shown}. They are in several units."
                )
                remedy = (
                    f"Read each as a gel of its own, 'batch: {{column: {column}}}', or one by 'where:'; or, if what "
                )
                remedy += f"the signal is divided by was read so, too, list it under 'ignore: [{column}]'."
                yield Fault(one.where(column), what, remedy)


def second_wavelengths(sources: Sequence[Source]) -> Iterator[Fault]:
    """Find the second wavelength of an ELISA that is not subtracted.

    Parameters
    ----------
    sources
        Each gel or plate.

    Yields
    ------
    Fault
        For each column of such numbers.
    """
    for one in without_faults(sources):
        if getattr(one.source.spec, "background", None) != "":  # no other assay has one
            continue
        for column in one.passed_over:
            if _REFERENCE.fullmatch(column) and any(one.sheet.number(row[column]) is not None for _, row in one.read):
                what = "it looks like the second wavelength, the absorbance of the plate, which is not subtracted."
                remedy = (
                    f"Say 'background: {column}', or, if the program subtracted it, list it under 'ignore: [{column}]'."
                )
                yield Fault(one.where(column), what, remedy)


def dilutions_in_names(sources: Sequence[Source]) -> Iterator[Fault]:
    """Find samples whose name says a dilution (``sup1 1:10``), and whose values are amounts that nobody multiplies.

    Parameters
    ----------
    sources
        Each gel or plate.

    Yields
    ------
    Fault
        For each column of such names.
    """
    for one in without_faults(sources):
        if getattr(one.source.spec, "dilution", "") or all(value.scale for value, _ in one.read):
            continue
        for column in one.sheet.columns:
            named = set(plain(column).split()) & _NAMES or column == getattr(one.source.spec, "sample", None)
            if named and column not in one.source.spec.take.ignore and (said := _said(one, column)):
                what = f"'{said}' says a dilution, and the values are read as they stand."
                remedy = (
                    "Multiply them, or, of an ELISA, put it into a column and say 'dilution:'; then take it out of "
                )
                remedy += "the name."
                yield Fault(one.where(column), what, remedy)


def _said(one: Sound, column: str) -> str:
    """Give the first cell that says a dilution, by more than one; empty for none."""
    for value, row in one.read:
        found = _DILUTED.search(row[column]) if not value.scale else None
        if found and int(found["parts"] or found["fold"]) > 1:
            return row[column]
    return ""
