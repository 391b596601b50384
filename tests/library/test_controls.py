"""A total or a loading control that is taken for a read-out is told what it is for."""

from __future__ import annotations

import pytest

from il6infer.library.assembly import readout_fault
from il6infer.library.compose import shipped


@pytest.mark.parametrize(
    "name", ["tSTAT3", "STAT3", "total STAT3", "pan-AKT", "beta-actin", "GAPDH", "a-Tubulin", "ERK1/2"]
)
def test_a_control_is_what_lanes_are_divided_by(name: str) -> None:
    assert str(readout_fault("a.yaml, files 1", name, "both_socs3", shipped())) == (
        f"a.yaml, files 1: read-out '{name}' is measured, but model 'both_socs3' has none of that name. A total or a "
        "loading control is no read-out, but what the lanes of a blot are divided by: with 'assay: western_blot', "
        f"'normalise: {name}' (docs/my_blots.md). Else leave it out."
    )


@pytest.mark.parametrize(("name", "remedy"), [("pERK", "Model 'both_socs3+mapk' has it."), ("pSTAT5", "Did you mean")])
def test_another_read_out_is_none(name: str, remedy: str) -> None:
    assert remedy in str(readout_fault("a.yaml, files 1", name, "both_socs3", shipped()))
