# ruff: noqa: E501 (lines of files as programs write them)
"""Each format: what its program writes is recognised by that format alone, and read cell for cell."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6infer.ingestion.formats import FORMATS
from il6infer.ingestion.loading import load
from il6infer.ingestion.taking import Take
from tests.ingestion.test_more_programs import GROUP, MSD, TREE, XPONENT
from tests.ingestion.workbooks import xlsx, zipped

GRID = [[f"{100 * r + c}" for c in range(1, 13)] for r in range(1, 9)]


def grid(delimiter: str = ",", corner: str = "", behind: str = "", letters: str = "ABCDEFGH") -> str:
    lines = [delimiter.join([corner, *map(str, range(1, 13))])]
    rows = zip(letters, GRID, strict=True)
    lines += [delimiter.join([letter, *cells, *([behind] if behind else [])]) for letter, cells in rows]
    return "\n".join(lines) + "\n"


GEN5 = f"""Software Version\t3.12.08

Plate Number\tPlate 1
Date\t4/11/2024
Reader Type:\tSynergy H1

Procedure Details
Read\tabs450
\tWavelengths:  450

Results
{grid(chr(9), behind="abs450:450").replace("203", "OVRFLW")}"""
TECAN = f"""Application: Tecan i-control,,,
Device: infinite 200Pro
System,PC1

Plate,[GRE96fw]
Label: Label1
Mode,Luminescence
Integration Time,1000,ms
Start Time:,25.11.2026 10:12:05

,Temperature: 26.3 C
{grid(corner="<>")}

End Time:,25.11.2026 10:14:05
"""
SKANIT = f"""Measurement results

Abs
{grid(";", corner="Abs").replace("101", "0,123")}
Autoloading range A1 - H12
"""
SOFTMAX = "##BLOCKS= 1\nPlate:\tPlate1\t1.3\tPlateFormat\tEndpoint\tLuminescence\n" + "\n".join(
    ["\tTemperature(C)\t" + "\t".join(map(str, range(1, 13)))]
    + ["\t" + ("25.1" if i == 0 else "") + "\t" + "\t".join(row) for i, row in enumerate(GRID)]
) + "\n\n~End\nOriginal Filename: x; Date Last Saved: 1/1/2026\n"  # fmt: skip
GLOMAX = f"Results\nRun date: 11/25/2026\n\nLuminescence 1 (Firefly)\n{grid()}\nLuminescence 2 (Renilla)\n{grid()}"
ENVISION = f"Plate information\nPlate,Repeat,Barcode\n1,1,\n\nResults for Meas A -  (RFU)\n{grid().replace(',1,2,3', ',01,02,03', 1)}"
MARS = """User: USER,Path: C:\\BMG,Test ID: 12
Well Row,Well Col,Content,Raw Data (No filter),Time [s]
A,1,Sample X1,12556,
A,02,Blank B,31,
"""
KINETIC = """Ergebnisse

Time\tT\u00b0 Lum\tA1\tA2
0:10:00\t37.0\t100.5\tOVRFLW
0:20:00\t37.1\t120\t310

Time\tT\u00b0 450\tA1\tA2
0:10:00\t37.0\t0.1\t0.2
0:20:00\t37.1\t0.3\t0.4
"""
STEPONE = """Block Type\t96well
Chemistry\tSYBR_GREEN

Well\tSample Name\tTarget Name\tTask\tReporter\tQuencher\tRQ\tC\u0442\tC\u0442 Mean\tC\u0442 SD\tQuantity\tTm1\tComments
A1\tveh\tSOCS3\tUNKNOWN\tSYBR\tNone\t\t24.81\t24.8\t0.1\t\t81.2\t
A2\tveh\tHPRT\tUNKNOWN\tSYBR\tNone\t\tUndetermined\t\t\t\t81.2\t
A3\tNTC\tHPRT\tNTC\tSYBR\tNone\t\t38.1\t\t\t\t81.2\t
"""
DESIGN = """# Block Type: 96-Well 0.2-mL Block
# Instrument Type: QuantStudio 3

"Well","Well Position","Omit","Sample","Target","Task","Reporter","Quencher","Amp Status","Amp Score","Cq","Cq Confidence","Cq Mean","Cq SD","Auto Threshold","Threshold","Baseline Start"
"1","A1","false","veh","SOCS3","UNKNOWN","SYBR","None","AMP","1.3","24.81","0.99","24.8","0.1","true","0.2","3"
"2","A2","true","veh","HPRT","UNKNOWN","SYBR","None","AMP","1.3","21.05","0.99","24.8","0.1","true","0.2","3"
"3","A3","false","veh","HPRT","UNKNOWN","SYBR","None","NO_AMP","0","UNDETERMINED","0","","","true","0.2","3"
"""
CFX_DE = """;Vertiefung;Fluor;Ziel;Inhalt;Probe;Name der biologischen Gruppe;Cq;Cq-Mittelwert;Cq Std.-Abw.;Startmenge (SQ)
;A01;SYBR;SOCS3;Unbek-01;S01;vehicle_0;24,81;24,8;0,1;NaN
;A02;SYBR;HPRT;Unbek-01;S01;vehicle_0;NaN;0;0;NaN
;A03;SYBR;HPRT;NTC;;;38,10;0;0;NaN
;A04;SYBR;HPRT;Std-1;;;18,10;0;0;1000
"""
LIGHTCYCLER = """Experiment: 2026-11-25 IL6  Selected Filter: SYBR Green I / HRM Dye (465-510)
Include\tColor\tPos\tName\tCp\tConcentration\tStandard\tStatus
True\t255\tA1\tvehicle_0\t24.81\t\t0\t
False\t255\tA2\tvehicle_0\t25.81\t\t0\t
True\t65280\tA3\til6_10\t\t\t0\t
"""
STUDIO = "Image Name\tChannel\tName\tSignal\tTotal\tArea\tBkgnd.\tType\nx\t800\t1\t12.5\t20\t4\t2\tSignal\nx\t800\tB\t2\t3\t4\t2\tBackground\n"
STUDIO_LANES = (
    "Image Name\tChannel\tName\tLane\tSignal\tBkgnd.\n"
    "x\t800\tpSTAT3\t1\t12.5\t2\nx\t800\tpSTAT3\t2\t15\t2\nx\t800\tactin\t1\t9\t2\nx\t800\tactin\t2\t9\t2\n"
)
STUDIO_BANDS = "Image Name,Channel,Name,Signal,Bkgnd.\n" + "".join(
    f"x,{channel},{band} L{lane},{signal + lane},2\n"
    for channel, band, signal in ((700, "pSTAT3", 100), (800, "STAT3", 900)) for lane in range(1, 13)
)  # fmt: skip
EMPIRIA = "Lane,Target,MW,Signal,Normalized Signal\n1,pSTAT3,88,1200.5,1.2\n2,pSTAT3,88,300,0.3\n"
LAB = 'Lane,Band No.,Band Label,Mol. Wt. (KDa),Adj. Volume (Int),Volume (Int),Band %\n1,1,pSTAT3,88.1,"378,860","428,860",100.0\n1,2,,43,"1,378,860",1,5\n'
BESIDE = 'Lane 1,,,Lane 2,,\nBand No.,Band Label,Adj. Volume (Int),Band No.,Band Label,Adj. Volume (Int)\n1,pSTAT3,"378,860.5",1,pSTAT3,"1,200"\n2,actin,5,,,\n'
ANALYZER = "Lane,Band,Rf,Raw vol.,MW\n1,1,0.31,5521,88.2\n2,1,0.31,1521,88.2\n"
FLOWJO = "\tCells/Single Cells | Median (pSTAT3)\tCells/Single Cells | Count\nA1 veh.fcs\t512.5\t10000\nA2 IL6.fcs\t2012\t9000\nMean\t1262\t9500\nSD\t1060\t707\n"
EDGER = '"","logFC","logCPM","F","PValue","FDR"\n"SOCS3",2.9,5.1,100.1,1e-9,1e-6\n"CCL2",NA,1,1,1,1\n'
LIMMA = (
    '"logFC","AveExpr","t","P.Value","adj.P.Val","B"\n"SOCS3",2.9,5.1,10.1,1e-9,1e-6,12\n"1-Dec",0.1,5.1,0.1,0.9,1,-5\n'
)
PRISM = "Time (h),Vehicle,,,IL-6,,\n0,1.1,1.2,1.3,1.4,1.5,\n2,1.1,1.2,1.3,4.4,4.5,4.6\n"
REACT = '<react id="{}"><sample id="{}"/><data><tar id="{}"/><cq>{}</cq></data></react>'
RDML = '<rdml xmlns="http://www.rdml.org" version="1.2"><sample id="veh"><type>unkn</type></sample><sample id="N"><type>ntc</type></sample>'
RDML += (
    '<experiment id="e"><run id="r"><pcrFormat><rows>8</rows><columns>12</columns><rowLabel>ABC</rowLabel></pcrFormat>'
)
RDML += (
    REACT.format(1, "veh", "SOCS3", "24.81")
    + REACT.format(14, "veh", "HPRT", "-1.0")
    + REACT.format(96, "N", "HPRT", "38")
)
RDML += "</run></experiment></rdml>"

CASES = {
    # name: format, content, cells of rows (by place), rows that the program leaves out
    "gen5": ("plate", GEN5, {0: {"well": "A1", "abs450:450": "101"}, 14: {"well": "B3", "abs450:450": "OVRFLW"}}, 0),
    "tecan": ("plate", TECAN, {13: {"well": "B2", "Label1": "202"}}, 0),
    "skanit": ("plate", SKANIT, {0: {"well": "A1", "Abs": "0,123"}}, 0),
    "softmax": ("plate", SOFTMAX, {95: {"well": "H12", "Plate1": "812"}}, 0),
    "glomax": ("plate", GLOMAX, {95: {"well": "H12", "firefly": "812", "renilla": "812"}}, 0),
    "envision": ("plate", ENVISION, {95: {"well": "H12", "Results for Meas A -  (RFU)": "812"}}, 0),
    "kinetic": ("kinetic", KINETIC, {1: {"well": "A2", "time": "0:10:00", "Lum": "OVRFLW", "450": "0.2"},
                3: {"well": "A2", "time": "0:20:00", "Lum": "310", "450": "0.4"}}, 0),
    "mars": ("mars", MARS, {1: {"well": "A2", "sample": "Blank B", "Raw Data (No filter)": "31"}}, 0),
    "stepone": ("quantstudio", STEPONE, {1: {"well": "A2", "sample": "veh", "gene": "HPRT", "ct": "Undetermined"}}, 1),
    "design": ("quantstudio", DESIGN, {0: {"well": "A1", "sample": "veh", "gene": "SOCS3", "ct": "24.81"}}, 1),
    "cfx": ("cfx", CFX_DE, {0: {"well": "A01", "gene": "SOCS3", "sample": "S01", "set": "vehicle_0", "ct": "24,81"}}, 2),
    "lightcycler": ("lightcycler", LIGHTCYCLER, {2: {"well": "A3", "sample": "il6_10", "ct": ""}}, 1),
    "rdml": ("rdml", zipped({"rdml_data.xml": RDML}), {0: {"well": "A1", "gene": "SOCS3", "ct": "24.81"},
             1: {"well": "B2", "ct": "Undetermined"}}, 1),
    "image studio": ("image_studio", STUDIO, {0: {"lane": "1", "band": "800", "intensity": "12.5", "Total": "20"}}, 1),
    "image studio, lanes named by band": (
        "image_studio", STUDIO_BANDS,
        {0: {"lane": "1", "band": "700", "intensity": "101"}, 23: {"lane": "12", "band": "800", "intensity": "912"}}, 0,
    ),
    "image studio, a column of lanes": ("image_studio", STUDIO_LANES, {3: {"lane": "2", "band": "actin", "intensity": "9"}}, 0),
    "empiria": ("empiria", EMPIRIA, {0: {"lane": "1", "band": "pSTAT3", "intensity": "1200.5"}}, 0),
    "image lab": ("image_lab", LAB, {1: {"lane": "1", "band": "band 2", "intensity": "1,378,860"}}, 0),
    "lanes side by side": ("image_lab", BESIDE, {0: {"lane": "1", "band": "pSTAT3", "intensity": "378,860.5"},
                           2: {"lane": "2", "band": "pSTAT3", "intensity": "1,200"}}, 0),
    "gelanalyzer": ("gelanalyzer", ANALYZER, {1: {"lane": "2", "band": "1", "intensity": "1521"}}, 0),
    "imagej gel": ("imagej_gel", " ,Area,Percent\n1,378.86,1\n2,5.5,2\n", {1: {"peak": "2", "intensity": "5.5"}}, 0),
    "imagej measure": ("imagej_measure", " ,Label,Area,Mean,IntDen,RawIntDen\n1,a.tif:x,64,2,128.5,128\n2,a.tif:y,64,2,1,1\n",
                       {0: {"row": "1", "label": "a.tif:x", "intensity": "128.5"}}, 0),
    "flowjo": ("flow", FLOWJO, {1: {"tube": "A2 IL6.fcs", "median": "2012"}}, 0),
    "tree of gates": ("flow_tree", TREE, {1: {"tube": "il6_15.fcs", "median": "2012"}}, 0),
    "luminex": ("luminex", XPONENT, {1: {"well": "A2", "sample": "vehicle_0", "Median IL-6": "25.5", "Result IL-6": "< 3.2"}}, 0),
    "msd": ("msd", MSD, {1: {"well": "A02", "Calc. Concentration": "2.1"}, 2: {"Calc. Concentration": "below"}}, 0),
    "group": ("softmax_group", GROUP, {1: {"well": "A2", "sample": "Un01", "value": "0.528"}}, 0),
    "edger": ("genes", EDGER, {0: {"gene": "SOCS3", "log2_fold_change": "2.9", "fold_change": "7.464263932"}}, 1),
    "limma": ("genes", LIMMA, {0: {"gene": "SOCS3", "p_adjusted": "1e-6"}}, 1),
    "courses": ("courses", "Condition,0 min,15 min\nvehicle,1.1,1.2\nIL-6 10 ng/ml,1.3,\n", {1: {"condition": "vehicle", "time": "15 min", "value": "1.2"},
                2: {"condition": "IL-6 10 ng/ml", "time": "0 min", "value": "1.3"}}, 0),
    "prism": ("prism", PRISM, {3: {"Time (h)": "0", "condition": "IL-6", "replicate": "1", "value": "1.4"},
              10: {"Time (h)": "2", "condition": "IL-6", "replicate": "3", "value": "4.6"}}, 0),
}  # fmt: skip


ANY = Take()


def loaded(name: str, take: Take = ANY):
    content = CASES[name][1]
    return load(content if isinstance(content, bytes) else content.encode(), "f", take)


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_recognised_and_read_cell_for_cell(name):
    format, _, expected, left = CASES[name]
    found, faults = loaded(name)
    assert faults == []
    assert found.format == format
    for place, cells in expected.items():
        row = found.sheet.rows[place]
        assert {column: row[column] for column in cells} == cells
    assert len(found.block.left) == left


def test_every_format_has_a_case():
    assert {case[0] for case in CASES.values()} | {"table"} == set(FORMATS)


# Texts with decimal commas, or quoted, are not cells of a workbook as they stand.
PLAIN = [name for name, case in CASES.items() if isinstance(case[1], str) and '"' not in case[1]]
PLAIN = [name for name in PLAIN if name not in ("cfx", "skanit")]


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(PLAIN)),
    st.sampled_from(["\t", ";", ","]),
    st.sampled_from([".", ","]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(0, 3),
    st.floats(1, 1e6),
    st.integers(0, 10_000),
)
def test_numbers_are_the_same_however_a_locale_writes_them_or_the_file_is_refused(
    name, delimiter, decimal, encoding, newline, more, value, place
):
    """One number is made up; delimiter, decimal mark, encoding, ends of lines and empty columns are another locale's."""
    text = CASES[name][1]
    own = "\t" if "\t" in text else ";" if ";" in text else ","
    cells = list(csv.reader(io.StringIO(text), delimiter=own))
    numbers = [(i, j) for i, row in enumerate(cells) for j, cell in enumerate(row) if re.fullmatch(r"\d+\.\d+", cell)]
    if numbers:
        i, j = numbers[place % len(numbers)]
        cells[i][j] = f"{value:.3f}"
    plainly = load("\n".join(own.join(map(_quoted, row)) for row in cells).encode(), "f", Take(decimal="."))[0]
    local = [[re.sub(r"^(\d+)\.(\d+)$", rf"\1{decimal}\2", cell) for cell in row] + [""] * more for row in cells]
    written = newline.join(delimiter.join(_quoted(cell) for cell in row) for row in local)
    try:
        content = written.encode(encoding)
    except UnicodeEncodeError:
        return
    found, faults = load(content, "f", Take())
    assert (found is None) == bool(faults)
    if found is None or plainly is None:
        return
    for row, same in zip(found.sheet.rows, plainly.sheet.rows, strict=True):
        for (column, cell), (_, was) in zip(row.cells.items(), same.cells.items(), strict=True):
            number, expected = found.sheet.number(cell), plainly.sheet.number(was)
            assert number is None or number == pytest.approx(expected), (column, cell, was)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if re.search(r'[,;\t"]', cell) else cell


@pytest.mark.parametrize("name", PLAIN)
def test_the_same_cells_in_a_workbook_are_read_alike(name):
    text, delimiter = CASES[name][1], "\t" if "\t" in CASES[name][1] else ";" if ";" in CASES[name][1] else ","
    rows = [[float(c) if _plain(c) else c for c in line.split(delimiter)] for line in text.splitlines()]
    found, faults = load(xlsx({"s": rows}), "f", Take())
    assert faults == []
    expected, _ = loaded(name)
    assert found.format == CASES[name][0]
    assert [list(map(_number, row.cells.values())) for row in found.sheet.rows] == [
        list(map(_number, row.cells.values())) for row in expected.sheet.rows
    ]


def _plain(cell: str) -> bool:
    return cell.replace(".", "", 1).isdigit() and cell.isascii()


def _number(cell: str):
    return float(cell) if _plain(cell) else cell


def test_format_overrides_what_a_file_looks_like():
    found, faults = loaded("lanes side by side", Take(format="plate"))
    assert found is None
    assert str(faults[0]).startswith("f: has no grid of wells")
    assert (
        loaded("limma", Take(format="table"))[0] is None or loaded("limma", Take(format="table"))[0].format == "table"
    )


def read(text: str):
    return load(text.encode(), "f", ANY)


def test_reads_that_stand_below_each_other_are_columns_and_none_writes_over_another():
    rows = "Results\n\t1\t2\nA\t1.1\t1.2\t450\n\t0.1\t0.2\t570\nB\t2.1\t2.2\t450\n\t0.3\t0.4\t570\n"
    sheet = read(rows)[0].sheet
    assert [(row["well"], row["450"], row["570"]) for row in sheet.rows] == [
        ("A1", "1.1", "0.1"), ("A2", "1.2", "0.2"), ("B1", "2.1", "0.3"), ("B2", "2.2", "0.4"),
    ]  # fmt: skip
    found, faults = read(rows.replace("570", "450"))
    assert found is None
    assert str(faults[0]) == "f, row 2: row A stands twice in one grid (450). Export each read as a grid of its own."


def test_rows_of_a_grid_that_are_lettered_twice_are_refused():
    """As of firefly with Renilla below it: the grid ended at the second A, and all wells below were lost in silence."""
    found, faults = read(",1,2\nA,1,2\nA,50,60\nB,3,4\nB,51,52\n")

    assert found is None
    assert str(faults[0]) == "f, row 1: row A stands twice in one grid. Export each read as a grid of its own."


def test_a_gene_called_max_is_no_footer():
    found, _ = read(LIMMA.replace("1-Dec", "MAX"))
    assert [row["gene"] for row in found.sheet.rows] == ["SOCS3", "MAX"]
    assert read("a,b,c\n1,2,3\n2,3,4\nMean,2.5,\n")[0].block.footer == ("Mean  2.5",)
    assert len(read("a,b,c\nx,2,3\nmax,3,4\n")[0].sheet.rows) == 2


BOMB = '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rdml>&b;</rdml>'


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (zipped({"rdml_data.xml": BOMB}), "is no RDML file: its XML declares a document type."),
        (zipped({"rdml_data.xml": BOMB.encode("utf-16")}), "its XML declares a document type"),
        (zipped({"rdml_data.xml": "<rdml/>"}), "the RDML file has no reaction with a Cq."),
        (zipped({"rdml_data.xml": "<rdml"}), "is no RDML file"),
        (zipped({"rdml_data.xml": b" " * 60_000_000}), "holds 60,000,000 bytes of XML, more than 50,000,000."),
    ],
)
def test_rdml_that_would_harm_is_refused(content, what):
    found, faults = load(content, "f.rdml", Take())
    assert found is None
    assert what in str(faults[0])


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(name for name in CASES if isinstance(CASES[name][1], str))),
    st.lists(
        st.tuples(st.integers(0, 4000), st.sampled_from(["", "\n", "\t", ",", ";", '"', "1", "x", "1,5", "A", "Lane", "\u00b5"])),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)  # fmt: skip
def test_a_spoilt_file_is_read_or_refused_and_no_number_is_made_up(name, changes, cut):
    text = CASES[name][1]
    for place, piece in changes:
        at = place % (len(text) + 1)
        text = text[:at] if cut and piece == "" else text[:at] + piece + text[at + len(piece) :]
    found, faults = load(text.encode(), "f", Take())
    assert (found is None) == bool(faults)
    if found is None:
        return
    written = {cell for row in found.grid.rows for cell in row}
    made = {"fold_change", "log2_error", "peak", "row", "replicate", "well", "lane", "band"}
    for row in found.sheet.rows:
        for column, cell in row.cells.items():
            assert column in made or cell in {*written, "", "below", "above"}, (column, cell)
