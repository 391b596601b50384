"""The objects of petab that rows of tables become, and the rows that they came from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from il6infer.petab_files.cells import Line
from il6infer.petab_files.package import petab

LN10 = math.log(10.0)


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
