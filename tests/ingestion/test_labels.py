"""Conditions as people write them, layouts, and names of substances: read as meant, or refused; never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6infer._errors import UserError
from il6infer._tables import parse
from il6infer._units import DOSE_UNITS, species_of, substances
from il6infer.ingestion import ingest
from il6infer.ingestion.labels import parse_label
from il6infer.ingestion.layout import fields_of, places_of, well_of, wells_between

NAMES = {
    "IL-6": "IL6", "il6": "IL6", "IL 6": "IL6", "Interleukin-6": "IL6", "rhIL-6": "IL6", "Hyper-IL-6": "HyperIL6",
    "hyper IL-6": "HyperIL6", "Hy-IL-6": "HyperIL6", "sIL-6R": "sIL6R", "sIL-6R\u03b1": "sIL6R", "sgp130Fc": "sgp130Fc",
    "olamkicept": "sgp130Fc", "Tocilizumab": "tocilizumab", "TCZ": "tocilizumab", "Ruxolitinib": "ruxolitinib",
    "STATTIC": "stattic", "ActD": "actinomycinD", "CHX": "cycloheximide",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_substances_by_the_names_that_people_give_them(name):
    assert species_of(name) == NAMES[name]


@pytest.mark.parametrize("name", ["IL-8", "hIL-6X", "sIL-7R", "", "drug"])
def test_other_names_stay_what_they_are(name):
    assert species_of(name) == name
    assert name not in substances()


LABELS = {
    "IL-6 10 ng/ml": [("IL6", "10", "ng/ml", "0")],
    "IL-6 10 ng/ml + sIL-6R 25": [("IL6", "10", "ng/ml", "0"), ("sIL6R", "25", "ng/ml", "0")],
    "IL-6 (10 ng/mL) and sIL-6R (25 ng/mL)": [("IL6", "10", "ng/ml", "0"), ("sIL6R", "25", "ng/ml", "0")],
    "10 ng/ml IL-6": [("IL6", "10", "ng/ml", "0")],
    "Hyper-IL-6 0.84 nM": [("HyperIL6", "0.84", "nM", "0")],
    "Stattic 60 \u00b5M 60 min before + IL-6 40 ng/ml": [("stattic", "60", "uM", "-60"), ("IL6", "40", "ng/ml", "0")],
    "IL-6 0.5 nmol/l": [("IL6", "0.5", "nM", "0")],
    "Tocilizumab: 50 ug/ml (1 h pretreatment); IL-6 10 ng/ml": [("tocilizumab", "50", "ug/ml", "-60"),
                                                                 ("IL6", "10", "ng/ml", "0")],
}  # fmt: skip


@pytest.mark.parametrize("text", LABELS)
def test_a_label_says_what_is_done(text):
    label, why = parse_label(text)
    assert why == ""
    assert [(r["species"], r["dose"], r["unit"], r["time_min"]) for r in label.rows] == LABELS[text]
    assert label.name.isidentifier()


@pytest.mark.parametrize("text", ["vehicle", "Control", "untreated", "DMSO", "PBS"])
def test_words_for_nothing(text):
    assert [row["action"] for row in parse_label(text)[0].rows] == ["control"]


REFUSED = {
    "IL-6 10": "'IL-6 10' has no unit",
    "IL-6 10 ng/ml + sIL-6R (43)": "'sIL-6R (43)' has no unit",
    "IL-6 10 ng/ml + sIL-6R 5 nM + sgp130Fc 3": "'sgp130Fc 3' has no unit",
    "IL-8 10 ng/ml": "'IL-8 10 ng/ml' is no dose of a known substance",
    "IL-6": "'IL-6' is no dose of a known substance",
    "IL-6 1,000 ng/ml": "'IL-6 1,000 ng/ml' is no dose of a known substance",
    "IL-6 10 ng/ml + IL-6 20 ng/ml": "one substance has two doses",
    "IL-6 10 U/ml": "'IL-6 10 U/ml' is no dose of a known substance",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_label_that_can_be_read_in_two_ways_is_refused(text):
    assert parse_label(text) == (None, REFUSED[text])


@given(
    st.sampled_from(sorted(substances())),
    st.decimals("0.001", "9999", places=3).map(lambda d: f"{d.normalize():f}"),
    st.sampled_from(DOSE_UNITS),
)
def test_any_dose_is_read_back(species, dose, unit):
    (row,) = parse_label(f"{species} {dose} {unit}")[0].rows
    assert (row["species"], row["dose"], row["unit"]) == (species, dose, unit)


@given(st.text(max_size=30))
def test_any_text_is_a_label_or_is_not(text):
    label, why = parse_label(text)
    assert (label is None) == bool(why)


def test_wells():
    assert [well_of(text) for text in ("A01", "a1", "H12", "P24", "Q1", "A25", "x")] == [
        "A1", "A1", "H12", "P24", "Q1", "A25", "x",
    ]  # fmt: skip
    assert wells_between("A2", "B3") == ["A2", "A3", "B2", "B3"]


FIELDS = {
    "vehicle 0": {"condition": "vehicle", "time": "0"},
    "il6_10 15": {"condition": "il6_10", "time": "15"},
    "il6_10 2 h": {"condition": "il6_10", "time": "2 h"},
    "IL-6 10 ng/ml 30": {"condition": "IL-6 10 ng/ml", "time": "30"},
    "vehicle": {"condition": "vehicle"},
    "blank": "layout: blank",
}


@pytest.mark.parametrize("text", FIELDS)
def test_what_stands_in_a_layout(text):
    assert fields_of(text) == FIELDS[text]


def plate():
    return parse("well,x\nA1,1\nA2,2\nB1,3\n", "f.csv")[0]


def test_ranges_that_do_not_fit_are_refused():
    assert [str(f) for f in places_of(plate(), [("C7x", "vehicle 0")])[1]] == [
        "f.csv, layout 'C7x': the file has no such place. It has well A1, A2, B1."
    ]
    assert [str(f) for f in places_of(plate(), [("A1-A2", {"condition": ["a", "b", "c"]})])[1]] == [
        "f.csv, layout 'A1-A2': 3 of 'condition' for 2 places. Give one for each of them."
    ]
    assert [str(f) for f in places_of(plate(), [("A1-A2", "a 0"), ("A2", "b 0")])[1]] == [
        "f.csv, layout 'A2': well A2 is told twice, and not the same. Say it once."
    ]


LUMINESCENCE = "Firefly\n,1,2\nA,100,110\nB,120,5\n\nRenilla\n,1,2\nA,50,50\nB,50,50\n"
PLATE = """title: t
protocol: [{condition: vehicle, time_min: 0, action: control}]
files: [{path: f.csv, assay: luciferase, observable: luciferase, batch: p, layout: LAYOUT}]
"""


def times(folder, layout: str, plate: str = LUMINESCENCE, table: str = ""):
    (folder / "f.csv").write_text(plate)
    (folder / "map.csv").write_text(table)
    (folder / "d.yaml").write_text(PLATE.replace("LAYOUT", layout))
    return ingest(folder / "d.yaml", "d", folder).measurements["time_min"].tolist()


def test_times_of_a_layout_have_the_unit_that_its_column_says(tmp_path):
    assert times(tmp_path, "map.csv", table="well;condition;Time (h)\nA1;vehicle;0,5\nA2;vehicle;6\n") == [30, 360]
    assert times(tmp_path, "map.csv", table="well,condition,time_min\nA1,vehicle,0.5\nA2,vehicle,6\n") == [0.5, 6]
    assert times(tmp_path, "map.csv", table=",1,2\nA,vehicle 2 h,vehicle 1.5 h\n") == [120, 90]


def test_times_of_a_layout_are_numbers_of_the_layout_not_of_the_file(tmp_path):
    german = "Firefly\n;1;2\nA;1.234,5;1.110\nB;120;5\n\nRenilla\n;1;2\nA;50;50\nB;50;50\n"
    assert times(tmp_path, "{A1: vehicle 1.125, A2: vehicle 1.5}", german) == [1.125, 1.5]
    assert times(tmp_path, "{A1-A2: {condition: vehicle, time: [1.125, 2]}}", german) == [1.125, 2]
    assert times(tmp_path, "map.csv", german, "well,condition,time_min\nA1,vehicle,1.125\nA2,vehicle,2.5\n") == [
        1.125,
        2.5,
    ]


def test_a_grid_that_comes_twice_is_asked_for(tmp_path):
    with pytest.raises(UserError, match=r"column 'firefly' is missing. Did you mean 'firefly \(2\)'\?"):
        times(tmp_path, "{A1: vehicle 0}", LUMINESCENCE + "\nFirefly\n,1,2\nA,9,9\nB,9,9\n")


def test_rows_without_a_gel_are_asked_for_or_named(tmp_path):
    table = "time,gel,x\n0,a,1\n15,,2\n"
    text = "title: t\nfiles: [{path: f.csv, assay: table, time_unit: min, condition: vehicle, batch: BATCH,\n"
    text += "  observables: {pSTAT3: {column: x, unit: a.u.}}}]\n"

    def batches(batch: str) -> list[str]:
        (tmp_path / "f.csv").write_text(table)
        (tmp_path / "d.yaml").write_text(text.replace("BATCH", batch))
        return ingest(tmp_path / "d.yaml", "d", tmp_path).measurements["batch"].tolist()

    assert batches("{column: gel, empty: b}") == ["a", "b"]
    with pytest.raises(UserError, match="the cell is empty, a gel or plate is expected. Fill it in, or name it: "):
        batches("{column: gel}")


def test_gels_whose_names_would_become_one_are_refused(tmp_path):
    """They were one gel, with one scale, without a word."""
    text = "title: t\nfiles: [{path: f.csv, assay: table, time_unit: min, condition: vehicle, batch: {column: gel},\n"
    (tmp_path / "d.yaml").write_text(text + "  observables: {pSTAT3: {column: x, unit: a.u.}}}]\n")

    def batches(*names: str) -> list[str]:
        rows = "".join(f"{time},{name},{n}\n" for n, name in enumerate(names, 1) for time in (0, 15))
        (tmp_path / "f.csv").write_text(f"time,gel,x\n{rows}")
        return list(dict.fromkeys(ingest(tmp_path / "d.yaml", "d", tmp_path).measurements["batch"]))

    assert batches("gel 1", "gel 2", "01", "1", "A", "a") == ["gel_gel_1", "gel_gel_2", "gel_01", "gel_1", "A", "a"]
    for first, second, name in (("gel 1", "gel-1", "gel_gel_1"), ("1", "gel_1", "gel_1"), ("1.5", "1p5", "gel_1p5")):
        with pytest.raises(UserError) as refused:
            batches(first, second)
        assert str(refused.value).endswith(
            f"f.csv, row 4, column 'gel': '{second}' and '{first}' of row 2 would both be called {name}. Write them "
            "alike if they are one gel or plate, else name one of them otherwise."
        )
