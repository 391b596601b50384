"""Doses as people write them: ``"10 ng/ml"``, or a number in nM."""

from __future__ import annotations

import math
import re
from numbers import Real

from il6infer._errors import UserError
from il6infer._numbers import VANISHES, vanishes
from il6infer._units import concentration_nM

Dose = str | float
"""A text such as ``"10 ng/ml"``, or a number in nM."""

_DOSE = re.compile(r"\s*([-+]?[\d.,]+(?:[eE][-+]?\d+)?)\s*([^\d\s.,].*?)\s*")


def concentration(species: str, dose: Dose) -> float:
    """Give a dose in nM.

    Parameters
    ----------
    species
        Id of what is added; a dose by mass is divided by its molecular weight.
    dose
        Number with a unit (``pg/ml``, ``ng/ml``, ``ug/ml``, ``pM``, ``nM``, ``uM``), or a bare number in nM.

    Raises
    ------
    UserError
        If it is not a dose; the message leaves it to the caller to say of what.
    """
    if isinstance(dose, Real) and not isinstance(dose, bool):
        number, unit = float(dose), "nM"
    else:
        match = _DOSE.fullmatch(str(dose))
        if not match:
            raise UserError(f"{dose!r} is not a dose. Write a number and a unit, such as '10 ng/ml'.")
        if "," in match[1]:
            raise UserError(f"is the comma of {dose!r} a decimal? Write a point, and no thousands.")
        if vanishes(match[1]):
            raise UserError(f"{dose!r} {VANISHES}.")
        try:
            number, unit = float(match[1]), match[2]
        except ValueError:
            raise UserError(f"{match[1]!r} is not a number.") from None
    if not 0 <= number < math.inf:
        raise UserError(f"{dose!r} is below 0 or infinite.")
    return number if unit == "nM" else number * concentration_nM(1.0, unit, species)
