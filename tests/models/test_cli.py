"""`il6infer models`."""

from __future__ import annotations

from il6infer._model_names import CELLS, FEEDBACKS, OPTIONS, RECEPTORS
from il6infer.cli.main import main
from il6infer.models.diagram import dot, svg
from il6infer.models.library import compose, names


def test_list(capsys):
    assert main(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert lines[0].split() == ["model", "states", "estimated", "fixed", "modules"]
    assert [line.split()[0] for line in lines[1:17]] == list(names())
    assert ["both_socs3", "23", "16", "11"] in [line.split()[:4] for line in lines]
    words = {line.split()[0] for line in lines[17:] if line}
    assert {*RECEPTORS, *FEEDBACKS, *OPTIONS, *CELLS} <= words


def test_show(capsys):
    assert main(["models", "show", "trans_none"]) == 0
    text = capsys.readouterr().out

    assert text.startswith("trans_none: medium, gp130, receptor_trans, stat3, socs3, reporter\n")
    assert "engage_hyper" in text
    assert "  STAT3 + pSTAT3_c + pSTAT3_n + STAT3_n\n" in text
    assert "engage_classic" not in text
    assert "K_SOCS3 " not in text


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
        "cluster_dual, cluster_loss, cluster_none, cluster_socs3, trans_dual, trans_loss, trans_none, trans_socs3.\n"
    )
