"""Cells that hold no number: which side of a range they mean, and what a person can do about the others."""

from __future__ import annotations

import re

_BELOW = {
    "n.d.",
    "nd",
    "n.d",
    "n. d.",
    "not detected",
    "not detectable",
    "unbestimmt",
    "nicht nachweisbar",
    "n.n.",
    "ind\u00e9termin\u00e9",
    "indetermine",
    "undetermined",
    "undet",
    "undet.",
    "bdl",
    "blod",
}
_BELOW |= {
    "no ct",
    "no cq",
    "bloq",
    "below",
    "under",
    "underflow",
    "undr",
    "<lod",
    "< lod",
    "<loq",
    "< loq",
    "low",
    "oor <",
    "oor<",
    *("<llod", "< llod", "<lloq", "< lloq", "llod", "lloq", "<mdl", "< mdl", "<mdd", "below llod", "below lloq"),
}
_ABOVE = {"over", "overflow", "ovrflw", "ovfl", "overrange", "over range", "saturated", "sat", "sat.", "saturation"}
_ABOVE |= {">uloq", "> uloq", "uloq", ">ulod", "> ulod", "above uloq"}
_UNKNOWN = {"nan", "na", "n/a", "#n/a", "---", "--", "-", "range?", "#div/0!", "#value!", "null", "none", "inf", "?"}
"""Words for no number that do not say why there is none."""
_ABOVE |= {"above", "high", "aloq", "max", ">max", "oor >", "oor>", "overload", "overld", "ovld", "o/r"}
_ABOVE |= {"\u00fcbersteuert", "uebersteuert", "ges\u00e4ttigt", "gesaettigt", "satur\u00e9", "sature"}
MARKED = re.compile(r"([<>]=?|[\u2264\u2265])\s*(\d[\d.,'\u2019 \u00a0\u202f]*(?:[eE][+-]?\d+)?)")
"""A limit: its sign, and its number."""
_MARK = re.compile(r"\*+\s*\d[\d.,]*|\d[\d.,]*\s*\*+")
_SPREAD = re.compile(r"[+-]?\d[\d.,]*\s*(\u00b1|\+/-|\+-)\s*\d[\d.,]*\s*%?")
_WITH_UNIT = re.compile(r"[+-]?\d(?:[\d.,]*\d)?\s*[^\W\d_][\w/%]{0,12}\.?")
_ABOUT = re.compile(r"(~|\u2248|ca\.?|approx\.?|about|circa)\s*\d.*|\(\s*\d[\d.,]*\s*\)|\d[\d.,]*\s*\?", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}.*|\d{1,2}[. ]*[A-Za-z]{3,9}[. ]*\d{2,4}.*")
_NUMBERED = re.compile(r"(?P<begin>t(?:ime(?: ?point)?)?\s*[=_-]?\s*)\d+([.,]\d+)?", re.IGNORECASE)


def range_side(text: str) -> str:
    """Tell where a cell says that its value lies: ``below`` or ``above`` (``<0.31``, n.d., OVER), or empty."""
    if text[:1].isdigit():
        return ""
    plain = text.casefold()
    limit = MARKED.fullmatch(text)
    if plain in _BELOW or (limit and limit[1][0] in "<\u2264"):
        return "below"
    return "above" if plain in _ABOVE or limit else ""


def why_no_number(text: str) -> tuple[str, str]:
    """Say what is wrong with a cell that should be a number, and what to do; empty: nothing more than that it is none.

    Returns
    -------
    tuple
        What is wrong, empty where it says no more than that it is no number; and the remedy, empty where there is none.
    """
    if _MARK.fullmatch(text):
        said = f"'{text}' has a mark: programs write it of what was extrapolated beyond the standards."
        return said, "Leave the row out by 'where', or write '<' or '>' and the standard that it lies beyond."
    if text.casefold() in _UNKNOWN:
        return "", "Not measured: leave the cell empty. Nothing seen: write n.d., or '<' and the limit; too much: OVER."
    if _SPREAD.fullmatch(text):
        return "", "Put mean and error into columns of their own, and name these: 'sd' and 'n', or 'sem'."
    if _ABOUT.fullmatch(text):
        return "", "Write the number alone if it was measured, else leave the cell empty."
    if _WITH_UNIT.fullmatch(text) and not re.fullmatch(r"[+-]?\d[\d.,]*[eE].*", text):
        return "", "Write the number alone: its unit stands in the header, and in the description."
    return "", ""


def why_no_time(text: str, column: str) -> str:
    """Say what to do about a cell of a column that should be a time; empty: nothing more than to write a number."""
    if _DATE.fullmatch(text):
        return "It looks like a date: write the time since the stimulus as a number, in the unit that the header says."
    if found := _NUMBERED.fullmatch(text):
        pattern = f"{found['begin']}{{time}}"
        return (
            f"If its number is the time, have it read, as in 'labels: {{{column}: \"{pattern}\"}}' with 'time: time'."
        )
    return ""
