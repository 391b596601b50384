"""Unit conversions, checked by pint: doses to nM by molecular weight, times to min, percent to fraction."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from il6infer._errors import UserError, nearest

if TYPE_CHECKING:
    import pint

DOSE_UNITS = ("pg/ml", "ng/ml", "ug/ml", "pM", "nM", "uM")
"""Units in which a protocol may give a dose."""
TIME_UNITS = ("s", "min", "h")
"""Units in which a file may give its times."""
READOUT_UNITS = ("a.u.", "ratio", "relative", "fraction", "percent", "nM", "molecules/cell")
"""Units in which a file may give its values; percent becomes fraction."""


@dataclass(frozen=True)
class Substance:
    """A substance of the medium and its molecular weight.

    Attributes
    ----------
    mass, low, high
        Molecular weight used for conversion, and its published range [kDa].
    source, doi, note
        Where the number comes from; `doi` is empty where none exists.
    """

    species: str
    name: str
    mass: float
    low: float
    high: float
    source: str
    doi: str
    note: str


@cache
def substances() -> Mapping[str, Substance]:
    """Give the substances that a protocol may name, by species id of the models (``molecular_weights.csv``)."""
    text = (resources.files("il6infer") / "ingest" / "molecular_weights.csv").read_text(encoding="utf-8")
    table = {
        row["species"]: Substance(
            species=row["species"],
            name=row["name"],
            mass=float(row["mass_kDa"]),
            low=float(row["low_kDa"]),
            high=float(row["high_kDa"]),
            source=row["source"],
            doi=row["doi"],
            note=row["note"],
        )
        for row in csv.DictReader(text.splitlines())
    }
    return MappingProxyType(table)


@cache
def _registry() -> pint.UnitRegistry:
    import pint

    return pint.UnitRegistry()


def _in(quantity: Any, unit: str) -> float:
    return float(quantity.to(unit).magnitude)


def _known(unit: str, units: tuple[str, ...], kind: str) -> str:
    """Return `unit` in this project's spelling (mL is ml, the micro sign is u), or raise a `UserError`."""
    plain = unit.strip().replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u").replace("/mL", "/ml")
    if plain not in units:
        raise UserError(f"unknown {kind} unit '{unit}'. {nearest(plain, units)}")
    return plain


def concentration_nM(dose: float, unit: str, species: str) -> float:
    """Convert a dose to a molar concentration.

    Parameters
    ----------
    dose
        Amount in `unit`.
    unit
        One of `DOSE_UNITS`; ``ng/mL`` and the micro sign are understood.
    species
        One of `substances`.

    Returns
    -------
    float
        Concentration [nM]; mass concentrations are divided by the molecular weight of `species`.

    Raises
    ------
    UserError
        Unknown unit or species, with the nearest known name.

    Examples
    --------
    >>> round(concentration_nM(10, "ng/ml", "IL6"), 4)
    0.4808
    """
    plain = _known(unit, DOSE_UNITS, "dose")
    if species not in substances():
        raise UserError(f"unknown species '{species}'. {nearest(species, substances())}")
    registry = _registry()
    quantity = registry.Quantity(dose, plain)
    if quantity.check("[mass] / [volume]"):
        quantity = quantity / registry.Quantity(substances()[species].mass, "kg/mol")
    return _in(quantity, "nM")


def minutes(time: float, unit: str) -> float:
    """Convert a time to min; `unit` is one of `TIME_UNITS`."""
    plain = _known(unit, TIME_UNITS, "time")
    return time if plain == "min" else _in(_registry().Quantity(time, plain), "min")


def readout(value: float, unit: str) -> tuple[float, str]:
    """Give value and unit as the measurement table holds them: percent becomes fraction, all else stays."""
    plain = _known(unit, READOUT_UNITS, "read-out")
    if plain == "percent":
        return _in(_registry().Quantity(value, "percent"), "dimensionless"), "fraction"
    return value, plain
