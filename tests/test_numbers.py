"""A number that a computer cannot keep is a fault wherever one is read: it would be 0, without a word."""

from __future__ import annotations

import argparse

import pytest

from il6infer._errors import UserError
from il6infer._numbers import vanishes
from il6infer._tables import Row, Sheet, not_a_number, number
from il6infer._units import concentration_nM
from il6infer._yaml import read_yaml, refuse_two_meanings
from il6infer.cli import options
from il6infer.exchange.values import read_values
from il6infer.interface.doses import concentration
from il6infer.petab_files.formula import parse

TEXT = "1e-400"
SAID = "is nearer to 0 than a computer keeps numbers"


@pytest.mark.parametrize("text", ["1e-400", "-1E-400", "0.001e-330", ".5e-330", f"0.{'0' * 400}1", "2e-324"])
def test_what_would_be_read_as_0_vanishes(text):
    assert vanishes(text)
    assert number(text) is None


@pytest.mark.parametrize(
    "text", ["0", "0.000", "-0", "0e5", "0e-400", "5e-324", "1e-300", "1", "", "x", "nan", "inf", "."]
)
def test_0_small_numbers_and_words_do_not_vanish(text):
    assert not vanishes(text)


@pytest.mark.parametrize(("text", "decimal"), [("1e-400", "."), ("1,5e-400", ",")])
def test_a_cell_says_what_is_wrong_and_what_to_do(text, decimal):
    sheet = Sheet("p.csv", ("dose",), (Row(2, {"dose": text}),), decimal=decimal)

    assert sheet.number(text) is None
    assert str(not_a_number(sheet, sheet.rows[0], "dose")) == (
        f"p.csv, row 2, column 'dose': '{text}' {SAID}. Write 0, or choose another unit."
    )


@pytest.mark.parametrize("text", ["1e-400", "1.0e-400", "!!float 1e-400"])
def test_yaml_says_where(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(f"fit:\n  rtol: {text}\n", encoding="utf-8")

    with pytest.raises(UserError) as caught:
        read_yaml(path)
    assert str(caught.value) == f"{path}, line 2, column 9: is not valid YAML: {text.split()[-1]} {SAID}."


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (options.real, TEXT),
        (options.positive, TEXT),
        (options.assignment, f"cell_number={TEXT}"),
        (options.freed, f"k_import={TEXT}:4"),
    ],
)
def test_an_option_refuses_it(read, text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"{TEXT} {SAID}"):
        read(text)


def test_a_dose_a_table_of_values_and_a_formula_refuse_it(tmp_path):
    table = tmp_path / "values.json"
    table.write_text(f'{{"k": {TEXT}}}', encoding="utf-8")

    with pytest.raises(UserError, match=f"'1e-400 nM' {SAID}"):
        concentration("IL6", "1e-400 nM")
    with pytest.raises(UserError, match=f"key 'k': '{TEXT}' {SAID}"):
        read_values(table)
    with pytest.raises(ValueError, match=f"{TEXT} {SAID}"):
        parse(f"k * {TEXT}")


@pytest.mark.parametrize(
    ("dose", "unit", "said"),
    [(1e308, "mM", "1e+308 mM would be inf nM."), (1e-320, "fM", "9.99989e-321 fM would be 0 nM.")],
)
def test_a_dose_that_its_unit_makes_0_or_infinite_is_refused(dose, unit, said):
    with pytest.raises(UserError) as caught:
        concentration_nM(dose, unit, "IL6")
    assert str(caught.value) == f"{said} Is the unit right?"
    assert concentration_nM(0.0, unit, "IL6") == 0


@pytest.mark.parametrize("text", ["0100", "1:30", "0x1F", "1_000", "2020-13-45", "0b1"])
def test_a_word_that_snakemake_reads_otherwise_is_refused_with_its_place(tmp_path, text):
    path = tmp_path / "c.yaml"
    path.write_text(f"fit:\n  tune: {text}\n", encoding="utf-8")

    with pytest.raises(UserError) as caught:
        refuse_two_meanings(path)
    assert str(caught.value) == (
        f"{path}: 1 fault\n  - line 2, column 9: {text} is a text, or by YAML 1.1 a number or a date, as 64 is 0100. "
        f"Write a number in decimal digits alone, a text in quotes: '{text}'."
    )


def test_words_that_mean_one_thing_are_not_refused(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "a: &a ['0100', 100, 1e-6, 1.5, yes, abc, '2020-01-01', ~, -3, .5]\nb: *a\n1: x\n", encoding="utf-8"
    )

    refuse_two_meanings(path)
