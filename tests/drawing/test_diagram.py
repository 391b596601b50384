"""Diagrams: every species and reaction is there, drawn the same way each time, without Graphviz."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from il6infer.drawing.graph import graph
from il6infer.drawing.placement import by_hand, positions
from il6infer.drawing.svg import dot, svg
from il6infer.library.catalogue import shipped
from il6infer.library.compose import Model, compose, gallery
from il6infer.library.names import base_names, parse_model_name
from il6infer.network.sbml import read_sbml
from tests.library.representative import REPRESENTATIVE

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = (*gallery(), *REPRESENTATIVE)
COLOURS = {module.name: module.colours for module in shipped().modules.values() if module.colours}
READ_OUT = {module.name for module in shipped().modules.values() if module.readouts}


@cache
def _drawn(name: str) -> tuple[Model, str]:
    """A model and its drawing, which several tests look at."""
    model = compose(name)
    return model, svg(model)


@pytest.mark.parametrize("name", [*base_names(), *DRAWN])
def test_svg_shows_every_species_in_its_modules_colour(name):
    model, text = _drawn(name)
    root = ElementTree.fromstring(text)
    labels = {text.text for text in root.iter(f"{SVG}text")}
    fills = {rect.get("fill") for rect in root.iter(f"{SVG}rect")}

    assert {node.label for node in graph(model).nodes} <= labels
    assert {COLOURS[module][0] for module in set(model.module_of.values()) & set(COLOURS)} <= fills


@pytest.mark.parametrize("name", [*base_names(), *DRAWN])
def test_boxes_do_not_overlap(name):
    model, text = _drawn(name)
    root = ElementTree.fromstring(text)
    boxes = [
        tuple(float(rect.get(key)) for key in ("x", "y", "width", "height"))
        for rect in root.iter(f"{SVG}rect")
        if rect.get("rx") == "7"
    ]
    width, height = float(root.get("width")), float(root.get("height"))

    assert by_hand(graph(model))
    assert len(boxes) == len(graph(model).nodes)
    for i, (x, y, w, h) in enumerate(boxes):
        assert x >= 0
        assert x + w <= width
        assert y + h <= height
        assert not any(x < x2 + w2 and x2 < x + w and y < y2 + h2 and y2 < y + h for x2, y2, w2, h2 in boxes[i + 1 :])


@pytest.mark.parametrize("name", DRAWN)
def test_every_module_with_species_or_read_outs_stands_in_the_legend(name):
    model, text = _drawn(name)
    texts = {text.text for text in ElementTree.fromstring(text).iter(f"{SVG}text")}
    shown = {COLOURS[node.module] for node in graph(model).nodes}
    named = {colours for module, colours in COLOURS.items() if module.replace("_", " ") in texts}

    assert shown <= named
    # An option without either, such as a wiring, only changes rates: its arrows tell of it, and it has no colour.
    assert set(parse_model_name(name).options) & (set(COLOURS) | READ_OUT) <= {n.module for n in graph(model).nodes}


def test_drawing_says_in_words_what_its_name_stands_for():
    text = svg(compose("both_socs3+hexamer@PHH"))

    assert ">both_socs3+hexamer@PHH</text>" in text
    assert ">hexamer: two 1:1:1 complexes join to the 2:2:2 hexamer, which alone signals</text>" in text
    assert (
        ">PHH: primary human hepatocyte; gp130 per cell 12,012 (8,536-16,176) molecules/cell; membrane IL-6R per gp130 "
        "0.4 (0.08-2)</text>"
    ) in text


def test_cascades_are_chains_and_socs3_stops_their_first_step():
    """The arrows of a cascade, whose fractions end at 1: Raf on MEK on ERK, which acts back on Raf."""
    drawn = {edge.id: edge for edge in graph(compose("both_socs3+akt+mapk")).edges}
    complexes = {"C_classic", "C_trans", "C_hyper"}

    assert drawn["activate_MEK"].activators == ("Raf_a",)
    assert drawn["activate_ERK"].activators == ("MEK_p",)
    assert drawn["activate_AKT"].activators == ("PI3K_a",)
    assert drawn["activate_Raf"].inhibitors == ("ERK_p",)
    for first in ("phosphorylate_SHP2", "phosphorylate_PI3K"):
        assert set(drawn[first].activators) == complexes
        assert drawn[first].inhibitors == ("SOCS3_p",)


def test_loss_by_socs3_is_drawn_and_plain_loss_is_not():
    drawn = {edge.id: edge for edge in graph(compose("both_loss")).edges}

    assert drawn["lose_trans"].sources == ("C_trans",)
    assert drawn["lose_trans"].targets == ()
    assert drawn["lose_trans"].activators == ("SOCS3_p",)
    assert not {"internalise_trans", "turnover_gp130"} & set(drawn)
    assert svg(compose("both_loss")).count('r="4.5"') == 3
    assert 'r="4.5"' not in svg(compose("both_none"))


def test_wirings_are_drawn_as_they_differ():
    def drives(name: str) -> dict[str, bool]:
        edges = {edge.id: edge for edge in graph(compose(f"both_socs3+{name}")).edges}
        steps = {"STAT3": "phosphorylate", "ERK": "phosphorylate_SHP2", "AKT": "phosphorylate_PI3K"}
        return {branch: "C_classic" in edges[step].activators for branch, step in steps.items()}

    assert drives("wiring_shared") == {"STAT3": True, "ERK": True, "AKT": True}
    assert drives("wiring_stat3") == {"STAT3": True, "ERK": False, "AKT": False}
    assert drives("wiring_erk_akt") == {"STAT3": False, "ERK": True, "AKT": True}


def test_read_outs_of_an_instrument_are_drawn_with_what_they_count():
    drawn = {edge.id: edge for edge in graph(compose("both_none+assays")).edges}

    assert drawn["sIL6R_free"].activators == ("sIL6R",)
    assert set(drawn["IL6R_gp130_coIP"].activators) == {"C_classic", "C_trans", "C_hyper"}


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not here")
@pytest.mark.parametrize("name", ["both_dual", REPRESENTATIVE[-1]])
def test_graphviz_draws_the_text(name):
    done = subprocess.run(["dot", "-Tsvg"], input=dot(compose(name)), capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert "<title>C_classic</title>" in done.stdout


def test_feedback_is_drawn_only_where_it_is():
    inhibitors = {
        name: {s for edge in graph(compose(name)).edges for s in edge.inhibitors}
        for name in ("both_none", "both_socs3")
    }

    assert inhibitors == {"both_none": set(), "both_socs3": {"SOCS3_p"}}
    assert "url(#bar)" in svg(compose("both_socs3"))
    assert "url(#bar)" not in svg(compose("both_none"))


def test_modules_of_species_have_their_colours():
    modules = {
        m for name in (*base_names(), *REPRESENTATIVE) for m in {node.module for node in graph(compose(name)).nodes}
    }

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


@pytest.mark.parametrize("seed", ["1", "2"])
def test_same_model_gives_the_same_bytes_whatever_the_order_of_sets(seed):
    code = "import sys; from il6infer.drawing.svg import svg; from il6infer.library.compose import compose; "
    code += "sys.stdout.buffer.write(svg(compose('trans_socs3')).encode())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}
    )

    assert done.stdout.decode() == svg(compose("trans_socs3"))


def test_network_from_elsewhere_is_laid_out_in_rows(shared: Path):
    text = (shared / "benchmark_problems/Sobotta_nine/model_Sobotta_Frontiers2017.xml").read_text()
    network = read_sbml(text)
    places = positions(graph(network))

    assert len(set(places.values())) == len(network.states)
    assert len(list(ElementTree.fromstring(svg(network)).iter(f"{SVG}text"))) == len(network.states) + 1
