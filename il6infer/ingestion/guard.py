"""Columns that a description passes over: none may tell samples apart that are read as replicates of each other.

A drug, a dose or a gel in a column that nobody named would make one condition of several: its rows would be read as
replicates, and the fit of them can pass. So a column is passed over only where it cannot tell such rows apart: it is
constant within them, counts them (lane, well, replicate), or is a measurement of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from statistics import median

from il6infer._errors import Fault
from il6infer._tables import Row, Sheet
from il6infer.ingestion.reading import Value

_MARKS = {
    *("omit", "omitted", "exclude", "excluded", "exclusion", "flag", "flags", "flagged", "outlier", "outliers", "mask"),
    *("masked", "valid", "invalid", "usable", "use", "used", "keep", "skip", "discard", "discarded", "reject", "drop"),
    *("rejected", "remove", "removed", "qc", "quality", "status", "pass", "passed", "fail", "failed", "saturated"),
    *("saturation", "task", "content", "bad", "include", "included", "dropped", "warning", "good"),
    *("accept", "accepted"),
    *("inhalt", "contenu", "auslassen", "ausschluss", "ausschliessen", "ausgeschlossen", "ausreisser"),
    *("gueltig", "verwendet", "verwenden", "aufgabe", "qualitaet", "gesaettigt", "exclure", "exclu", "exclus"),
    *("aberrant", "aberrante", "valide", "utiliser", "garder", "retenu", "verdict", "decision", "call"),
}  # fmt: skip
_ERRORS = {"sd", "std", "stdev", "stddev", "se", "sem", "stderr", "cv", "var", "variance", "mad", "iqr"}
_ERRORS |= {"error", "err", "errors", "uncertainty", "sigma", "lower", "upper", "ci", "dev"}
_COUNT = re.compile(
    r"(n|num|number|no\.?|nr)([ _.-]*(of)?[ _.-]*(cells?|reps?|replicates?|samples?|wells?|obs|events?|mice|donors?"
    r"|animals?))|n|n[ _]?(obs|rep|reps)|cell[ _]?count|events?|count[ _]of[ _].*",
    re.IGNORECASE,
)
_UNUSED = re.compile(
    r"\b(excluded?|outlier|omit|omitted|discard|discarded|do(es)? ?n[o']t use|not used|bad (lane|well|band)|air"
    r" ?bubble|failed|reject|rejected|ausrei(\u00df|ss)er|verwerfen|verworfen|nicht verwenden|ung(\u00fc|ue)ltig"
    r"|aberrante?|exclue?|[\u00e0a] exclure|ne pas utiliser|contaminated|pipetting error)\b",
    re.IGNORECASE,
)
_SUM = re.compile(
    r"(mean|means|average|avg\.?|mittelwert|mw|moyenne|median|s\.?d\.?|s\.?e\.?m\.?|st\.? ?dev\.?|std\.? ?dev\.?"
    r"|standard deviation|standardabweichung|stabw\.?|stdabw\.?|[e\u00e9]cart-?type|%? ?cv ?%?)[:.]?"
    r"|(mean|average|mittelwert|moyenne) (of|von|de) .*",
    re.IGNORECASE,
)
_REPEATED = re.compile(r"(?P<name>.+?)(\.\d+| \(\d+\))")
_NUMBERED = re.compile(
    r"(?P<name>.*?[^\W\d_]\w{0,60})[ _.-]{1,9}((?:n|rep|replicate|replikat|r|tech|bio|exp|#)[ _.-]{0,9})?\d{1,2}",
    re.IGNORECASE,
)
_REPLICATE = re.compile(
    r"(?P<name>rep|repl|replicate|replikat|repeat|wdh|bio|tech|n|r|run|exp)\.?\d{1,2}", re.IGNORECASE
)
_THINGS = {"band", "peak", "channel", "spot", "line", "lane", "label"}
_KINDS = re.compile(r"(well|sample|row|measurement)[ _.-]*(type|kind|role)", re.IGNORECASE)
SETTINGS = {"exposure", "exposures", "belichtung", "belichtungszeit", "gain", "pmt", "voltage", "scanner"}
"""Of an instrument: values under another are in another unit, as those of another gel are."""
_TREATMENTS = {
    *("input", "dose", "doses", "drug", "drugs", "inhibitor", "inhib", "treatment", "ligand"),
    *("stimulus", "stimulation", "compound", "condition", "dmso", "vehicle", "stattic", "ruxolitinib", "rux"),
    *("actd", "actinomycin", "tocilizumab", "antibody", "genotype", "cells", "line", "gel", "plate", "blot", "batch"),
    *("experiment", "exp", "donor", "patient", "mouse", "animal", "date", "day", "sirna", "knockdown", "medium"),
    *("behandlung", "vorbehandlung", "wirkstoff", "hemmstoff", "dosis", "zelllinie", "spender", "maus", "versuch"),
    *("traitement", "inhibiteur", "inhibitors", "drogue", "lignee", "donneur", "souris", "essai", "medicament"),
    *("pretreat", "pretreated", "preincubation", "clone", "plasmid", "construct", "transfection", "strain", "passage"),
    *("agonist", "antagonist", "stim", "cond", "group", "gruppe", "groupe"),
    *("ph", "oxygen", "hypoxia", "starvation", "starved", "confluence", "confluency", "age", "sex", "alter"),
    *SETTINGS,
    *("diclofenac", "dcf", "apap", "cytokine", "treated", "pretreatment", "il6", "sil6r", "sgp130", "serum"),
}  # fmt: skip
COLD = "cold"
"""Kind of the temperatures at which cells bind, and do hardly anything else."""
_SPELLED = str.maketrans({"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue", "\u00df": "ss"})
_RUNS = {"gel", "plate", "blot", "batch", "experiment", "exp"} | SETTINGS
_REPEATS = _RUNS | {"donor", "patient", "mouse", "animal", "date", "day", "passage", "versuch", "spender", "maus"}
_REPEATS |= {"donneur", "souris", "essai"}
_PLACES = {"lane", "lanes", "well", "wells", "position", "pos", "replicate", "replicates", "rep", "repeat", "technical"}
_PLACES |= {"tube", "tubes"}
_TEMPERATURES = {"temperature", "temperatures", "temperatur", "temp", "celsius"}
_DEGREES = re.compile(r"[\u00b0\u00ba]\s*C\b|\bdeg(rees?)?[ _.]*C\b")
_WARMTH = re.compile(
    r"(?P<degrees>[-\u2212]?\d+(?:[.,]\d+)?)\s*(?:[\u00b0\u00ba]|deg(?:rees?)?\.?)?\s*(?:C|celsius)?", re.I
)
_KINDS_OF_WARMTH = ((15.0, COLD), (32.0, "of a room"), (38.5, "of a body"), (float("inf"), "hot"))
"""Kinds of temperatures, and where each ends [C]: what a thermometer says of one varies by tenths of a degree."""
_LABELS = {"sample", "samples", "name", "id", "label", "file", "barcode", "index", "idx", "row", "no", "nr", "comment"}
_LABELS |= {"comments", "note", "notes", "description", "number", "#", ""}


def passed_over(sheet: Sheet, named: Collection[str]) -> tuple[str, ...]:
    """Columns that the description does not name."""
    return tuple(column for column in sheet.columns if column not in named)


def guard(sheet: Sheet, columns: Sequence[str], values: Sequence[Value]) -> list[Fault]:
    """Find columns that must not be passed over.

    Parameters
    ----------
    sheet
        The rows that are read.
    columns
        Those that the description does not name.
    values
        What was read.

    Returns
    -------
    list
        A fault for each column that by its name marks rows, or holds errors or counts of values, or that tells rows
        apart which were read as replicates (one read-out, condition, time and batch); with cells and rows.
    """
    if not columns:
        return []
    rows = {row.number: row for row in sheet.rows}
    at_once: dict[tuple[str, str, float], list[Row]] = {}
    for value in values:
        for place in value.rows or (value.row,):
            at_once.setdefault((value.observable, value.condition, value.time_min), []).append(rows[place])
    faults = []
    for column in columns:
        fault = _named(sheet, column) or _told(sheet, column, columns) or summed_up(sheet, [column], values)
        fault = fault or _splits(sheet, column, at_once)
        if fault is not None:
            faults.append(fault)
    return faults


def summed_up(sheet: Sheet, columns: Collection[str], values: Sequence[Value]) -> Fault | None:
    """Find a row that is read beside those that it sums up: one whose label is Mean, SD, CV ... where others' are not.

    Parameters
    ----------
    sheet
        The rows that are read.
    columns
        Those that may name a row.
    values
        What was read.
    """
    read = {place for value in values for place in value.rows or (value.row,)}
    for column in columns:
        rows = [row for row in sheet.rows if row.number in read and row[column]]
        sums = [row for row in rows if _SUM.fullmatch(row[column])]
        if sums and len(sums) < len(rows):
            what = f"'{sums[0][column]}': it sums up other rows, and is read beside them"
            what += f"; and so in {len(sums) - 1} more." if sums[1:] else "."
            remedy = f"Take such rows out of the file, or read the others, as in 'where: {{{_quoted(column)}: [...]}}'."
            return Fault(sheet.where(sums[0], column), what, remedy)
    return None


def marked(sheet: Sheet, columns: Sequence[str], out: Collection[int]) -> list[Fault]:
    """Find columns, of bands that stand below each other, that by name or cells judge the bands that are read.

    Parameters
    ----------
    sheet
        A row a band.
    columns
        Those that are lost when the bands of a lane are put side by side.
    out
        Numbers of the rows that are left out.
    """
    sheet = replace(sheet, rows=tuple(row for row in sheet.rows if row.number not in out))
    return [fault for column in columns if (fault := _named(sheet, column) or _told(sheet, column, columns))]


def _words(column: str) -> set[str]:
    """Words of a column's name, in small letters: ``Bkgnd. Std. Dev.``, ``lfcSE`` and ``stat3_abs_std`` alike."""
    return _plain_words(re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", column)) - ({""} if column else set())


def _stems(column: str) -> set[str]:
    """Words of a column's name, and what they are without a number behind: ``drug2``, ``siRNA``, ``Ausreißer``."""
    words = _words(column) | _plain_words(column)
    return words | {word.rstrip("0123456789") for word in words if word}


def _plain_words(text: str) -> set[str]:
    spelled = unicodedata.normalize("NFKD", text.lower().translate(_SPELLED))
    return set(re.split(r"[^a-z0-9#]+", "".join(letter for letter in spelled if not unicodedata.combining(letter))))


def tells_places(column: str) -> bool:
    """Whether a column, by its name, counts samples or the places where they lie: lane, well, replicate, number."""
    return bool(_words(column) & (_PLACES | _LABELS))


def tells_treatment(column: str) -> bool:
    """Whether a column, by its name, says what was done to the samples, or which cells, gel or day they are of."""
    return bool(_stems(column) & _TREATMENTS) or tells_warmth(column)


def tells_warmth(column: str) -> bool:
    """Whether a column, by its name, holds temperatures: ``Temp.``, ``Incubation (°C)``."""
    return bool(_stems(column) & _TEMPERATURES or _DEGREES.search(column))


def warmth(cell: str) -> str:
    """Give the kind of a temperature: ``4``, ``4 °C`` and ``on ice`` are `COLD`; of what is none the cell itself."""
    if re.fullmatch(r"(on |auf |sur )?(ice|eis|glace)|cold|kalt", cell.strip(), re.IGNORECASE):
        return COLD
    found = _WARMTH.fullmatch(cell.strip())
    if not found:
        return cell.strip()
    degrees = float(found["degrees"].replace(",", ".").replace("\u2212", "-"))
    return next(kind for end, kind in _KINDS_OF_WARMTH if degrees < end)


def tells_error(column: str) -> bool:
    """Whether a column, by its name, holds errors of values, or numbers of what they are means of."""
    return bool(_words(column) & _ERRORS) or bool(_COUNT.fullmatch(column))


def numbered(columns: Collection[str]) -> dict[str, list[str]]:
    """Columns that by their names are replicates of one another: ``pSTAT3`` -> ``pSTAT3 rep1``, ``pSTAT3 rep2``."""
    found: dict[str, list[str]] = {}
    for column in columns:
        if (one := _NUMBERED.fullmatch(column)) and one["name"].casefold() not in _THINGS:
            found.setdefault(one["name"], []).append(column)
    return {name: alike for name, alike in found.items() if len(alike) > 1}


def is_run(column: str) -> bool:
    """Whether a column, by its name, says which repeat of an experiment a sample is of: gel, day, donor."""
    return bool(_stems(column) & _REPEATS)


def _named(sheet: Sheet, column: str) -> Fault | None:
    """Fault of a column whose name says that its cells judge rows or values."""
    where, words = f"{sheet.name}, column '{column}'", _words(column)
    ignore = f"list it under 'ignore: [{_quoted(column)}]'"
    if _stems(column) & _MARKS or _KINDS.fullmatch(column):
        levels = _levels(sheet, sheet.rows, column)
        what = f"it marks rows, and the description does not say which of them to read: {_shown(levels)}."
        most = max(levels, key=lambda level: len(levels[level]))
        return Fault(where, what, f"Say so, as in 'where: {{{_quoted(column)}: [{_quoted(most)}]}}', or {ignore}.")
    if words & _ERRORS:
        what = "it looks like the error of a value, which is not read: the noise is estimated from the values."
        return Fault(where, what, f"If it may be passed over, {ignore}.")
    if _COUNT.fullmatch(column):
        what = "it looks like a number of measurements behind a value, which is not read: each value counts as one."
        return Fault(where, what, f"If it may be passed over, {ignore}.")
    return None


def _told(sheet: Sheet, column: str, columns: Sequence[str]) -> Fault | None:
    """Fault of a column whose cells say that rows are not to be read, or that repeats a column that is."""
    where = f"{sheet.name}, column '{column}'"
    ignore = f"list it under 'ignore: [{_quoted(column)}]'"
    said = next((row for row in sheet.rows if _UNUSED.search(row[column])), None)
    if said is not None:
        what = f"row {said.line or said.number} says '{said[column][:60]}', and is read."
        return Fault(where, what, f"Leave such rows out by 'where:', or {ignore}.")
    cells = [row[column] for row in sheet.rows]
    if not column and "" in cells and any(cell and sheet.number(cell) is None for cell in cells):
        row = next(row for row in sheet.rows if row[column] and sheet.number(row[column]) is None)
        what = f"it has no name, and marks some rows (row {row.line or row.number}: '{row[column][:60]}')."
        return Fault(where, what, f"Give it a name, and leave such rows out by 'where:', or {ignore}.")
    again = _repeat_of(sheet, column, columns)
    if again:
        what = f"it looks like a repeat of column '{again}', which is read."
        remedy = f"If it holds replicates, put them below each other, or list the file once for each; else {ignore}."
        return Fault(where, what, remedy)
    return None


def _repeat_of(sheet: Sheet, column: str, columns: Sequence[str]) -> str:
    """Column that is read, and that a column repeats by its name: ``pSTAT3.1`` pSTAT3, ``pSTAT3 n2`` pSTAT3 n1."""
    again = _REPEATED.fullmatch(column)
    if again and again["name"] in sheet.columns and again["name"] not in columns:
        return again["name"]
    mine = _series(column)
    if not mine or mine.casefold() in _THINGS:
        return ""
    return next((c for c in sheet.columns if c not in columns and _series(c) == mine), "")


def _series(column: str) -> str:
    """Name of a column without the number at its end: ``pSTAT3 n2`` is one of pSTAT3, ``rep2`` one of rep."""
    found = _NUMBERED.fullmatch(column) or _REPLICATE.fullmatch(column)
    return found["name"] if found else ""


def _splits(sheet: Sheet, column: str, at_once: Mapping[tuple[str, str, float], list[Row]]) -> Fault | None:
    """Fault of a column that tells apart rows of one read-out, condition and time (or, by its name, at any time)."""
    words = _words(column)
    read = {row.number: row for rows in at_once.values() for row in rows}
    cells = [row[column] for row in read.values()]
    groups: dict[tuple[str, str, str], list[Row]] = {}
    text = any(cell and sheet.number(cell) is None for cell in cells)
    label = bool(words & _LABELS) and not tells_treatment(column)
    same = (lambda row: warmth(row[column])) if tells_warmth(column) else (lambda row: _same(sheet, row[column]))
    at_any_time = tells_treatment(column) or (text and not label and not words & _PLACES)
    for (observable, condition, time), rows in at_once.items():
        groups.setdefault((observable, condition, "" if at_any_time else f", {time:g} min"), []).extend(rows)
    split = {key: rows for key, rows in groups.items() if len({same(row) for row in rows}) > 1}
    if not split or _harmless(sheet, column, words, list(split.values()), cells, text=text):
        return None
    (_, condition, time), rows = next(iter(split.items()))
    levels = _levels(sheet, rows, column)
    what = f"it tells apart rows that are read as one condition, time and batch ({condition}{time}): {_shown(levels)}"
    what += f"; and so in {len(split) - 1} more." if len(split) > 1 else "."
    one = f"'where: {{{_quoted(column)}: [{_quoted(next(iter(levels)))}]}}'"
    remedy = f"Make it the condition, read one kind of row, as in {one} (the file listed once a kind)"
    if words & _RUNS:
        remedy = f"List the file once for each, as in {one}, with a batch of its own"
    remedy += f", or, if it makes no difference, list it under 'ignore: [{_quoted(column)}]'."
    return Fault(f"{sheet.name}, column '{column}'", what, remedy)


def _harmless(
    sheet: Sheet, column: str, words: set[str], split: list[list[Row]], cells: list[str], *, text: bool
) -> bool:
    """Whether a column counts samples, is a label of each, or is a measurement of its own."""
    apart = all(len({row[column] for row in rows}) == len(rows) for rows in split)
    if tells_treatment(column):
        return False
    if words & _PLACES and apart:
        return True
    if words & _LABELS:
        return len(set(cells)) == len(cells) and "" not in cells
    return not text and _measured(sheet, column, split, [cell for cell in cells if cell])


def _measured(sheet: Sheet, column: str, split: list[list[Row]], cells: list[str]) -> bool:
    """Whether numbers look measured: of three digits and more, hardly ever twice the same, no dilution series."""
    values = [sheet.number(cell) for cell in cells]
    if len(set(values)) * 2 <= len(values) or median(_digits(cell) for cell in cells) < 3:
        return False
    return not any(_ladder([sheet.number(row[column]) or 0.0 for row in rows]) for rows in split)


def _ladder(numbers: Sequence[float]) -> bool:
    """Whether numbers are a series of dilutions: each the same factor above, or below, the one before; a 0 aside."""
    doses = [number for number in numbers if number > 0]
    factors = [after / before for before, after in zip(doses, doses[1:], strict=False)]
    return len(factors) >= 3 and max(factors) < 1.05 * min(factors) and not 0.8 < factors[0] < 1.25


def _digits(cell: str) -> int:
    """Significant digits of a number as it is written, zeros at its end not counted."""
    mantissa = re.split("[eE]", cell)[0]
    return len(re.sub(r"\D", "", mantissa).strip("0"))


def _same(sheet: Sheet, cell: str) -> str:
    value = sheet.number(cell)
    return cell if value is None else repr(value)


def _levels(sheet: Sheet, rows: Sequence[Row], column: str) -> dict[str, list[int]]:
    levels: dict[str, set[int]] = {}
    first: dict[str, str] = {}
    for row in rows:
        levels.setdefault(first.setdefault(_same(sheet, row[column]), row[column]), set()).add(row.number)
    return {level: sorted(places) for level, places in levels.items()}


def _shown(levels: Mapping[str, Sequence[int]]) -> str:
    """Cells and their rows, at most four cells of five rows."""
    parts = []
    for level, rows in list(levels.items())[:4]:
        listed = ", ".join(map(str, rows[:5])) + (" ..." if len(rows) > 5 else "")
        parts.append(f"'{level}' in row{'s' if len(rows) > 1 else ''} {listed}")
    return "; ".join(parts) + (f"; and {len(levels) - 4} more" if len(levels) > 4 else "")


def _quoted(cell: str) -> str:
    """Write a cell as YAML reads it back."""
    return cell if re.fullmatch(r"[\w.]+([ -]+[\w.]+)*\??", cell) else "'" + cell.replace("'", "''") + "'"
