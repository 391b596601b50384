"""What is added to cells, as people write it: ``{"IL6": "10 ng/ml", "sgp130Fc": ["0 nM", "10 nM"]}``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from numbers import Real
from typing import Any

from il6infer._errors import Fault, UserError, raise_faults
from il6infer._units import concentration_nM
from il6infer.ingestion.protocol import Step
from il6infer.library.catalogue import shipped
from il6infer.library.genotypes import parameters_of_gene
from il6infer.prediction.claims import VirtualExperiment

Dose = str | float
"""A text such as ``"10 ng/ml"``, or a number in nM."""

_DOSE = re.compile(r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*(\D.*?)\s*")


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
        If it is not a dose.
    """
    if isinstance(dose, Real) and not isinstance(dose, bool):
        number, unit = float(dose), "nM"
    else:
        match = _DOSE.fullmatch(str(dose))
        if not match:
            raise UserError(
                f"dose of {species}: {dose!r} is not a dose. Write a number and a unit, such as '10 ng/ml'."
            )
        try:
            number, unit = float(match[1]), match[2]
        except ValueError:
            raise UserError(f"dose of {species}: {match[1]!r} is not a number.") from None
    if not 0 <= number < math.inf:
        raise UserError(f"dose of {species}: {dose!r} is below 0 or infinite.")
    return number if unit == "nM" else number * concentration_nM(1.0, unit, species)


def plans_of(
    doses: Mapping[str, Dose | Sequence[Dose]],
    *,
    at: Mapping[str, float],
    wash: Sequence[float],
    set_: Mapping[str, float],
    knock_out: Sequence[str],
) -> tuple[dict[tuple[float, ...], VirtualExperiment], dict[str, list[float]]]:
    """One plan for each combination of the varied doses.

    Parameters
    ----------
    doses
        Species -> dose, or doses of which each is simulated.
    at
        Species -> time [min] at which it is added; 0 by default.
    wash
        Times [min] at which all that is dissolved is removed.

    Returns
    -------
    plans
        Concentrations [nM] of the varied species -> plan.
    dimensions
        Varied species -> its concentrations [nM], in the order given.
    """
    unknown = [Fault(f"time of '{name}'", "it is not among the doses.") for name in at if name not in doses]
    raise_faults(unknown, "doses")
    found = {name: [concentration(name, dose) for dose in _listed(given)] for name, given in doses.items()}
    varied = {name: found[name] for name, given in doses.items() if not _is_one(given)}
    fixed = {name: several[0] for name, several in found.items() if name not in varied}
    lacking = tuple(p for name in knock_out for p in parameters_of_gene(name, shipped()))
    plans = {}
    for key in product(*varied.values()):
        steps = [*_washes(wash), *_additions(fixed | dict(zip(varied, key, strict=True)), at)]
        steps.sort(key=lambda step: step.time_min)  # stable: a wash comes before what is added at its time
        plans[key] = VirtualExperiment("", tuple(steps), dict(set_), lacking, (), (), {})
    return plans, varied


def _is_one(given: Any) -> bool:
    """Whether it is one dose; numpy's numbers are `Real`, too."""
    return isinstance(given, str | Real)


def _listed(given: Any) -> Sequence[Dose]:
    return [given] if _is_one(given) else given


def _washes(times: Sequence[float]) -> Iterator[Step]:
    for time in times:
        yield Step("", float(time), "wash", "", None, None, "", 0)


def _additions(doses: Mapping[str, float], at: Mapping[str, float]) -> Iterator[Step]:
    for species, dose in doses.items():
        yield Step("", float(at.get(species, 0.0)), "add", species, dose, dose, "nM", 0)


def grid(times: Any) -> list[float]:
    """Check times [min]: at least one, increasing, none before 0.

    Raises
    ------
    UserError
        If they are not.
    """
    found = [float(time) for time in times]
    if not found or any(b <= a for a, b in zip(found, found[1:], strict=False)) or not found[0] >= 0:
        raise UserError(f"times: increasing numbers from 0 on were expected [min], found {found[:5]}.")
    return found
