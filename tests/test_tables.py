"""Cells that are numbers, and cells that only look so."""

from __future__ import annotations

import pytest

from il6infer._tables import number


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1), ("-2.5", -2.5), ("+.5", 0.5), ("3.", 3), ("1e3", 1000), ("2E-3", 0.002)]
)
def test_numbers(text, value):
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "nan", "inf", "1,5", "1_000", "1e999", "0x10", "\N{FULLWIDTH DIGIT ONE}", "1 2"])
def test_not_numbers(text):
    assert number(text) is None
