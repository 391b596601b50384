"""Every file of the real data goes in, each row accounted for: a value, or left out with the reason; drugs apart."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from il6infer._errors import UserError
from il6infer.ingestion import ingest

DATA = Path(__file__).parents[3] / "shared" / "data"
if not DATA.is_dir():
    pytest.skip("the folder of real data (shared/data) is not beside this clone", allow_module_level=True)

FOLDERS = ("sobotta2017", "zeilfelder2025", "billing2019", "wilmes2021")
FILES = sorted(
    path.relative_to(DATA).as_posix() for folder in FOLDERS for path in (DATA / folder).rglob("*.csv")
    if path.name != "MANIFEST.csv"
)  # fmt: skip

# Column -> substance, unit, time of its addition [min].
DOSES = {
    "input_il6": ("IL-6", "ng/ml", 0), "il6_level": ("IL-6", "ng/ml", 0),
    "HyperIL6_ng_per_ml": ("Hyper-IL-6", "ng/ml", 0),
    "input_ruxolitinib": ("ruxolitinib", "nM", -60), "input_stattic": ("Stattic", "uM", -60),
    "input_rux1": ("ruxolitinib", "nM", -60),
}  # fmt: skip
# Substances that no model has: read without them, on purpose. The guard asks for each.
WITHOUT = (
    "input_dcf",
    "input_apap",
    "input_bmp2",
    "input_noggin",
    "input_dorso",
    "input_cyclo",
    "input_ActD",
    "input_actd",
)
WITHOUT += ("input_rux2", "actd_level2")
# Gels, plates and cells of one file.
BATCHES = ("experiment", "Experiment", "exp", "patient", "nExpID")
SPREAD = re.compile(
    r"(std|sd|se)$|_std|n_cells|^idx$|^b\d$|input_phh|input_DMSO|input_dmso|DMSO|^name$|isTriple|loc1|^hours$", re.I
)


def columns_of(name: str) -> tuple[list[str], list[list[str]]]:
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    return head, rows


def entry(name: str) -> dict[str, Any]:
    """Describe one file by the names of its columns, as a person would."""
    head, rows = columns_of(name)
    cells = {column: [row[i] for row in rows] for i, column in enumerate(head)}
    time = next(column for column in ("time", "time_min", "t", "min") if column in head)
    found: dict[str, Any] = {"path": name, "assay": "table", "batch": "all", "time": time, "duplicates": "keep"}
    found["time_unit"] = "min"
    known = {time}
    doses = {}
    for column, (species, unit, at) in DOSES.items():
        if column in head:
            doses[species] = {"column": column, "unit": unit, "time_min": at}
    if "IL-6" not in doses and "billing" not in name:
        doses["IL-6"] = {"dose": 40, "unit": "ng/ml"}
    if "il6_loc" in head:
        doses["IL-6"]["until"] = "il6_loc"
        known.add("il6_loc")
    if "dose_nM" in head:  # two ligands in one column
        found["condition"] = {"column": "condition", "map": {c: c for c in dict.fromkeys(cells["condition"])}}
        known |= {"condition", "dose_nM", "ligand"}
        found["ignore"] = ["ligand"]  # the protocol of this test gives nothing
    elif "billing" in name and "HyperIL6_ng_per_ml" not in head:
        found["condition"] = "hyper"
    elif name.startswith("wilmes"):
        found["condition"] = {"columns": ["cell_type", "ligand"]}
        found["condition"]["map"] = {
            f"{c}, {li}": f"{li}_{c.replace('-', '')}"
            for c, li in zip(cells["cell_type"], cells["ligand"], strict=True)
        }
        found["where"] = {"readout": "pSTAT3"}
        known |= {"cell_type", "ligand", "ligand_nM", "dataset_id"}
        found["ignore"] = ["ligand_nM", "dataset_id", "source_file"]
    else:
        found["condition"] = {"doses": doses}
        known |= {dose["column"] for dose in doses.values() if "column" in dose}
    for column in WITHOUT:
        if column in head:
            levels = sorted(set(cells[column]), key=float)
            found.setdefault("where", {})[column] = levels[0] if column != "actd_level2" else levels[-1]
            known.add(column)
    if "actd_level1" in head:
        found["ignore"] = ["actd_level1"]
    batch = next((c for c in BATCHES if c in head and len(set(cells[c])) > 1), None)
    if batch and not name.startswith("wilmes"):
        found["batch"] = {"column": batch} | ({"empty": "unnamed"} if "" in cells[batch] else {})
        known.add(batch)
    if "genotype" in head:
        found["where"] = {"genotype": "wild_type" if "wild_type" in cells["genotype"] else cells["genotype"][0]}
        known.add("genotype")
    numbers = [c for c in head if c not in known and _numeric(cells[c]) and not SPREAD.search(c) and c not in BATCHES]
    measured = [c for c in numbers if c not in ("actd_level1", "value_is_log10", "ligand_nM", "replicate")]
    # Some hold logarithms by their header; here they are read as they stand.
    called = {c: "L" + re.sub(r"(?i)log(10)?", "", c) for c in measured if re.search(r"(?i)log", c)}
    found |= {"columns": {name: c for c, name in called.items()}} if called else {}
    found["observables"] = {
        re.sub(r"\W", "_", c): {"column": called.get(c, c), "unit": "a.u.", "noise": "normal"} for c in measured
    }
    ignored = [c for c in head if c not in known and c not in measured and c not in found.get("where", {})]
    found["ignore"] = sorted({*found.get("ignore", []), *ignored} - {"condition"} - set(found.get("where", {})))
    return found


def _numeric(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", cell, re.I) for cell in filled)


def read(name: str, folder: Path, **changed: Any):
    described = {**entry(name), **changed}
    protocol = {}
    conditions = {"hyper"} if described["condition"] == "hyper" else set()
    if isinstance(described["condition"], dict):
        conditions = set(described["condition"].get("map", {}).values())
    steps = [{"condition": c, "time_min": -1, "action": "control"} for c in sorted(conditions)]
    if steps:
        protocol = {"protocol": steps}
    path = folder / "d.yaml"
    # JSON is YAML. A library that petab-select imports makes PyYAML forget to sort; counts follow the order of `where`.
    path.write_text(json.dumps({"title": name, **protocol, "files": [described]}, sort_keys=True, ensure_ascii=False))
    return ingest(path, "d", DATA)


_LINES = (Path(__file__).parent / "shared_counts.csv").read_text(encoding="utf-8").splitlines()
COUNTS = {row["file"]: row for row in csv.DictReader(_LINES)}
"""File -> rows in, read-outs, values out, cells left out by reason."""


def test_every_file_has_its_counts():
    assert sorted(COUNTS) == FILES


@pytest.mark.parametrize("name", FILES)
def test_every_row_is_a_value_or_left_out_for_a_reason(name, tmp_path):
    tables = read(name, tmp_path)
    _, rows = columns_of(name)
    for observable in entry(name)["observables"]:
        values = sum(file.values[observable] for file in tables.report.files)
        drops = [drop for file in tables.report.files for drop in file.dropped if drop.observable == observable]
        assert all(drop.reason for drop in drops)
        assert values + sum(drop.count for drop in drops) == len(rows), observable
    assert len(tables.measurements) == sum(sum(file.values.values()) for file in tables.report.files)
    left: dict[str, int] = {}
    for drop in (drop for file in tables.report.files for drop in file.dropped):
        reason = drop.reason.split(" is ")[0] if drop.reason.startswith("where") else drop.reason
        left[reason] = left.get(reason, 0) + drop.count
    assert COUNTS[name] == {
        "file": name,
        "rows": str(len(rows)),
        "readouts": str(len(entry(name)["observables"])),
        "values": str(len(tables.measurements)),
        "left_out": "; ".join(f"{reason}: {count}" for reason, count in sorted(left.items())),
    }


HAND_CHECKED = [
    # file, observable, condition, time, what the file's lines say
    ("sobotta2017/braun/hep_2013_06_03_Ruxolitinib.csv", "pSTAT3_wb", "IL6_40_ng_ml", 20, [0.9612168967814895]),
    (
        "sobotta2017/braun/hep_2011_12_12_Stattic_Stat3_Inhibitor_DR.csv", "pSTAT3_wb",
        "IL6_40_ng_ml_stattic_50_uM_at_minus60", 20, [1033937.93],
    ),
    ("sobotta2017/bohl/hep_2006_02_09_FourPulses_ReceptorNucleus.csv", "pgp130_wb", "IL6_40_ng_ml_until_6", 0,
        [0.639, 0.591122]),
    ("billing2019/hepg2_15min_168.csv", "pSTAT3_mean", "hil6_0p02", 15, [754.9]),
    ("zeilfelder2025/wb_data/STAT3_DR_IL6.csv", "tpSTAT3_wb_scaled", "IL6_2p5_ng_ml", 20, [3.633232]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "observable", "condition", "time", "expected"), HAND_CHECKED, ids=[c[0] for c in HAND_CHECKED]
)
def test_values_are_those_that_stand_in_the_file(name, observable, condition, time, expected, tmp_path):
    rows = read(name, tmp_path).measurements.query(
        "observable == @observable and condition == @condition and time_min == @time"
    )
    assert rows["value"].tolist()[: len(expected)] == expected


def test_wells_with_a_drug_are_conditions_of_their_own(tmp_path):
    tables = read("sobotta2017/braun/hep_2013_06_03_Ruxolitinib.csv", tmp_path)
    values = tables.measurements.query("observable == 'pSTAT3_wb'").groupby("condition")["value"].apply(list)
    assert values["IL6_40_ng_ml"] == [0.9612168967814895, 0.82009547246684]  # without and with DMSO, which is ignored
    assert values["IL6_40_ng_ml_ruxolitinib_5000_nM_at_minus60"] == [0.006689529868300845]
    assert all(len(found) == 1 for name, found in values.items() if "ruxolitinib" in name)
    steps = tables.protocol.query("species == 'ruxolitinib'")
    assert set(steps["time_min"]) == {-60.0}
    assert set(steps["unit"]) == {"nM"}


def test_a_drug_that_nobody_names_is_asked_for(tmp_path):
    name = "zeilfelder2025/qpcr/qpcr_all.csv"
    with pytest.raises(UserError, match="column 'input_dcf': it tells apart rows that are read as one condition"):
        read(name, tmp_path, where={"input_bmp2": 0, "input_noggin": 0, "input_dorso": 0})
    tables = read(name, tmp_path)
    reasons = {drop.reason: drop.count for file in tables.report.files for drop in file.dropped}
    assert any(reason.startswith("where: input_dcf is '") for reason in reasons)
