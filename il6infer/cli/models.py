"""List the model library, show a model with its parameters and priors, draw it, or write its SBML.

A model is named `<receptor>_<feedback>[+<option>...][@<cell>]`: receptor = classic | trans | both | cluster | linear,
feedback = none | socs3 | loss | dual. `il6infer models list` says what each word stands for, and which options and
cells there are.

Example:
    il6infer models list
    il6infer models show both_socs3
    il6infer models show trans_loss+mapk+targets@HUVEC
    il6infer models diagram both_socs3 --output both_socs3.svg
    il6infer models compose both_socs3 --output both_socs3.xml
    il6infer models show both_socs3+my_option --modules my_modules
"""

from __future__ import annotations

import argparse
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from il6infer.cli.options import Named, assignment

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger("il6infer")

_UNITS = {"medium": "nM", "membrane": "molecules/cell", "cell": "1"}
"""Compartment of the library -> unit of what is in it."""


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer models``."""
    parser = subparsers.add_parser(
        "models",
        help="the model library: list, show, draw, write",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="models without options, and the parts of a name")
    show = actions.add_parser(
        "show", help="one model: states, reactions, read-outs, what is conserved, parameters with priors and sources"
    )
    diagram = actions.add_parser("diagram", help="draw one model: SVG, or Graphviz text for a name that ends in .dot")
    compose = actions.add_parser("compose", help="write one model: SBML, or Antimony for a name that ends in .ant")
    for action in (show, diagram, compose):
        action.add_argument("name", metavar="NAME", help="model name, e.g. both_socs3 or both_socs3+mapk@HUVEC")
    for action in (listing, show, diagram, compose):
        action.add_argument(
            "--modules", type=Path, metavar="DIR", help="folder with modules of your own (docs/models.md)"
        )
    for action in (diagram, compose):
        action.add_argument("--output", required=True, type=Path, help="file to write")
    diagram.add_argument(
        "--set", action=Named, default=[], type=assignment, dest="values", metavar="PARAMETER=VALUE",
        help="value of your cells, as in `il6infer problem`, for the caption; may be repeated",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Do the chosen action."""
    {"list": _list, "show": _show, "diagram": draw, "compose": _compose}[args.action](args)


def _list(args: argparse.Namespace) -> None:
    from il6infer.library.catalogue import read_library
    from il6infer.library.compose import compose
    from il6infer.library.names import CELLS, base_names
    from il6infer.network.sbml import read_sbml

    rows, library = [], read_library(args.modules)
    for name in base_names(library):
        model = compose(name, library)
        estimated = int((model.priors["distribution"] != "fixed").sum())
        states = len(read_sbml(model.sbml, name).states)
        rows.append((name, str(states), str(estimated), str(len(model.priors) - estimated), ", ".join(model.modules)))
    _table(("model", "states", "estimated", "fixed", "modules"), rows)
    _write("", "A name is <receptor>_<feedback>[+<option>...][@<cell>], options in alphabetical order.")
    for header, words in (("receptor", library.receptors), ("feedback", library.feedbacks)):
        _write("")
        _table((header, "what"), [(word, module.text) for word, module in words.items()])
    _write("")
    _table(("cell", "what"), list(CELLS.items()))
    _write("")
    options = [
        (o, ", ".join(module.receptors or library.receptors), module.text)
        for o, module in library.shown_options.items()
    ]
    _table(("option", "goes with", "what it adds"), options)


def _show(args: argparse.Namespace) -> None:
    from il6infer.drawing.captions import title
    from il6infer.library.catalogue import read_library
    from il6infer.library.compose import compose
    from il6infer.library.priors import interval
    from il6infer.library.studies import leaning
    from il6infer.network.balance import cycles
    from il6infer.network.conservation import names as moiety_names
    from il6infer.network.sbml import read_sbml

    model = compose(args.name, read_library(args.modules))
    network = read_sbml(model.sbml, args.name)
    _write(*title(model), f"modules: {', '.join(model.modules)}")
    if own := [m for m in model.modules if m in model.library.own]:
        _write(f"of {args.modules}: {', '.join(own)}")
        broken = [" ".join(cycle.reactions) for cycle in cycles(network) if not cycle.balanced]
        _write(*(f"NOT in detailed balance, whatever the parameters: {cycle}" for cycle in broken))
    _write("nM are of the medium, molecules of one cell; 1 is a fraction, or relative; time is in min.", "")
    names, place = network.names or {}, dict(re.findall(r"(\w+) in (medium|membrane|cell)\b", model.antimony))
    _table(
        ("state", "unit", "module", "what"),
        [(s, _UNITS[place[s]], model.module_of[s], names.get(s, s)) for s in network.states],
    )
    _write("")
    rows = [(r.id, model.module_of[r.id], _equation(network.states, r.changes), str(r.rate)) for r in network.reactions]
    _table(("reaction", "module", "equation", "rate [per min]"), rows)
    _write("")
    _table(("read-out", "formula"), [(r, str(network.derived[r])) for r in model.readouts])
    follow = [(p, str(e)) for p, e in zip(network.parameters, network.defaults, strict=True) if e.free_symbols]
    if follow:
        _write("")
        _table(("follows", "formula"), follow)
    _write("", "Conserved:", *(f"  {text}" for text in moiety_names(network) or ("nothing",)), "")
    rows = []
    for row in model.priors.itertuples():
        ends = "" if row.distribution == "fixed" else "{:.4g}-{:.4g}".format(*interval(row.median, row.low, row.high))
        source = row.source + (f" (doi {row.doi})" if row.doi else "")
        about = (row.cell_type, row.temperature, ", ".join(leaning(row.parameter)), source)
        rows.append((row.parameter, row.distribution, f"{row.median:g}", ends, row.unit, row.description, *about))
    header = (
        "parameter",
        "prior",
        "median",
        "90 %",
        "unit",
        "what",
        "measured in",
        "temperature",
        "leans on",
        "source",
    )
    _table(header, rows)


def _equation(states: tuple[str, ...], column: np.ndarray) -> str:
    """Write a reaction as what it consumes and makes."""

    def side(sign: int) -> str:
        held = [(sign * n, s) for s, n in zip(states, column, strict=True) if sign * n > 0]
        return " + ".join(s if n == 1 else f"{n:g} {s}" for n, s in held)

    return f"{side(-1)} -> {side(1)}".strip()


def draw(args: argparse.Namespace) -> None:
    """Draw one model."""
    from il6infer._files import atomic_write_text
    from il6infer.drawing.svg import dot, svg
    from il6infer.library.catalogue import read_library
    from il6infer.library.compose import compose, with_values

    form = dot if args.output.suffix in (".dot", ".gv") else svg
    model = with_values(compose(args.name, read_library(args.modules)), dict(args.values))
    atomic_write_text(args.output, form(model))
    logger.info("written: %s", args.output)


def _compose(args: argparse.Namespace) -> None:
    from il6infer._files import atomic_write_text
    from il6infer.library.catalogue import read_library
    from il6infer.library.compose import compose

    model = compose(args.name, read_library(args.modules))
    atomic_write_text(args.output, model.antimony if args.output.suffix == ".ant" else model.sbml)
    logger.info("written: %s", args.output)


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Write columns to standard output; the last column is as long as it is."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header) - 1)]
    for row in (header, *rows):
        _write("  ".join([*(text.ljust(w) for text, w in zip(row, widths, strict=False)), row[-1]]))


def _write(*lines: str) -> None:
    from il6infer._outputs import say

    say("\n".join(lines))
