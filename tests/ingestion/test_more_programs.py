# ruff: noqa: E501 (lines of files as programs write them)
"""Files of multiplex readers, group tables, trees of gates, Prism's own files: values by hand, or refused by name."""

from __future__ import annotations

import pytest
import yaml

from il6infer._errors import UserError
from il6infer.ingestion import ingest

PROTOCOL = [
    {"condition": "vehicle", "time_min": 0, "action": "control"},
    {"condition": "il6", "time_min": 0, "action": "add", "species": "IL-6", "dose": 10, "unit": "ng/ml"},
]
SAID = {"labels": {"sample": "{condition}_{time}"}, "time": "time", "time_unit": "min"}


def table(column: str, unit: str = "a.u.", **more) -> dict:
    concentration = {"substance": "IL6", "scale": False} if unit == "pg/ml" else {}
    return {
        "assay": "table",
        "batch": "b",
        "observables": {"x": {"column": column, "unit": unit, **concentration}},
        **more,
    }


def read(folder, name: str, content: str | bytes, entry: dict, protocol: list | None = None):
    """Values of a file as (condition, time, value), and what is said of it."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    document = {"title": "a file", "files": [{"path": name, **entry}]} | ({"protocol": protocol} if protocol else {})
    (folder / "d.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    tables = ingest(folder / "d.yaml", "d", folder)
    frame = tables.measurements
    return [*zip(frame["condition"], frame["time_min"], frame["value"], strict=True)], tables.report.files[0], frame


XPONENT = """Program,xPONENT,,MAGPIX
SN,LX12345

Results

DataType:,Median
Location,Sample,IL-6,sIL-6R,Total Events
"1(1,A1)",Standard1,15012,9000,170
"2(1,A2)",vehicle_0,25.5,820,160
"3(1,B2)",il6_60,1250,815,155

DataType:,Result
Location,Sample,IL-6,sIL-6R,Total Events
"2(1,A2)",vehicle_0,< 3.2,1520,160
"3(1,B2)",il6_60,250.1,1500,155

DataType:,Count
Location,Sample,IL-6,sIL-6R,Total Events
"2(1,A2)",vehicle_0,80,80,160
"3(1,B2)",il6_60,78,77,155

-- CRC --
CRC32: 1A2B3C
"""


def test_a_column_for_each_data_type_and_analyte_of_luminex(tmp_path):
    where = {"sample": ["vehicle_0", "il6_60"]}
    values, file, _ = read(tmp_path, "f.csv", XPONENT, table("Median IL-6", where=where, **SAID), PROTOCOL)
    assert (file.format, values) == ("luminex", [("vehicle", 0, 25.5), ("il6", 60, 1250)])
    values, _, frame = read(tmp_path, "f.csv", XPONENT, table("Result IL-6", "pg/ml", where=where, **SAID), PROTOCOL)
    assert values == [
        ("vehicle", 0, pytest.approx(3.2e-3 / 20.8, rel=0.02)),
        ("il6", 60, pytest.approx(0.2501 / 20.8, rel=0.02)),
    ]
    assert list(frame["censored"]) == ["below", ""]


MSD = """Plate Name,Sample,Assay,Well,Spot,Dilution,Concentration,Signal,Mean,CV,Calc. Concentration,Calc. Conc. Mean,Calc. Conc. CV,Detection Range
P1,S001,IL-6,A01,1,1,488,251022,250500,0.3,490,489,0.4,In Detection Range
P1,U001,IL-6,A02,1,2,NaN,1205,1210,0.6,2.1,2.11,0.5,In Detection Range
P1,U002,IL-6,A03,1,2,NaN,88,90,3,0.02,NaN,NaN,Below Fit Curve Range
P1,U003,IL-6,A04,1,2,NaN,88,90,3,NaN,NaN,NaN,Below Detection Range
"""


def test_concentrations_that_msd_calls_below_its_range_are_below_it(tmp_path):
    layout = {"A2": "vehicle 0", "A3": "vehicle 30", "A4": "IL-6 10 ng/ml 60"}
    entry = table("Calc. Concentration", "pg/ml", layout=layout)
    entry["observables"]["x"]["detection_limit"] = 0.1
    values, file, frame = read(tmp_path, "f.csv", MSD, entry)
    assert file.format == "msd"
    assert [value / values[1][2] for _, _, value in values] == pytest.approx([21, 1, 1])
    assert list(frame["censored"]) == ["", "below", "below"]


GROUP = """Group: Unknowns\t1\t\t\t\t
Sample\tWells\tValues\tMeanValue\tStd.Dev.\tCV%
Un01\tA1\t0.512\t0.520\t0.0113\t2.2
\tA2\t0.528\t\t\t
Un02\tB1\t1.812\t1.830\t0.0255\t1.4
\tB2\t1.848\t\t\t
~End
"""
PLATE = (
    "##BLOCKS= 1\nPlate:\tPlate01\t1.3\tPlateFormat\tEndpoint\tAbsorbance\tRaw\tFALSE\t1\t\t\t\t\t\t2\t450 570 \t1\t12\t96\t1\t8\t\t\n"
    + "\tTemperature(\u00a1C)\t" + "\t\t".join(["\t".join(map(str, range(1, 13)))] * 2) + "\t\t\n"
    + "".join(f"\t{'21.8' if r == 0 else ''}\t" + "\t".join(f"{r}.{c:02d}" for c in range(1, 13)) + "\t\t"
              + "\t".join(f"0.0{r}{c:02d}" for c in range(1, 13)) + "\t\t\n" for r in range(8))
    + "\n~End\n"
)  # fmt: skip


def test_wells_of_a_group_of_softmax_are_read_and_its_means_are_not(tmp_path):
    layout = {"A1-A2": "vehicle 0", "B1-B2": "IL-6 10 ng/ml 60"}
    values, file, _ = read(tmp_path, "f.txt", GROUP, table("value", layout=layout))
    assert file.format == "softmax_group"
    assert [value for _, _, value in values] == [0.512, 0.528, 1.812, 1.848]
    two = GROUP.replace("~End\n", "~End\nGroup: Controls\t1\nSample\tWells\tValues\nC1\tC1\t9\n~End\n")
    with pytest.raises(UserError, match="has several groups"):
        read(tmp_path, "f.txt", two, table("value", layout=layout))


def test_grids_of_two_wavelengths_side_by_side_are_two_columns(tmp_path):
    layout = {"A1": "vehicle 0", "B12": "IL-6 10 ng/ml 60"}
    for wave, expected in (("450", [0.01, 1.12]), ("570", [0.0001, 0.0112])):
        values, file, _ = read(tmp_path, "f.txt", PLATE, table(f"Plate01 {wave}", layout=layout))
        assert (file.format, [value for _, _, value in values]) == ("plate", expected)


TREE = """Depth\tName\tStatistic\t#Cells
\tvehicle_0.fcs\t\t50000
> \tLymphocytes\t62.1\t31050
> > \tSingle Cells\t95.0\t29498
> > > \tMedian : Comp-APC-A\t512.5\t
\til6_15.fcs\t\t50000
> \tLymphocytes\t61.3\t30650
> > \tSingle Cells\t94.1\t28842
> > > \tMedian : Comp-APC-A\t2012\t
"""
DIVA = """Experiment Name:,exp1
Tube Name:,vehicle_0
Population,#Events,%Parent,%Total,APC-A Median,APC-A Mean
All Events,50000,####,100.0,300,310
P1,29498,59.0,59.0,512.5,540
Tube Name:,il6_15
Population,#Events,%Parent,%Total,APC-A Median,APC-A Mean
All Events,50000,####,100.0,900,910
P1,28842,57.7,57.7,2012,2240
"""


def test_trees_of_gates_and_tubes_below_each_other_are_tables_of_tubes(tmp_path):
    expected = [("vehicle", 0, 512.5), ("il6", 15, 2012)]
    entry = table("median", labels={"tube": "{condition}_{time}.fcs"}, time="time")
    values, file, frame = read(tmp_path, "f.txt", TREE, entry, PROTOCOL)
    assert (file.format, values, list(frame["source_row"])) == ("flow_tree", expected, [2, 6])
    entry = table("APC-A Median", labels={"tube": "{condition}_{time}"}, time="time", where={"population": "P1"})
    values, file, frame = read(tmp_path, "f.csv", DIVA, entry, PROTOCOL)
    assert (file.format, values, list(frame["source_row"])) == ("flow", expected, [5, 9])


def test_a_tree_without_its_upper_gates_is_refused(tmp_path):
    entry = table("median", labels={"tube": "{condition}_{time}.fcs"}, time="time")
    with pytest.raises(UserError, match=r"f\.txt, row 3: a gate without the one above it"):
        read(tmp_path, "f.txt", TREE.replace("> \tLymphocytes\t62.1\t31050\n", ""), entry, PROTOCOL)


def pzfx(*tables: str) -> str:
    return (
        '<?xml version="1.0"?><GraphPadPrismFile xmlns="http://graphpad.com/prism/Prism.htm">'
        + "".join(tables)
        + "</GraphPadPrismFile>"
    )


def column(tag: str, title: str, *cells: list[str]) -> str:
    parts = "".join(
        "<Subcolumn>" + "".join(cell if cell.startswith("<") else f"<d>{cell}</d>" for cell in one) + "</Subcolumn>"
        for one in cells
    )
    return f"<{tag}><Title>{title}</Title>{parts}</{tag}>"


XY = '<Table XFormat="numbers" YFormat="replicates" Replicates="2" TableType="XY"><Title>course</Title>'
XY += column("XColumn", "Time (min)", ["0", "15"]) + column("YColumn", "vehicle", ["1.1", "1.2"], ["1.3", "1"])
XY += column("YColumn", "IL-6 10 ng/ml", ["1.25", "8.5"], ["1.2", '<d Excluded="1">80</d>']) + "</Table>"
WAYS = '<Table XFormat="none" TableType="OneWay"><Title>SOCS3</Title>'
WAYS += column("YColumn", "vehicle", ["1.1", "1.2"]) + column("YColumn", "IL-6 10 ng/ml", ["5.5"]) + "</Table>"
MEANS = XY.replace('YFormat="replicates"', 'YFormat="SDN"')


def test_tables_of_prism_s_own_files_are_read_as_it_shows_them(tmp_path):
    entry = table("value", time="Time (min)")
    values, file, _ = read(tmp_path, "f.pzfx", pzfx(XY), entry)
    assert [value for _, _, value in values] == [1.1, 1.3, 1.25, 1.2, 1.2, 1, 8.5]
    assert file.around == ("left out in Prism: 1 cells",)
    entry = table("value", sheet="SOCS3", constants={"time": 60})
    values, _, _ = read(tmp_path, "f.pzfx", pzfx(XY, WAYS), entry)
    assert values == [("vehicle", 60, 1.1), ("IL_6_10_ng_ml", 60, 5.5), ("vehicle", 60, 1.2)]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (pzfx(XY, WAYS), r"2 sheets have values \('course', 'SOCS3'\)"),
        (pzfx(MEANS), "gives means with SD or SEM, not replicates"),
        (pzfx(), "has no data table with values"),
        (pzfx(XY)[:200], "its XML cannot be read"),
        ("<!DOCTYPE a>" + pzfx(XY)[21:], "its XML declares a document type"),
    ],
    ids=["two tables", "means", "none", "cut off", "document type"],
)
def test_prism_s_own_files_that_cannot_be_read_are_refused(tmp_path, content, what):
    with pytest.raises(UserError, match=what):
        read(tmp_path, "f.pzfx", content, table("value", time="Time (min)"))


def test_a_condition_a_column_needs_the_time_from_the_description(tmp_path):
    text = "vehicle,IL-6 10 ng/ml\n1.5,5.25\n1.25,\n"
    values, file, _ = read(tmp_path, "f.csv", text, table("value", constants={"time": 60}))
    assert (file.format, values) == (
        "prism",
        [("vehicle", 60, 1.5), ("IL_6_10_ng_ml", 60, 5.25), ("vehicle", 60, 1.25)],
    )
    with pytest.raises(UserError, match="column 'time' is missing"):
        read(tmp_path, "f.csv", text, table("value"))


@pytest.mark.parametrize("word", ["mean", "Mean", "SD", "CV%", "Mittelwert", "Average", "Mean of 2"])
@pytest.mark.parametrize("column", ["replicate", "sample", "anything"])
def test_a_row_that_sums_up_others_is_not_read_beside_them(tmp_path, word, column):
    rows = "".join(
        f"{c},{t},{n},{v}\n"
        for c, t in (("vehicle", 0), ("IL-6 10 ng/ml", 15))
        for n, v in (("n1", 378), ("n2", 402), (word, 390))
    )
    with pytest.raises(UserError, match="it sums up other rows, and is read beside them; and so in 1 more"):
        read(tmp_path, "f.csv", f"condition,time,{column},pSTAT3\n{rows}", table("pSTAT3"))


def test_numbered_rows_of_wells_are_letters(tmp_path):
    text = "Database Name\tOpera\n\n[Data]\nRow\tColumn\tTimepoint\tCells - pSTAT3 Mean\n1\t2\t0\t210.5\n2\t12\t0\t980.25\n"
    values, _, _ = read(
        tmp_path, "f.txt", text, table("Cells - pSTAT3 Mean", layout={"A2": "vehicle 30", "B12": "IL-6 10 ng/ml 30"})
    )
    assert [value for _, _, value in values] == [210.5, 980.25]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp932"])
def test_japanese_headers_and_encoding(tmp_path, encoding):
    text = "\u30ec\u30fc\u30f3,\u6761\u4ef6,\u6642\u9593 (\u5206),pSTAT3,STAT3\n1,vehicle,0,378,756\n2,IL-6 10 ng/ml,15,900,600\n"
    entry = {"assay": "western_blot", "observable": "pSTAT3", "batch": "g", "signal": "pSTAT3", "normalise": "STAT3"}
    values, _, _ = read(tmp_path, "f.csv", text.encode(encoding), entry)
    assert values == [("vehicle", 0, 0.5), ("IL_6_10_ng_ml", 15, 1.5)]


@pytest.mark.parametrize(
    "name",
    ["Aktivit\u00e4t", "Fl\u00e4che (\u00b5m\u00b2)", "\u00dcberstand \u00d7 2", "d\u00e9j\u00e0 vu", "\u0192 \u201a"],
)
def test_western_text_is_never_taken_for_japanese(tmp_path, name):
    text = f"Bedingung;Zeit (min);{name};pSTAT3\nvehicle;0;1;378\nIL-6 10 ng/ml;15;1;900\n"
    _, file, _ = read(tmp_path, "f.csv", text.encode("cp1252"), table("pSTAT3", time="time_min"))
    assert (file.encoding, name in file.passed_over) == ("cp1252", True)


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("*12.3", "has a mark: programs write it of what was extrapolated"),
        ("12.3*", "has a mark"),
        ("NaN", "leave the cell empty"),
        ("---", "leave the cell empty"),
        ("Range?", "leave the cell empty"),
        ("#DIV/0!", "leave the cell empty"),
        ("(1.2)", "is not a number"),
        ("~1.2", "is not a number"),
        ("1.2 \u00b1 0.1", "is not a number"),
    ],
)
def test_cells_that_are_no_plain_number_say_what_to_do(tmp_path, cell, what):
    with pytest.raises(UserError, match=what.replace("?", r"\?")):
        read(tmp_path, "f.csv", f"condition,time,x\nvehicle,0,{cell}\nIL-6 10 ng/ml,15,3.4\n", table("x"))


@pytest.mark.parametrize(
    ("cell", "side"),
    [("<LLOD", "below"), ("< LLOQ", "below"), ("OOR <", "below"), (">ULOQ", "above"), ("OOR >", "above")],
)
def test_words_for_the_ends_of_the_range_are_its_sides(tmp_path, cell, side):
    entry = table("x")
    entry["observables"]["x"] |= {"detection_limit": 0.5, "saturation": 9}
    values, _, frame = read(tmp_path, "f.csv", f"condition,time,x\nvehicle,0,{cell}\nIL-6 10 ng/ml,15,3.4\n", entry)
    assert (values[0][2], list(frame["censored"])) == ({"below": 0.5, "above": 9}[side], [side, ""])


def test_the_column_of_volumes_that_is_asked_for_is_the_one_that_is_read(tmp_path):
    text = 'Lane,Band,MW,Rf,Volume,Adj. Volume,Norm. Volume\n1,1,88,0.41,"152,100","12,100",1.0\n2,1,88,0.41,"952,100","812,100",67\n'
    entry = {
        "assay": "western_blot",
        "observable": "pSTAT3",
        "batch": "g",
        "signal": "Adj. Volume",
        "layout": {1: "vehicle 0", 2: "IL-6 10 ng/ml 15"},
    }
    assert [value for _, _, value in read(tmp_path, "f.csv", text, entry)[0]] == [12100, 812100]


def test_wells_of_mx3005p(tmp_path):
    rows = [("A1", "vehicle_0", "SOCS3", "Unknown", "30.10"), ("A2", "vehicle_0", "HPRT", "Unknown", "21.00")]
    rows += [
        ("A3", "il6_60", "SOCS3", "Unknown", "25.00"),
        ("A4", "il6_60", "HPRT", "Unknown", "21.50"),
        ("A5", "", "HPRT", "NTC", "No Ct"),
    ]
    text = "Well\tWell Name\tDye\tAssay\tWell Type\tReplicate\tThreshold (dR)\tCt (dR)\n"
    text += "".join(f"{w}\t{n}\tSYBR\t{g}\t{k}\t1\t0.12\t{c}\n" for w, n, g, k, c in rows)
    entry = {
        "assay": "qpcr",
        "observable": "SOCS3_mRNA",
        "batch": "q",
        "target": "SOCS3",
        "reference": "HPRT",
        "labels": {"sample": "{condition}_{time}"},
    }
    values, file, _ = read(tmp_path, "f.txt", text, entry, PROTOCOL)
    assert values == [("vehicle", 0, pytest.approx(2**-9.1)), ("il6", 60, pytest.approx(2**-3.5))]
    assert [drop.reason for drop in file.dropped] == ["task NTC"]
