"""Build the PEtab v2 problem of one data set and one model.

Writes a folder with the SBML model, measurements, observables, conditions, experiments and parameters with priors,
valid under petab's own linter; and, if asked, a drawing of the model.

Example:
    il6infer problem results/example/measurements.csv results/example/protocol.csv --model both_socs3 --output problem
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer problem``."""
    parser = subparsers.add_parser(
        "problem",
        help="measurements + protocol + model -> PEtab problem",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("measurements", type=Path, metavar="MEASUREMENTS.csv", help="table of the ingest stage")
    parser.add_argument("protocol", type=Path, metavar="PROTOCOL.csv", help="protocol of the ingest stage")
    parser.add_argument("--model", required=True, help="name of a library model (il6infer models list)")
    parser.add_argument(
        "--constraint", action="append", default=[], dest="constraints", metavar="NAME",
        help="add a published finding on several parameters, such as free_IL6 (docs/models.md); may be repeated",
    )  # fmt: skip
    parser.add_argument("--output", required=True, type=Path, help="folder to write, replaced when it exists")
    parser.add_argument("--diagram", type=Path, metavar="FILE.svg", help="drawing of the model to write")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Build and write."""
    from il6infer._io import atomic_write_text
    from il6infer.models.diagram import svg
    from il6infer.models.library import compose
    from il6infer.problem.build import build
    from il6infer.problem.tables import read_measurements, read_protocol

    measurements, model = read_measurements(args.measurements), compose(args.model)
    path = build(
        measurements, read_protocol(args.protocol), model, args.output,
        dataset=str(measurements["dataset"].iloc[0]), constraints=args.constraints,
    )  # fmt: skip
    logger.info("written: %s", path)
    if args.diagram:
        atomic_write_text(args.diagram, svg(model))
        logger.info("written: %s", args.diagram)
