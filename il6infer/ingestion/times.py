"""Times as people write them in a cell or above a column: ``15 min``, ``0.5 h``, ``1 h 30``, ``15'``."""

from __future__ import annotations

import re

from il6infer._units import minutes

_UNITS = {"s": "s", "m": "min", "h": "h", "d": "d", "t": "d"}
_UNITS |= {"\u79d2": "s", "\u5206": "min", "\u6642": "h", "\u65e5": "d"}
_HOUR, _MINUTE = r"(?:h|hrs?|hours?|std|stunden?)\.?", r"(?:(?-i:m)|mins?|minutes?|minuten|['\u2032\u2019])\.?"
_SECOND = r"(?:s|secs?|seconds?|sek|sekunden|[\"\u2033]|''|\u2032\u2032|\u2019\u2019)\.?"
_ONE = re.compile(
    rf"(?P<number>-?\d+(?:[.,]\d+)?)\s*(?:(?P<s>{_SECOND})|(?P<min>{_MINUTE})|(?P<h>{_HOUR})|(?P<d>d|days?|tage?)\.?)",
    re.IGNORECASE,
)
_PARTS = re.compile(
    rf"(?:(?P<h>\d+)\s*{_HOUR}\s*)?(?P<min>\d+(?:[.,]\d+)?)\s*{_MINUTE}(?:\s*(?P<s>\d+)\s*{_SECOND})?"
    rf"|(?P<hours>\d+)\s*{_HOUR}\s*(?P<rest>[0-5]?\d)",
    re.IGNORECASE,
)


def unit_word(word: str) -> str:
    """Give the unit of times that a word means, in English or German: s, min, h or d."""
    return "h" if word.startswith("st") else _UNITS[word[0]]


def spoken_time(text: str) -> float | None:
    """Read a time that carries its unit, or its units [min]; None where it is none.

    A prime is a minute, two are a second; what stands alone behind hours (``1h30``) are minutes.
    """
    if found := _ONE.fullmatch(text):
        unit = next(unit for unit in ("s", "min", "h", "d") if found[unit])
        return minutes(_number(found["number"]), unit)
    if not (found := _PARTS.fullmatch(text)):
        return None
    if found["hours"]:
        return 60.0 * float(found["hours"]) + float(found["rest"])
    return _number(found["min"]) + 60 * float(found["h"] or 0) + float(found["s"] or 0) / 60


def _number(text: str) -> float:
    return float(text.replace(",", "."))
