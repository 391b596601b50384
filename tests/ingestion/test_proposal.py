"""`il6infer init` and `il6infer ingest check`: what is seen, what is left to a person, and nothing read before."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml

from il6infer._errors import UserError
from il6infer.cli import main as cli
from il6infer.ingestion import ingest
from il6infer.ingestion.dataset import BLANK
from il6infer.ingestion.proposal import propose
from il6infer.ingestion.quality import LIMITS, checks
from tests.ingestion.make import GEL, PLATE, PROTOCOL, QPCR, TABLE, read
from tests.ingestion.test_exports import LIMMA, SKANIT
from tests.ingestion.test_formats import BESIDE, CFX_DE, GLOMAX, PRISM
from tests.ingestion.workbooks import xlsx

FILES = {
    "gel.csv": (GEL, "western_blot"),
    "plate.csv": (PLATE, "luciferase"),
    "qpcr.csv": (QPCR, "qpcr"),
    "table.csv": (TABLE, "table"),
    "glomax.csv": (GLOMAX, "luciferase"),
    "cfx.csv": (CFX_DE, "qpcr"),
    "lab.csv": (BESIDE, "western_blot"),
    "prism.csv": (PRISM, "table"),
}


@pytest.fixture
def folder(tmp_path):
    for name, (text, _) in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "protocol.csv").write_text(PROTOCOL)
    (tmp_path / "photo.png").write_bytes(b"x")
    return tmp_path


def test_each_file_is_seen_for_what_it_is(folder):
    written, lines = propose(folder, "mine")
    described = yaml.safe_load((folder / "mine.yaml").read_text())
    assert {entry["path"]: entry["assay"] for entry in described["files"]} == {n: a for n, (_, a) in FILES.items()}
    assert described["protocol"] == "protocol.csv"
    assert {path.name for path in written} == {
        "mine.yaml", "mine_config.yaml", "layout_glomax.csv", "layout_cfx.csv", "layout_lab.csv",
    }  # fmt: skip
    assert sum(line.startswith("  to do: ") for line in lines) == (folder / "mine.yaml").read_text().count("# to do: ")


def test_nothing_is_read_before_the_blanks_are_filled_in(folder):
    propose(folder, "mine")
    with pytest.raises(UserError) as error:
        ingest(folder / "mine.yaml", "mine", folder)
    assert "mine.yaml, files 2 (gel.csv), signal: ??? is still to be filled in." in str(error.value)


def test_of_a_programs_workbook_only_the_results_are_proposed_and_of_genes_the_assay_of_genes(tmp_path):
    settings = [["SkanIt Software 6.1"], ["Session", "x"]]
    (tmp_path / "skanit.xlsx").write_bytes(xlsx({"General": settings, "Measurement": SKANIT}))
    (tmp_path / "limma.txt").write_text(LIMMA)
    _, lines = propose(tmp_path, "mine")
    files = yaml.safe_load((tmp_path / "mine.yaml").read_text())["files"]
    assert [(file["path"], file["assay"], file.get("sheet")) for file in files] == [
        ("limma.txt", "rnaseq", None), ("skanit.xlsx", "table", "Measurement"),
    ]  # fmt: skip
    assert "skanit.xlsx, sheet 'General': is none of the results, and left out." in lines


def test_a_filled_proposal_is_read(tmp_path):
    (tmp_path / "glomax.csv").write_text(GLOMAX)
    propose(tmp_path, "mine")
    layout = (tmp_path / "layout_glomax.csv").read_text().splitlines()
    filled = [
        layout[0],
        *(re.sub(",.*", f",{'vehicle' if i < 48 else 'IL-6 10 ng/ml'},360", one) for i, one in enumerate(layout[1:])),
    ]
    filled[-1] = "H12,blank,"
    (tmp_path / "layout_glomax.csv").write_text("\n".join(filled) + "\n")
    text = (tmp_path / "mine.yaml").read_text().replace("observable: '???'", "observable: luciferase")
    (tmp_path / "mine.yaml").write_text(text.replace(BLANK, "a title"))
    tables = ingest(tmp_path / "mine.yaml", "mine", tmp_path)
    assert dict(tables.measurements.groupby("condition").size()) == {"IL_6_10_ng_ml": 47, "vehicle": 48}
    assert tables.report.files[0].layout.path == "layout_glomax.csv"
    assert tables.protocol.query("species == 'IL6'")["dose"].tolist() == [10.0]


def test_numbers_that_can_be_read_in_two_ways_are_a_persons_to_say(tmp_path):
    text = "Firefly\n;1;2;3\nA;10.200;88.200;102\n\nRenilla\n;1;2;3\nA;50.100;47.900;40\n"
    (tmp_path / "plate.csv").write_text(text)
    _, lines = propose(tmp_path, "mine")
    [entry] = yaml.safe_load((tmp_path / "mine.yaml").read_text())["files"]

    assert (entry["assay"], entry["thousands"]) == ("luciferase", BLANK)
    assert (
        "  to do: thousands (or decimal): '10.200' and its kin: 10200, or a number with three decimals? Say "
        "'thousands: \".\"' or 'decimal: \".\"' for this file."
    ) in lines


def test_the_proposed_configuration_asks_what_is_at_hand(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "glomax.csv").write_text(GLOMAX)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "predictions.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    propose(tmp_path / "data", "mine")
    text = (tmp_path / "data" / "mine_config.yaml").read_text()

    assert yaml.safe_load(text)["predictions"] == "config/predictions.yaml"
    assert "\n# claims: config/claims.yaml  # " in text
    # No constant is fixed without a word: what is given to be fixed stands in a comment, with what real data said.
    assert "values" not in yaml.safe_load(text)
    assert "# values: {kon_IL6_IL6R: 0.2, kon_complex_gp130: 0.27}\n" in text
    assert "0.007-0.025 on mouse hepatocytes" in text
    assert yaml.safe_load(text)["fit"]["sampler"] == "auto"
    assert yaml.safe_load(text)["constraints"] == ["high_affinity_sites"]


def test_blanks_of_a_layout_count_too(tmp_path):
    (tmp_path / "glomax.csv").write_text(GLOMAX)
    propose(tmp_path, "mine")
    (tmp_path / "mine.yaml").write_text((tmp_path / "mine.yaml").read_text().replace(BLANK, "luciferase"))
    with pytest.raises(UserError, match=re.escape("layout_glomax.csv, row 2: ??? is still to be filled in.")):
        ingest(tmp_path / "mine.yaml", "mine", tmp_path)


def test_each_sheet_of_a_workbook_is_an_entry(tmp_path):
    lanes = [["Lane", "pSTAT3"], [1.0, 100.0], [2.0, 200.0]]
    (tmp_path / "gels.xlsx").write_bytes(xlsx({"Gel 1": lanes, "Gel 2": lanes}))
    propose(tmp_path, "mine")
    files = yaml.safe_load((tmp_path / "mine.yaml").read_text())["files"]
    assert [(one["sheet"], one["batch"], one["layout"]) for one in files] == [
        ("Gel 1", "gels_Gel_1", "layout_gels_Gel_1.csv"), ("Gel 2", "gels_Gel_2", "layout_gels_Gel_2.csv"),
    ]  # fmt: skip


def test_nothing_is_overwritten(folder):
    propose(folder, "mine")
    with pytest.raises(UserError, match="mine.yaml, mine_config.yaml, .* is there already"):
        propose(folder, "mine")


def test_a_folder_without_tables_says_what_it_looked_for(tmp_path):
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(UserError) as error:
        propose(tmp_path, "mine")
    assert "no file that can be read as a table (.asc, .csv, " in str(error.value)
    assert "a.csv: the file is empty." in str(error.value)
    with pytest.raises(UserError, match="no such folder"):
        propose(tmp_path / "none", "mine")


def test_check_says_what_would_be_read_and_draws_it(tmp_path):
    read(tmp_path)
    words = ["ingest", "check", str(tmp_path / "data.yaml"), "--folder", str(tmp_path)]
    assert cli.main([*words, "--output", str(tmp_path / "pictures")]) == 0
    pictures = sorted(path.name for path in (tmp_path / "pictures").glob("*.png"))
    assert pictures == ["gel_csv_gel1.png", "plate_csv_plate1.png"]
    assert (tmp_path / "pictures" / "gel_csv_gel1.png").read_bytes()[:4] == b"\x89PNG"


def test_check_as_a_process_tells_counts_and_faults(tmp_path):
    read(tmp_path)
    (tmp_path / "gel.csv").write_text(GEL.replace("9000,", "x,"))
    words = ["ingest", "check", str(tmp_path / "data.yaml"), "--folder", str(tmp_path)]
    done = subprocess.run([sys.executable, "-m", "il6infer", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "plate.csv, plate1: 3 rows -> luciferase 3" in done.stderr
    assert "Renilla, variation from well to well: " in done.stderr
    assert "gel.csv, row 4, column 'pSTAT3': 'x' is not a number." in done.stderr
    assert not (tmp_path / "measurements.csv").exists()


def test_output_is_asked_for_where_tables_are_written(capsys):
    assert cli.main(["ingest", "d.yaml", "--folder", "."]) == 2
    assert "--output is missing" in capsys.readouterr().err


def test_two_descriptions_are_none(capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["ingest", "a.yaml", "b.yaml", "--folder", "."])
    assert "one description is expected" in capsys.readouterr().err


def test_every_number_of_quality_has_a_limit_and_words():
    from il6infer.ingestion.assays import ASSAYS

    counted = {"genes", "genes_up", "genes_down"}  # of a table of genes: neither good nor bad
    assert {name for assay in ASSAYS.values() for name in assay.quality} - counted == set(LIMITS)
    found = {check.name: check.good for check in checks({"loading_cv": 0.1, "renilla_cv": 0.9, "control_gap": 2.0})}
    assert found == {"loading_cv": True, "renilla_cv": False, "control_gap": False}


def test_a_column_that_says_what_was_done_needs_no_layout(tmp_path):
    text = "Lane;Probe;Zeit (min);pSTAT3 (IntDen);STAT3\n1;Kontrolle;0;1234,5;88123\n2;IL-6 10 ng/ml;15;23456,7;87654\n"
    (tmp_path / "gel.csv").write_text(text, encoding="utf-8")
    propose(tmp_path, "mine")
    written = yaml.safe_load((tmp_path / "mine.yaml").read_text(encoding="utf-8"))
    (file,) = written["files"]
    assert file["condition"] == {"column": "Probe"}
    assert "layout" not in file


def test_a_map_of_the_plate_in_a_second_sheet_fills_the_layout(tmp_path):
    numbers = [[None, 1.0, 2.0], ["A", 12000.0, 95000.0], ["B", 11000.0, 96000.0]]
    words = [[None, 1.0, 2.0], ["A", "vehicle", "IL-6 10 ng/ml"], ["B", "vehicle", "PMA"]]
    sheets = {"Data": [["Firefly"], *numbers, [None], ["Renilla"], *numbers], "Layout": words}
    (tmp_path / "plate.xlsx").write_bytes(xlsx(sheets))
    written, lines = propose(tmp_path, "mine")
    assert [path.name for path in written] == ["mine.yaml", "mine_config.yaml", "layout_plate_Data.csv"]
    layout = (tmp_path / "layout_plate_Data.csv").read_text().splitlines()
    assert layout[1:] == ["A1,vehicle,???", "A2,IL-6 10 ng/ml,???", "B1,vehicle,???", "B2,???,???"]
    assert "plate.xlsx, sheet 'Layout': the map of the plate" in "\n".join(lines)


def test_a_grid_of_words_beside_those_of_numbers_fills_the_layout(tmp_path):
    """As programs of plate readers export it; it was a column that nobody read."""
    grid = "{}\n,1,2\nA,{},{}\nB,{},{}\n\n"
    words = ("untreated", "IL-6 10 ng/ml", "IL-6 1 ng/ml + sgp130Fc 100 ng/ml 6 h", "no cells")
    parts = [("Layout", *words), ("Firefly", 12000, 95000, 45000, 170), ("Renilla", 50000, 47000, 51000, 205)]
    (tmp_path / "plate.csv").write_text("".join(grid.format(*part) for part in parts))
    propose(tmp_path, "mine")

    layout = (tmp_path / "layout_plate.csv").read_text().splitlines()
    assert layout[1:] == [
        "A1,untreated,???", "A2,IL-6 10 ng/ml,???", "B1,IL-6 1 ng/ml + sgp130Fc 100 ng/ml,360", "B2,???,???",
    ]  # fmt: skip


def test_names_of_samples_fill_the_layout_as_far_as_they_say_it(tmp_path):
    rows = [("vehicle 1h", "vehicle,60"), ("IL-6 10 ng/ml_30 min", "IL-6 10 ng/ml,30"), ("DMSO PMA 1h", "???,60")]
    rows += [("IL6 DMSO 90min", "???,90"), ("S7", "???,???"), ("IL-6 10 ng/ml 1h 30 min", "???,???")]
    text = "Well,Sample Name,Target Name,Task,Ct\n"
    text += "".join(f"A{i},{n},{g},UNKNOWN,25.1\n" for i, (n, _) in enumerate(rows, 1) for g in ("SOCS3", "HPRT"))
    (tmp_path / "q.csv").write_text(text)
    propose(tmp_path, "mine")
    layout = (tmp_path / "layout_q.csv").read_text().splitlines()
    assert layout == ["sample,condition,time_min", *(f"{name},{said}" for name, said in rows)]


def test_standards_of_an_elisa_need_no_line_of_the_layout(tmp_path):
    levels = [(2000, 2.341), (1000, 1.903), (500, 1.341), (250, 0.847), (125, 0.481), (62.5, 0.273), (0, 0.049)]
    text = "Well,Conc (pg/ml),OD450\n" + "".join(f"{'ABCDEFG'[i]}1,{c},{v}\n" for i, (c, v) in enumerate(levels))
    (tmp_path / "e.csv").write_text(text + "A3,,1.081\nB3,,0.9\n")
    propose(tmp_path, "mine")
    assert (tmp_path / "layout_e.csv").read_text() == "well,condition,time_min\nA3,???,???\nB3,???,???\n"
    (tmp_path / "layout_e.csv").write_text("well,condition,time_min\nA3,vehicle,60\n")
    yaml = (tmp_path / "mine.yaml").read_text().replace("observable: '???'", "observable: x")
    yaml = yaml.replace("unit: '???'", "unit: pg/ml").replace("substance: '???'", "substance: sIL6R")
    (tmp_path / "mine.yaml").write_text(yaml.replace('title: "???"', "title: mine"))
    tables = ingest(tmp_path / "mine.yaml", "mine", tmp_path)
    assert list(tables.measurements["condition"]) == ["vehicle"]
    assert [(drop.reason, drop.rows) for drop in tables.report.files[0].dropped] == [("not in the layout", (10,))]


def test_a_blank_name_of_a_read_out_is_still_to_be_filled_in(tmp_path):
    (tmp_path / "f.csv").write_text(",Cells | Median (APC-A)\na.fcs,512\nb.fcs,2012\n")
    propose(tmp_path, "mine")
    (tmp_path / "mine.yaml").write_text((tmp_path / "mine.yaml").read_text().replace('title: "???"', "title: mine"))
    with pytest.raises(UserError, match=r"observables, \?\?\?: \?\?\? is still to be filled in"):
        ingest(tmp_path / "mine.yaml", "mine", tmp_path)


NOTES = """Stimulation of HepG2, 3 May 2024
Cells starved overnight. IL-6 from a fresh vial!
Gel 1: 20 ug a lane; the ladder ran into lane 1.
"""


def test_notes_are_no_table_and_say_the_cell(tmp_path):
    (tmp_path / "gel.csv").write_text(GEL)
    (tmp_path / "notes.txt").write_text(NOTES)
    (tmp_path / "who.csv").write_text("what,by whom\nlysates,Anna\ngels,Bela\n")
    _, lines = propose(tmp_path, "mine", cells=("HepG2", "PHH"))
    described = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    assert [entry["path"] for entry in described["files"]] == ["gel.csv"]
    assert described["cell"] == "HepG2"
    assert "cell: HepG2, as names or notes say. If they were others, correct description and models." in lines
    assert "who.csv: notes, and no table: no column of it holds numbers. Left out." in lines
    models = yaml.safe_load((tmp_path / "mine_config.yaml").read_text())["models"]
    assert models == ["classic_none@HepG2", "classic_socs3@HepG2", "both_none@HepG2", "both_socs3@HepG2"]


@pytest.mark.parametrize("text", [NOTES.replace("HepG2", "HepG2 and PHH"), NOTES.replace("HepG2", "cells")])
def test_a_cell_that_is_not_said_once_is_left_to_the_user(text, tmp_path):
    (tmp_path / "gel.csv").write_text(GEL)
    (tmp_path / "notes.txt").write_text(text)
    propose(tmp_path, "mine", cells=("HepG2", "PHH"))
    assert "cell" not in yaml.safe_load((tmp_path / "mine.yaml").read_text())
    assert "@HepG2" not in yaml.safe_load((tmp_path / "mine_config.yaml").read_text())["models"][0]


def test_init_takes_the_cell_or_names_the_known_ones(tmp_path, capsys):
    (tmp_path / "gel.csv").write_text(GEL)
    assert cli.main(["init", str(tmp_path), "--name", "mine", "--cell", "HepG22"]) == 2
    assert "unknown cell 'HepG22'. Did you mean 'HepG2'?" in capsys.readouterr().err
    assert cli.main(["init", str(tmp_path), "--name", "mine", "--cell", "HepG2"]) == 0
    assert yaml.safe_load((tmp_path / "mine.yaml").read_text())["cell"] == "HepG2"


def proposed(folder, text: str) -> list[dict]:
    """Entries that are proposed for one file."""
    (folder / "one.csv").write_text(text, "utf-8")
    propose(folder, "mine")
    return yaml.safe_load((folder / "mine.yaml").read_text())["files"]


def test_errors_logarithms_tubes_and_replicates_are_no_read_outs(tmp_path):
    text = "Tube,Treatment,Time (min),Bio rep,dCt SOCS3,Fold change,SEM\n1,vehicle,0,1,9.1,1,0.1\n"
    text += "2,IL-6 1 nM,60,1,5,17,2\n"
    [entry] = proposed(tmp_path, text)

    assert entry["observables"] == {"Fold_change": {"column": "Fold change", "unit": "a.u."}}
    assert entry["ignore"] == ["SEM", "dCt SOCS3"]


def test_what_is_made_of_a_signal_and_a_timepoint_are_no_read_outs(tmp_path):
    text = "Condition,Timepoint,Median pSTAT3,Arcsinh ratio,% inhibition\nvehicle,0,100,0,98\nIL-6 1 nM,15,900,1.9,0\n"
    [entry] = proposed(tmp_path, text)

    assert [one["column"] for one in entry["observables"].values()] == ["Median pSTAT3"]
    assert (entry["time"], entry["time_unit"]) == ("Timepoint", BLANK)
    assert entry["ignore"] == ["Arcsinh ratio", "% inhibition"]


def test_a_standard_is_no_signal_of_its_own(tmp_path):
    [entry] = proposed(tmp_path, "Type,Well,Sample,Obs Conc\nS1,A2,,100\nX1,A5,vehicle,3.2\nX2,A6,IL-6 1 nM,41\n")

    assert entry["assay"] == "table"


def test_replicates_in_columns_are_listed_once_each_and_read_so(tmp_path):
    text = "Time (min),IL-6 [ng/ml],pSTAT3_r1,pSTAT3_r2,mean\n0,10,0.1,0.12,0.11\n15,10,2.1,2.5,2.3\n"
    entries = proposed(tmp_path, text)
    (tmp_path / "mine.yaml").write_text((tmp_path / "mine.yaml").read_text().replace(BLANK, "a title"))
    read_so = ingest(tmp_path / "mine.yaml", "mine", tmp_path).measurements

    assert [entry["observables"]["pSTAT3"]["column"] for entry in entries] == ["pSTAT3_r1", "pSTAT3_r2"]
    assert read_so[["time_min", "replicate", "value"]].values.tolist() == [
        [0, 1, 0.1], [15, 1, 2.1], [0, 2, 0.12], [15, 2, 2.5],
    ]  # fmt: skip


def test_a_column_twice_for_one_read_out_is_a_value_twice(tmp_path):
    text = "Time (min),IL-6 [ng/ml],pSTAT3_r1,pSTAT3_r2,mean\n0,10,0.1,0.12,0.11\n15,10,2.1,2.5,2.3\n"
    proposed(tmp_path, text)
    filled = (tmp_path / "mine.yaml").read_text().replace(BLANK, "a title")
    filled = filled.replace("{column: pSTAT3_r2", "{column: pSTAT3_r1")
    filled = filled.replace("ignore: [pSTAT3_r1, mean]", "ignore: [pSTAT3_r2, mean]")
    (tmp_path / "mine.yaml").write_text(filled)

    with pytest.raises(UserError, match="pSTAT3 of 2 rows, the first row 2, is read for two batches"):
        ingest(tmp_path / "mine.yaml", "mine", tmp_path)


def test_a_concentration_with_limits_was_measured_and_not_given(tmp_path):
    [entry] = proposed(tmp_path, "Condition,Time (h),sIL-6R (pg/mL)\nvehicle,0,<3.9\nIL-6 10 ng/ml,24,85.3\n")

    assert entry["observables"] == {
        BLANK: {"column": "sIL-6R (pg/mL)", "unit": "pg/ml", "substance": "sIL6R", "scale": False}
    }
    assert "condition" not in entry


def test_the_region_of_a_bead_is_no_dose(tmp_path):
    """Column `sIL-6R (43)` of a bead array, which holds fluorescence, was proposed as doses of sIL-6R."""
    text = "Well,Description,sIL-6R (43),IL-6 (ng/ml)\nA1,a,30,0\nA2,b,1200,10\nA3,c,2200,100\n"
    [entry] = proposed(tmp_path, text)

    assert entry["condition"] == {"doses": {"IL6": {"column": "IL-6 (ng/ml)", "unit": "ng/ml"}}}
    assert "sIL-6R (43)" in str(entry["observables"])


def test_unstained_tubes_are_asked_for_and_units_of_doses_seen_in_cells(tmp_path):
    text = "Stain,IL6 dose,Time (min),MFI\nisotype,0,0,140\npSTAT3,0,0,310\npSTAT3,10 ng/ml,15,2210\n"
    [entry] = proposed(tmp_path, text)

    assert entry["where"] == {"Stain": BLANK}
    assert entry["condition"] == {"doses": {"IL6": {"column": "IL6 dose", "unit": "ng/ml"}}}
