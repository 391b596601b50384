"""Genotypes in a data set: in the protocol's own columns, or in the description beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6infer.stages.genotype import Genotype, factor_of, read_genotype
from tests.ingestion.make import PROTOCOL, YAML, faults, read

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(lambda n: factor_of(n)[0] is None)
WRITE = (
    "Write PARAMETER=NUMBER, PARAMETER=x0.5 for half of the model's own, or PARAMETER=NAME to estimate it apart, with "
    "; between them: ratio_IL6R_gp130=0.2."
)
COLUMNS = PROTOCOL.replace("unit\n", "unit,knock_out,set\n")


def cells(tables) -> dict[str, tuple[str, str]]:
    return {row.condition: (row.knock_out, row.set) for row in tables.protocol.itertuples()}


@given(st.lists(NAMES, unique=True), st.dictionaries(NAMES, st.floats(0, 1e9) | NAMES))
def test_text_of_a_genotype_reads_back(lacking, values):
    genotype = Genotype(tuple(lacking), {n: v for n, v in values.items() if n not in lacking})

    assert read_genotype(*genotype.cells) == (genotype, [])


def test_columns_of_the_protocol_name_it_in_one_row_or_all(tmp_path: Path):
    text = COLUMNS.replace("il6_10,0,add,IL6,10,ng/ml", "il6_10,0,add,IL6,10,ng/ml,SOCS3 ; JAK1,k_basal = 0.01")
    text = text.replace("pulse,20,wash,,,", "pulse,20,wash,,,,,IL6R_0=low")
    rows = [line + "," * (7 - line.count(",")) for line in text.splitlines()]

    found = read(tmp_path, protocol="\n".join(rows) + "\n")

    assert cells(found) == {
        "vehicle": ("", ""), "il6_10": ("SOCS3;JAK1", "k_basal=0.01"), "block": ("", ""), "pulse": ("", "IL6R_0=low"),
    }  # fmt: skip


def test_a_description_names_it_by_condition(tmp_path: Path):
    yaml = YAML.replace("files:", "conditions:\n  pulse: {knock_out: [SOCS3], set: {ratio_IL6R_gp130: 0.2}}\nfiles:")

    assert cells(read(tmp_path, yaml=yaml))["pulse"] == ("SOCS3", "ratio_IL6R_gp130=0.2")


def test_what_is_wrong_with_it_is_said_with_its_place(tmp_path: Path):
    text = COLUMNS.replace(
        "il6_10,0,add,IL6,10,ng/ml", "il6_10,0,add,IL6,10,ng/ml,SOCS3!,k_basal:3;k_import=1;k_import=2"
    )
    text = text.replace("block,-30,add,sgp130Fc,500,ng/ml", "block,-30,add,sgp130Fc,500,ng/ml,SOCS3,")
    text = text.replace("block,0,add,IL6,10,ng/ml", "block,0,add,IL6,10,ng/ml,JAK1,")
    rows = [line + "," * (7 - line.count(",")) for line in text.splitlines()]
    yaml = YAML.replace(
        "files:",
        "conditions:\n  pulses: {knock_out: [SOCS3]}\n  pulse: {knock_out: [k_import], set: {k_import: 2}}\nfiles:",
    )

    assert faults(tmp_path, protocol="\n".join(rows) + "\n", yaml=yaml) == [
        "description, conditions, pulses: condition 'pulses' is not in the protocol. "
        "Did you mean 'pulse'? Known: block, il6_10, pulse, vehicle.",
        f"description, conditions, pulse, set: 'k_import' is knocked out, too. {WRITE}",
        "protocol.csv, row 3, knock_out: 'SOCS3!' is no name of a gene or parameter. Name genes or parameters, with ; "
        "between them: SOCS3.",
        f"protocol.csv, row 3, set: 'k_basal:3' is not PARAMETER=VALUE. {WRITE}",
        f"protocol.csv, row 3, set: 'k_import' is set twice. {WRITE}",
        "protocol.csv, row 5: the cells of condition 'block' are others than in protocol.csv, row 4. A condition is of "
        "one kind of cell: give the others a name of their own.",
    ]


@pytest.mark.parametrize(
    ("text", "factor"),
    [("x5", 5.0), ("X0.5", 0.5), ("x1e-3", 1e-3), ("x10", 10.0), ("x5a", None), ("x_5", None), ("five", None)],
)
def test_a_factor_is_no_name_of_cells(text, factor):
    """IL6R_0=x5, over-expression, was estimated apart for cells called x5."""
    found, wrong = read_genotype("", f"IL6R_0={text}")

    assert (factor_of(found.set["IL6R_0"])[0], wrong) == (factor, [])


@pytest.mark.parametrize("text", ["x0", "x0.0", "x1e999", "5x", "x-1", "x0,5", "x5.", "x5:mouse", "50 %"])
def test_what_is_no_factor_is_refused(text):
    _, [(column, what)] = read_genotype("", f"IL6R_0={text}")

    assert column == "set"
    assert f"'IL6R_0={text}'" in what
