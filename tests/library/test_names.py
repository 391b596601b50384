"""Names of models: every part is known and goes with the others, or the message says what would."""

from __future__ import annotations

import pytest

from il6infer._errors import UserError
from il6infer.library.catalogue import shipped
from il6infer.library.compose import compose
from il6infer.library.names import CELLS, base_names, in_order, parse_model_name
from il6infer.library.priors import cell_table
from tests.library.representative import REPRESENTATIVE


def refused(name: str) -> str:
    with pytest.raises(UserError) as error:
        compose(name)
    return str(error.value)


@pytest.mark.parametrize("name", [*base_names(), *REPRESENTATIVE])
def test_name_is_what_its_parts_spell(name):
    assert str(parse_model_name(name)) == name
    assert parse_model_name(name).identifier.isidentifier()


def test_library_lists_receptors_times_feedbacks():
    feedbacks = ("none", "socs3", "loss", "dual")

    assert base_names() == tuple(
        f"{r}_{f}" for r in ("classic", "trans", "both", "cluster", "linear") for f in feedbacks
    )


def test_options_may_stand_in_any_order():
    assert list(shipped().options) == sorted(shipped().options)
    assert str(parse_model_name("both_none+mapk+akt@HUVEC")) == "both_none+akt+mapk@HUVEC"
    assert in_order("both_none+mapk+akt@HUVEC") == "both_none+akt+mapk@HUVEC"
    assert compose("both_none+mapk+akt") is compose("both_none+akt+mapk")
    assert compose("both_none+mapk+akt").name == "both_none+akt+mapk"
    assert refused("both_none+akt+mapk+akt") == (
        "model 'both_none+akt+mapk+akt': options stand once each. Write 'both_none+akt+mapk'."
    )


@pytest.mark.parametrize("name", [*base_names(), *REPRESENTATIVE])
def test_names_of_the_house_are_in_order(name):
    assert in_order(name) == name


def test_every_option_is_in_a_representative_model():
    assert set().union(*(parse_model_name(name).options for name in REPRESENTATIVE)) == set(shipped().shown_options)
    assert {parse_model_name(name).cell for name in REPRESENTATIVE} == {"", *CELLS}


def test_unknown_option_and_cell():
    assert refused("both_none+mapkk").startswith(
        "unknown option 'mapkk' in model 'both_none+mapkk'. Did you mean 'mapk'? Known: akt, antibodies,"
    )
    assert refused("both_none@HUVECs") == (
        "unknown cell 'HUVECs' in model 'both_none@HUVECs'. Did you mean 'HUVEC'? "
        "Known: HEK293, HUVEC, HepG2, MEF, PHH, RPE1, VSMC, hepatocyte, retinal_endothelial."
    )
    assert refused("both_none@").startswith("unknown cell '' in model 'both_none@'. Known: HEK293,")


def test_parts_that_do_not_go_together():
    assert refused("trans_none+shedding") == (
        "model 'trans_none+shedding': option 'shedding' does not go with receptor 'trans'. "
        "Use 'classic_none+shedding' or 'both_none+shedding'."
    )
    assert refused("linear_none+jak") == (
        "model 'linear_none+jak': option 'jak' does not go with receptor 'linear': it says itself how JAK1 "
        "phosphorylates gp130. Leave the option out, or take another receptor."
    )
    assert refused("both_none+jak+wiring_stat3") == (
        "model 'both_none+jak+wiring_stat3': option 'wiring_stat3' does not go with 'jak': classic and trans drive "
        "different branches, which needs receptor complexes that are told apart. Leave one of them out."
    )
    assert "it is a rival wiring" in refused("both_none+wiring_shared+wiring_stat3")


def test_every_cell_has_its_numbers():
    table = cell_table()

    assert set(table["cell"]) == set(CELLS)
    assert set(table.groupby("cell").size()) == {2}
