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
from il6infer.configuration.load import cells_of_held_out

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


def test_a_data_set_that_is_held_out_whole_has_cells_of_its_own():
    """Its values and its preset were passed over without a word."""
    new = RAW | {"cell": "HepG2", "values": {"cell_number": 1e7, "medium_volume": 0.1}}
    one = RAW | {"cell": "PHH", "values": {"cell_number": 1e6, "medium_volume": 0.1}}
    found = config({"datasets": ["new"]}, one=one, same=new, named=one | {"models": ["both_none@PHH"]}, new=new)

    apart = {name: cells_of_held_out(found, name, f"both_none@{found.datasets[name].cell}", "new")
             for name in ("one", "same", "named")}  # fmt: skip
    assert apart == {
        "one": ("HepG2", {"cell_number": 1e7}), "same": ("", {}), "named": ("", {"cell_number": 1e7}),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fit", "refused"), [({}, True), ({"cell": "PHH"}, False), ({"models": ["both_none@PHH"]}, False)]
)
def test_cells_of_a_preset_are_not_predicted_by_models_that_count_no_receptors(fit, refused):
    datasets = {"one": RAW | fit, "new": RAW | {"cell": "HepG2"}}
    if not refused:
        config({"datasets": ["new"]}, **datasets)
        return
    with pytest.raises(UserError) as error:
        config({"datasets": ["new"]}, **datasets)

    assert str(error.value) == (
        "my.yaml: 1 fault\n"
        "  - key 'datasets.one': has no 'cell', and new, which its models predict, has: their receptors are counted in "
        "other units. Give each of them a cell, or none."
    )


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
