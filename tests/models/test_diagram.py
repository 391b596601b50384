"""Diagrams: every species and reaction is there, drawn the same way each time, without Graphviz."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from il6infer.models.diagram import COLOURS, dot, svg
from il6infer.models.graph import graph
from il6infer.models.layout import positions
from il6infer.models.library import compose, names
from il6infer.models.sbml import read_sbml
from tests.models.representative import REPRESENTATIVE

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", names())
def test_svg_shows_every_species_in_its_modules_colour(name):
    model = compose(name)
    root = ElementTree.fromstring(svg(model))
    labels = {text.text for text in root.iter(f"{SVG}text")}
    fills = {rect.get("fill") for rect in root.iter(f"{SVG}rect")}

    assert {node.label for node in graph(model).nodes} <= labels
    assert {COLOURS[module][0] for module in set(model.module_of.values()) & set(COLOURS)} <= fills


@pytest.mark.parametrize(("name", "count"), [("both_socs3", 23), ("cluster_loss", 22), ("both_dual+akt+jak+mapk", 31)])
def test_boxes_do_not_overlap(name, count):
    root = ElementTree.fromstring(svg(compose(name)))
    boxes = [
        tuple(float(rect.get(key)) for key in ("x", "y", "width", "height"))
        for rect in root.iter(f"{SVG}rect")
        if rect.get("rx") == "7"
    ]

    assert len(boxes) == count
    for i, (x, y, w, h) in enumerate(boxes):
        assert not any(x < x2 + w2 and x2 < x + w and y < y2 + h2 and y2 < y + h for x2, y2, w2, h2 in boxes[i + 1 :])


def test_feedback_is_drawn_only_where_it_is():
    inhibitors = {
        name: {s for edge in graph(compose(name)).edges for s in edge.inhibitors}
        for name in ("both_none", "both_socs3")
    }

    assert inhibitors == {"both_none": set(), "both_socs3": {"SOCS3_p"}}
    assert "url(#bar)" in svg(compose("both_socs3"))
    assert "url(#bar)" not in svg(compose("both_none"))


def test_modules_of_species_have_their_colours():
    modules = {m for name in (*names(), *REPRESENTATIVE) for m in {node.module for node in graph(compose(name)).nodes}}

    assert modules <= set(COLOURS)


def test_loss_and_drugs_are_drawn_as_what_they_do():
    drawn = {edge.id: edge for edge in graph(compose("both_socs3+akt+drugs+hexamer+mapk")).edges}

    assert drawn["join_classic_trans"].sources == ("C_classic", "C_trans")
    assert {"stattic", "ruxolitinib", "SOCS3_p"} <= set(drawn["phosphorylate"].inhibitors)
    assert drawn["activate_Raf"].inhibitors == ("ERK_p",)


def test_binding_is_reversible_and_transport_is_not():
    edges = {edge.id: edge for edge in graph(compose("both_socs3")).edges}

    assert edges["engage_classic"].reversible
    assert edges["engage_classic"].sources == ("gp130", "IL6_IL6R")
    assert not edges["import_pSTAT3"].reversible
    assert edges["phosphorylate"].activators == ("C_classic", "C_trans", "C_hyper")
    assert edges["transcribe_SOCS3"].activators == ("pSTAT3_n",)
    assert "turnover_gp130" not in edges


def test_dot_is_graphviz_text():
    text = dot(compose("classic_socs3"))

    assert text.startswith('digraph "classic_socs3" {\n')
    assert text.endswith("}\n")
    assert '"IL6" [label="IL-6" fillcolor="#dbe8f6" color="#2f6fb0"];' in text
    assert '"SOCS3_p" -> "reaction phosphorylate" [style=dashed arrowhead=tee color="#bf3436"];' in text


def test_same_model_gives_the_same_bytes():
    assert svg(compose("trans_socs3")) == svg(compose("trans_socs3"))


def test_network_from_elsewhere_is_laid_out_in_rows(shared: Path):
    text = (shared / "benchmark_problems/Sobotta_nine/model_Sobotta_Frontiers2017.xml").read_text()
    network = read_sbml(text)
    places = positions(graph(network))

    assert len(set(places.values())) == len(network.states)
    assert len(list(ElementTree.fromstring(svg(network)).iter(f"{SVG}text"))) == len(network.states) + 1
