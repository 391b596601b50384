"""What a configuration holds out: whose it is, and names that cannot be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from il6infer._errors import UserError
from il6infer.configuration.check import check_config
from il6infer.configuration.configuration import Configuration
from il6infer.configuration.hold_out import HoldOut, fitted, held_out_of

CONFIG = Path(__file__).parents[2] / "config"
RAW = {"description": "d.yaml", "folder": "f"}


def config(hold_out: dict, **datasets: dict) -> Configuration:
    return check_config({"datasets": datasets, "hold_out": hold_out}, "my.yaml")


def test_names_without_a_data_set_are_those_of_the_only_one():
    found = config({"conditions": ["il6"], "batches": ["one.gel7"]}, one=RAW, own={"petab": "p.yaml"})

    assert fitted(found) == ["one", "own"]
    assert held_out_of(found, "one") == HoldOut(("il6",), ("gel7",), ())
    assert not held_out_of(found, "own")


def test_a_data_set_that_is_held_out_whole_is_predicted_by_all_others():
    found = config({"datasets": ["new"], "batches": ["two.gel7"]}, one=RAW, two=RAW, new=RAW)

    assert fitted(found) == ["one", "two"]
    assert held_out_of(found, "one") == HoldOut((), (), ("new",))
    assert held_out_of(found, "two") == HoldOut((), ("gel7",), ("new",))


def test_without_the_section_nothing_is_held_out():
    assert not held_out_of(config({}, one=RAW), "one")


def test_names_that_cannot_be_are_refused_together():
    with pytest.raises(UserError) as error:
        config({"datasets": ["nwe", "own"], "conditions": ["il6"], "batches": ["three.gel"]}, one=RAW, two=RAW,
               own={"petab": "p.yaml"})  # fmt: skip

    assert str(error.value) == (
        "my.yaml: 4 faults\n"
        "  - key 'hold_out.datasets': there is no data set 'nwe'. Did you mean 'one'? Known: one, own, two.\n"
        "  - key 'hold_out.datasets': 'own' is a PEtab problem, which brings its own model: the others cannot predict "
        "it. Give it as raw files.\n"
        "  - key 'hold_out.conditions': 'il6' does not say of which data set. Write 'one.il6' or 'two.il6'.\n"
        "  - key 'hold_out.batches': 'three.gel' is of data set 'three', which is not fitted from raw files. "
        "Known: one, two."
    )
    with pytest.raises(UserError, match="no data set is left to be fitted"):
        config({"datasets": ["one"]}, one=RAW)


def test_each_genotype_of_the_fibroblasts_is_predicted_from_the_other_by_the_commands_of_their_configuration():
    text = (CONFIG / "fibroblasts.yaml").read_text()
    described = yaml.safe_load((CONFIG / "datasets" / "billing2019_mef.yaml").read_text())["files"]
    kinetics = {file["batch"]: file["path"].split("_")[1] for file in described if "kinetics" in file["path"]}
    fits = [
        {file["batch"] for file in described} - set(named.split(", "))
        for named in re.findall(r"'hold_out={batches: \[(.*?)\]}'", text)
    ]

    assert [{kinetics[batch] for batch in batches} for batches in fits] == [{"wt"}, {"socs3ko"}]
    assert set().union(*fits) == {*kinetics}
