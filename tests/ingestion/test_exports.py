# ruff: noqa: E501 (lines of files as programs write them)
"""Exports of more programs, in other languages and layouts: through the whole stage, values by hand or refused."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from il6infer._errors import UserError
from il6infer.ingestion import ingest
from tests.ingestion.workbooks import xlsx

PROTOCOL = [
    {"condition": "vehicle", "time_min": 0, "action": "control"},
    {"condition": "il6", "time_min": 0, "action": "add", "species": "IL-6", "dose": 10, "unit": "ng/ml"},
]
LANES = {1: "vehicle 0", 2: "IL-6 10 ng/ml 15"}
GEL = {"assay": "western_blot", "observable": "pSTAT3", "batch": "g", "signal": "pSTAT3", "normalise": "STAT3"}
ALONE = {key: value for key, value in GEL.items() if key != "normalise"}
QPCR = {"assay": "qpcr", "observable": "SOCS3_mRNA", "batch": "q", "target": "SOCS3", "reference": "HPRT"}
QPCR["labels"] = {"sample": "{condition}_{time}"}
LUCIFERASE = {"assay": "luciferase", "observable": "luciferase", "batch": "p"}
WELLS = {"A1-A2": "vehicle 360", "A3": "IL-6 10 ng/ml 360", "B1": "IL-6 10 ng/ml 360"}
RAW = {"assay": "table", "batch": "p"}
FLOW = {"assay": "table", "batch": "d", "time": "time"}


def signal(column: str) -> dict:
    return {"observables": {"pSTAT3": {"column": column, "unit": "a.u."}}}


GLOMAX = """\ufeffPromega GloMax Navigator,,,
Date/Time,2026-11-25 14:02:33,,
,,,
Results,,,
Well,Firefly (RLU),Renilla (RLU),Ratio
A1,12034,50211,0.2397
A2,11890,49800,0.2388
A3,95321,47012,2.0276
B1,Overload,51003,
"""
MARS = """User: USER,Path: C:\\BMG,Test ID: 33,Test Name: IL6,Date: 25/11/2026,Time: 10:12:05
Absorbance (A)

Well,Content,Raw Data (450)
A01,Standard S1,2.341
A02,Sample X1,0.481
"""
GEN5 = "Softwareversion\t3.11.19\nPlattennummer\tPlatte 1\nDatum\t25.11.2026\n\nErgebnisse\nIst-Temperatur:\t37,0\n\n"
GEN5 += "\t1\t2\nA\t0,123\t0,234\t450\n\t0,041\t0,042\t570\nB\t0,125\t0,236\t450\n\t0,041\t0,042\t570\n"
TECAN = [["Application: Tecan i-control"], [None], ["Cycle Nr.", 1.0, 2.0, 3.0], ["Time [s]", 0.0, 600.0, 1200.0]]
TECAN += [["Temp. [°C]", 37.1, 37.0, 37.0], ["A1", 100.0, 120.0, 125.0], ["A2", 110.0, 310.0, 510.0], [None]]
TECAN += [["End Time:", "25.11.2026 10:14:05"]]
SKANIT = [["Luminometric 1"], [None], ["Plate", "Well", "Sample", "Group", "RLU"]]
SKANIT += [["Plate 1", "A01", "Un0001", "vehicle", 12034.0], ["Plate 1", "A02", "Un0002", "IL6", 95321.0]]
CFX = """Puits;Fluor;Cible;Contenu;Échantillon;Nom de l'ensemble biologique;Cq;Cq moyen;Écart-type Cq
A01;SYBR;SOCS3;Inc-1;vehicle_0;;30,10;30,10;0
A02;SYBR;HPRT;Inc-1;vehicle_0;;21,00;21,00;0
A03;SYBR;SOCS3;Inc-2;il6_60;;25,10;25,10;0
A04;SYBR;HPRT;Inc-2;il6_60;;21,10;21,10;0
A05;SYBR;HPRT;NTC;;;38,00;21,00;0
"""
SDS = """Applied Biosystems SDS v1.4
Assay Type,Relative Quantification

Well,Sample Name,Detector,Task,Ct,StdDev Ct,Qty,Mean Qty,Filtered,Tm
A1,vehicle_0,SOCS3,Unknown,30.10,,,,,81.2
A2,vehicle_0,HPRT,ENDO,21.00,,,,,82.1
A3,il6_60,SOCS3,Unknown,25.10,,,,,81.2
A4,il6_60,HPRT,Unknown,21.10,,,,,82.1
A5,,HPRT,NTC,38.10,,,,,82.1
"""
LC96 = """Color\tPosition\tSample Name\tGene Name\tCq\tConcentration\tCall\tExcluded\tSample Type\tStandard\tCq Mean\tCq Error\tSlope\tEPF
#FF\tA1\tvehicle_0\tSOCS3\t30.10\t\tPositive\t\tUnknown\t\t30.10\t0\t\t5.2
#FF\tA2\tvehicle_0\tHPRT\t21.00\t\tPositive\t\tUnknown\t\t21.00\t0\t\t5.2
#FF\tA3\tvehicle_0\tHPRT\t35.00\t\tPositive\tX\tUnknown\t\t21.00\t0\t\t5.2
#FF\tA4\til6_60\tSOCS3\t25.10\t\tPositive\t\tUnknown\t\t25.10\t0\t\t5.2
#FF\tA5\til6_60\tHPRT\t21.10\t\tPositive\t\tUnknown\t\t21.10\t0\t\t5.2
#FF\tA6\t\tHPRT\t-\t\tNegative\t\tNegative control\t\t\t\t\t
"""
STEPONE = """Blocktyp\t96-Well-Block
Well\tProbenname\tZielname\tAufgabe\tReporter\tQuencher\tRQ\tCт\tCт-Mittelwert\tCт-SD\tKommentare
A1\tvehicle_0\tSOCS3\tUNBEKANNT\tSYBR\tNone\t\t30,1\t30,1\t\t
A2\tvehicle_0\tHPRT\tUNBEKANNT\tSYBR\tNone\t\t21,0\t21,0\t\t
A3\til6_60\tSOCS3\tUNBEKANNT\tSYBR\tNone\t\t25,1\t\t\t
A4\til6_60\tHPRT\tUNBEKANNT\tSYBR\tNone\t\t21,1\t\t\t
A5\t\tHPRT\tNTC\tSYBR\tNone\t\tUnbestimmt\t\t\t
"""
EMPIRIA = """Empiria Studio 2.3
Experiment,IL6

Lane,Sample,Target,Channel,Total,Background,Signal,Normalized Signal,Saturated
1,vehicle 0,pSTAT3,800,1578.9,1220.8,358.1,1,No
1,vehicle 0,Revert 700,700,15407.2,1200,14207.2,1,No
2,IL6 15,pSTAT3,800,9037.4,1200,7837.4,22,Yes
2,IL6 15,Revert 700,700,14118.7,1200,12918.7,1,No
"""
VOLUMES = """No.,Label,Type,Volume (Int),Adj. Vol. (Int),Mean Bkgd. (Int),Abs. Quant.,# of Pixels,Max. Value (Int),Std. Dev.,Area (mm2)
1,U1,Unknown,"428,860","358,102",12.5,N/A,420,255,14.2,3.2
2,U2,Unknown,"7,887,363","7,837,363",12.5,N/A,420,255,14.2,3.2
3,B1,Background,"1,000",0,12.5,N/A,420,255,14.2,3.2
"""
DIVA = """Record Date,Specimen,Tube,Population,#Events,%Parent,PE-A Mean,PE-A Median,PE-A SD
25 Nov 2026,Exp1,vehicle_0,All Events,10000,####,600,520,200
25 Nov 2026,Exp1,vehicle_0,P1,9000,90.0,512.5,500,180
25 Nov 2026,Exp1,il6_15,All Events,10000,####,2100,2000,900
25 Nov 2026,Exp1,il6_15,P1,9100,91.0,2012,1950,880
"""
CYTEXPERT = """Tube Name:,Sample ID:,Population,Events,% Total,% Parent,Median PE-A,Mean PE-A,CV PE-A
Tube1,vehicle 0,P1,9000,90,90,500,512.5,35.1
Tube2,il6 15,P1,9100,91,91,1950,2012,44
"""
LIMMA = (
    "ID\tgene\tlogFC\tCI.L\tCI.R\tAveExpr\tt\tP.Value\tadj.P.Val\tB\n1\tSOCS3\t3\t2.6\t3.2\t8.1\t20.8\t1e-9\t1e-6\t12\n"
)
ELISA = "Puits;Échantillon;Concentration (pg/ml);DO450;DO570\n" + "".join(
    f"{well};S{i};{dose};{od};0,041\n"
    for i, (well, dose, od) in enumerate(
        zip(("A1", "B1", "C1", "D1", "E1", "F1", "G1"), ("2000", "1000", "500", "250", "125", "62,5", "0"),
            ("2,341", "1,903", "1,341", "0,847", "0,481", "0,273", "0,049"), strict=True), start=1)
) + "A3;sup1;;0,847;0,041\n"  # fmt: skip
MERGED = [["IL-6, 25.11.2026", None, None, None], [None], ["Treatment", "Time (min)", "pSTAT3", "STAT3"]]
MERGED += [["vehicle", 0.0, 400.0, 8000.0], [None, 15.0, 500.0, 8000.0], ["IL-6 10 ng/ml", 15.0, 7800.0, 7800.0]]
MERGED += [[None], ["Mittelwert", None, 2900.0, 7933.3]]
DOUBLE = [["Condition", "Time (min)", "pSTAT3", None, "STAT3", None], [None, None, "n1", "n2", "n1", "n2"]]
DOUBLE += [["vehicle", 0.0, 400.0, 390.0, 8000.0, 8500.0], ["IL-6 10 ng/ml", 15.0, 7800.0, 7900.0, 7800.0, 7700.0]]
LAB = """Bahn;Banden-Nr.;Bandenbezeichnung;Mol.-Gew. (kDa);Relative Front;Adj. Volumen (Int);Volumen (Int);Band %;Bahn %
1;1;pSTAT3;88,1;0,41;400;500;58,2;3,2
1;2;STAT3;86;0,51;8000;8100;41,8;2,2
2;1;pSTAT3;88,1;0,41;7837363;7887363;50,1;30,1
2;2;STAT3;86;0,51;7837363;7937363;49,9;29,9
"""
LISTED = """User: USER,Path: C:\\BMG,Test ID: 33

Well,Content,Raw Data (No filter) 1 - 0 h,Raw Data (No filter) 2 - 1 h 30 min
A01,Sample X1,100,120
A02,Sample X2,110,310
"""
SECTIONS = """* Instrument Type = QuantStudio

[Sample Setup]
Well\tWell Position\tSample Name\tTarget Name\tTask
1\tA1\tvehicle_0\tSOCS3\tUNKNOWN

[Results]
Well\tWell Position\tOmit\tSample Name\tTarget Name\tTask\tSE\tRQ\tCT\tCt SD\tDelta Ct
1\tA1\tfalse\tvehicle_0\tSOCS3\tUNKNOWN\t\t1\t30.1\t0\t9.1
2\tA2\tfalse\tvehicle_0\tHPRT\tUNKNOWN\t\t1\t21.0\t0\t
3\tA3\tfalse\til6_60\tSOCS3\tUNKNOWN\t\t1\t25.1\t0\t9.1
4\tA4\tfalse\til6_60\tHPRT\tUNKNOWN\t\t1\t21.1\t0\t

[Melt Curve Raw Data]
Well\tReading\tTemperature
1\t1\t60.1
"""
UNNAMED = '"","vehicle","vehicle","IL-6 10 ng/ml","IL-6 10 ng/ml"\n0,1.1,1.3,1.4,1.6\n15,1.1,1.3,4.4,4.6\n'
ACROSS = "Condition,0 min,15 min,t=30 min\nvehicle,400,410,390\nIL-6 10 ng/ml,410,7800,\n"
BARS = "lane|condition|time_min|pSTAT3|STAT3\n1|vehicle|0|400|8000\n2|IL-6 10 ng/ml|15|7800|7800\n"
LYING = "lane,1,2\ncondition,vehicle,IL-6 10 ng/ml\ntime_min,0,15\npSTAT3,400,7800\nSTAT3,8000,7800\n"
GERMAN = "# Blot vom 25.11.2026\nSpur;Behandlung;Zeit [min];pSTAT3 (a.u.);Gesamt-STAT3 (a.u.)\n1;Vehikel;0;400,00;8.000,0\n2;IL-6 10 ng/ml;15;7.837,36;7.837,36\n"
FRENCH = "Piste;Traitement;Temps (min);pSTAT3;STAT3 total\n1;véhicule;0;400,0;8 000,0\n2;IL-6 10 ng/ml;15;7 837,36;7 837,36\n"
MADE = "IL_6_10_ng_ml"
BOTH = {("vehicle", 0): 0.05, (MADE, 15): 1.0}
CT = {("vehicle", 0): 2**-9.1, ("il6", 60): 2**-4.0}

CASES = {
    # name: content, entry, whether the conditions are those of PROTOCOL, values by condition and time
    "GloMax Navigator": (GLOMAX, {**LUCIFERASE, "layout": WELLS}, False,
        {("vehicle", 360): (12034 / 50211 + 11890 / 49800) / 2, (MADE, 360): 95321 / 47012}),
    "MARS, a well in one cell": (MARS, {**RAW, **signal("Raw Data (450)"), "layout": {"A1": "vehicle 0", "A2": "IL-6 10 ng/ml 15"}},
        False, {("vehicle", 0): 2.341, (MADE, 15): 0.481}),
    "Gen5, German, UTF-16": (GEN5.encode("utf-16"), {**RAW, **signal("450"), "ignore": ["570"],
        "layout": {"A1-B1": "vehicle 0", "A2-B2": "IL-6 10 ng/ml 15"}}, False, {("vehicle", 0): 0.124, (MADE, 15): 0.235}),
    "i-control, kinetic, wells down": (xlsx({"Sheet2": TECAN}), {**RAW, **signal("value"), "layout": {"A1": "vehicle", "A2": "IL-6 10 ng/ml"}},
        False, {("vehicle", 10): 120, ("vehicle", 20): 125, (MADE, 0): 110, (MADE, 20): 510}),
    "SkanIt, list": (xlsx({"General": [["SkanIt"], ["Session", "x"]], "Measurement": SKANIT}), {**RAW, "sheet": "Measurement",
        **signal("RLU"), "layout": {"A1": "vehicle 0", "A2": "IL-6 10 ng/ml 15"}}, False, {("vehicle", 0): 12034, (MADE, 15): 95321}),
    "CFX, French, cp1252": (CFX.encode("cp1252"), QPCR, True, CT),
    "SDS 7500": (SDS, QPCR, True, CT),
    "LightCycler 96": (LC96, QPCR, True, CT),
    "StepOne, German": (STEPONE, QPCR, True, CT),
    "ImageJ, areas alone": (" ,Area\n1,400.5\n2,7837.25\n", {**ALONE, "signal": "Area", "layout": LANES}, False,
        {("vehicle", 0): 400.5, (MADE, 15): 7837.25}),
    "ImageJ, means alone": (" ,Area,Mean,Min,Max\n1,420,80.1,3,255\n2,420,120.5,3,255\n", {**ALONE, "signal": "Mean", "layout": LANES}, False,
        {("vehicle", 0): 80.1, (MADE, 15): 120.5}),
    "Empiria, not saturated": (EMPIRIA.replace("Yes", "No"), {**GEL, "normalise": "Revert 700", "layout": LANES, "where": {"Saturated": "No"}},
        False, {("vehicle", 0): 358.1 / 14207.2, (MADE, 15): 7837.4 / 12918.7}),
    "Image Lab, volumes": (VOLUMES, {**ALONE, "signal": "intensity", "layout": LANES, "offset": True}, False,
        {("vehicle", 0): 358102, (MADE, 15): 7837363}),
    "FACSDiva": (DIVA, {**FLOW, **signal("PE-A Median"), "labels": {"tube": "{condition}_{time}"}, "where": {"population": "P1"}}, True,
        {("vehicle", 0): 500, ("il6", 15): 1950}),
    "CytExpert": (CYTEXPERT, {**FLOW, **signal("Median PE-A"), "labels": {"sample": "{condition} {time}"}}, True,
        {("vehicle", 0): 500, ("il6", 15): 1950}),
    "limma, with intervals": (LIMMA, {"assay": "rnaseq", "batch": "s", "condition": "il6", "control": "vehicle",
        "constants": {"time_min": 240}, "genes": {"SOCS3_mRNA": "SOCS3"}}, True, {("il6", 240): 8, ("vehicle", 240): 1}),
    "ELISA, French": (ELISA, {"assay": "elisa", "observable": "sIL6R_medium", "batch": "e", "substance": "sIL6R", "unit": "pg/ml",
        "standard": "Concentration (pg/ml)", "background": "DO570", "columns": {"OD450": "DO450"},
        "layout": {"A1-G1": {"place": "standards"}, "A3": "vehicle 60"}, "ignore": ["place"]}, False, None),
    "merged cells, without lanes": (xlsx({"Gel 1": MERGED}, {"Gel 1": ["A1:D1", "A4:A5"]}), GEL, False,
        {("vehicle", 0): 0.05, ("vehicle", 15): 0.0625, (MADE, 15): 1.0}),
    "names in two rows": (xlsx({"S": DOUBLE}, {"S": ["C1:D1", "E1:F1", "A1:A2", "B1:B2"]}), {**GEL, "signal": "pSTAT3 n1",
        "normalise": "STAT3 n1", "ignore": ["pSTAT3 n2", "STAT3 n2"]}, False, BOTH),
    "units in a row": ("Condition,Time,pSTAT3,STAT3\n,min,a.u.,a.u.\nvehicle,0,400,8000\nIL-6 10 ng/ml,15,7800,7800\n", GEL, False, BOTH),
    "hours in a row": ("time,condition,v\nh,,a.u.\n0,vehicle,1\n2,IL-6 10 ng/ml,2\n", {**RAW, "observables": {"pSTAT3": {"column": "v", "unit": "a.u."}}},
        False, {("vehicle", 0): 1, (MADE, 120): 2}),
    "Image Lab, German": (LAB.encode("cp1252"), {**GEL, "layout": LANES}, False, BOTH),
    "MARS, kinetic, times in names": (LISTED, {**RAW, **signal("value"), "layout": {"A1": "vehicle", "A2": "IL-6 10 ng/ml"}}, False,
        {("vehicle", 0): 100, ("vehicle", 90): 120, (MADE, 90): 310}),
    "QuantStudio, in sections": (SECTIONS, QPCR, True, CT),
    "Prism, without a name of the times": (UNNAMED, {**RAW, **signal("value"), "time": "X"}, False, {("vehicle", 15): 1.2, (MADE, 15): 4.5}),
    "courses across": (ACROSS, {**RAW, **signal("value")}, False, {("vehicle", 30): 390, (MADE, 15): 7800}),
    "bars between": (BARS, GEL, False, BOTH),
    "German, cp1252": (GERMAN.encode("cp1252"), {**GEL, "normalise": "Gesamt-STAT3"}, False, {("Vehikel", 0): 0.05, (MADE, 15): 1.0}),
    "French, cp1252": (FRENCH.encode("cp1252"), {**GEL, "normalise": "STAT3 total"}, False, {("vehicule", 0): 0.05, (MADE, 15): 1.0}),
}  # fmt: skip


def read(folder, content, entry, protocol: bool):
    (folder / "f.dat").write_bytes(content if isinstance(content, bytes) else content.encode())
    steps = {"protocol": PROTOCOL} if protocol else {}
    (folder / "d.yaml").write_text(yaml.safe_dump({"title": "t", **steps, "files": [{"path": "f.dat", **entry}]}))
    return ingest(folder / "d.yaml", "d", folder)


@pytest.mark.parametrize("name", CASES)
def test_an_export_is_read_with_the_values_that_stand_in_it(name, tmp_path):
    content, entry, protocol, expected = CASES[name]
    rows = read(tmp_path, content, entry, protocol).measurements
    found = rows.groupby(["condition", "time_min"])["value"].mean()

    if expected is None:  # back from a curve: the sample's optical density is that of the standard of 250 pg/ml
        assert found["vehicle", 60.0] == pytest.approx(250 / 50_000, rel=0.05)
        return
    assert {key: found[key] for key in expected} == pytest.approx(expected)


def refused(folder, content, entry, protocol: bool) -> str:
    with pytest.raises(UserError) as caught:
        read(folder, content, entry, protocol)
    return str(caught.value)


REFUSED = {
    "a saturated band": (EMPIRIA, {**GEL, "normalise": "Revert 700", "layout": LANES},
        "column 'Saturated': it marks rows, and the description does not say which of them to read: 'No' in rows 5, 6, 8; 'Yes' in row 7."),
    "a gate of several": (DIVA, {**FLOW, **signal("PE-A Median"), "labels": {"tube": "{condition}_{time}"}},
        "column 'population': it tells apart rows that are read as one condition, time and batch"),
    "a replicate in a column that nobody named": (xlsx({"S": DOUBLE}, {"S": ["C1:D1", "E1:F1", "A1:A2", "B1:B2"]}),
        {**GEL, "signal": "pSTAT3 n1", "normalise": "STAT3 n1"}, "column 'pSTAT3 n2': it looks like a repeat of column 'pSTAT3 n1', which is read."),
    "a unit in a row that is not that of the description": ("Condition,Time,sIL6R\n,min,pg/ml\nvehicle,0,5\n",
        {**RAW, "time": "time", "observables": {"sIL6R_medium": {"column": "sIL6R (pg/ml)", "unit": "ng/ml", "substance": "sIL6R"}}},
        "its header says pg/ml, the description ng/ml."),
    "sheets": (xlsx({"General": [["SkanIt"], ["Session", "x"]], "Measurement": SKANIT}), {**RAW, **signal("x")}, "Say 'sheet: Measurement'"),
    "a table that lies on its side": (LYING, GEL, "the names of columns stand below each other in the first column (lane, condition, time_min)."),
    "lanes that are alike": ("Condition,Time (min),pSTAT3,STAT3\nvehicle,0,4,8\nvehicle,0,4,8\n", GEL, "duplicate of row 2"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_silently_wrong_is_refused(name, tmp_path):
    content, entry, said = REFUSED[name]
    assert said in refused(tmp_path, content, entry, name == "a gate of several")


TEXTS = sorted(name for name, case in CASES.items() if isinstance(case[0], str))
PIECES = [
    "",
    "\n",
    "\t",
    ",",
    ";",
    '"',
    "1",
    "x",
    "1,5",
    "1.234",
    "-",
    "<",
    "A1",
    "NaN",
    "\u00b5",
    "\u0000",
    "\ufeff",
    "#",
]


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(TEXTS),
    st.lists(st.tuples(st.integers(0, 4000), st.sampled_from(PIECES)), min_size=1, max_size=3),
    st.booleans(),
)
def test_a_spoilt_export_is_read_or_refused_and_nothing_else(tmp_path, name, changes, cut):
    content, entry, protocol, _ = CASES[name]
    for place, piece in changes:
        at = place % (len(content) + 1)
        content = content[:at] + piece + content[at + (len(piece) or 3 if cut else 0) :]
    try:
        rows = read(tmp_path, content, entry, protocol).measurements
    except UserError:
        return
    assert all(map(math.isfinite, rows["value"]))
    assert len(rows) <= 2 * content.count("\n") + 2


GEL_OF = 'lane,condition,time_min,pSTAT3,STAT3\n1,vehicle,0,400,8000\n2,"{label}",{time},7800,7800\n'
TIMES = {
    "15 min": 15,
    "15 Min.": 15,
    "15 minutes": 15,
    "90 Minuten": 90,
    '"0,25 h"': 15,
    "2 hrs": 120,
    "1 h 30 min": 90,
    "2 Tage": 2880,
}


@pytest.mark.parametrize("text", TIMES)
def test_times_with_their_units_as_people_write_them_beside_a_bare_0(text, tmp_path):
    rows = read(tmp_path, GEL_OF.format(label="IL-6 10 ng/ml", time=text), GEL, protocol=False).measurements
    assert rows["time_min"].tolist() == [0, TIMES[text]]


def test_a_share_of_the_day_is_no_time_in_minutes(tmp_path):
    said = refused(tmp_path, GEL_OF.format(label="IL-6 10 ng/ml", time="0.0104166"), GEL, protocol=False)
    assert "0.0104166 min is 15 min as a spreadsheet keeps them, a share of the day. Say 'time_unit: d'" in said
    gel = {**GEL, "time_unit": "d"}
    rows = read(tmp_path, GEL_OF.format(label="IL-6 10 ng/ml", time="0.0104166"), gel, protocol=False).measurements
    assert rows["time_min"].tolist() == [0, 15]


LABELS = {
    "IL-6 10 ng ml-1": [("IL6", 10.0, "ng/ml")],
    "IL-6 10 ng\u00b7mL\u207b\u00b9": [("IL6", 10.0, "ng/ml")],
    "IL-6 10,5 ng/ml": [("IL6", 10.5, "ng/ml")],
    "IL-6,10 ng/ml": [("IL6", 10.0, "ng/ml")],
    "IL-6 10 ng/ml mit sIL-6R 25 ng/ml": [("IL6", 10.0, "ng/ml"), ("sIL6R", 25.0, "ng/ml")],
    "unstimuliert": [],
    "V\u00e9hicule": [],
}


@pytest.mark.parametrize("label", LABELS)
def test_doses_as_people_write_them(label, tmp_path):
    tables = read(tmp_path, GEL_OF.format(label=label, time=15), GEL, protocol=False)
    steps = tables.protocol[tables.protocol["action"] == "add"]
    assert [*zip(steps["species"], steps["dose"], steps["unit"], strict=True)] == LABELS[label]


def test_a_dose_with_a_comma_that_could_be_of_thousands_is_refused(tmp_path):
    said = refused(tmp_path, GEL_OF.format(label="IL-6 1,000 ng/ml", time=15), GEL, protocol=False)
    assert "'IL-6 1,000 ng/ml' is no dose of a known substance" in said
