"""A layout to be filled in: one line a well, sample, lane or tube, with what names and a map of the plate say."""

from __future__ import annotations

import re
from collections.abc import Mapping

from il6infer._tables import Sheet
from il6infer._units import minutes
from il6infer.ingestion.formats.format import known_as, unit_word
from il6infer.ingestion.labels import parse_label
from il6infer.ingestion.marks import numeric

_TIME = re.compile(r"(?<![\w.,])(\d+(?:[.,]\d+)?)\s*(min|h)(?![A-Za-z])(?!\s*(?:before|pre))")
_ENDS = " _-,;:|/"


def is_map(sheet: Sheet) -> bool:
    """Tell whether a grid of wells holds words: what is in the wells, not what was measured."""
    if tuple(sheet.columns) != ("well", "value"):
        return False
    return sum(not numeric(row["value"]) for row in sheet.rows) * 2 > len(sheet.rows)


def key_of(sheet: Sheet) -> str:
    """Column by which a layout says what is where; empty where there is none.

    The sample is one where each has several wells (technical replicates), and all wells have one.
    """
    sample = next((column for column in sheet.columns if known_as(column) == "sample"), "")
    gene = any(known_as(column) == "gene" for column in sheet.columns)
    if sample and gene and all(row[sample] for row in sheet.rows):
        return sample
    key = next((c for c in ("well", "lane", "peak", "tube", "label", "sample") if c in sheet.columns), "")
    return key or next((c for c in sheet.columns if known_as(c) in ("well", "lane", "sample")), "")


def layout_of(sheet: Sheet, key: str, blank: str, *, standard: str = "", map_of: Mapping[str, str]) -> str:
    """Text of a layout.

    Parameters
    ----------
    sheet
        The table of the file.
    key
        Column of places.
    blank
        Stands where a person is to fill in.
    standard
        Column of the concentrations of standards, which need no line; empty for none.
    map_of
        Well -> what a map of the plate says is in it.
    """
    names = [c for c in sheet.columns if known_as(c) == "sample" or c in ("tube", "label")]
    # Of a plate a grid beside those of numbers ("Layout") may say what is in the wells.
    names += [c for c in sheet.columns if key == "well" and c not in [*names, key] and _says_what(sheet, c)]
    more = ["band", "lane"] if key == "peak" else []
    lines = [",".join([known_as(key) or key, *more, "condition", "time_min"])]
    done: set[str] = set()
    for row in sheet.rows:
        place = row[key]
        if place in done or (standard and row[standard]):
            continue
        done.add(place)
        texts = [map_of.get(place, ""), *(row[name] for name in names)]
        says = [told(text) for text in texts if text]
        condition, time = next((one for one in says if any(one)), ("", ""))
        cells = [place, *[blank] * len(more), condition or blank, time or blank]
        lines.append(",".join(f'"{cell}"' if "," in cell else cell for cell in cells))
    return "\n".join(lines) + "\n"


def _says_what(sheet: Sheet, column: str) -> bool:
    """Tell whether a column holds words, and those of some rows say what was done to cells."""
    cells = [row[column] for row in sheet.rows if row[column]]
    words = [cell for cell in cells if not numeric(cell)]
    return len(words) * 2 > len(cells) and any(told(cell)[0] for cell in {*words})


def told(text: str) -> tuple[str, str]:
    """Give condition and time [min] that a name says of itself (``vehicle 30 min``); empty what it does not say."""
    text = re.sub(r"\.fcs$", "", text.replace("_", " "))
    times = list(_TIME.finditer(text))
    time = ""
    if len(times) == 1:
        found = times[0]
        time = f"{minutes(float(found[1].replace(',', '.')), unit_word(found[2])):g}"
        text = text[: found.start()] + text[found.end() :]
    rest = " ".join(text.split()).strip(_ENDS)
    return (rest if rest and parse_label(rest)[0] is not None else ""), time
