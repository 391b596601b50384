"""What every assay's reader hands back, and the checks that all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from il6infer._errors import Fault
from il6infer._tables import Row, Sheet, not_a_number, number

NOISES = ("lognormal", "normal")


@dataclass(frozen=True)
class Value:
    """One measured value.

    Attributes
    ----------
    noise
        ``lognormal`` (the natural logarithm of the value is normal) or ``normal``.
    scale, offset
        Whether the value is known up to a factor, and up to a constant background, of its gel or plate.
    detection_limit
        Lower limit in the value's unit, None where the assay states none.
    row
        Row of the raw file as a spreadsheet shows it.
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


@dataclass(frozen=True)
class Dropped:
    """A cell that gave no value: why, and the detection limit it lies below where that is known."""

    observable: str
    row: int
    reason: str
    detection_limit: float | None = None


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
    """

    values: tuple[Value, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    faults: tuple[Fault, ...] = ()
    conditions: Mapping[str, int] | None = None
    times: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    placed: bool = True


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

    def fault(self, row: Row, column: str, what: str, remedy: str = "") -> None:
        """Note a fault of one cell."""
        self.faults.append(Fault(self.sheet.where(row, column), what, remedy))

    def number(self, row: Row, column: str) -> float | None:
        """Read the number in a cell; a fault and None when it is none."""
        value = number(row[column])
        if value is None:
            self.faults.append(not_a_number(self.sheet, row, column))
        return value

    def intensity(self, row: Row, column: str, *, divisor: bool = False) -> float | None:
        """Read the intensity in a cell; negative ones are faults, and a `divisor` must be above zero."""
        value = self.number(row, column)
        if value is not None and value < 0:
            self.fault(row, column, f"negative intensity {row[column]}.", "Export intensities without subtraction.")
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
        """Remember that `condition` is measured at `time` [min]."""
        self.placed = self.placed and condition is not None and time is not None
        if condition is None:
            return
        self.conditions.setdefault(condition, row.number)
        if time is not None and time < self.times.get(condition, (float("inf"), 0))[0]:
            self.times[condition] = (time, row.number)

    def positive(self, row: Row, column: str, value: float, noise: str) -> bool:
        """Tell whether log-normal noise can have made `value`; a fault when not."""
        if noise != "lognormal" or value > 0:
            return True
        self.fault(
            row,
            column,
            f"value {value:.6g} cannot have lognormal noise.",
            "Choose 'noise: normal', or give values with their background and 'offset: true'.",
        )
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
