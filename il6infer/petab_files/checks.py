"""What rows of PEtab tables must hold in both versions: values, times, bounds, names that mean nothing."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping

from il6infer._errors import Fault, nearest, raise_faults
from il6infer.petab_files.cells import Line, optional, real
from il6infer.petab_files.package import ValidationIssueSeverity, petab
from il6infer.problems.families import FAMILIES

logger = logging.getLogger("il6infer")

_ABOVE_ZERO = "Use normal noise, or leave out values that are not above zero."


def measured(line: Line, distribution: str, faults: list[Fault]) -> tuple[float, float] | None:
    """Read time and value of a measurement; None, and a fault, where one is missing or its noise excludes the value.

    Parameters
    ----------
    line
        Row of a measurement.
    distribution
        Of the noise of its observable, by PEtab's name.
    faults
        Takes what is wrong with it.
    """
    before = len(faults)
    time = real(line, "time", faults, infinite=("inf", "+inf"))
    value = real(line, "measurement", faults)
    if value is not None and value <= 0 and distribution.startswith("log-"):
        what = f"{line['measurement']} is impossible under {distribution} noise of '{line['observableId']}'."
        faults.append(line.fault("measurement", what, _ABOVE_ZERO))
    return None if time is None or value is None or len(faults) > before else (time, value)


def too_early(line: Line, start: float, faults: list[Fault]) -> None:
    """Refuse a measurement before its simulation starts.

    Parameters
    ----------
    line
        Row of a measurement whose time is a number.
    start
        Of its simulation, in the model's unit of time.
    faults
        Takes a time before it.
    """
    if float(line["time"]) < start:
        what = f"{line['time']} is before the simulation starts, at {start:g}."
        faults.append(line.fault("time", what, "Correct the time, or let the experiment start earlier."))


def overrides(line: Line, column: str, given: int, wanted: int, faults: list[Fault]) -> None:
    """Refuse another number of values than the observable has placeholders.

    Parameters
    ----------
    line
        Row of a measurement.
    column
        ``observableParameters`` or ``noiseParameters``.
    given
        Values in the cell.
    wanted
        Placeholders of the observable.
    faults
        Takes a difference of the two.
    """
    if given != wanted:
        kind = "observable" if column.startswith("observable") else "noise"
        what = f"'{line['observableId']}' takes {wanted} {kind} parameter{'' if wanted == 1 else 's'}, {given} given."
        formula = "formula" if kind == "observable" else "noise formula"
        if wanted == 0:
            remedy = f"Empty the cell: the {formula} has no placeholder."
        elif wanted == 1:
            remedy = f"Give one number or parameter: the {formula} has one placeholder."
        else:
            remedy = f"Give {wanted} numbers or parameters, separated by ';': the {formula} has {wanted} placeholders."
        faults.append(line.fault(column, what, remedy))


def bounds(line: Line, *, estimate: bool, logarithmic: bool, faults: list[Fault]) -> tuple[float | None, ...]:
    """Read lower bound, upper bound and nominal value of a parameter.

    Parameters
    ----------
    logarithmic
        Whether the parameter is uniform on a logarithmic scale, so that its bounds must be above zero.
    """
    before = len(faults)
    both = ("inf", "+inf", "-inf")
    lower, upper = (optional(line, column, faults, infinite=both) for column in ("lowerBound", "upperBound"))
    nominal = optional(line, "nominalValue", faults)
    if len(faults) > before:
        return lower, upper, nominal
    name = line["parameterId"]
    if not estimate:
        if nominal is None:
            remedy = "Give the value that it has, or estimate it."
            faults.append(line.fault("nominalValue", f"'{name}' is not estimated and has no value.", remedy))
        return lower, upper, nominal
    for column, bound in (("lowerBound", lower), ("upperBound", upper)):
        if bound is None:
            faults.append(line.fault(column, f"'{name}' is estimated and has no bound.", "Give one."))
        elif logarithmic and bound <= 0:
            what = f"{line[column]} on a logarithmic scale, where bounds must be above zero."
            faults.append(line.fault(column, what, "Give a bound above zero, or another scale or prior."))
    if lower is not None and upper is not None and lower > upper:
        what = f"{line['lowerBound']} is above the upper bound, {line['upperBound']}."
        faults.append(line.fault("lowerBound", what, "Exchange them."))
    elif lower is not None and lower == upper:
        what = f"{line['lowerBound']} is the upper bound, too, which leaves nothing to estimate."
        faults.append(line.fault("lowerBound", what, "Set estimate to false, or widen the bounds."))
    if (
        len(faults) == before
        and nominal is not None
        and lower is not None
        and upper is not None
        and not lower <= nominal <= upper
    ):
        logger.warning(
            "%s: %s lies outside of the bounds of '%s', %s to %s: a fit does not start there.",
            line.where("nominalValue"), line["nominalValue"], name, line["lowerBound"], line["upperBound"],
        )  # fmt: skip
    return lower, upper, nominal


def flag(line: Line, words: Mapping[str, bool], faults: list[Fault]) -> bool:
    """Read whether a parameter is estimated.

    Parameters
    ----------
    line
        Row of a parameter.
    words
        Word -> what it means; the first two are named in the message.
    faults
        Takes any other.
    """
    text = line["estimate"].lower()
    if text not in words:
        faults.append(line.fault("estimate", f"'{line['estimate']}': {' or '.join(list(words)[:2])} was expected."))
    return words.get(text, False)


def word(line: Line, column: str, words: Iterable[str], default: str, faults: list[Fault]) -> str:
    """Read one of `words` in a cell; `default` where it is empty.

    Parameters
    ----------
    line
        The row.
    column
        Of the cell.
    words
        What may stand there.
    default
        What an empty cell means.
    faults
        Takes what is wrong with it.
    """
    words = list(words)
    if not line.blank(column) and line[column] not in words:
        faults.append(line.fault(column, f"'{line[column]}'.", nearest(line[column], words)))
        return default
    return default if line.blank(column) else line[column]


def prior_parameters(line: Line, column: str, prior: str, values: Collection[float], faults: list[Fault]) -> None:
    """Refuse another number of parameters than a prior of PEtab v2 has, and values that it cannot have.

    Parameters
    ----------
    line
        The row.
    column
        Of the cell.
    prior
        Its name in PEtab v2; empty where there is none.
    values
        What the cell gives.
    faults
        Takes what is wrong with it.
    """
    if not prior:
        return
    wanted = len(FAMILIES[prior].parameters)
    if len(values) != wanted:
        what = f"{prior} has {wanted} parameter{'' if wanted == 1 else 's'}, {len(values)} given."
        faults.append(line.fault(column, what, "Separate several with ';'."))
    else:
        prior_values(line, column, prior, tuple(values), faults)


def prior_values(line: Line, column: str, prior: str, values: tuple[float, ...], faults: list[Fault]) -> None:
    """Refuse values that a prior of that name cannot have.

    Parameters
    ----------
    line
        The row.
    column
        Of the cell.
    prior
        Its name in PEtab v2.
    values
        As many as the prior has parameters, in PEtab's order.
    faults
        Takes what is wrong with it.
    """
    family = FAMILIES[prior]
    if family.ordered and not values[0] < values[1]:
        faults.append(line.fault(column, f"'{line[column]}': the first must be below the second.", "Exchange them."))
    for name, value in zip(family.parameters, values, strict=True):
        if name in family.positive and not value > 0:
            what = f"'{line[column]}': {name} of a {prior} prior is {value:g}, which must be above zero."
            faults.append(line.fault(column, what))


def refuse_by_petab(problem: petab.Problem, name: str, subject: str) -> None:
    """Refuse what petab's own linter refuses.

    Parameters
    ----------
    problem
        In petab's own form.
    name
        Of the problem's file.
    subject
        What the message is about.

    Raises
    ------
    UserError
        With every error that it reports.
    """
    theirs = logging.getLogger("petab")
    level = theirs.level
    theirs.setLevel(logging.CRITICAL)
    try:
        issues = problem.validate()
    finally:
        theirs.setLevel(level)
    found = [issue for issue in issues if issue.level >= ValidationIssueSeverity.ERROR]
    raise_faults([Fault(name, " ".join(issue.message.split())) for issue in found], subject)
