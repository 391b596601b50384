# ruff: noqa: E501, RUF001 (lines of files as people and programs write them)
"""Shapes of exports that nobody asked for: each is read with every value right, or refused with the way out."""

from __future__ import annotations

import string

import pytest
import yaml

from il6infer._errors import UserError
from il6infer.ingestion import ingest
from tests.ingestion.workbooks import Styled, xlsx

LABEL = "IL-6 10 ng/ml"
TABLE = {"assay": "table", "batch": "b1", "observables": {"pSTAT3": {"column": "v", "unit": "a.u."}}}


def entry(**keys):
    return {"path": "f", **TABLE, **keys}


def column(name: str, **keys):
    return {"pSTAT3": {"column": name, "unit": "a.u.", **keys}}


def read(folder, content, described):
    (folder / "f").write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "d.yaml").write_text(yaml.safe_dump({"title": "t", "files": [described]}), "utf-8")
    return ingest(folder / "d.yaml", "d", folder)


def values(tables):
    rows = tables.measurements
    named = {"IL_6_10_ng_ml": "il6", "IL6_10_ng_ml": "il6"}
    return [
        (named.get(c, c), t, v, *([side] if side else []))
        for c, t, v, side in zip(rows["condition"], rows["time_min"], rows["value"], rows["censored"], strict=True)
    ]


GEL = [["time", "condition", "v"], [0, "vehicle", 1.0], [15, LABEL, 2.0]]
WELLS = [
    f"{letter},{','.join(str(1000 * i + c) for c in range(1, 25))}"
    for i, letter in enumerate(string.ascii_uppercase[:16], 1)
]
KINETIC = {"layout": {"A1": "vehicle", "A2": LABEL}, "observables": column("value")}
READ = {
    "German: semicolons, decimal comma, scientific with comma, a byte-order mark": (
        "\ufeffZeit (min);Bedingung;pSTAT3 [a.u.];Bemerkung\r\n0;vehicle;1,2E-03;ok\r\n15;IL-6 10 ng/ml;3,45E+04;ok\r\n30;IL-6 10 ng/ml;1.234,5;x\r\n",
        entry(observables=column("pSTAT3 [a.u.]"), ignore=["Bemerkung"]),
        [("vehicle", 0, 1.2e-3), ("il6", 15, 3.45e4), ("il6", 30, 1234.5)],
    ),
    "French: blanks that do not break, as thousands": (
        "time;condition;v\n0;vehicle;1\u00a0234,5\n15;IL-6 10 ng/ml;12\u202f345,6\n30;IL-6 10 ng/ml;999,25\n",
        entry(),
        [("vehicle", 0, 1234.5), ("il6", 15, 12345.6), ("il6", 30, 999.25)],
    ),
    "Swiss: quotes as thousands": (
        "time;condition;v\n0;vehicle;1'234.5\n15;IL-6 10 ng/ml;12\u2019345.6\n",
        entry(),
        [("vehicle", 0, 1234.5), ("il6", 15, 12345.6)],
    ),
    "signs of percent": (
        "time,condition,v\n0,vehicle,1.2%\n15,IL-6 10 ng/ml,85.3 %\n",
        entry(observables=column("v", unit="percent", scale=False)),
        [("vehicle", 0, 0.012), ("il6", 15, 0.853)],
    ),
    "signs of percent with decimal commas": (
        "time;condition;v\n0;vehicle;1,2%\n15;IL-6 10 ng/ml;85,3%\n",
        entry(observables=column("v", unit="percent", scale=False)),
        [("vehicle", 0, 0.012), ("il6", 15, 0.853)],
    ),
    "limits of every kind": (
        "time,condition,v\n0,vehicle,<0.31\n15,IL-6 10 ng/ml,> 100\n30,IL-6 10 ng/ml,55\n60,IL-6 10 ng/ml,<=5e-1\n90,IL-6 10 ng/ml,\u2265 90\n",
        entry(),
        [
            ("vehicle", 0, 0.31, "below"),
            ("il6", 15, 100, "above"),
            ("il6", 30, 55),
            ("il6", 60, 0.5, "below"),
            ("il6", 90, 90, "above"),
        ],
    ),
    "limits with decimal commas and thousands": (
        "time;condition;v\n0;vehicle;<0,31\n15;IL-6 10 ng/ml;>1.000,5\n30;IL-6 10 ng/ml;55\n",
        entry(),
        [("vehicle", 0, 0.31, "below"), ("il6", 15, 1000.5, "above"), ("il6", 30, 55)],
    ),
    "replicates behind the sample's name": (
        "Sample Name,v\nvehicle_0_a,1\nvehicle_0_b,1.1\nIL-6 10 ng/ml_15_a,2\n",
        entry(labels={"sample": "{condition}_{time}_{replicate}"}, time_unit="min", time="time"),
        [("vehicle", 0, 1), ("vehicle", 0, 1.1), ("il6", 15, 2)],
    ),
    "a plate of 384 wells": (
        "Results\n," + ",".join(map(str, range(1, 25))) + "\n" + "\n".join(WELLS) + "\n",
        entry(layout={"A1": "vehicle 0", "P23-P24": f"{LABEL} 15"}, time_unit="min", observables=column("value")),
        [("vehicle", 0, 1001), ("il6", 15, 16023), ("il6", 15, 16024)],
    ),
    "one sheet with values beside one of notes": (
        xlsx({"notes": [["made by", "X"], ["on", "Y"]], "gel": GEL}),
        entry(),
        [("vehicle", 0, 1), ("il6", 15, 2)],
    ),
    "merged cells above the replicates": (
        xlsx(
            {
                "S": [
                    ["time", "vehicle", None, LABEL, None],
                    [None, "n1", "n2", "n1", "n2"],
                    [0, 1.0, 1.1, 1.2, 1.3],
                    [15, 1.4, 1.5, 5.1, 5.5],
                ]
            },
            {"S": ["B1:C1", "D1:E1"]},
        ),
        entry(observables=column("value")),
        [
            ("vehicle", 0, 1),
            ("vehicle", 0, 1.1),
            ("il6", 0, 1.2),
            ("il6", 0, 1.3),
            ("vehicle", 15, 1.4),
            ("vehicle", 15, 1.5),
            ("il6", 15, 5.1),
            ("il6", 15, 5.5),
        ],
    ),
    "the same, saved as text": (
        "time (h),vehicle,,IL-6 10 ng/ml,\n,n1,n2,n1,n2\n0,1.0,1.1,1.2,\n1,1.4,1.5,5.1,5.5\n",
        entry(time="time (h)", observables=column("value")),
        [
            ("vehicle", 0, 1),
            ("vehicle", 0, 1.1),
            ("il6", 0, 1.2),
            ("vehicle", 60, 1.4),
            ("vehicle", 60, 1.5),
            ("il6", 60, 5.1),
            ("il6", 60, 5.5),
        ],
    ),
    "an error of a spreadsheet is no value": (
        xlsx({"S": [*GEL, [30, LABEL, "#DIV/0!"], [60, LABEL, 3.0]]}),
        entry(),
        [("vehicle", 0, 1), ("il6", 15, 2), ("il6", 60, 3)],
    ),
    "scientific notation": (
        "time,condition,v\n0,vehicle,1.23E+05\n15,IL-6 10 ng/ml,4.5e6\n30,IL-6 10 ng/ml,+7.1E+06\n",
        entry(),
        [("vehicle", 0, 1.23e5), ("il6", 15, 4.5e6), ("il6", 30, 7.1e6)],
    ),
    "hours, said in many words": (
        "Time after stimulation (hours),condition,v\n0,vehicle,1\n2,IL-6 10 ng/ml,2\n",
        entry(time="Time after stimulation (hours)"),
        [("vehicle", 0, 1), ("il6", 120, 2)],
    ),
    "days": (
        "time [d],condition,v\n0,vehicle,1\n2,IL-6 10 ng/ml,2\n",
        entry(time="time [d]"),
        [("vehicle", 0, 1), ("il6", 2880, 2)],
    ),
    "times with their units": (
        "time,condition,v\n0 min,vehicle,1\n90 s,IL-6 10 ng/ml,2\n1 h 5 min,IL-6 10 ng/ml,3\n2 h,IL-6 10 ng/ml,4\n",
        entry(),
        [("vehicle", 0, 1), ("il6", 1.5, 2), ("il6", 65, 3), ("il6", 120, 4)],
    ),
    "kinetic, SoftMax Pro": (
        "##BLOCKS= 1\nPlate:\tPlate1\t1.3\tTimeFormat\tKinetic\tLuminescence\nTime(hh:mm:ss)\tTemperature(\u00a1C)\tA1\tA2\n00:00:00\t37.0\t100\t110\n01:10:30\t37.1\t120\t310\n\n~End\n",
        entry(**KINETIC),
        [("vehicle", 0, 100), ("il6", 0, 110), ("vehicle", 70.5, 120), ("il6", 70.5, 310)],
    ),
    "kinetic, Gen5, German": (
        "Ergebnisse\n\nTime\tT\u00b0 Lum\tA1\tA2\tA3\n0:10:00\t37,0\t100,5\t110\t1\n0:20:00\t37,1\t120\t310\t1\n\n",
        entry(**KINETIC, time_unit="hh:mm:ss"),
        [("vehicle", 10, 100.5), ("il6", 10, 110), ("vehicle", 20, 120), ("il6", 20, 310)],
    ),
    "kinetic, Gen5, two reads": (
        "Time,T\u00b0 Firefly,A1,A2\n0,37,100,110\n5,37,101,111\n\nTime,T\u00b0 Renilla,A1,A2\n0,37,7,8\n5,37,9,10\n",
        entry(layout=KINETIC["layout"], observables=column("Renilla")) | {"ignore": ["Firefly"]},
        [("vehicle", 0, 7), ("il6", 0, 8), ("vehicle", 5, 9), ("il6", 5, 10)],
    ),
    "kinetic, MARS: wells down, times across": (
        "User: USER,Path: C\nTest Name: lum\n\nWell Row,Well Col,Content,Raw Data (No filter),,\n,,Time,0 min,5 min,1 h 5 min\nA,1,Sample X1,100,101,102\nA,02,Sample X2,110,111,\n",
        entry(layout=KINETIC["layout"], observables=column("value")),
        [("vehicle", 0, 100), ("vehicle", 5, 101), ("vehicle", 65, 102), ("il6", 0, 110), ("il6", 5, 111)],
    ),
}
REFUSED = {
    "points and commas": (
        "time;condition;v\n0;vehicle;1.5\n15;IL-6 10 ng/ml;2,5\n",
        entry(),
        "'2,5' is not a number. Say 'decimal: \",\"' for this file.",
    ),
    "percent of a spreadsheet": (
        "time,condition,v (%)\n0,vehicle,0.012\n15,IL-6 10 ng/ml,0.853\n",
        entry(observables=column("v (%)", unit="percent", scale=False)),
        "column 'v (%)': all values are at most 0.853 %: a spreadsheet holds 85 % as 0.85. Say 'unit: fraction' if these are fractions; if they are percentages, divide them by 100.",
    ),
    "percent here, none there": (
        "time,condition,v\n0,vehicle,1.2%\n15,IL-6 10 ng/ml,0.85\n",
        entry(observables=column("v", unit="percent", scale=False)),
        "row 3, column 'v': '0.85' has no %, and other cells of the column have. Write all of them in one way.",
    ),
    "dates of several days": (
        xlsx(
            {
                "S": [
                    ["date", *GEL[0]],
                    [Styled(45250, 1), *GEL[1]],
                    [Styled(45250, 1), *GEL[2]],
                    [Styled(45251, 1), 15, LABEL, 2.5],
                ]
            }
        ),
        entry(),
        "column 'date': it tells apart rows that are read as one condition, time and batch",
    ),
    "a number that became a date": (
        xlsx({"S": [*GEL, [30, LABEL, Styled(45250, 1)]]}),
        entry(),
        "'2023-11-20' is not a number.",
    ),
    "two tables side by side": (
        "time,condition,v,,time,condition,v\n0,vehicle,1,,0,vehicle,10\n",
        entry(),
        "row 1: column 'v' appears twice. Two tables side by side? Give each a file, or a sheet, of its own.",
    ),
    "two tables below each other": (
        "time,condition,v,w\n0,vehicle,1,100\n15,IL-6 10 ng/ml,2,200\n\ntime,condition,w,v\n0,vehicle,101,1.1\n",
        entry(ignore=["w"]),
        "row 5: a second table begins: its header is that of row 1. Give each table a file, or a sheet, of its own.",
    ),
    "two sheets of one form": (
        xlsx({"gel1": GEL, "gel2": GEL}),
        entry(),
        "2 sheets have values ('gel1', 'gel2'), and nothing says which to read.",
    ),
    "columns twice": (
        "time,condition,v,v\n0,vehicle,1,1.1\n",
        entry(),
        "column 'v' appears twice. Rename or remove one.",
    ),
    "columns that a program renamed": (
        "time,condition,v,v.1\n0,vehicle,1,1.1\n15,IL-6 10 ng/ml,2,2.1\n",
        entry(),
        "column 'v.1': it looks like a repeat of column 'v', which is read. If it holds replicates, put them below each other, or list the file once for each; else list it under 'ignore: [v.1]'.",
    ),
    "a star at a number": (
        "time,condition,v\n0,vehicle,1\n15,IL-6 10 ng/ml,2*\n",
        entry(),
        "'2*' has a mark: programs write it of what was extrapolated",
    ),
    "a column of flags in German": (
        "time,condition,v,verwerfen\n0,vehicle,1,\n15,IL-6 10 ng/ml,2,\n30,IL-6 10 ng/ml,9.5,x\n",
        entry(),
        "column 'verwerfen': it tells apart rows",
    ),
    "a mark in a column without a name": (
        "time,condition,v,\n0,vehicle,1,\n15,IL-6 10 ng/ml,2,\n30,IL-6 10 ng/ml,9.5,x\n",
        entry(),
        "column '': it has no name, and marks some rows (row 4: 'x'). Give it a name, and leave such rows out by 'where:', or list it under 'ignore: ['']'.",
    ),
    "a remark that takes a row back": (
        "time,condition,v,remark\n0,vehicle,1,first\n15,IL-6 10 ng/ml,2,Luftblase - nicht verwenden\n",
        entry(),
        "column 'remark': row 3 says 'Luftblase - nicht verwenden', and is read. Leave such rows out by 'where:', or list it under 'ignore: [remark]'.",
    ),
    "a row that is commented out": (
        "time,condition,v\n0,vehicle,1\n#15,IL-6 10 ng/ml,2\n",
        entry(),
        "'#15' is not a number.",
    ),
    "another unit in the header": (
        "time,condition,sIL6R (pg/ml)\n0,vehicle,1000\n",
        entry(
            observables={
                "sIL6R_medium": {"column": "sIL6R (pg/ml)", "unit": "ng/ml", "substance": "sIL6R", "scale": False}
            }
        ),
        "column 'sIL6R (pg/ml)': its header says pg/ml, the description ng/ml. Say 'unit: pg/ml', or give the column a name that says nothing of it, as in 'columns: {sIL6R: 'sIL6R (pg/ml)'}'.",
    ),
    "another unit in the header of a dose": (
        "time,IL-6 [pg/mL],v\n0,0,1\n15,10,2\n",
        entry(condition={"doses": {"IL-6": {"column": "IL-6 [pg/mL]", "unit": "ng/ml"}}}),
        "column 'IL-6 [pg/mL]': its header says pg/ml, the description ng/ml.",
    ),
    "a factor in the header": (
        "time,condition,v (x1000)\n0,vehicle,1\n",
        entry(observables=column("v (x1000)", unit="molecules/cell", scale=False)),
        "its header says that the numbers are to be multiplied (x1000).",
    ),
    "logarithms": (
        "time,condition,log10 signal\n0,vehicle,2.1\n15,IL-6 10 ng/ml,3.4\n",
        entry(observables=column("log10 signal")),
        "column 'log10 signal': its header says logarithm, and it would be read as the number itself. Give the numbers; if these are they, say 'columns: {values: 'log10 signal'}'.",
    ),
    "fold changes as logarithms": (
        "time,condition,log2FC\n0,vehicle,0.1\n",
        entry(observables=column("log2FC")),
        "its header says logarithm",
    ),
    "doses as logarithms": (
        "time,log10[IL-6],v\n0,0,1\n15,1,2\n",
        entry(condition={"doses": {"IL-6": {"column": "log10[IL-6]", "unit": "ng/ml"}}}),
        "column 'log10[IL-6]': its header says logarithm",
    ),
    "clocks of three parts": (
        "Time\tT\u00b0 Lum\tA1\tA2\n0:10:00\t37\t100\t110\n",
        entry(**KINETIC),
        "'0:10:00' is not a number. Say 'time_unit: hh:mm:ss' if these are hours, minutes and seconds since the stimulus.",
    ),
    "a well twice in a kinetic read": (
        "Time,A1,A1\n0,1,2\n5,3,4\n",
        entry(layout={"A1": LABEL}, observables=column("value"), format="kinetic"),
        "'A1' stands twice in one kinetic read.",
    ),
    "deviations without numbers": (
        "time,condition,v,sd\n0,vehicle,1,0.1\n",
        entry(observables=column("v", sd="sd")),
        "pSTAT3: the error of a mean is its 'sem', or its 'sd' and 'n'.",
    ),
}


@pytest.mark.parametrize("name", READ)
def test_values_are_those_of_the_file(name, tmp_path):
    content, described, expected = READ[name]
    found = values(read(tmp_path, content, described))
    assert [(c, t, *more) for c, t, _, *more in found] == [(c, t, *more) for c, t, _, *more in expected]
    assert [one[2] for one in found] == pytest.approx([one[2] for one in expected])


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_read_wrongly_is_refused_with_the_way_out(name, tmp_path):
    content, described, what = REFUSED[name]
    with pytest.raises(UserError) as error:
        read(tmp_path, content, described)
    assert what in str(error.value)


def test_a_name_that_says_nothing_settles_what_a_header_says(tmp_path):
    text = "time,condition,log10 signal (pg/ml)\n0,vehicle,2.1\n15,IL-6 10 ng/ml,3.4\n"
    described = entry(columns={"values": "log10 signal (pg/ml)"}, observables=column("values", unit="nM", scale=False))
    assert values(read(tmp_path, text, described)) == [("vehicle", 0, 2.1), ("il6", 15, 3.4)]


@pytest.mark.parametrize(("keys", "expected"), [
    ({"sd": "sd", "n": "n"}, [0.1 / 2 / 1, 0.3 / 3 / 2]),
    ({"sem": "sd", "n": ""}, [0.1 / 1, 0.3 / 2]),
    ({"sd": "sd", "n": "n", "noise": "normal"}, [0.05, 0.1]),
    ({"sd": "sd", "n": "n", "noise": "normal", "unit": "percent"}, [0.0005, 0.001]),
])  # fmt: skip
def test_errors_of_means_go_with_the_values(keys, expected, tmp_path):
    text = "time,condition,v,sd,n\n0,vehicle,1,0.1,4\n15,IL-6 10 ng/ml,2,0.3,9\n"
    keys = {key: word for key, word in keys.items() if word}
    tables = read(tmp_path, text, entry(observables=column("v", **keys), ignore=[] if "n" in keys else ["n"]))
    assert tables.measurements["error"].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("last", ["L4", "L5"])
def test_lanes_that_each_band_names_in_its_own_way(tmp_path, last):
    """They are paired where what follows the band's name is the same in both; else the gel gives nothing, and says so."""
    bands = {"700": ("pSTAT3", 100, ["L1", "L2", "L3", "L4"]), "800": ("STAT3", 1000, ["L1", "L2", "L3", last])}
    rows = [
        f"x,{channel},{band} {lane},{signal * place},2"
        for channel, (band, signal, own) in bands.items() for place, lane in enumerate(own, start=1)
    ]  # fmt: skip
    text = "\n".join(["Image Name,Channel,Name,Signal,Bkgnd.", *rows]) + "\n"
    given = ["vehicle 0", f"{LABEL} 5", f"{LABEL} 15", f"{LABEL} 30"]
    blot = {
        "path": "f",
        "assay": "western_blot",
        "observable": "pSTAT3",
        "batch": "g",
        "signal": "700",
        "normalise": "800",
    }
    if last == "L4":
        tables = read(tmp_path, text, {**blot, "layout": dict(zip("1234", given, strict=True))})
        assert values(tables) == [("vehicle", 0, 0.1), ("il6", 5, 0.1), ("il6", 15, 0.1), ("il6", 30, 0.1)]
        return
    layout = {f"{band} {lane}": g for band, _, own in bands.values() for lane, g in zip(own, given, strict=True)}
    with pytest.raises(UserError) as error:
        read(tmp_path, text, {**blot, "layout": layout})
    assert str(error.value) == (
        "data set 'd': 1 fault\n  - f: pSTAT3 has no value at all (4 rows: empty cell in column '800', 4 rows: empty cell in "
        "column '700'). Mend that, or take pSTAT3 out of the description."
    )
