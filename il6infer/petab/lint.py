"""Petab's own linter, with its findings as one message."""

from __future__ import annotations

import logging
from pathlib import Path

from petab.v2.lint import ValidationIssueSeverity

from il6infer._errors import Fault, raise_faults
from il6infer.petab.files import is_first_version, read_problem_file
from il6infer.petab.read import read
from il6infer.problem.spec import Problem


def check(path: Path) -> Problem:
    """Read a PEtab problem that neither its linter nor our reader refuses; v1 is linted as it is converted.

    Raises
    ------
    UserError
        With every error that petab reports.
    """
    problem, translated = read(path)  # a file that cannot be read at all has a clearer message there
    if is_first_version(read_problem_file(path)):
        return translated
    quiet = logging.getLogger("petab")
    level = quiet.level
    quiet.setLevel(logging.CRITICAL)
    try:
        issues = problem.validate()
    finally:
        quiet.setLevel(level)
    raise_faults(
        [
            Fault(path.name, " ".join(issue.message.split()))
            for issue in issues
            if issue.level >= ValidationIssueSeverity.ERROR
        ],
        f"PEtab problem {path.parent}",
    )
    return translated
