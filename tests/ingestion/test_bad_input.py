"""Every fault that an input can have, with its whole message; all faults come in one."""

from __future__ import annotations

import pytest

from tests.ingestion.make import GEL, PLATE, PROTOCOL, QPCR, TABLE, YAML, faults, read

SUBTRACTED = "Export intensities without subtraction of a background (and say 'offset: true'), or say 'noise: normal'."
CUT = (
    "A background was subtracted, or the band was cut off at it: give values with their background, "
    "or choose 'noise: normal'."
)
BEFORE = "A background was subtracted: give values with their background, or choose 'noise: normal'."
UNITS = "Known: pg/ml, ng/ml, ug/ml, mg/ml, ng/l, ug/l, mg/l, fM, pM, nM, uM, mM."
AGAIN = "Open it and save it again, without password."


def test_missing_column(tmp_path):
    assert faults(tmp_path, gel=GEL.replace("time_min", "time"), plate=PLATE.replace("renilla", "RLU")) == [
        "gel.csv: column 'time_min' is missing. Did you mean 'time'? "
        "Known: condition, lane, loading_control, pSTAT3, time, total_STAT3.",
        "plate.csv: column 'renilla' is missing. Did you mean 'well'? Known: RLU, condition, firefly, time_min, well.",
    ]


def test_missing_column_of_table_qpcr_and_protocol(tmp_path):
    assert faults(
        tmp_path,
        table=TABLE.replace("pgp130_wb", "pgp130_wb_out"),
        qpcr=QPCR.replace("ct\n", "cycle\n"),
        protocol=PROTOCOL.replace("unit\n", "units\n"),
    ) == [
        "protocol.csv: column 'unit' is missing. Did you mean 'units'? "
        "Known: action, condition, dose, species, time_min, units.",
        "qpcr.csv: column 'ct' is missing. Known: condition, cycle, gene, replicate, sample, time_min.",
        "table.csv: column 'pgp130_wb' is missing. Did you mean 'pgp130_wb_out'? Known: dose, ms, pgp130_wb_out, time.",
    ]


def test_not_a_number_and_negative_intensity(tmp_path):
    gel = GEL.replace("15,20000", 'fifteen,"20000,x"').replace("9000,45000", "-9000,0")
    plate = PLATE.replace("360,9000,4500", ",nan,-3")
    assert faults(tmp_path, gel=gel, plate=plate) == [
        "gel.csv, row 3, column 'time_min': 'fifteen' is not a number.",
        "gel.csv, row 3, column 'pSTAT3': '20000,x' is not a number.",
        f"gel.csv, row 4, column 'pSTAT3': negative intensity -9000. {SUBTRACTED}",
        "gel.csv, row 4, column 'total_STAT3': zero, and other values are divided by it. Remove the row or correct it.",
        "plate.csv, row 4, column 'time_min': the cell is empty, a number is expected.",
        "plate.csv, row 4, column 'firefly': 'nan' is not a number. Not measured: leave the cell empty. "
        "Nothing seen: write n.d., or '<' and the limit; too much: OVER.",
        "plate.csv, row 4, column 'renilla': negative intensity -3. "
        "Export intensities without subtraction of a background.",
    ]


def test_rows_are_counted_as_a_spreadsheet_shows_them(tmp_path):
    gel = GEL.replace("2,il6_10", '\n,,,,,\n"2",il6_10').replace("15,20000", "x,20000")
    assert faults(tmp_path, gel=gel) == ["gel.csv, row 5, column 'time_min': 'x' is not a number."]


def test_value_that_log_normal_noise_cannot_make(tmp_path):
    gel, table = GEL.replace("9000,", "0,"), TABLE.replace("2.0", "-2.0").replace("0.5", "0")
    assert faults(tmp_path, gel=gel, table=table) == [
        f"gel.csv, row 4, column 'pSTAT3': value 0 cannot have lognormal noise. {CUT}",
        f"table.csv, row 2, column 'pgp130_wb': value 0 cannot have lognormal noise. {CUT}",
        f"table.csv, row 3, column 'pgp130_wb': negative intensity -2.0 cannot have lognormal noise. {BEFORE}",
    ]


def test_faults_of_the_protocol(tmp_path):
    protocol = (
        PROTOCOL.replace("ng/ml", "ng/dl", 1)
        .replace("500,ng/ml", "500,")
        .replace("sIL6R", "sIL-7R")
        .replace("wash,", "flush,")
    )
    assert faults(tmp_path, protocol=protocol) == [
        f"protocol.csv, row 3, column 'unit': unknown dose unit 'ng/dl'. {UNITS}",
        "protocol.csv, row 4, column 'unit': dose 500 has no unit. " + UNITS,
        "protocol.csv, row 6, column 'species': unknown species 'sIL-7R'. Did you mean 'sIL6R'? "
        "Known: HyperIL6, IL6, actinomycinD, anti_IL6, cycloheximide, ruxolitinib, sIL6R, sgp130, sgp130Fc, stattic, "
        "tocilizumab.",
        "protocol.csv, row 8, column 'action': unknown action 'flush'. Known: add, control, set, wash.",
    ]


def test_steps_that_clash_or_say_too_much(tmp_path):
    protocol = PROTOCOL + (
        "pulse,20,wash,,,\npulse,0,set,IL6,3,nM\npulse,30,add,,,ng/dl\npulse,40,set,IL6,-1,nM\n,a,control,IL6,,\n"
        "1x,0,control,,,\n"
    )
    found = faults(tmp_path, protocol=protocol)
    assert found == [
        "protocol.csv, row 11, column 'species': the cell is empty, a species is expected. "
        "Known: HyperIL6, IL6, actinomycinD, anti_IL6, cycloheximide, ruxolitinib, sIL6R, sgp130, sgp130Fc, stattic, "
        "tocilizumab.",
        "protocol.csv, row 11, column 'dose': the cell is empty, a number is expected.",
        f"protocol.csv, row 11, column 'unit': unknown dose unit 'ng/dl'. {UNITS}",
        "protocol.csv, row 12, column 'dose': negative dose -1.",
        "protocol.csv, row 13, column 'condition': the cell is empty, a condition is expected.",
        "protocol.csv, row 13, column 'time_min': 'a' is not a number.",
        "protocol.csv, row 13, column 'species': 'IL6' where control takes no species. "
        "A control adds nothing; leave the cell empty.",
        "protocol.csv, row 14, column 'condition': '1x' cannot name a condition. "
        "Use letters, digits and _, with a letter or _ first.",
        "protocol.csv, row 9: duplicate of row 8 (condition pulse, 20 min, wash). Remove one.",
        "protocol.csv, row 10: a second dose beside row 7 (condition pulse, 0 min, IL6). "
        "Give one dose of a species at a time.",
        "protocol.csv, row 14, column 'condition': condition '1x' is never measured: no file has a value of it. "
        "Remove it, or list the file that measures it.",
    ]


def test_gel_without_control_lane(tmp_path):
    assert faults(tmp_path, gel=GEL.replace("vehicle,0", "il6_10,5")) == [
        "gel.csv: the gel has no control lane (none at time 0, none of a condition without stimulus: vehicle). "
        "Without one, background and stimulus cannot be told apart: add its control lane."
    ]


@pytest.mark.parametrize("lane", ["vehicle,30", "il6_10,0"])
def test_vehicle_or_time_zero_is_a_control_lane(tmp_path, lane):
    assert len(read(tmp_path, gel=GEL.replace("vehicle,0", lane)).measurements) == 13


def test_duplicate_rows(tmp_path):
    assert faults(
        tmp_path,
        gel=GEL + "4,block,15,5000,50000,100000\n",
        plate=PLATE + "A1,il6_10,60,5,5\n",
        qpcr=QPCR + "S2,il6_10,60,2,HPRT,21.00\n",
        table=TABLE + "40,40,,55.0\n",
    ) == [
        "gel.csv, row 6: duplicate of row 5 (lane 4). Remove one of the two.",
        "plate.csv, row 5: duplicate of row 2 (well A1). Remove one of the two.",
        "qpcr.csv, row 10: duplicate of row 9 (sample S2, replicate 2, gene HPRT). Remove one of the two.",
        "table.csv, row 5: duplicate of row 4 (time 40, dose 40, pgp130_wb (empty), ms 55.0). "
        "Remove one, or say 'duplicates: keep' (measured twice so) or 'duplicates: drop' (copies).",
    ]


def test_file_empty_missing_or_a_workbook(tmp_path):
    header = "well,condition,time_min,firefly,renilla\n"
    assert faults(tmp_path, gel=" \n,,\n", plate=header, qpcr=None, table=b"PK\x03\x04abc") == [
        "gel.csv: the file is empty. It needs a header row and at least one row of values.",
        "plate.csv: the file has a header but no rows. Add the measured values, or leave it out.",
        f"qpcr.csv: no such file in {tmp_path}. Check the path and the data folder.",
        f"table.csv: cannot be read as a workbook (Cannot detect file format). {AGAIN}",
    ]


def test_file_that_is_not_a_table(tmp_path):
    assert faults(
        tmp_path, gel=b"a\0b", plate=b"well,\xb5\n", qpcr='a,"b\n1,2\n', table="time,dose,time,ms\n1,2\n"
    ) == [
        "gel.csv: is a binary file, not text. Save it as CSV, or as a workbook (xlsx, xls, ods).",
        "plate.csv: the file has a header but no rows. Add the measured values, or leave it out.",
        "qpcr.csv, row 1, cell 2: the text in quotation marks that begins with 'b' goes on over 2 lines. "
        "Close the quotation mark, or remove it.",
        "table.csv, row 1: column 'time' appears twice. Rename or remove one.",
        "table.csv, row 2: 2 cells where the header has 4. An empty cell needs its comma, too.",
    ]


def test_folder_where_a_file_is_expected(tmp_path):
    (tmp_path / "gel.csv").mkdir()
    assert faults(tmp_path, gel=None) == [
        "gel.csv: is a folder, a file was expected. Check the path and the data folder."
    ]


def test_missing_protocol(tmp_path):
    assert faults(tmp_path, protocol=None) == [
        f"protocol.csv: no such file in {tmp_path}. Check the path and the data folder."
    ]


def test_condition_never_measured(tmp_path):
    assert faults(tmp_path, protocol=PROTOCOL + "hyper_1,0,add,HyperIL6,1,ng/ml\n") == [
        "protocol.csv, row 9, column 'condition': condition 'hyper_1' is never measured: no file has a value of it. "
        "Remove it, or list the file that measures it."
    ]


def test_condition_that_the_protocol_lacks(tmp_path):
    assert faults(tmp_path, gel=GEL.replace("block", "blok"), table=TABLE.replace("20,40", "20,41")) == [
        "table.csv, row 3, column 'dose': '41' is not in the map of conditions. Known: 0, 40.",
        "gel.csv, row 5, column 'condition': condition 'blok' is not in the protocol. Did you mean 'block'? "
        "Known: block, il6_10, pulse, vehicle.",
        "protocol.csv, row 4, column 'condition': condition 'block' is never measured: no file has a value of it. "
        "Remove it, or list the file that measures it.",
    ]


def test_measured_before_the_protocol_starts(tmp_path):
    assert faults(tmp_path, gel=GEL.replace("1,vehicle,0", "1,vehicle,-10")) == [
        "gel.csv, row 2, column 'time_min': -10 min is before the protocol of 'vehicle' starts (0 min). "
        "Add a control step at -10 min to the protocol, or correct the time."
    ]


def test_faults_of_qpcr(tmp_path):
    qpcr = QPCR.replace("30.00", "41").replace("30.20", "x").replace("S2,il6_10,60,2,SOCS3", "S2,il6_10,30,2,SOCS3")
    assert faults(tmp_path, qpcr=qpcr + ",vehicle,0,1,SOCS3,20\n") == [
        "qpcr.csv, row 10, column 'sample': the cell is empty, a sample is expected.",
        "qpcr.csv, row 2, column 'ct': Ct 41 is not between 0 and the 40 cycles of the run. "
        "Correct it, or give the run's 'cycles'.",
        "qpcr.csv, row 3, column 'ct': 'x' is not a number, nor 'Undetermined'.",
        "qpcr.csv, row 7, column 'time_min': sample 'S2' is '30' here and '60' in row 6. "
        "Give each sample a name of its own.",
    ]


def test_qpcr_without_its_reference_gene(tmp_path):
    assert faults(tmp_path, qpcr=QPCR.replace("HPRT", "GAPDH")) == [
        "qpcr.csv, column 'gene': no well of the reference gene 'HPRT'. Known: GAPDH, SOCS3.",
        "qpcr.csv, row 2, column 'gene': sample 'S1' has no well of the reference gene 'HPRT'.",
        "qpcr.csv, row 6, column 'gene': sample 'S2' has no well of the reference gene 'HPRT'.",
    ]


def test_column_without_any_value(tmp_path):
    assert faults(tmp_path, table=TABLE.replace(",0.5,", ",,").replace(",2.0,", ",,")) == [
        "table.csv: column 'pgp130_wb' has no value at all. Take pgp130 out of the description."
    ]


def test_cells_that_name_nothing(tmp_path):
    empty = "the cell is empty, a condition is expected."
    assert faults(
        tmp_path,
        gel=GEL.replace("vehicle", ""),
        plate=PLATE.replace("A2,vehicle", "A2,"),
        table="time,dose,pgp130_wb,ms,,\n0,0,1,1,2,3\n",
    ) == [
        f"gel.csv, row 2, column 'condition': {empty}",
        f"plate.csv, row 3, column 'condition': {empty}",
        "table.csv, row 1: several columns have no name. Name or remove them.",
    ]


def test_target_and_reference_are_one_gene(tmp_path):
    assert faults(tmp_path, yaml=YAML.replace("reference: HPRT", "reference: SOCS3"))[0] == (
        "qpcr.csv, column 'gene': target and reference are both 'SOCS3'. Name two genes."
    )
