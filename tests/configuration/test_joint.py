"""Joint fits of a configuration: cells, members, what is held out of them, and what cannot be fitted together."""

from __future__ import annotations

import pytest

from il6infer._errors import UserError
from il6infer.configuration.check import check_config
from il6infer.configuration.configuration import Configuration
from il6infer.configuration.hold_out import held_out_of
from il6infer.configuration.joint import cell_of, members_of
from il6infer.configuration.load import models_of, values_of
from il6infer.configuration.values import check_own

RAW = {"description": "d.yaml", "folder": "f"}


def config(**datasets: dict) -> Configuration:
    return check_config({"models": ["classic_socs3", "classic_none@PHH"], "datasets": datasets}, "my.yaml")


def test_models_are_those_of_the_data_sets_cells():
    found = config(
        a={**RAW, "cell": "HepG2"}, b={**RAW, "cell": "PHH", "values": {"k_import": 1.0}}, both={"joint": ["a", "b"]}
    )

    assert models_of(found, "a") == ["classic_socs3@HepG2", "classic_none@PHH"]
    assert models_of(found, "both") == ["classic_socs3@HepG2", "classic_none@PHH"]
    assert (members_of(found, "both"), members_of(found, "a")) == (("a", "b"), ())
    assert (cell_of(found, "both"), cell_of(found, "b")) == ("HepG2", "PHH")
    assert values_of(found, "both") == {}


def test_what_is_held_out_of_a_data_set_is_held_out_of_the_joint_fit():
    hold_out = {"datasets": ["c"], "batches": ["a.gel1"], "conditions": ["both.b_il6"]}
    asked = {
        "datasets": {"a": RAW, "b": RAW, "c": RAW, "d": RAW, "both": {"joint": ["a", "b", "c"]}},
        "hold_out": hold_out,
    }
    found = check_config(asked, "my.yaml")
    joint = held_out_of(found, "both")

    assert (joint.conditions, joint.batches) == (("b_il6",), ("a_gel1",))
    assert (joint.members, joint.others) == (("c",), ())
    assert (held_out_of(found, "a").batches, held_out_of(found, "a").others) == (("gel1",), ("c",))


def test_what_cannot_be_fitted_together_is_refused_in_one_message():
    with pytest.raises(UserError) as error:
        config(
            a={**RAW, "cell": "HepG2"}, b=RAW, p={"petab": "p.yaml"}, c={**RAW, "own": ["K_SOCS3"]},
            both={"joint": ["a", "b", "p"], "folder": "x", "own": ["k_import"], "pooled": ["k_import"]},
        )  # fmt: skip

    assert str(error.value) == (
        "my.yaml: 5 faults\n"
        "  - key 'datasets.both': has 'joint' and 'folder'. A joint fit takes them from its data sets: "
        "leave them out.\n"
        "  - key 'datasets.c': has 'own', and 'joint' is missing. Say which data sets are fitted together: "
        "joint: [a, b].\n"
        "  - key 'datasets.both.joint': 'p' is no data set of raw files of this configuration. Known: a, b, c.\n"
        "  - key 'datasets.both': b has no 'cell', and the others have: their receptors would be counted in other "
        "units. Give each data set of a joint fit a cell, or none.\n"
        "  - key 'datasets.both': 'k_import' is both under 'own' and 'pooled'. Take it out of one."
    )


def test_a_joint_fit_of_one_data_set_is_refused_and_not_called_empty():
    with pytest.raises(UserError) as caught:
        check_config({"datasets": {"a": RAW, "both": {"joint": ["a"]}}}, "a.yaml")

    assert "key 'datasets.both.joint': has 1, at least 2 were expected." in str(caught.value)


def test_what_no_model_estimates_can_be_neither_own_nor_pooled():
    """K_SOCS3 is of one of the two models; k_import is fixed, unless it is freed."""
    a, b = ({**RAW, "cell": cell} for cell in ("HepG2", "PHH"))
    check_own(
        config(a=a, b=b, both={"joint": ["a", "b"], "own": ["K_SOCS3", "k_import"], "free": {"k_import": None}}), ""
    )
    with pytest.raises(UserError) as caught:
        check_own(config(a=a, b=b, both={"joint": ["a", "b"], "own": ["K_SOC3"], "pooled": ["k_import"]}), "my.yaml")

    said = str(caught.value)
    why = "is estimated by no model of this data set (classic_socs3@HepG2, classic_none@PHH). Did you mean"
    assert said.startswith("my.yaml: 2 faults")
    assert f"key 'datasets.both.own': 'K_SOC3' {why} 'K_SOCS3'?" in said
    assert "key 'datasets.both.pooled': 'k_import' is estimated by no model" in said
