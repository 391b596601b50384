"""Unit conversions: doses to nM by molecular weight, times to min, percent to fraction."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from il6infer._errors import UserError, nearest

# Written out, for pint takes longer to start than most of what asks it; a test holds the numbers against it.
_UG_PER_L = MappingProxyType(
    {"pg/ml": 1e-3, "ng/ml": 1.0, "ug/ml": 1e3, "mg/ml": 1e6, "ng/l": 1e-3, "ug/l": 1.0, "mg/l": 1e3}
)
_NM = MappingProxyType({"fM": 1e-6, "pM": 1e-3, "nM": 1.0, "uM": 1e3, "mM": 1e6})
_MIN = MappingProxyType({"s": 1 / 60, "min": 1.0, "h": 60.0, "d": 1440.0})

DOSE_UNITS = (*_UG_PER_L, *_NM)
"""Units in which a protocol may give a dose."""
TIME_UNITS = tuple(_MIN)
"""Units in which a file may give its times."""
READOUT_UNITS = ("a.u.", "ratio", "relative", "fraction", "percent", "molecules/cell", *DOSE_UNITS)
"""Units in which a file may give its values; percent becomes fraction, concentrations become nM."""


@dataclass(frozen=True)
class Substance:
    """A substance of the medium and its molecular weight.

    Attributes
    ----------
    mass, low, high
        Molecular weight used for conversion, and its published range [kDa].
    source, doi, note
        Where the number comes from; `doi` is empty where none exists.
    also
        What else people write for it.
    """

    species: str
    name: str
    mass: float
    low: float
    high: float
    source: str
    doi: str
    note: str
    also: tuple[str, ...] = ()


@cache
def substances() -> Mapping[str, Substance]:
    """Give the substances that a protocol may name, by species id of the models (``molecular_weights.csv``)."""
    text = (resources.files("il6infer") / "molecular_weights.csv").read_text(encoding="utf-8")
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
            also=tuple(name for name in row["also"].split(";") if name),
        )
        for row in csv.DictReader(text.splitlines())
    }
    return MappingProxyType(table)


def species_of(name: str) -> str:
    """Species id that people's names for a substance mean (IL-6, Hyper-IL-6, Tocilizumab); the name itself for none."""
    return _species().get(_folded(name), name)


@cache
def _species() -> Mapping[str, str]:
    return {
        _folded(word): species
        for species, substance in substances().items()
        for word in (species, substance.name.split(",")[0], *substance.also)
    }


def _folded(name: str) -> str:
    plain = name.casefold().replace("\N{GREEK SMALL LETTER ALPHA}", "a")
    return re.sub(r"[^a-z0-9]", "", plain)


@cache
def _known(unit: str, units: tuple[str, ...], kind: str) -> str:
    """Return `unit` in this project's spelling (mL is ml, nmol/l is nM), or raise a `UserError`.

    No unit is proposed in place of an unknown one: one letter is a factor of a thousand.
    """
    plain = unit.strip().replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
    plain = plain.replace("/mL", "/ml").replace("/L", "/l").replace(" per ", "/")
    plain = re.sub(r"^([fpnum])mol/l$", r"\1M", plain)
    if plain not in units:
        raise UserError(f"unknown {kind} unit '{unit}'. Known: {', '.join(units)}.")
    return plain


def concentration_nM(dose: float, unit: str, species: str) -> float:
    """Convert a dose to a molar concentration.

    Parameters
    ----------
    dose
        Amount in `unit`.
    unit
        One of `DOSE_UNITS`; ``ng/mL``, ``nmol/l`` and the micro sign are understood.
    species
        One of `substances`.

    Returns
    -------
    float
        Concentration [nM]; mass concentrations are divided by the molecular weight of `species`.

    Raises
    ------
    UserError
        Unknown unit, with all known ones; unknown species, with the nearest known name; a dose that is 0 or infinite
        in nM alone.

    Examples
    --------
    >>> round(concentration_nM(10, "ng/ml", "IL6"), 4)
    0.4808
    """
    plain = _known(unit, DOSE_UNITS, "dose")
    if species not in substances():
        raise UserError(f"unknown species '{species}'. {nearest(species, substances())}")
    # ug/l over kDa is nM
    found = dose * _NM[plain] if plain in _NM else dose * _UG_PER_L[plain] / substances()[species].mass
    if math.isfinite(dose) and not (math.isfinite(found) and bool(found) == bool(dose)):
        raise UserError(f"{dose:g} {unit} would be {found:g} nM. Is the unit right?")
    return found


def minutes(time: float, unit: str) -> float:
    """Convert a time to min; `unit` is one of `TIME_UNITS`."""
    return time * _MIN[_known(unit, TIME_UNITS, "time")]


def readout(value: float, unit: str, kDa: float | None = None) -> tuple[float, str]:
    """Give value and unit as the measurement table holds them.

    Percent becomes fraction; concentrations become nM, those of mass by the molecular weight `kDa`; all else stays.
    """
    plain = _known(unit, READOUT_UNITS, "read-out")
    if plain in _NM:
        return value * _NM[plain], "nM"
    if plain in _UG_PER_L:
        if kDa is None:
            raise ValueError(f"no molecular weight for a read-out in {unit}")
        return value * _UG_PER_L[plain] / kDa, "nM"
    return (value / 100, "fraction") if plain == "percent" else (value, plain)


def by_mass(unit: str) -> bool:
    """Tell whether a unit of concentration counts mass, so that a molecular weight turns it into nM."""
    return unit in _UG_PER_L
