"""Inputs made to harm get an answer within a minute of processor time and 2 GiB, and nothing is run or written."""

from __future__ import annotations

import pytest

from tests.faults.hostile import HOSTILE, faults, meet

QUICK = ("YAML: a bomb of aliases", "formula: code", "table: outside of the folder", "netCDF: 8 TB")
"""Run with every test; the others are slow for their number, a process each."""


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in HOSTILE]
)
def test_an_input_made_to_harm_is_answered(tmp_path, name):
    found = meet(name, tmp_path)

    assert faults(name, found) == []
