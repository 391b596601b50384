"""Make a simulated experiment in the instruments' raw form, from a stated truth and seed.

The same truth gives the same bytes. Writes the raw files, protocol.csv, README.md and, for checking a fit,
truth_parameters.csv and truth_readouts.csv.

Example:
    il6infer simulate resources/example/truth.yaml --output resources/example
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer simulate``."""
    parser = subparsers.add_parser(
        "simulate",
        help="stated truth -> raw instrument files",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("truth", type=Path, metavar="TRUTH.yaml", help="model, true parameters, protocol, instruments")
    parser.add_argument("--output", required=True, type=Path, help="folder to write into, made if missing")
    parser.set_defaults(run=run, folders=("output",))


def run(args: argparse.Namespace) -> None:
    """Simulate and write."""
    from il6infer.experiments.simulated import read_truth, simulate

    for path in simulate(read_truth(args.truth), args.output):
        logger.info("written: %s", path)
