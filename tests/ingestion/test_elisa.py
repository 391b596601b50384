"""ELISA: known curves are found, samples are read from them, and what lies outside is not made up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from il6infer._tables import read_sheet
from il6infer.ingestion.assays import ASSAYS
from il6infer.ingestion.curves import fit_curve

LEVELS = np.repeat([0.0, 31.25, 62.5, 125, 250, 500, 1000, 2000], 2)
ENTRY = {"path": "f.csv", "assay": "elisa", "observable": "sIL6R_medium", "batch": "e1", "unit": "pg/ml"}
ENTRY |= {"signal": "od", "substance": "sIL6R"}


def logistic(x, bottom=0.05, span=3.0, half=600.0, slope=1.2, asymmetry=1.0):
    x = np.asarray(x, dtype=float)
    powers = np.zeros_like(x)
    powers[x > 0] = (1 + (half / x[x > 0]) ** slope) ** -asymmetry
    return bottom + span * powers


def plate(samples, signal=logistic, levels=LEVELS):
    """Text of a plate: standards, then samples as (name, condition, time, dilution, signal)."""
    rows = [f"S{n},std,,,{level:g},1,{signal(level)}" for n, level in enumerate(levels)]
    rows += [f"W{n},{s},{c},{t},,{d:g},{od}" for n, (s, c, t, d, od) in enumerate(samples)]
    return "\n".join(["well,sample,condition,time_min,standard,dilution,od", *rows]) + "\n"


def reading(folder, text, **keys):
    (folder / "f.csv").write_text(text)
    sheet, found = read_sheet(folder / "f.csv", "f.csv")
    assert found == []
    return ASSAYS["elisa"].reading(sheet, ASSAYS["elisa"].file({**ENTRY, "dilution": "dilution", **keys}))


@pytest.mark.parametrize("curve", [{}, {"slope": 0.7}, {"span": -2.9, "bottom": 3.0}, {"half": 80.0, "slope": 2.5}])
def test_a_curve_without_noise_is_found_again(curve):
    found = fit_curve(LEVELS, logistic(LEVELS, **curve), "4PL", 0.2)
    assert (found.low, found.high) == (31.25, 2000)
    for x in (40.0, 300.0, 1500.0):
        assert found.concentration(logistic(x, **curve).item()) == pytest.approx(x, rel=1e-5)


def test_an_asymmetric_curve_needs_five_parameters():
    y = logistic(LEVELS, asymmetry=0.35, slope=2.0)
    five, four = fit_curve(LEVELS, y, "5PL", 0.2), fit_curve(LEVELS, y, "4PL", 0.2)
    at = logistic(100.0, asymmetry=0.35, slope=2.0).item()
    assert five.concentration(at) == pytest.approx(100, rel=1e-3)
    assert abs(four.concentration(at) / 100 - 1) > 0.002


def test_beyond_its_ends_a_curve_reads_nothing():
    found = fit_curve(LEVELS, logistic(LEVELS), "4PL", 0.2)
    assert found.concentration(0.01) == 0.0
    assert found.concentration(3.2) == math.inf


def test_the_uncertainty_of_the_curve_is_the_spread_of_curves_refitted():
    rng = np.random.default_rng(5)
    stated, read = [], []
    for _ in range(200):
        curve = fit_curve(LEVELS, logistic(LEVELS) * np.exp(0.03 * rng.normal(size=LEVELS.size)), "4PL", 0.2)
        stated.append(curve.relative_sd(300.0))
        read.append(math.log(curve.concentration(logistic(300.0).item())))
    assert np.std(read) == pytest.approx(np.mean(stated), rel=0.2)


def test_samples_are_averaged_read_and_multiplied_by_their_dilution(tmp_path):
    od = logistic(300.0).item()
    found = reading(tmp_path, plate([("a", "il6_10", 60, 10, od * 0.99), ("a", "il6_10", 60, 10, od * 1.01)]))
    assert found.faults == ()
    (value,) = found.values
    assert (value.condition, value.time_min, value.unit, value.scale) == ("il6_10", 60.0, "nM", False)
    assert value.value == pytest.approx(3000e-3 / 50, rel=1e-4)  # pg/ml over 50 kDa of sIL-6R
    assert value.rows == (18, 19)
    assert value.scale_sd == found.quality["curve_cv"] < 1e-3
    assert found.quality["duplicate_cv"] == pytest.approx(0.01 * 2**0.5, rel=1e-6)


def test_of_several_dilutions_those_in_range_count(tmp_path):
    samples = [("a", "x", 0, d, logistic(6000.0 / d).item()) for d in (1, 10, 100)]
    found = reading(tmp_path, plate(samples))
    (value,) = found.values
    assert value.value == pytest.approx(6000e-3 / 50, rel=1e-4)
    assert [d.reason for d in found.dropped] == [
        "above the range of the standards (2000 pg/ml); another dilution is in it"
    ]
    assert found.quality["dilution_cv"] < 1e-4


LOW, HIGH = 31.25e-3 / 50, 2000e-3 / 50


@pytest.mark.parametrize(
    ("od", "side", "limit"),
    [(logistic(10.0).item(), "below", LOW), (0.01, "below", LOW), (3.04, "above", HIGH), ("OVER", "above", HIGH),
     ("n.d.", "below", LOW)],
)  # fmt: skip
def test_of_a_sample_outside_the_standards_only_a_limit_is_known(tmp_path, od, side, limit):
    found = reading(tmp_path, plate([("a", "x", 0, 1, od), ("b", "x", 30, 1, logistic(100.0).item())]))
    assert [(v.time_min, v.censored) for v in found.values] == [(0.0, side), (30.0, "")]
    assert found.values[0].value == pytest.approx(limit)


def test_a_well_that_the_reader_could_not_see_takes_its_replicates_with_it(tmp_path):
    found = reading(tmp_path, plate([("a", "x", 0, 1, logistic(1900.0).item()), ("a", "x", 0, 1, "OVER")]))
    (value,) = found.values
    assert (value.censored, value.value, value.rows) == ("above", pytest.approx(HIGH), (18, 19))


def test_the_closest_limit_of_several_dilutions_counts(tmp_path):
    above = reading(tmp_path, plate([("a", "x", 0, d, 3.04) for d in (1, 10)]))
    below = reading(tmp_path, plate([("a", "x", 0, d, 0.01) for d in (1, 10)]))
    assert [(v.value, v.censored) for v in above.values] == [(pytest.approx(10 * HIGH), "above")]
    assert [(v.value, v.censored) for v in below.values] == [(pytest.approx(LOW), "below")]


def test_a_sample_between_its_dilutions_is_left_out(tmp_path):
    found = reading(tmp_path, plate([("a", "x", 0, 1, 3.04), ("a", "x", 0, 1000, 0.01)]))
    assert found.values == ()
    assert [(d.row, d.side) for d in found.dropped] == [(18, "above"), (19, "below")]


def test_standards_that_cannot_be_read_back_bound_the_range(tmp_path):
    def bent(x):
        return logistic(x) * (1.5 if x == 31.25 else 1.0)

    found = reading(tmp_path, plate([("a", "x", 0, 1, logistic(45.0).item())], signal=bent))
    assert [(v.value, v.censored) for v in found.values] == [(pytest.approx(62.5e-3 / 50), "below")]


@pytest.mark.parametrize(
    ("text", "keys", "what"),
    [
        (plate([], levels=LEVELS[:8]), {},
         "f.csv, column 'standard': standards of 4 concentrations, and a 4PL curve needs 5. Say which column holds the "
         "known concentrations ('standard:')."),
        (plate([], signal=lambda x: 1.0 + 0.01 * (x % 7)), {},
         "f.csv, column 'standard': the standards do not follow a 4PL curve: "),
        (plate([("a", "x", 0, 0.1, 1.0)]), {},
         "f.csv, row 18, column 'dilution': a dilution of 0.1 is below 1. A sample diluted 1:10 has 10."),
        (plate([("a", "x", 0, 1, 1.0), ("a", "y", 0, 1, 1.0)]), {},
         "f.csv, row 19, column 'sample': sample 'a' has another condition or time in an earlier row. Give each sample "
         "a name of its own."),
        (plate([("", "x", 0, 1, 1.0)]), {}, "f.csv, row 18, column 'sample': the cell is empty, a sample is expected."),
        (plate([("a", "x", 0, 1, 1.0)]), {"substance": ""},
         "f.csv: the standards are in pg/ml, and nothing says how heavy they are. Say 'substance:' (such as sIL6R), or "
         "its molecular weight as 'kDa:'."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, text, keys, what):
    found = reading(tmp_path, text, **keys)
    assert any(str(fault).startswith(what) for fault in found.faults), [str(f) for f in found.faults]
    assert found.values == ()


@pytest.mark.parametrize("filled", [1, 2], ids=["one of two wells", "all samples"])
def test_a_sample_with_a_number_among_the_standards_is_none_of_them(filled, tmp_path):
    """A dilution, or what the program read: the curve would be made of it, and the well lost in silence."""
    lines = plate([("a", "x", 60, 1, 1.0), ("b", "x", 60, 1, 1.1)]).splitlines()
    for place in range(len(lines) - filled, len(lines)):
        cells = lines[place].split(",")
        lines[place] = ",".join([*cells[:4], "10", *cells[5:]])

    found = reading(tmp_path, "\n".join(lines) + "\n")

    told = [str(fault) for fault in found.faults if "makes the well a standard, and 'x' a sample" in str(fault)]
    assert len(told) == filled
