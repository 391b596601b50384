"""`il6infer models`."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from il6infer.cli.main import main
from il6infer.drawing.svg import dot, svg
from il6infer.library.catalogue import shipped
from il6infer.library.compose import compose
from il6infer.library.names import CELLS, base_names
from il6infer.network.sbml import read_sbml


def test_list(capsys):
    assert main(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert lines[0].split() == ["model", "states", "estimated", "fixed", "modules"]
    assert [line.split()[0] for line in lines[1:21]] == list(base_names())
    assert ["both_socs3", "23", "19", "10"] in [line.split()[:4] for line in lines]
    words = {line.split()[0] for line in lines[21:] if line}
    library = shipped()
    assert {*library.receptors, *library.feedbacks, *library.shown_options, *CELLS} <= words


def sections(text: str) -> dict[str, list[list[str]]]:
    """First word of each table's header -> its rows, split at two spaces."""
    blocks = [block.splitlines() for block in text.split("\n\n")]
    return {block[0].split()[0]: [re.split(r"\s{2,}", line) for line in block[1:]] for block in blocks}


@pytest.mark.parametrize("name", ["trans_none", "both_dual+assays+dimer+hexamer@PHH"])
def test_show_holds_all_that_the_model_is(capsys, name):
    assert main(["models", "show", name]) == 0
    text = capsys.readouterr().out
    model = compose(name)
    network = read_sbml(model.sbml, name)
    found = sections(text)

    assert text.startswith(f"{name}\n{name.split('_')[0]}: ")
    assert [row[0] for row in found["state"]] == list(network.states)
    assert {row[1] for row in found["state"]} == {"nM", "molecules/cell", "1"}
    assert [(row[0], row[3]) for row in found["reaction"]] == [
        (reaction.id, str(reaction.rate)) for reaction in network.reactions
    ]
    assert [row[0] for row in found["read-out"]] == list(model.readouts)
    shown = {row[0]: row for row in found["parameter"]}
    assert list(shown) == list(model.priors["parameter"])
    for prior in model.priors.itertuples():
        row = " ".join(shown[prior.parameter])
        assert all(
            part in row for part in (prior.distribution, prior.unit, prior.cell_type, prior.temperature, prior.doi)
        )
    assert {p for p, e in zip(network.parameters, network.defaults, strict=True) if e.free_symbols} == {
        row[0] for row in found.get("follows", [])
    }


def test_show_of_equations_and_moieties(capsys):
    assert main(["models", "show", "trans_none"]) == 0
    text = capsys.readouterr().out
    equations = {row[0]: row[2] for row in sections(text)["reaction"]}

    assert equations["bind_IL6_sIL6R"] == "IL6 + sIL6R -> IL6_sIL6R"
    assert equations["turnover_gp130"] == "gp130 ->"
    assert equations["synthesis_gp130"] == "-> gp130"
    assert "  STAT3 + pSTAT3_c + pSTAT3_n + STAT3_n\n" in text
    assert "engage_classic" not in text
    assert "K_SOCS3 " not in text


def test_models_as_a_process():
    """As a user starts it: what is written goes to standard output and nothing else does."""
    command = [sys.executable, "-m", "il6infer", "models", "show", "both_loss+hexamer@HUVEC"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "join_classic_hyper" in done.stdout
    assert "C_classic + C_hyper -> H_classic_hyper" in done.stdout
    assert done.stderr == ""


def test_diagram_and_compose_write_files(tmp_path):
    for action, name in (("diagram", "m.svg"), ("diagram", "m.dot"), ("compose", "m.xml"), ("compose", "m.ant")):
        assert main(["models", action, "classic_none", "--output", str(tmp_path / name)]) == 0
    model = compose("classic_none")

    assert (tmp_path / "m.svg").read_text() == svg(model)
    assert (tmp_path / "m.dot").read_text() == dot(model)
    assert (tmp_path / "m.xml").read_text() == model.sbml
    assert (tmp_path / "m.ant").read_text() == model.antimony


def test_unknown_model(capsys):
    assert main(["models", "show", "clasic_none"]) == 2
    assert capsys.readouterr().err == (
        "error: unknown model 'clasic_none'. Did you mean 'classic_none'? "
        "Known: both_dual, both_loss, both_none, both_socs3, classic_dual, classic_loss, classic_none, classic_socs3, "
        "cluster_dual, cluster_loss, cluster_none, cluster_socs3, linear_dual, linear_loss, linear_none, linear_socs3, "
        "trans_dual, trans_loss, trans_none, trans_socs3.\n"
    )
