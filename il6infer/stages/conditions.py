"""Words for conditions, where files have identifiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from il6infer._units import substances
from il6infer.stages.genotype import MARKS, factor_of


def condition_labels(protocol: Iterable[Mapping[str, str]], conditions: Iterable[str]) -> dict[str, str]:
    """Condition -> what was done, in words: ``IL-6 10 ng/ml + sIL-6R 25 ng/ml``.

    Parameters
    ----------
    protocol
        Rows of the protocol: condition, time_min, action, species, dose and unit, or concentration_nM; knock_out and
        set, where cells differ.
    conditions
        Those that were measured; one without a row of its own, or whose words another has too, keeps its name.
    """
    steps: dict[str, list[Mapping[str, str]]] = {}
    for row in protocol:
        steps.setdefault(str(row["condition"]), []).append(row)
    off = _switched_off(steps.values())
    said = {name: _condition(steps[name], off) if name in steps else name.replace("_", " ") for name in conditions}
    twice = {words for words, count in Counter(said.values()).items() if count > 1}
    return {name: f"{words} ({name})" if words in twice else words for name, words in said.items()}


def condition_names(protocol: pd.DataFrame) -> dict[str, str]:
    """Condition -> what was done, in words, and its name in brackets: as messages of a terminal name conditions.

    Parameters
    ----------
    protocol
        Table of the ingest stage.
    """
    rows = [
        {key: "" if pd.isna(v) else f"{v:g}" if isinstance(v, float) else str(v) for key, v in row.items()}
        for row in protocol.to_dict("records")
    ]
    said = condition_labels(rows, dict.fromkeys(str(row["condition"]) for row in rows))
    return {
        name: f"'{words}'" + ("" if name == words or f"({name})" in words else f" ({name})")
        for name, words in said.items()
    }


def _own(given: str) -> str:
    """Give what a condition's cells have of their own; nothing of what a joint fit gives all of their data set."""
    name, _, value = given.partition("=")
    factor, _ = factor_of(value)
    if factor is not None:
        return f"{name} times {factor:g}"
    return "" if value[:1] in MARKS else f"{name}={value.partition('@')[0]}" if value else given


def _dose(row: Mapping[str, str]) -> str:
    """Give it as it was given, else in nM, which a protocol always has."""
    if row.get("dose"):
        return f"{_short(row['dose'])} {row.get('unit', '')}".strip()
    return f"{_short(row['concentration_nM'])} nM" if row.get("concentration_nM") else ""


def _short(text: str) -> str:
    """Write a number without the zeros that a program gave it, as in 40.0000000000000."""
    try:
        value = float(text)
    except ValueError:
        return text
    short = f"{value:.6g}"
    return short if float(short) == value and "e" not in short else text


def _held_at_nothing(row: Mapping[str, str]) -> bool:
    return row["action"] == "set" and float(row["time_min"] or 0) == 0 and _dose(row) in ("0", "0 nM")


def _switched_off(steps: Collection[Iterable[Mapping[str, str]]]) -> set[str]:
    """Find inputs that are held at 0 in more than half of the conditions: they are off there, and no label says so."""
    at_nothing = Counter(name for rows in steps for name in {row["species"] for row in rows if _held_at_nothing(row)})
    return {name for name, count in at_nothing.items() if 2 * count > len(steps)}


def _condition(rows: Iterable[Mapping[str, str]], off: Collection[str]) -> str:
    known = substances()
    moments: dict[float, list[str]] = {}
    cells: dict[str, None] = {}
    for row in rows:
        lacking = [name for name in row.get("knock_out", "").split(";") if name]
        cells |= {f"cells without {' and '.join(lacking)}": None} if lacking else {}
        cells |= {f"cells with {value}": None for value in map(_own, row.get("set", "").split(";")) if value}
        action, time = row["action"], float(row["time_min"] or 0)
        name = known[row["species"]].name.split(",")[0] if row["species"] in known else row["species"]
        if action == "add":
            moments.setdefault(time, []).append(f"{name} {_dose(row)}".strip())
        elif action == "set" and not (row["species"] in off and _held_at_nothing(row)):
            moments.setdefault(time, []).append(f"{name} held at {_dose(row)}".strip())
        elif action == "wash":
            moments.setdefault(time, []).append("wash")
    said = [" + ".join(words) + (f" at {time:g} min" if time else "") for time, words in sorted(moments.items())]
    return "; ".join([*(said or ["no stimulus"]), *cells])
