"""Units: doses by molecular weight, times, percent."""

from __future__ import annotations

import pytest

from il6infer._errors import UserError
from il6infer._units import DOSE_UNITS, READOUT_UNITS, TIME_UNITS, concentration_nM, minutes, readout, substances


@pytest.mark.parametrize(
    ("dose", "unit", "species", "expected"),
    [
        (10, "ng/ml", "IL6", 10 / 20.8),
        (10, "ng/mL", "IL6", 10 / 20.8),
        (40_000, "pg/ml", "IL6", 40 / 20.8),
        (0.5, "ug/ml", "sgp130Fc", 500 / 210),
        (0.5, "\N{MICRO SIGN}g/ml", "sgp130Fc", 500 / 210),
        (0.5, "\N{GREEK SMALL LETTER MU}g/mL", "sgp130Fc", 500 / 210),
        (25, "ng/ml", "sIL6R", 0.5),
        (56, "ng/ml", "HyperIL6", 1.0),
        (2, "nM", "IL6", 2.0),
        (480, "pM", "IL6", 0.48),
        (0, "ng/ml", "IL6", 0.0),
    ],
)
def test_dose_to_nanomolar(dose, unit, species, expected):
    assert concentration_nM(dose, unit, species) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("unit", ["ng/dl", "ng", "ng/ul", "nm", "NM", "mol", ""])
def test_no_unit_is_proposed_for_an_unknown_one(unit):
    with pytest.raises(UserError) as error:
        concentration_nM(10, unit, "IL6")
    known = "pg/ml, ng/ml, ug/ml, mg/ml, ng/l, ug/l, mg/l, fM, pM, nM, uM, mM"
    assert str(error.value) == f"unknown dose unit '{unit}'. Known: {known}."


@pytest.mark.parametrize(
    ("unit", "same"),
    [("nmol/l", "nM"), ("nmol/L", "nM"), ("pmol/l", "pM"), ("umol/l", "uM"), ("µmol/L", "uM"), ("fmol/l", "fM"),
     ("ng/L", "pg/ml"), ("ug/l", "ng/ml"), ("mg/L", "ug/ml"), ("ng/mL", "ng/ml"), ("μg/ml", "ug/ml")],
)  # fmt: skip
def test_spellings_of_one_unit(unit, same):
    assert concentration_nM(3, unit, "IL6") == pytest.approx(concentration_nM(3, same, "IL6"), rel=1e-12)


def test_femtomolar():
    assert concentration_nM(250, "fM", "IL6") == pytest.approx(2.5e-4)


def test_unit_case_matters():
    with pytest.raises(UserError, match="^unknown dose unit 'nm'"):
        concentration_nM(10, "nm", "IL6")


def test_unknown_species_names_the_nearest():
    with pytest.raises(UserError) as error:
        concentration_nM(10, "nM", "IL-6")
    assert str(error.value) == (
        "unknown species 'IL-6'. Did you mean 'IL6'? "
        "Known: HyperIL6, IL6, actinomycinD, anti_IL6, cycloheximide, ruxolitinib, sIL6R, sgp130, sgp130Fc, stattic, "
        "tocilizumab."
    )


def test_every_weight_has_a_source_and_lies_in_its_range():
    for substance in substances().values():
        assert substance.low <= substance.mass <= substance.high
        assert substance.source
        computed = substance.source.startswith(("computed from C", "assumption"))
        assert substance.doi or computed or substance.species in ("HyperIL6", "sgp130")
    assert "assumption" in substances()["sgp130Fc"].source


def test_times():
    assert minutes(1.5, "h") == pytest.approx(90)
    assert minutes(90, "s") == pytest.approx(1.5)
    assert minutes(7, "min") == 7
    with pytest.raises(UserError) as error:
        minutes(1, "hours")
    assert str(error.value) == "unknown time unit 'hours'. Known: s, min, h, d."


def test_conversions_are_those_of_pint():
    pint = pytest.importorskip("pint").UnitRegistry()
    for unit in DOSE_UNITS:
        for species, substance in substances().items():
            dose = pint.Quantity(7.0, unit)
            molar = dose / pint.Quantity(substance.mass, "kg/mol") if dose.check("[mass] / [volume]") else dose
            assert concentration_nM(7.0, unit, species) == pytest.approx(molar.to("nM").magnitude, rel=1e-12)
    for unit in TIME_UNITS:
        assert minutes(7.0, unit) == pytest.approx(pint.Quantity(7.0, unit).to("min").magnitude, rel=1e-12)


def test_percent_becomes_fraction():
    value, unit = readout(55.7, "percent")
    assert (value, unit) == (pytest.approx(0.557), "fraction")


@pytest.mark.parametrize("unit", [unit for unit in READOUT_UNITS if unit not in ("percent", *DOSE_UNITS)])
def test_other_readout_units_stay(unit):
    assert readout(3.0, unit) == (3.0, unit)


@pytest.mark.parametrize("unit", DOSE_UNITS)
def test_concentrations_of_read_outs_are_those_of_doses(unit):
    value, found = readout(3.0, unit, substances()["IL6"].mass)
    assert (value, found) == (pytest.approx(concentration_nM(3.0, unit, "IL6"), rel=1e-12), "nM")


def test_no_mass_is_made_up():
    with pytest.raises(ValueError, match="no molecular weight for a read-out in pg/ml"):
        readout(3.0, "pg/ml")
