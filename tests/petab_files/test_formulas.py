"""Formulas of tables: what they mean, and what is refused with its cell, within seconds."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from il6infer._errors import UserError
from il6infer.engine.evaluate import evaluate
from il6infer.network.functions import plain
from il6infer.petab_files.formula import parse
from il6infer.petab_files.lint import check
from il6infer.runs.numeric import Function
from tests.zoo import decay_v1

UNREAL = "a part of the formula is no real number: it divides by 0, or takes a root or logarithm of a negative number."


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("A > 1", 1.0), ("!(A > 1)", 0.0), ("(A > 1) * 2 + true", 3.0), ("A > 1 > 0", 1.0), ("A && B < 0", 1.0),
        ("(A > 1) == (B > 1)", 0.0), ("piecewise(1, A, 2)", 1.0), ("piecewise(5, A < 1, 6, B < 0, 7)", 6.0),
        ("A^2^B", 2.5 ** (2 ** -1.5)), ("-A^2", -6.25), ("B^3", -3.375), ("log(A, 2)", math.log2(2.5)),
        ("log2(A) + log10(A) + ln(A) + log(A)", math.log2(2.5) + math.log10(2.5) + 2 * math.log(2.5)),
        ("sqrt(A) + pow(A, 2) + abs(B) + sign(B)", 2.5**0.5 + 6.25 + 1.5 - 1), ("min(A, B, 0) + max(1, A)", 1.0),
        ("arccot(B) + arcsech(0.5) + coth(A)", math.atan(1 / -1.5) + math.acosh(2) + 1 / math.tanh(2.5)),
        ("+".join(["A"] * 2_000), 5_000.0), ("A" + "-B*A/A" * 900, 2.5 + 1_350), ("(" * 90 + "A" + ")" * 90, 2.5),
    ],
)  # fmt: skip
def test_a_formula_has_its_value(formula: str, value: float) -> None:
    symbols = [sp.Symbol(n, real=True) for n in "AB"]
    np.testing.assert_allclose(Function(symbols, [plain(parse(formula))])(np.array([2.5, -1.5])), [value], rtol=1e-12)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("A/0", UNREAL), ("0/0", UNREAL), ("1/0*A", UNREAL), ("1/(1-1)", UNREAL),
        ("log(-1)*A", UNREAL), ("log(-1) > 1", UNREAL), ("sqrt(-1)", UNREAL), ("arccos(2)", UNREAL),
        ("max(log(-1), A)", UNREAL), ("0^-1*A", UNREAL), ("", "the cell is empty, a formula was expected."),
        ("observableParameter1_obs*9^9^9^9", "'observableParameter1_obs*9^9^9^9' is not finite. Correct the formula."),
        ("observableParameter1_obs*1e400", "'observableParameter1_obs*1e400' is not finite. Correct the formula."),
        ("observableParameter1_obs*inf", "'observableParameter1_obs*inf' is not finite. Correct the formula."),
        ("sin(A, A)", "sin takes 1 argument, 2 are given."),
        ("log(A, 2, 3)", "log takes 1 or 2 arguments, 3 are given."),
        ("piecewise(1, A > 1)", "piecewise takes values and conditions in turn, and a last value: an odd number of "
                                "arguments."),
        ("(" * 2_000 + "A" + ")" * 2_000, "a formula nested more than 100 levels deep."),
        ("A" * 20_001, "a formula of 20001 characters; 20000 are supported."),
    ],
)  # fmt: skip
def test_a_formula_without_a_value_is_refused_with_its_cell(formula: str, message: str, tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path, formula=formula)
    start = time.monotonic()
    with pytest.raises(UserError) as error:
        check(path)
    assert time.monotonic() - start < 10
    assert f"  - observables.tsv, row 2, column observableFormula: {message}" in str(error.value)


@pytest.mark.parametrize(("noise", "value"), [("0", 0), ("-1", -1), ("0*A", 0), ("a0 - 1", 0), ("1 - scale", -1)])
def test_noise_that_is_not_above_zero_is_no_valid_problem(noise: str, value: float, tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path, transformation="lin")
    table = tmp_path / "observables.tsv"
    table.write_text(table.read_text().replace("\t0.1\t", f"\t{noise}\t"))
    with pytest.raises(UserError) as error:
        check(path)
    assert str(error.value) == (
        f"PEtab problem {path}: 1 fault\n  - observables.tsv, row 2, column noiseFormula: the noise of 'obs' is "
        f"{value}, which must be above zero. Correct the formula or the value that it names."
    )


def test_noise_of_a_row_that_is_not_above_zero_is_refused_with_that_row(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path)
    table, rows = tmp_path / "observables.tsv", tmp_path / "measurements.tsv"
    table.write_text(table.read_text().replace("\t0.1\t", "\tnoiseParameter1_obs\t"))
    lines = rows.read_text().splitlines()
    noises = ["noiseParameters", "0.1", "0", "0.2", "0.1"]
    rows.write_text("".join(f"{line}\t{noise}\n" for line, noise in zip(lines, noises, strict=True)))
    with pytest.raises(UserError) as error:
        evaluate(path)
    assert str(error.value) == (
        f"PEtab problem {path}: 1 fault\n  - measurements.tsv, row 3, column noiseParameters: the noise of 'obs' is 0, "
        "which must be above zero. Correct the formula or the value that it names."
    )


def test_a_condition_is_a_read_out_of_ones_and_zeros(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path, formula="observableParameter1_obs * (A > 0.5)", transformation="lin")
    assert evaluate(path).simulation.tolist() == [2.0, 2.0, 0.0, 0.0]
