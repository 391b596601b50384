"""Any PEtab problem as a data set of the workflow: `il6infer petab adopt`, and `il6infer petab diagram`."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger("il6infer")

ADOPT = """Make the problem a data set of the workflow: what the stages ingest and problem would have written.

Example:
    il6infer petab adopt problem.yaml --name boehm --output results/boehm
"""

DIAGRAM = """Draw the model of the problem, as SVG.

Example:
    il6infer petab diagram problem.yaml --output model.svg
"""


def register_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``adopt`` and ``diagram`` to the actions of ``il6infer petab``."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = actions.add_parser("adopt", help="the problem as a data set", description=ADOPT, formatter_class=raw)
    parser.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="PEtab problem, v1 or v2")
    parser.add_argument("--name", required=True, help="name of the data set")
    parser.add_argument("--output", required=True, type=Path, help="folder to write")
    parser.set_defaults(run=run, folders=("output",))
    drawing = actions.add_parser("diagram", help="draw the model", description=DIAGRAM, formatter_class=raw)
    drawing.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="PEtab problem, v1 or v2")
    drawing.add_argument("--output", required=True, type=Path, help="SVG file to write")
    drawing.set_defaults(run=draw)


def run(args: argparse.Namespace) -> None:
    """Write the tables of a data set."""
    from il6infer._outputs import atomic_files
    from il6infer.exchange.adopt import adopt, write_tables
    from il6infer.problems.variables import variable_names
    from il6infer.stages import write

    with atomic_files(args.output) as folder:
        problem, summary = adopt(args.problem, args.name, folder)
        write_tables(problem, args.problem, args.name, variable_names(problem), folder)
        write(folder / "ingest.json", summary)
    logger.info("written: %s", args.output)


def draw(args: argparse.Namespace) -> None:
    """Draw the model."""
    from il6infer._files import atomic_write_text
    from il6infer.drawing.svg import svg
    from il6infer.petab_files.read import load

    atomic_write_text(args.output, svg(load(args.problem).network))
    logger.info("written: %s", args.output)
