"""The objects of petab that rows of tables become, and the rows that they came from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from il6infer.petab_files.cells import Line
from il6infer.petab_files.package import petab

LN10 = math.log(10.0)
_ARGUMENTS = ("cls", "_fields_set")
"""Names that pydantic takes for itself."""


@dataclass(frozen=True)
class Tables:
    """All tables of a problem, in the words of PEtab v2.

    Attributes
    ----------
    measurement_lines, observable_lines, parameter_lines
        Row of each.
    change_lines
        Condition and target -> row and column of the change.
    """

    parameters: list[petab.Parameter]
    observables: list[petab.Observable]
    conditions: list[petab.Condition]
    experiments: list[petab.Experiment]
    measurements: list[petab.Measurement]
    mappings: list[petab.Mapping]
    measurement_lines: list[Line]
    observable_lines: list[Line]
    parameter_lines: list[Line]
    change_lines: dict[tuple[str, str], tuple[Line, str]]


def given(line: Line, *but: str) -> dict[str, str]:
    """Cells that hold something, without those of the columns `but`."""
    return {column: text for column, text in line.cells.items() if text and column not in but}


def measurement(plain: Mapping[str, str], **checked: Any) -> petab.Measurement:
    """Make one of cells that were read and checked.

    petab's own validation would write each formula as text and parse it again: 0.25 ms a row, where a table has tens of
    thousands.

    Parameters
    ----------
    plain
        Column -> text; those that are none of PEtab's, such as ``datasetId``, are kept beside.
    checked
        Column -> value of the type that petab keeps.
    """
    named = {column: text for column, text in plain.items() if column not in _ARGUMENTS}
    return petab.Measurement.model_construct(**named, **checked)
