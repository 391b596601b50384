"""From the table in a file to the columns that an assay reads: names, labels, layout, times, bands, conditions."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from il6infer._errors import Fault, nearest
from il6infer._tables import Row, Sheet, number
from il6infer.ingestion.bands import Joined, added, renamed
from il6infer.ingestion.dosed import with_doses
from il6infer.ingestion.formats.format import bare, known_as, plain, time_unit, told_time_unit
from il6infer.ingestion.genotyped import with_kinds
from il6infer.ingestion.labels import is_medium, is_nothing, parse_label
from il6infer.ingestion.layout import well_of
from il6infer.ingestion.taking import ConditionOf, Take
from il6infer.ingestion.times import spoken_time

CLOCKS: Mapping[str, float] = {"hh:mm": 60.0, "mm:ss": 1.0, "hh:mm:ss": 60.0}
"""Ways to write times with colons -> minutes of what stands before the first."""
KEYS = ("lane", "well", "sample", "replicate", "gene", "band", "condition", "time", "time_min", "tube", "peak")
MOST_HOURS = 96.0
"""Courses of hours are no longer; times up to here, of which one is no multiple of 5, are minutes or hours."""
LEFT_OUT = "condition left out by the description"
NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(\.\d{3})+(?![\d.,])")


def with_names(joined: Joined, take: Take) -> None:
    """Add constant columns, give columns the names that the description has for them, and read labels."""
    sheet = joined.sheet
    for name, header in take.columns.items():
        if header not in sheet.columns:
            alike = [column for column in sheet.columns if plain(column) == plain(header)]
            if len(alike) != 1:
                what = f"column '{header}' (columns, {name}) is missing."
                joined.faults.append(Fault(sheet.name, what, nearest(header, sheet.columns)))
                continue
            header = alike[0]
        if name in sheet.columns and name != header:
            what = f"the file has a column '{name}', and '{header}' is to be called so."
            joined.faults.append(Fault(sheet.name, what, "Take it out of 'columns', or use the other."))
            continue
        if name in ("time", "time_min") and told_time_unit(header):
            joined.time_unit = told_time_unit(header)
        sheet = renamed(sheet, header, name)
    for name, cell in take.constants.items():
        if name in sheet.columns:
            joined.faults.append(
                Fault(sheet.name, f"the file has a column '{name}' (constants).", "Take it out of one.")
            )
        value = number(cell)
        sheet = added(sheet, {name: [cell if value is None else sheet.written(value)] * len(sheet.rows)})
        joined.used.add(name)
    joined.sheet = sheet
    for column, pattern in take.labels.items():
        _labels(joined, column, pattern)


def _labels(joined: Joined, column: str, pattern: str) -> None:
    sheet = joined.sheet
    alike = [c for c in sheet.columns if plain(c) == plain(column)] or [
        c for c in sheet.columns if known_as(c) == column
    ]
    header = column if column in sheet.columns else alike[0] if len(alike) == 1 else ""
    if not header:
        joined.faults += sheet.missing([column])
        return
    names = re.findall(r"{(\w+)}", pattern)
    if not names or len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
        what = f"the pattern '{pattern}' names nothing, or something twice."
        joined.faults.append(Fault(sheet.name, what, "Write it as in '{condition}_{time}_{replicate}'."))
        return
    parts = re.split(r"{\w+}", pattern)
    kinds = {"time": r"-?\d+(?:\.\d+)?\s*(?:s|min|h)?", "lane": r"\d+", "replicate": r"\w+?"}
    made = "".join(
        re.escape(part) + (f"(?P<{name}>{kinds.get(name, '.+' if name == 'condition' else '.+?')})" if name else "")
        for part, name in zip(parts, [*names, ""], strict=True)
    )
    read: dict[str, list[str]] = {name: [] for name in names}
    pattern_of = re.compile(made)
    for row in sheet.rows:
        found = pattern_of.fullmatch(row[header])
        if found is not None:
            for name in names:
                read[name].append(found[name].strip())
            continue
        if row.cells.get(joined.standard):
            for name in names:
                read[name].append("")
            continue
        if row[header] not in joined.exempt:
            what = f"'{row[header]}' is not written as '{pattern}'."
            remedy = "Correct it, or leave its row out by 'where'."
            joined.labels.setdefault(row.number, Fault(sheet.where(row, header), what, remedy))
        for name in names:
            read[name].append(row[header] if name == "condition" else "")
    joined.used |= {header, *names}
    clash = [
        name for name in names if name in sheet.columns and name != header and any(row[name] for row in sheet.rows)
    ]
    if clash:
        joined.faults.append(Fault(sheet.name, f"the file has a column '{clash[0]}' (labels).", "Call it otherwise."))
    joined.sheet = added(sheet, read)


def with_times(joined: Joined, column: str, unit: str, *, timed: bool, called: str = "") -> None:
    """Read times that carry their unit (``2 h``) or are written with colons, and find the column of the times.

    Parameters
    ----------
    column
        What the assay reads.
    unit
        That the description says, or the default.
    timed
        Whether the description says it.
    called
        What the description says that the file calls the column; empty where it does not say.
    """
    sheet = joined.sheet
    if called and called != column and column in sheet.columns:
        what = f"there is a column '{column}', and 'time: {called}' names another."
        joined.faults.append(Fault(sheet.name, what, "Take 'time:' out, or leave one of the columns out of the file."))
        return
    if called and called in sheet.columns:
        joined.time_unit = joined.time_unit or told_time_unit(called)
        sheet = renamed(sheet, called, column)
    if column not in sheet.columns and "time" in sheet.columns and column == "time_min" and _told(joined, "time"):
        sheet = renamed(sheet, "time", column)
    if column not in sheet.columns:
        alike = [c for c in sheet.columns if time_unit(c)] or [
            c
            for c in sheet.columns
            if plain(c).split(" ")[0] in ("time", "zeit", "temps")
            and (timed or told_time_unit(c) or any(spoken_time(row[c]) is not None for row in sheet.rows))
        ]
        if len(alike) == 1:
            joined.time_unit = joined.time_unit or told_time_unit(alike[0])
            sheet = renamed(sheet, alike[0], column)
    elif not joined.time_unit:
        joined.time_unit = told_time_unit(column) if column != "time_min" else ""
    joined.sheet = sheet
    if column not in sheet.columns:
        return
    if timed and joined.time_unit not in ("", unit) and unit not in CLOCKS:
        joined.notes.append(
            f"times: the file's header says {joined.time_unit}, the description {unit}, which is taken."
        )
    cells = [row[column] for row in sheet.rows]
    spoken = {cell: time for cell in set(cells) if (time := spoken_time(cell)) is not None}
    clock = unit if timed and unit in CLOCKS else joined.time_unit
    if spoken:
        bare = [row for row in sheet.rows if row[column] and row[column] not in spoken]
        bare = [row for row in bare if sheet.number(row[column]) != 0]  # which is 0 in any unit
        if bare:
            what = f"'{bare[0][column]}' has no unit, and other times of the file have one."
            joined.faults.append(Fault(sheet.where(bare[0], column), what, "Write all times in one way."))
        told = {cell: sheet.written(time) for cell, time in spoken.items()}
        cells = [told.get(cell, cell) for cell in cells]
        joined.sheet, joined.time_unit, joined.converted = added(sheet, {column: cells}), "min", True
    elif clock in CLOCKS and (not timed or unit in CLOCKS):
        cells = [_clock(sheet, cell, clock) for cell in cells]
        joined.sheet, joined.time_unit, joined.converted = added(sheet, {column: cells}), "min", True
    elif not timed and (joined.time_unit or unit) == "min":
        if not joined.time_unit and (called or column) != "time_min" and not _told(joined, column):
            _unsaid(joined, column, called or column)
        _hours(joined, column)


def _told(joined: Joined, column: str) -> bool:
    """Whether a column comes from the description (a label, a layout), whose times are in its unit."""
    return column in joined.used


def _unsaid(joined: Joined, column: str, header: str) -> None:
    """Refuse a file's own times of which nobody says what they are, and that may be hours; note that others are min."""
    sheet = joined.sheet
    times = {row[column]: value for row in sheet.rows if (value := sheet.number(row[column]))}  # 0 is 0 in any unit
    if not times:
        return
    if max(times.values()) <= MOST_HOURS and (odd := [cell for cell, value in times.items() if value % 5]):
        what = f"nothing says whether {odd[0]} is in minutes or in hours: neither this header nor the description."
        remedy = "Say 'time_unit: h', or 'time_unit: min'."
        joined.faults.append(Fault(f"{sheet.name}, column '{header}'", what, remedy))
        return
    joined.notes.append(f"times: nothing says the unit of column '{header}', read as min ('time_unit:' says it).")


def _clock(sheet: Sheet, cell: str, unit: str) -> str:
    found = re.fullmatch(r"(\d+):([0-5]\d)(?::([0-5]\d))?", cell)
    if not found or (unit == "hh:mm:ss") != bool(found[3]) and found[3] not in (None, "00"):
        return cell
    first, second, third = int(found[1]), int(found[2]), int(found[3] or 0)
    total = first + second / 60 if unit == "mm:ss" else 60 * first + second + third / 60
    return sheet.written(total)


def _hours(joined: Joined, column: str) -> None:
    """Refuse times that are thirds of an hour, sixtieths and the like, under a header that says minutes."""
    sheet = joined.sheet
    first = {row[column]: row for row in reversed(sheet.rows)}
    for row in sorted(first.values(), key=lambda row: row.number):
        value = sheet.number(row[column])
        digits = len(row[column].partition(sheet.decimal)[2])
        if value is None or digits < 4 or not 0 < value < 48:
            continue
        if abs(value * 60 - round(value * 60)) < 60 * 0.6 * 10**-digits and round(value * 60) % 5 == 0:
            what = f"{row[column]} min is {value * 60:.0f} min in hours, to the last digit."
            remedy = "Say 'time_unit: h', or 'time_unit: min' if it is right."
            joined.faults.append(Fault(sheet.where(row, column), what, remedy))
            return
        of_day = value * 1440
        if (
            digits > 4
            and value < 2
            and abs(of_day - round(of_day)) < 1440 * 1.1 * 10**-digits
            and round(of_day) % 5 == 0
        ):
            what = f"{row[column]} min is {of_day:.0f} min as a spreadsheet keeps them, a share of the day."
            remedy = "Say 'time_unit: d', or 'time_unit: min' if it is right."
            joined.faults.append(Fault(sheet.where(row, column), what, remedy))
            return


def with_house_names(joined: Joined, wanted: Collection[str]) -> None:
    """Give the columns that an assay reads and the file calls otherwise (``Lane``, ``Cq``) the assay's names."""
    for name in wanted:
        sheet = joined.sheet
        if not name or name in sheet.columns:
            continue
        alike = [column for column in sheet.columns if column not in wanted and plain(column) == plain(name)]
        alike = alike or [column for column in sheet.columns if column not in wanted and known_as(column) == name]
        alike = alike or [column for column in sheet.columns if column not in wanted and bare(column) == plain(name)]
        if len(alike) == 1:
            joined.sheet = renamed(sheet, alike[0], name)
    sheet = joined.sheet
    if "well" in sheet.columns and any(well_of(row["well"]) != row["well"] for row in sheet.rows):
        joined.sheet = added(sheet, {"well": [well_of(row["well"]) for row in sheet.rows]})


def with_conditions(joined: Joined, told: ConditionOf, protocol: Collection[str], unit: str) -> None:
    """Add the column ``condition``: what was done, and to which cells.

    Parameters
    ----------
    told
        What tells it.
    protocol
        Conditions whose steps the description gives; others may say theirs.
    unit
        Of the file's times.
    """
    _treated(joined, told, protocol, unit)
    if "condition" in joined.sheet.columns:
        with_kinds(joined, told.kinds, protocol)


def _treated(joined: Joined, told: ConditionOf, protocol: Collection[str], unit: str) -> None:
    """Add the column ``condition`` by what was done."""
    if not told.fixed and not told.read:
        with_house_names(joined, ["condition"])
    sheet = joined.sheet
    if "condition" in sheet.columns and "condition" not in told.read and (told.fixed or told.read):
        joined.sheet = sheet = renamed(sheet, "condition", "condition (of the file)")
    if told.fixed:
        joined.sheet = added(sheet, {"condition": [told.fixed] * len(sheet.rows)})
        _spoken(joined, told, protocol)
        return
    missing = sheet.missing(told.read)
    if missing:
        joined.faults += missing
        return
    joined.used |= set(told.read)
    if told.doses:
        with_doses(joined, told, unit)
        return
    if told.columns:
        cells: list[str] = []
        for row in sheet.rows:
            cells.append(_told_by(joined, row, told))
        joined.sheet = added(sheet, {"condition": cells})
    if "condition" in joined.sheet.columns:
        _spoken(joined, told, protocol)


def _told_by(joined: Joined, row: Row, told: ConditionOf) -> str:
    """Condition of a row that columns tell; a fault, or a row left out, gives none."""
    sheet = joined.sheet
    parts = [row[column] for column in told.columns]
    if row.cells.get(joined.standard):
        return ""
    if parts[0] in joined.exempt:
        return parts[0]
    for key, condition in (told.names or {}).items():
        keys = [key] if len(parts) == 1 else [one.strip() for one in key.split(",")]
        if len(keys) == len(parts) and all(_same(sheet, p, k) for p, k in zip(parts, keys, strict=True)):
            if condition is None:
                joined.left.append((row.number, LEFT_OUT))
            return condition or ""
    if all(parts) and told.names is None:
        return parts[0] if len(parts) == 1 else " + ".join(parts)
    if all(parts):
        column, what = told.columns[0], f"'{', '.join(parts)}' is not in the map of conditions."
        remedy = f"Known: {', '.join(told.names or {})}."
    else:
        column, what = told.columns[parts.index("")], "the cell is empty, a condition is expected."
        remedy = "Fill it in: no cell is taken from the one above."
        if told.names is not None:
            remedy = f"Fill it in, or give the map a key for it, '{', '.join(parts)}'."
    joined.faults.append(Fault(sheet.where(row, column), what, remedy))
    joined.faulty.add(row.number)
    return ""


def _perhaps_no_cells(joined: Joined, first: Mapping[str, Row]) -> set[str]:
    """Find wells of medium beside others to which nothing was added: without cells they are no cells at rest."""
    others = [text for text in first if is_nothing(text) and not is_medium(text)]
    found = {text for text in first if is_medium(text)} - joined.exempt
    wells = any("well" in (column, known_as(column)) for column in joined.sheet.columns)
    if not wells or not others or not found:
        return set()
    for text in sorted(found):
        what = f"'{text}' stands beside '{others[0]}': it may be cells in medium, or wells without cells."
        remedy = (
            f"Leave wells without cells out by 'where' (luciferase subtracts them: 'blank: {text}'); cells in it call "
        )
        remedy += "'resting', in the layout or by 'condition: {column: ..., map: {...}}'."
        joined.faults.append(Fault(joined.sheet.where(first[text], "condition"), what, remedy))
    return found


def _same(sheet: Sheet, cell: str, key: str) -> bool:
    value = sheet.number(cell)
    return cell == key or (value is not None and number(key) == value)


def _spoken(joined: Joined, told: ConditionOf, protocol: Collection[str]) -> None:
    """Read conditions that the protocol does not have as labels, which say what is done."""
    sheet = joined.sheet
    said: dict[str, str] = {}
    unknown: set[str] = set()
    first = {row["condition"]: row for row in reversed(sheet.rows)}
    for text, row in sorted(first.items(), key=lambda item: item[1].number):
        if not text or text in protocol or text in joined.exempt:
            continue
        label, why = parse_label(text)
        if label is not None and sheet.decimal == "," and (odd := _THOUSANDS.search(text)):
            label, why = (
                None,
                f"{odd[0]} may be a thousand, for the file has decimal commas: write the dose without a point",
            )
        said[text] = text
        if label is not None:
            said[text] = label.name
            joined.steps.setdefault(label.name, label.rows)
        elif not NAME.fullmatch(text) and sheet.number(text) is None:
            column = told.columns[0] if told.columns else "condition"
            what = f"'{text}' is neither a condition of the protocol nor doses: {why}."
            remedy = "Name it in a map ('condition: {column: ..., map: {...}}'), or write it as in "
            remedy += "'IL-6 10 ng/ml + sIL-6R 25 ng/ml'."
            joined.faults.append(Fault(sheet.where(row, column), what, remedy))
            unknown.add(text)
    unknown |= _perhaps_no_cells(joined, first)
    if unknown:
        joined.faulty |= {row.number for row in sheet.rows if row["condition"] in unknown}
    if any(text != name for text, name in said.items()):
        joined.sheet = added(sheet, {"condition": [said.get(row["condition"], row["condition"]) for row in sheet.rows]})
