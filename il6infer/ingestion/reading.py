"""What every assay's reader hands back, and the checks that all of them share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from il6infer._errors import Fault
from il6infer._tables import Row, Sheet, comma, not_a_number
from il6infer._units import minutes
from il6infer.ingestion.labels import Rows
from il6infer.ingestion.no_numbers import why_no_number, why_no_time

NOISES = ("lognormal", "normal", "laplace", "log-laplace", "student-t", "log-student-t")
LOGARITHMIC = ("lognormal", "log-laplace", "log-student-t")
"""Distributions of the measurement error, as descriptions name them, and those of the logarithm of a value."""

CENSORED = ("", "below", "above")


class Value(NamedTuple):
    """One measured value; there can be 100,000 of them, and a tuple is made three times as fast as a dataclass.

    Attributes
    ----------
    noise
        One of `NOISES`: ``lognormal`` (the natural logarithm of the value is normal), ``normal``, and the same two with
        the heavy tails of a Laplace distribution or of Student's t with four degrees of freedom.
    scale, offset
        Whether the value is known up to a factor, and up to a constant background, of its gel or plate.
    detection_limit
        Lower limit in the value's unit, None where the assay states none.
    row
        Row of the raw file as a spreadsheet shows it.
    rows
        All rows that the value is the mean of; empty: `row` alone.
    censored
        ``below`` or ``above`` where `value` is a limit and the measurement lies on that side of it; else empty.
    error
        Standard deviation that is known of this value, besides the noise of the read-out, on the scale of that (of the
        natural logarithm for lognormal); None where the file states none.
    scale_sd
        Standard deviation of ln of the factor near 1 that a calibration leaves to all values of a gel or plate; None
        where the value is as it stands, or known up to any factor (`scale`).
    """

    observable: str
    condition: str
    time_min: float
    value: float
    unit: str
    noise: str
    scale: bool
    offset: bool
    row: int
    detection_limit: float | None = None
    rows: tuple[int, ...] = ()
    censored: str = ""
    error: float | None = None
    scale_sd: float | None = None


@dataclass(frozen=True)
class Dropped:
    """A cell that gave no value.

    Attributes
    ----------
    detection_limit
        That it lies below, where that is known.
    side
        Where the value that is missing would lie: ``below`` or ``above`` the range; empty where nothing says so.
    """

    observable: str
    row: int
    reason: str
    detection_limit: float | None = None
    side: str = ""


@dataclass(frozen=True)
class Reading:
    """Content of one raw file.

    Attributes
    ----------
    conditions
        Measured condition -> first row that has it; None when the file could not be understood that far.
    times
        Condition -> its earliest time [min] and the row that has it.
    quality
        Numbers for the report, e.g. lane-to-lane variation.
    placed
        Whether condition and time of every row could be read.
    passed_over, ignored
        Columns that nobody named, and those that the description lists under ``ignore``.
    notes
        What a reader of the values must know besides.
    steps
        Condition -> rows of a protocol, of conditions that say by themselves what is done.
    sheet
        The rows that were read, with the assay's columns.
    """

    values: tuple[Value, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    faults: tuple[Fault, ...] = ()
    conditions: Mapping[str, int] | None = None
    times: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    placed: bool = True
    passed_over: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    steps: Mapping[str, Rows] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sheet: Sheet | None = None


SERIALS = (36526, 55153)
"""Days that spreadsheets count from 30 December 1899: 2000 to 2050; as minutes, 25 days and more."""


class Collector:
    """Gathers values, dropped cells and faults of one sheet while a reader walks through it."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.values: list[Value] = []
        self.dropped: list[Dropped] = []
        self.faults: list[Fault] = []
        self.conditions: dict[str, int] = {}
        self.times: dict[str, tuple[float, int]] = {}
        self.placed = True
        self._minutes: dict[tuple[str, str], float] = {}

    def fault(self, row: Row, column: str, what: str, remedy: str = "") -> None:
        """Note a fault of one cell.

        Parameters
        ----------
        row
            The row.
        column
            Of the cell.
        what
            What is wrong.
        remedy
            What to do about it; empty where that is plain.
        """
        self.faults.append(Fault(self.sheet.where(row, column), what, remedy))

    def number(self, row: Row, column: str, what: str = "") -> float | None:
        """Read the number in a cell; a fault and None when it is none.

        Parameters
        ----------
        row
            The row.
        column
            Of the cell.
        what
            What the number is, for the message.
        """
        value = self.sheet.number(row[column])
        if value is None:
            self.faults.append(self._not_a_number(row, column, what))
        return value

    def _not_a_number(self, row: Row, column: str, what: str) -> Fault:
        """Describe the fault of a cell that should be a number; what its commas are is a question of the whole file."""
        fault = not_a_number(self.sheet, row, column, what)
        what, remedy = why_no_number(row[column])
        if remedy:
            return Fault(fault.where, what or fault.what, remedy)
        if (self.sheet.decimal, self.sheet.thousands) != (".", ""):
            marks = f"decimal '{self.sheet.decimal}'"
            marks += f", thousands '{self.sheet.thousands}'" if self.sheet.thousands else ""
            remedy = f"The numbers of the file are read with {marks}; 'decimal:' and 'thousands:' say otherwise."
            return Fault(fault.where, fault.what, remedy) if re.search(r"\d", row[column]) else fault
        if not comma(row[column]):
            return fault
        kinds = {comma(cell) for one in self.sheet.rows for cell in one.cells.values()}
        decimal, thousands = "'decimal: \",\"'", "'thousands: \",\"'"
        remedy = f"Thousands or decimals? Say {decimal} or {thousands} for this file."
        if {"decimal", "thousands"} <= kinds:
            remedy = "The file has decimal commas and commas of thousands: write all its numbers in one way."
        elif "decimal" in kinds:
            remedy = f"Say {decimal} for this file."
        elif "thousands" in kinds:
            remedy = f"Say {thousands} for this file."
        return Fault(fault.where, fault.what, remedy)

    def time(self, row: Row, column: str, unit: str) -> float | None:
        """Read the time in a cell [min]; dates of spreadsheets and times of day are faults.

        Parameters
        ----------
        row
            The row.
        column
            Of the cell.
        unit
            Of the times of the file: s, min or h.
        """
        known = self._minutes.get((row[column], unit))
        if known is not None:
            return known
        found = self._time(row, column, unit)
        if found is not None:
            self._minutes[row[column], unit] = found
        return found

    def _time(self, row: Row, column: str, unit: str) -> float | None:
        text = row[column]
        if ":" in text and re.fullmatch(r"\d+:\d\d(:\d\d(\.\d*)?)?", text):
            remedy = "Hours and minutes, or minutes and seconds? Say 'time_unit: hh:mm' or 'time_unit: mm:ss'."
            if text.count(":") == 2 and "." not in text:
                remedy = "Say 'time_unit: hh:mm:ss' if these are hours, minutes and seconds since the stimulus."
            self.fault(row, column, f"'{text}' is not a number.", remedy)
            return None
        value = self.number(row, column)
        if value is None and (remedy := why_no_time(text, column)):
            self.faults[-1] = Fault(self.faults[-1].where, self.faults[-1].what, remedy)
        if value is not None and unit != "s" and SERIALS[0] <= value < SERIALS[1]:
            day = date(1899, 12, 30) + timedelta(days=int(value))
            what = (
                f"{text} {unit} is {minutes(value, unit) / 1440:.0f} days: it looks like a spreadsheet's date ({day})."
            )
            self.fault(row, column, what, "Write the time since the stimulus as a number.")
            return None
        if value is None:
            return None
        found = minutes(value, unit)
        if unit not in ("h", "d"):
            return found
        whole, digits = round(found), len(re.split("[eE]", text)[0].partition(self.sheet.decimal)[2])
        # 0.0833333 h, a twelfth to its last digit, is 5 min
        last = (31 if unit == "h" else 1500) * 10.0**-digits
        return float(whole) if digits > 3 and abs(found - whole) <= last else found

    def intensity(self, row: Row, column: str, *, divisor: bool = False, signed: bool = False) -> float | None:
        """Read the intensity in a cell; negative ones are faults unless `signed`; a `divisor` must be above zero.

        Parameters
        ----------
        row
            The row.
        column
            Of the cell.
        divisor
            Whether other values are divided by this one.
        signed
            Whether a background may have been subtracted.
        """
        value = self.number(row, column)
        if value is not None and value < 0 and (divisor or not signed):
            remedy = "Export intensities without subtraction of a background"
            remedy += "." if divisor else " (and say 'offset: true'), or say 'noise: normal'."
            self.fault(row, column, f"negative intensity {row[column]}.", remedy)
            return None
        if divisor and value == 0:
            self.fault(row, column, "zero, and other values are divided by it.", "Remove the row or correct it.")
            return None
        return value

    def condition(self, row: Row, column: str) -> str | None:
        """Read the condition named in a cell; a fault and None when it is empty."""
        if not row[column]:
            self.fault(row, column, "the cell is empty, a condition is expected.")
            return None
        return row[column]

    def measured(self, row: Row, condition: str | None, time: float | None) -> None:
        """Remember that `condition` is measured at `time` [min].

        Parameters
        ----------
        row
            The row.
        condition
            None where the cell has none.
        time
            In min; None where the cell has none.
        """
        self.placed = self.placed and condition is not None and time is not None
        if condition is None:
            return
        self.conditions.setdefault(condition, row.number)
        if time is not None and time < self.times.get(condition, (float("inf"), 0))[0]:
            self.times[condition] = (time, row.number)

    def positive(self, row: Row, column: str, value: float, noise: str, *, offset: bool = False) -> bool:
        """Tell whether log-normal noise can have made `value`; a fault when not.

        Parameters
        ----------
        row
            The row.
        column
            Of the cell.
        value
            In the unit of the file.
        noise
            One of `NOISES`.
        offset
            Whether the description says that values have a background.
        """
        if noise not in LOGARITHMIC or value > 0:
            return True
        remedy = "Choose 'noise: normal', or give values with their background and 'offset: true'."
        if offset:
            remedy = "A background was subtracted, or the band was cut off at it: give values with their background, "
            remedy += "or choose 'noise: normal'."
        self.fault(row, column, f"value {value:.6g} cannot have {noise} noise.", remedy)
        return False

    def reading(self, quality: Mapping[str, float] | None = None) -> Reading:
        """Freeze everything gathered."""
        return Reading(
            tuple(self.values),
            tuple(self.dropped),
            tuple(self.faults),
            dict(self.conditions),
            dict(self.times),
            dict(quality or {}),
            self.placed,
        )


def variation(values: list[float]) -> float:
    """Compute the coefficient of variation (sample standard deviation / mean); 0 for fewer than two values."""
    if len(values) < 2:
        return 0.0
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return variance**0.5 / mean
