# ruff: noqa: E501, RUF001 (lines of files as people and programs write them)
"""Exports of more instruments, and tables as people write them: the right numbers, or a refusal that names the way out."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from il6infer._errors import UserError
from il6infer.ingestion import ingest
from il6infer.ingestion.formats.second_table import second_table
from il6infer.ingestion.times import spoken_time
from tests.ingestion.workbooks import xlsx, zipped

TWO = """protocol:
  - {condition: vehicle, time_min: 0, action: control}
  - {condition: il6, time_min: 0, action: add, species: IL-6, dose: 10, unit: ng/ml}
"""
ONE = "\n".join(TWO.split("\n")[:2]) + "\n"
VALUE = "assay: table, batch: b1, observables: {pSTAT3: {column: value, unit: a.u.}}"
PLATE = f"{VALUE}, layout: {{A1-B2: vehicle 60, A3-B3: il6 60}}"
PLATES = [("vehicle", 60, v) for v in (1200, 1250, 1300, 1350)] + [("il6", 60, v) for v in (9500, 9700)]
QPCR = "assay: qpcr, observable: SOCS3_mRNA, batch: q1, target: SOCS3, reference: HPRT"
BLOT = "assay: western_blot, observable: pSTAT3, batch: g1, signal: pSTAT3, normalise: STAT3, layout: {1: vehicle 0, 2: il6 15}"
RATIOS = [("vehicle", 0, 378 / 85243), ("il6", 15, 7837 / 77512)]


def tubes(label: str, column: str) -> str:
    value = f"{{pSTAT3: {{column: {column}, unit: a.u., offset: true}}}}"
    return f"assay: table, batch: d1, time: time, labels: {{{label}: '{{condition}}_{{time}}'}}, observables: {value}"


TUBES = [("vehicle", 0, 512.5), ("il6", 15, 2012)]
COURSES = [("vehicle", 0, 400), ("vehicle", 15, 410), ("il6", 0, 405), ("il6", 15, 7800)]

READ = {
    "Tecan i-control, settings of the device above the grid": (
        "Application: Tecan i-control,,,\nDevice: infinite 200Pro,,,Serial number: 1203\nMode,Luminescence,,\nIntegration Time,1000,ms,\n\n"
        "Start Time:,03.05.2024 12:01:05,,\n\n,Temperature: 24.8 °C,,\n<>,1,2,3\nA,1200,1300,9500\nB,1250,1350,9700\n\nEnd Time:,03.05.2024 12:03:44,,\n",
        PLATE,
        PLATES,
    ),
    "Tecan Magellan, a list of wells": (
        "Well positions\tLayout\tRaw data\nA1\tSM1_1\t0.512\nA2\tSM1_1\t0.498\nA3\tSM1_2\t1.512\nDate: 03.05.2024/Time: 12:01\n",
        VALUE.replace("value", "Raw data") + ", layout: {A1-A2: vehicle 60, A3: il6 60}",
        [("vehicle", 60, 0.512), ("vehicle", 60, 0.498), ("il6", 60, 1.512)],
    ),
    "EnVision, the grid below its plate information": (
        "Plate information\nPlate,Repeat,Barcode,Measured height\n1,1,N/A,N/A\n\nResults for US LUM 96 (1)\n,01,02,03\nA,1200,1300,9500\nB,1250,1350,9700\n\nBasic assay information\nAssay ID: ,,,,5012\n",
        PLATE.replace("column: value", "column: Results for US LUM 96 (1)"),
        PLATES,
    ),
    "Gen5, the read named behind each row": (
        "Software Version\t3.11.19\n\nReader Type:\tSynergy H1\n\nResults\n\t1\t2\t3\nA\t1200\t1300\t9500\tLum\nB\t1250\t1350\t9700\tLum\n",
        PLATE.replace("column: value", "column: Lum"),
        PLATES,
    ),
    "a grid with means beside and below": (
        "Results\n,1,2,3,Mean,SD\nA,1200,1300,9500,4000,10\nB,1250,1350,9700,4100,12\nMean,1225,1325,9600,,\n",
        PLATE,
        PLATES,
    ),
    "a grid of the columns that were read": (
        "Results\n,4,5,6\nA,1200,1300,9500\nB,1250,1350,9700\n",
        PLATE.replace("A1-B2", "A4-B5").replace("A3-B3", "A6-B6"),
        PLATES,
    ),
    "no grid: a table whose first column has no name": (
        ",condition,time,value\n1,vehicle,0 min,2\n2,vehicle,15 min,3\n3,il6,15 min,4\n",
        VALUE,
        [("vehicle", 0, 2), ("vehicle", 15, 3), ("il6", 15, 4)],
    ),
    "the last wells of 384": (
        "Well,value\nP24,400\nP23,7800\n",
        VALUE + ", layout: {P24: vehicle 60, P23: il6 60}",
        [("vehicle", 60, 400), ("il6", 60, 7800)],
    ),
    "GloMax, dual luciferase by injectors": (
        "Promega GloMax Navigator\nProtocol,Dual-Luciferase\n\nWell,Inj 1 (LARII),Inj 2 (S&G),Ratio\nA1,12000,50000,0.24\nA3,94000,47000,2.00\n",
        "assay: luciferase, observable: luciferase, batch: p1, columns: {firefly: Inj 1 (LARII), renilla: Inj 2 (S&G)}, ignore: [Ratio], layout: {A1: vehicle 60, A3: il6 60}",
        [("vehicle", 60, 0.24), ("il6", 60, 2.0)],
    ),
    "QuantStudio Design and Analysis 2, comments by #": (
        '# File Name: run\n# Comment: \n"Well","Well Position","Omit","Sample","Target","Task","Reporter","Amp Status","Cq","Cq Confidence","Cq Mean","Cq SD"\n'
        '1,"A1",false,"vehicle_0","SOCS3","UNKNOWN","SYBR","AMP",30.1,0.98,30.1,-\n2,"A2",false,"vehicle_0","HPRT","UNKNOWN","SYBR","AMP",21.0,0.98,21.0,-\n'
        '5,"A5",false,"NTC","HPRT","NTC","SYBR","NO_AMP",UNDETERMINED,0.0,-,-\n',
        QPCR + ", labels: {sample: '{condition}_{time}'}",
        [("vehicle", 0, 2**-9.1)],
    ),
    "CFX Maestro, with notes and quantities": (
        ",Well,Fluor,Target,Content,Sample,Biological Set Name,Cq,Cq Mean,Cq Std. Dev,Starting Quantity (SQ),Set Point,Well Note\n"
        ",A01,SYBR,SOCS3,Unkn-1,vehicle_0,,30.1,30.1,0,,60,\n,A02,SYBR,HPRT,Unkn-1,vehicle_0,,21,21,0,,60,\n,A05,SYBR,HPRT,NTC-1,,,,0,0,,60,\n",
        QPCR + ", labels: {sample: '{condition}_{time}'}",
        [("vehicle", 0, 2**-9.1)],
    ),
    "LightCycler, a well taken out in the program and still in the layout": (
        "Experiment: x  Selected Filter: SYBR Green I\nInclude\tColor\tPos\tName\tCp\tConcentration\tStandard\tStatus\n"
        "True\t255\tA1\tvehicle_0\t30,10\t\t0\t\nTrue\t255\tA2\tvehicle_0\t21,00\t\t0\t\nFalse\t255\tA3\tvehicle_0\t40,00\t\t0\t>\n",
        QPCR + ", labels: {sample: '{condition}_{time}'}, layout: {A1: {gene: SOCS3}, A2: {gene: HPRT}, A3: {gene: SOCS3}}",
        [("vehicle", 0, 2**-9.1)],
    ),
    "FACSDiva, a tube a row": (
        "Record Date,Tube Name,All Events #Events,P1 #Events,P1 %Parent,P1 APC-A Mean,P1 APC-A Median\n"
        "May 3 2024 12:01:05 PM,vehicle_0,10000,8000,80.0,520.1,512.5\nMay 3 2024 12:02:05 PM,il6_15,10000,8100,81.0,2100.2,2012\n",
        tubes("Tube Name", "P1 APC-A Median") + ", ignore: ['All Events #Events', 'P1 #Events', Record Date]",
        TUBES,
    ),
    "CytExpert, a table a tube": (
        "Tube Name:,vehicle_0\nSample ID:,\nPopulation,Events,% Total,% Parent,Median APC-A,Mean APC-A\nAll Events,10000,100.00 %,100.00 %,480.1,500.2\nP1,8000,80.00 %,80.00 %,512.5,520.1\n\n"
        "Tube Name:,il6_15\nSample ID:,\nPopulation,Events,% Total,% Parent,Median APC-A,Mean APC-A\nAll Events,10000,100.00 %,100.00 %,1900.1,2000.2\nP1,8000,80.00 %,80.00 %,2012,2100.2\n",
        tubes("tube", "Median APC-A") + ", where: {population: P1}",
        TUBES,
    ),
    "Attune, the parameter in a column": (
        "Plate,Sample,Gate,Count,%Parent,X Parameter,X Median,X Mean,X %rCV\nPlate1,vehicle_0,R1,8000,80.1,RL1-A,512.5,520.1,60\nPlate1,il6_15,R1,8000,80.2,RL1-A,2012,2100.2,61\n",
        tubes("sample", "X Median") + ", ignore: [X %rCV, Count]",
        TUBES,
    ),
    "Guava": (
        "Sample Number,Sample ID,Well,Total Count,P1 Count,P1 GRN-B Mean,P1 GRN-B Median\n1,vehicle_0,A01,10000,8000,520.1,512.5\n2,il6_15,A02,10000,8000,2100.2,2012\n",
        tubes("sample", "P1 GRN-B Median"),
        TUBES,
    ),
    "iBright, volumes less the local background": (
        "Image,blot1.g2i\n\nChannel,Lane,Band,Band Name,MW (kDa),Rf,Volume,Local Bg. Corr. Vol.,Density,Area\n"
        "X1,1,1,pSTAT3,88,0.4,5000,378,12,420\nX1,2,1,pSTAT3,88,0.4,12000,7837,30,420\nX2,1,1,STAT3,86,0.41,90000,85243,220,420\nX2,2,1,STAT3,86,0.41,80000,77512,200,420\n",
        BLOT,
        RATIOS,
    ),
    "Image Lab, several images in one table": (
        "Image Name,Lane,Channel,Band No.,Band Label,Adj. Volume (Int),Volume (Int)\ngel1,1,Chemi,1,pSTAT3,378,900\ngel1,2,Chemi,1,pSTAT3,7837,8000\ngel2,1,Chemi,1,pSTAT3,40,900\ngel2,2,Chemi,1,pSTAT3,800,8000\n",
        BLOT.replace("batch: g1", "batch: {column: Image Name}").replace(", normalise: STAT3", ""),
        [("vehicle", 0, 378), ("il6", 15, 7837), ("vehicle", 0, 40), ("il6", 15, 800)],
    ),
    "Odyssey, bands by channel": (
        "Image ID\tChannel\tShape\tIntegrated Intensity\tAverage\tArea\n1\t800\tL1\t378\t2.8\t420\n1\t700\tL1\t85243\t3\t420\n1\t800\tL2\t7837\t2.8\t420\n1\t700\tL2\t77512\t3\t420\n",
        BLOT.replace("signal: pSTAT3", "signal: '800'").replace("normalise: STAT3", "normalise: '700'").replace("{1:", "{L1:").replace(", 2:", ", L2:")
        + ", columns: {lane: Shape, band: Channel, intensity: Integrated Intensity}, ignore: [Average, Area]",
        RATIOS,
    ),
    "ImageJ Measure, lanes in the label": (
        " ,Label,Area,Mean,Min,Max,IntDen,RawIntDen\n1,blot.tif:L1,64,5.9,0,20,378.86,378\n2,blot.tif:L2,64,122,0,255,7837.36,7837\n",
        BLOT.replace("signal: pSTAT3", "signal: intensity").replace(", normalise: STAT3", "") + ", labels: {label: 'blot.tif:L{lane}'}",
        [("vehicle", 0, 378.86), ("il6", 15, 7837.36)],
    ),
    "times with a prime above": ("Condition,0',15'\nvehicle,400,410\nil6,405,7800\n", VALUE, COURSES),
    "times with a typographic prime above": ("Condition,0′,15′\nvehicle,400,410\nil6,405,7800\n", VALUE, COURSES),
    "times without a blank above": ("Condition,0h,0.25h\nvehicle,400,410\nil6,405,7800\n", VALUE, COURSES),
    "times of hours and minutes above": (
        "Condition;0 min;1 h 30 min;2h15\nvehicle;400;410;420\nil6;405;7800;7000\n",
        VALUE,
        [(c, t, v) for c, row in (("vehicle", (400, 410, 420)), ("il6", (405, 7800, 7000))) for t, v in zip((0, 90, 135), row, strict=True)],
    ),
    "times in the ways of three people": (
        "condition;time;value\nvehicle;0 h;400\nil6;0,5 h;7800\nil6;1h30;700\nil6;15m;800\nil6;90 mins;900\nil6;30';950\n",
        VALUE,
        [("vehicle", 0, 400), ("il6", 30, 7800), ("il6", 90, 700), ("il6", 15, 800), ("il6", 90, 900), ("il6", 30, 950)],
    ),
    "times behind a T": (
        "condition,timepoint,value\nvehicle,T0,400\nil6,T15,7800\n",
        VALUE + ", time: time, labels: {timepoint: 'T{time}'}",
        [("vehicle", 0, 400), ("il6", 15, 7800)],
    ),
    "replicates in the header": (
        "Time (min),vehicle n1,vehicle n2,il6 n1,il6 n2\n0,400,410,405,415\n15,390,395,7800,7900\n",
        VALUE + ", time: Time (min)",
        [("vehicle", 0, 400), ("vehicle", 0, 410), ("il6", 0, 405), ("il6", 0, 415), ("vehicle", 15, 390), ("vehicle", 15, 395), ("il6", 15, 7800), ("il6", 15, 7900)],
    ),
    "Swiss thousands and decimal commas": (
        "condition;time_min;value\nvehicle;0;1'204,5\nvehicle;15;1'199,25\nil6;15;12'345,75\n",
        VALUE + ", time: time_min",
        [("vehicle", 0, 1204.5), ("vehicle", 15, 1199.25), ("il6", 15, 12345.75)],
    ),
    "decimal commas in quotes between commas": (
        'condition,time_min,value\nvehicle,0,"400,5"\nil6,15,"7800,25"\n',
        VALUE + ", time: time_min",
        [("vehicle", 0, 400.5), ("il6", 15, 7800.25)],
    ),
}  # fmt: skip

REFUSED = {
    "a transposed table": (
        "condition,vehicle,il6\ntime_min,0,15\nvalue,400,7800\n",
        "Turn the table, so that they stand in a row (paste special, transpose).",
    ),
    "two tables side by side": (
        "condition,time_min,value,,condition,time_min,value\nvehicle,0,400,,vehicle,0,40\nil6,15,7800,,il6,15,780\n",
        "Two tables side by side? Give each a file, or a sheet, of its own.",
    ),
    "two tables below each other": (
        "pSTAT3\ncondition,time_min,value\nvehicle,0,400\nil6,15,7800\n\nSTAT3\ncondition,time_min,value\nvehicle,0,40\nil6,15,780\n",
        "a second table begins: its header is that of row 2. Give each table a file, or a sheet, of its own.",
    ),
    "a formula that divides by zero": (
        "condition,time_min,value\nvehicle,0,400\nil6,15,#DIV/0!\nil6,15,7800\n",
        "column 'value': '#DIV/0!' is not a number. Not measured: leave the cell empty.",
    ),
    "mean and error in one cell": (
        "condition,time_min,value\nvehicle,0,400 ± 20\nil6,15,7800 ± 300\n",
        "'400 ± 20' is not a number. Put mean and error into columns of their own, and name these: 'sd' and 'n', or 'sem'.",
    ),
    "units in the cells": (
        "condition,time_min,value\nvehicle,0,400 RLU\nil6,15,7800 RLU\n",
        "'400 RLU' is not a number. Write the number alone: its unit stands in the header, and in the description.",
    ),
    "about so much": (
        "condition,time_min,value\nvehicle,0,~400\nil6,15,7800\n",
        "'~400' is not a number. Write the number alone if it was measured, else leave the cell empty.",
    ),
    "dates": (
        "condition,time_min,value\nvehicle,2024-05-03 12:00,400\nil6,2024-05-03 12:15,7800\n",
        "'2024-05-03 12:00' is not a number. It looks like a date: write the time since the stimulus as a number",
    ),
    "times behind a T that nobody explains": (
        "condition,time_min,value\nvehicle,T0,400\nil6,T15,7800\n",
        "If its number is the time, have it read, as in 'labels: {time_min: \"T{time}\"}' with 'time: time'.",
    ),
    "means with their SD and N": (
        "Time (min),vehicle,,,il6,,\n,Mean,SD,N,Mean,SD,N\n0,400,20,3,405,22,3\n15,410,20,3,7800,300,3\n",
        "gives means with SD or SEM, not replicates. Export the replicates, or the means as a table of their own.",
    ),
    "a drug without a dose": (
        "Condition,Time (min),value\nvehicle,0,400\nIL-6 (10 ng/mL),15,7800\nIL-6 (10 ng/mL) + Stattic,15,900\n",
        "Name it in a map ('condition: {column: ..., map: {...}}'), or write it as in 'IL-6 10 ng/ml + sIL-6R 25 ng/ml'.",
    ),
    "thousands or decimals": (
        "condition\ttime_min\tvalue\nvehicle\t0\t4.000\nil6\t15\t7.800\n",
        "Say 'thousands: \".\"' or 'decimal: \".\"' for this file.",
    ),
}


def read(folder, text, entry, protocol=TWO):
    (folder / "f").write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "d.yaml").write_text(f"title: t\n{protocol}files:\n  - {{path: f, {entry}}}\n", encoding="utf-8")
    return ingest(folder / "d.yaml", "d", folder).measurements


@pytest.mark.parametrize("shape", READ)
def test_every_value_is_where_it_belongs(shape, tmp_path):
    text, entry, expected = READ[shape]
    rows = read(tmp_path, text, entry, TWO if any(c == "il6" for c, _, _ in expected) else ONE)
    found = sorted(zip(rows["condition"], rows["time_min"], rows["value"], strict=True))
    assert [(c, t) for c, t, _ in found] == [(c, t) for c, t, _ in sorted(expected)]
    assert [v for *_, v in found] == pytest.approx([v for *_, v in sorted(expected)], rel=1e-12)
    assert set(rows["censored"]) == {""}


@pytest.mark.parametrize("shape", REFUSED)
def test_what_cannot_be_told_is_refused_with_the_way_out(shape, tmp_path):
    text, message = REFUSED[shape]
    timed = ", time: time_min" if "time_min" in text else ""
    with pytest.raises(UserError) as error:
        read(tmp_path, text, VALUE + timed)
    assert message in str(error.value)


HIDDEN = [["condition", "time_min", "value"], ["vehicle", 0, 400], ["il6", 15, 7800], ["il6", 15, 9]]


def hiding(row: int) -> bytes:
    """Workbook with a sheet before the one that is read, of which a row is hidden."""
    book = xlsx({"notes": [["no table"]], "gel": HIDDEN})
    with zipfile.ZipFile(io.BytesIO(book)) as packed:
        parts = {name: packed.read(name).decode() for name in packed.namelist()}
    changed = re.sub(rf'<row r="{row}"', f'<row r="{row}" spans="1:3" hidden="1"', parts["xl/worksheets/s2.xml"])
    assert changed != parts["xl/worksheets/s2.xml"]
    return zipped(parts | {"xl/worksheets/s2.xml": changed})


def test_a_hidden_row_is_not_read_unseen(tmp_path):
    with pytest.raises(UserError) as error:
        read(tmp_path, hiding(4), VALUE + ", time: time_min, sheet: gel")
    assert str(error.value).splitlines()[1] == (
        "  - f, sheet 'gel': a row that would be read is hidden in the workbook (row 4). Show what is to be read; "
        "delete the rest, or leave it out by 'where'."
    )
    chosen = read(tmp_path, hiding(4), VALUE + ", time: time_min, sheet: gel, where: {value: [400, 7800]}")
    assert list(chosen["value"]) == [400, 7800]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15'", 15), ("15\u2032", 15), ("30''", 0.5), ('30"', 0.5), ("15m", 15), ("0.5h", 30), ("0,5 h", 30), ("1 h 30 min", 90),
        ("1h30", 90), ("1h30min", 90), ("2 std 5", 125), ("1 d", 1440), ("-30 min", -30), ("1 h 5 min 30 s", 65.5), ("90 s", 1.5),
        ("1 M", None), ("15", None), ("1h90", None), ("min", None), ("T15", None), ("1'204", None), ("10 nM", None), ("", None),
    ],
)  # fmt: skip
def test_times_are_read_by_their_units(text, expected):
    assert spoken_time(text) == (None if expected is None else pytest.approx(expected))


BLOCKS = {
    "raw and normalised": "condition,time_min,value\nvehicle,60,378\nil6,60,7837\n\nvehicle,60,0.05\nil6,60,1.03\n",
    "in another order": "condition,time_min,value\nvehicle,60,378\nil6,60,7837\n\n\nil6,60,1.03\nvehicle,60,0.05\n",
    "with a number that is passed over": "condition,time_min,value,area\nvehicle,60,378,12\nil6,60,7837,14\n\nvehicle,60,0.05,3\nil6,60,1.03,4\n",
    "with a title of its own below": "condition,time_min,value\nvehicle,60,378\nil6,60,7837\nil6,15,21\n\nvehicle,60,0.05\nil6,60,1.03\nil6,15,0.2\n",
}
APART = {
    "numbered replicates": "condition,time_min,replicate,value\nvehicle,60,1,378\nil6,60,1,7837\n\nvehicle,60,2,391\nil6,60,2,8011\n",
    "other times": "condition,time_min,value\nil6,15,378\nil6,30,7837\n\nil6,60,391\nil6,90,8011\n",
    "other conditions": "condition,time_min,value\nvehicle,15,378\nvehicle,60,391\n\nil6,15,7837\nil6,60,8011\n",
    "numbered lanes": "lane,condition,time_min,value\n1,vehicle,60,378\n2,il6,60,7837\n\n3,vehicle,60,391\n4,il6,60,8011\n",
    "a line between every two rows": "condition,time_min,value\nvehicle,60,378\n\nvehicle,60,391\n\nil6,60,7837\n\nil6,60,8011\n",
    "no blank line": "condition,time_min,value\nvehicle,60,378\nil6,60,7837\nvehicle,60,391\nil6,60,8011\n",
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_second_block_of_the_same_labels_is_no_replicate(name, tmp_path):
    lines = BLOCKS[name].splitlines()
    begins = max(n for n, line in enumerate(lines) if not line) + 2
    with pytest.raises(UserError) as error:
        read(tmp_path, BLOCKS[name], f"{VALUE}, time: time_min" + ", ignore: [area]" * ("area" in BLOCKS[name]))

    assert str(error.value).splitlines()[1] == (
        f"  - f, row {begins}: a second block of rows begins below a blank line, with the same labels as that from row 2. "
        "Another table, such as a normalised one, needs a file, or a sheet, of its own; replicates need a column "
        "'replicate' that numbers them, or no blank line between."
    )


@pytest.mark.parametrize("name", APART)
def test_blocks_that_something_tells_apart_are_read(name, tmp_path):
    text = APART[name]
    protocol = TWO if "vehicle" in text else "protocol:\n" + TWO.splitlines()[2] + "\n"
    assert len(read(tmp_path, text, f"{VALUE}, time: time_min", protocol)) == 4


@pytest.mark.parametrize(
    ("below", "said"),
    [
        ("name,dose,x\nA,low,2\nB,high,3\n", "'name', 'dose', 'x'"),
        ("sample,hours,ratio\nvehicle,1,0.05\nil6,1,1.03\n", "'sample', 'hours', 'ratio'"),
        ("condition,time,pSTAT3/STAT3\nvehicle,60,0.05\nil6,60,1.03\n", "'condition', 'time', 'pSTAT3/STAT3'"),
    ],
)
def test_the_header_of_another_table_below_is_named(below, said, tmp_path):
    with pytest.raises(UserError) as error:
        read(tmp_path, f"condition,time_min,value\nvehicle,60,378\nil6,60,7837\n\n{below}", f"{VALUE}, time: time_min")

    assert [line.strip(" -") for line in str(error.value).splitlines()[1:]] == [
        f"f, row 5: a second table begins below a blank line: {said}. Give each table a file, or a sheet, of its own."
    ]


@pytest.mark.parametrize("cells", ["60,n.d.", "60,OVER", "n.d.,OVER", ",", "1 h,12", "high,low"])
def test_cells_that_are_no_header_begin_no_table(cells):
    body = [(2, ("vehicle", "60", "378")), (3, ("il6", "60", "7837")), (5, ("il6", *cells.split(",")))]
    assert second_table(body, ("condition", "time_min", "value"), 0) is None


@pytest.mark.parametrize(
    ("text", "keys", "place"),
    [
        (
            "condition,0 min,15 min\nvehicle,1,2\nil6,3,4\n\nvehicle,0.1,0.2\nil6,0.3,0.4\n",
            "time: time",
            "row 5, 0 min",
        ),
        (
            "Time (min),vehicle,vehicle,il6,il6\n0,1,2,3,4\n15,1,2,7,8\n\n0,0.1,0.2,0.3,0.4\n15,0.1,0.2,0.7,0.8\n",
            "time: 'Time (min)', format: prism",
            "row 5, 'vehicle' 1",
        ),
    ],
    ids=["courses across", "replicates across"],
)
def test_a_second_block_is_seen_in_wide_tables(text, keys, place, tmp_path):
    with pytest.raises(UserError) as error:
        read(tmp_path, text, f"{VALUE}, {keys}")

    assert (
        f"  - f, {place}: a second block of rows begins below a blank line, with the same labels as that from row 2."
        in (str(error.value))
    )
