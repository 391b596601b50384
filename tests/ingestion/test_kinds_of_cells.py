"""Cells of several kinds in one file: conditions of their own, and none read as another for a column left unnamed."""

from __future__ import annotations

import pytest
import yaml

from il6infer._errors import UserError
from il6infer.ingestion import ingest
from il6infer.ingestion.proposal import propose

KO = {"knock_out": ["SOCS3"]}
HEAD = "exp,genotype,hil6,time,v\n"
ROWS = "A,WT,50,0,1\nA,WT,50,15,9\nB,SOCS3-/-,50,0,1\nB,SOCS3-/-,50,15,12\nB,SOCS3-/-,0,15,1\n"
DOSES = {"Hyper-IL-6": {"column": "hil6", "unit": "ng/ml"}}


def tables(folder, text=HEAD + ROWS, condition=None, files=None, **keys):
    (folder / "f.csv").write_text(text, "utf-8")
    base = {"assay": "table", "time": "time", "time_unit": "min", "batch": {"column": "exp"}}
    base |= {"observables": {"pSTAT3": {"column": "v", "unit": "a.u."}}, "condition": condition or {"doses": DOSES}}
    entries = files or [{"path": "f.csv", **base, **keys}]
    (folder / "d.yaml").write_text(yaml.safe_dump({"title": "t", "files": [{**base, **e} for e in entries]}), "utf-8")
    return ingest(folder / "d.yaml", "d", folder)


def refused(folder, *args, **keys) -> str:
    with pytest.raises(UserError) as error:
        tables(folder, *args, **keys)
    return str(error.value)


def with_cells(condition=None, **kinds):
    return {**(condition or {"doses": DOSES}), "cells": {"column": "genotype", "map": kinds}}


def test_a_kind_has_conditions_of_its_own_with_the_steps_of_the_doses(tmp_path):
    found = tables(tmp_path, condition=with_cells(WT=None, **{"SOCS3-/-": KO}))

    cells = {row.condition: (row.action, row.dose, row.knock_out) for row in found.protocol.itertuples()}
    assert cells["HyperIL6_50_ng_ml"] == ("add", 50, "")
    assert cells["SOCS3_ko_HyperIL6_50_ng_ml"] == ("add", 50, "SOCS3")
    assert cells["SOCS3_ko_vehicle"][::2] == ("control", "SOCS3")
    assert found.measurements.groupby("condition")["value"].max().to_dict() == {
        "HyperIL6_50_ng_ml": 9, "SOCS3_ko_HyperIL6_50_ng_ml": 12, "SOCS3_ko_vehicle": 1,
    }  # fmt: skip


@pytest.mark.parametrize("dose", ["Hyper-IL-6 50 ng/ml", "vehicle"])
def test_it_stands_beside_conditions_that_say_their_doses_and_parameters_that_are_set(tmp_path, dose):
    text = f"exp,genotype,condition,time,v\nA,wt,{dose},15,9\nB,few,{dose},15,12\n"

    found = tables(tmp_path, text, with_cells({"column": "condition"}, WT=None, few={"set": {"gp130_0": 500}}))

    said = {row.condition: row.set for row in found.protocol.itertuples()}
    assert sorted(said.values()) == ["", "gp130_0=500.0"]
    assert [name for name, cells in said.items() if cells] == [f"few_{next(n for n, c in said.items() if not c)}"]


@pytest.mark.parametrize(
    ("text", "kinds", "said"),
    [
        (HEAD + ROWS, {"WT": None}, "row 4, column 'genotype': 'SOCS3-/-' is not in the map of cells. Known: WT."),
        (HEAD + ROWS.replace("B,SOCS3-/-", "B,"), {"WT": None}, "row 4, column 'genotype': the cell is empty"),
        (HEAD + ROWS, {"WT": None, "si 1": KO, "si-1": KO}, "would both be called si_1_"),
    ],
)
def test_a_kind_that_is_not_said_is_refused_once(tmp_path, text, kinds, said):
    found = refused(tmp_path, text, with_cells(**kinds))

    assert found.count(said) == 1, found


def test_conditions_of_the_protocol_say_their_cells_there(tmp_path):
    (tmp_path / "f.csv").write_text("exp,genotype,condition,time,v\nA,WT,il6,15,9\nB,KO,il6,15,12\n", "utf-8")
    entry = {"path": "f.csv", "assay": "table", "time": "time", "batch": {"column": "exp"}, "time_unit": "min"}
    entry |= {"observables": {"pSTAT3": {"column": "v", "unit": "a.u."}}}
    entry["condition"] = with_cells({"column": "condition"}, WT=None, KO=KO)
    protocol = [{"condition": "il6", "time_min": 0, "action": "add", "species": "IL6", "dose": 1, "unit": "nM"}]
    (tmp_path / "d.yaml").write_text(yaml.safe_dump({"title": "t", "protocol": protocol, "files": [entry]}), "utf-8")

    with pytest.raises(UserError, match=r"condition 'il6' has its steps in the protocol.*knock_out, set"):
        ingest(tmp_path / "d.yaml", "d", tmp_path)


UNSAID = [
    ("genotype", "WT", "KO", "'KO' in B (f.csv), and 'WT' in A (f.csv)"),
    ("Stattic (uM)", "0", "60", "'60' in B (f.csv), and '0' in A (f.csv)"),
    ("inhibitor", "DMSO", "X-17", "'X-17' in B (f.csv), and 'DMSO' in A (f.csv)"),
    ("cell line", "HepG2", "Huh7", "'Huh7' in B (f.csv), and 'HepG2' in A (f.csv)"),
    ("siRNA", "siSOCS3", "siSOCS3", "'siSOCS3' in rows of condition 'HyperIL6_50_ng_ml', of whose cells"),
    ("Genotype", "SOCS3 KO", "SOCS3 KO", "'SOCS3 KO' in rows of condition 'HyperIL6_50_ng_ml', of whose cells"),
    ("rux", "500", "500", "500 of ruxolitinib in rows of condition 'HyperIL6_50_ng_ml', to which the protocol gives"),
]


@pytest.mark.parametrize(("column", "one", "other", "said"), UNSAID, ids=[f"{c}-{o}" for c, _, o, _ in UNSAID])
def test_a_column_that_tells_gels_apart_is_not_passed_over(tmp_path, column, one, other, said):
    text = f"exp,{column},hil6,time,v\nA,{one},50,0,1\nA,{one},50,15,9\nB,{other},50,0,1\nB,{other},50,15,12\n"

    assert said in refused(tmp_path, text)
    assert len(tables(tmp_path, text, ignore=[column]).measurements) == 4


def test_nor_one_that_tells_files_apart(tmp_path):
    for name, cells in (("wt", "wild type"), ("ko", "knock-out")):
        (tmp_path / f"{name}.csv").write_text(f"strain,hil6,time,v\n{cells},50,0,1\n{cells},50,15,9\n", "utf-8")

    found = refused(tmp_path, files=[{"path": f"{name}.csv", "batch": name} for name in ("wt", "ko")])

    assert "ko.csv, column 'strain': 'knock-out' in ko (ko.csv), and 'wild type' in wt (wt.csv)" in found


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        ("donor", "1", "2"), ("date", "2024-01-01", "2024-01-09"), ("passage", "3", "7"), ("gel", "1", "2"),
        ("operator", "AB", "CD"), ("genotype", "WT", "WT"), ("siRNA", "siControl", "siControl"), ("rux", "0", "0"),
        ("Hyper-IL-6 (ng/ml)", "50", "50"),
    ],
)  # fmt: skip
def test_columns_of_repeats_and_of_what_the_condition_has_are(tmp_path, column, one, other):
    text = f"exp,{column},hil6,time,v\nA,{one},50,0,1\nA,{one},50,15,9\nB,{other},50,0,1\nB,{other},50,15,12\n"

    assert len(tables(tmp_path, text).measurements) == 4


@pytest.mark.parametrize(
    ("header", "protocol", "said"),
    [
        ("IL-6 (ng/ml)", {"dose": 100, "unit": "ng/ml"}, "10 ng/ml of IL6 is made condition 'il6', to which the "
         "protocol gives 100 ng/ml."),
        ("IL-6 (pg/ml)", {"dose": 10, "unit": "ng/ml"}, "10 pg/ml of IL6 is made condition 'il6', to which the"),
        ("IL-6 (ng/ml)", {"dose": 10, "unit": "ng/ml"}, ""),
        ("IL-6 (ng/ml)", {"dose": 0.5, "unit": "nM"}, ""),  # 0.48 nM by the house's weight
        ("il6", {"dose": 100, "unit": "ng/ml"}, ""),  # says no unit
    ],
)  # fmt: skip
def test_a_dose_that_a_map_makes_another_is_refused(tmp_path, header, protocol, said):
    (tmp_path / "f.csv").write_text(f"exp,{header},time,v\nA,0,15,1\nA,10,15,9\nA,10,30,8\n", "utf-8")
    entry = {"path": "f.csv", "assay": "table", "time": "time", "batch": "a", "time_unit": "min"}
    entry |= {"observables": {"pSTAT3": {"column": "v", "unit": "a.u."}}}
    entry["condition"] = {"column": header, "map": {"0": "none", "10": "il6"}}
    steps = [{"condition": "none", "time_min": 0, "action": "control"}]
    steps.append({"condition": "il6", "time_min": 0, "action": "add", "species": "IL6", **protocol})
    (tmp_path / "d.yaml").write_text(yaml.safe_dump({"title": "t", "protocol": steps, "files": [entry]}), "utf-8")

    if not said:
        assert len(ingest(tmp_path / "d.yaml", "d", tmp_path).measurements) == 3
        return
    with pytest.raises(UserError) as error:
        ingest(tmp_path / "d.yaml", "d", tmp_path)
    assert str(error.value).count(said) == 1


PROPOSED = [
    ("Hyper-IL-6 (ng/ml)", {"HyperIL6"}, ["trans_none", "trans_socs3"], False),
    ("IL-6 [pg/ml]", {"IL6"}, ["classic_none", "classic_socs3"], True),
    ("IL-6 [pg/ml],sIL-6R (ng/ml)", {"IL6", "sIL6R"}, ["both_none", "both_socs3"], True),
    ("IL-6 (nM),Stattic (uM)", {"IL6", "stattic"}, ["classic_none+drugs", "classic_socs3+drugs"], True),
]


@pytest.mark.parametrize(("columns", "species", "models", "constrained"), PROPOSED, ids=[c for c, *_ in PROPOSED])
def test_a_first_description_sees_doses_genotypes_and_the_models_that_can_answer(
    tmp_path, columns, species, models, constrained
):
    doses = "10," * (columns.count(",") + 1)
    samples = (("A", "WT", 0, 1.01), ("A", "WT", 15, 9.7), ("B", "KO", 0, 1.11), ("B", "KO", 15, 8.08))
    rows = "".join(f"{exp},{kind},{doses}{time} min,{v}\n" for exp, kind, time, v in samples)
    (tmp_path / "facs.csv").write_text(f"Experiment,Genotype,{columns},Time,MFI pSTAT3\n{rows}", "utf-8")

    propose(tmp_path, "mine")

    (entry,) = yaml.safe_load((tmp_path / "mine.yaml").read_text())["files"]
    assert entry["time"] == "Time"
    assert "time_unit" not in entry
    assert list(entry["observables"]) == ["MFI_pSTAT3"]
    assert set(entry["condition"]["doses"]) == species
    assert all(dose["unit"] in ("ng/ml", "pg/ml", "nM", "uM") for dose in entry["condition"]["doses"].values())
    assert entry["condition"]["cells"] == {"column": "Genotype", "map": {"WT": None, "KO": "???"}}
    configured = yaml.safe_load((tmp_path / "mine_config.yaml").read_text())
    assert configured["models"] == models
    assert ("constraints" in configured) is constrained
