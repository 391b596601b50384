"""Compare the models of one data set by PSIS-LOO.

Writes comparison.json: differences with standard errors, stacking and pseudo-BMA+ weights, Pareto k. A fit that
failed its verdict is shown as failed, not ranked.

Example:
    il6infer compare --dataset example --fit both_socs3 a/posterior.nc a/verdict.json
        --fit both_none b/posterior.nc b/verdict.json --output comparison.json
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer compare``."""
    parser = subparsers.add_parser(
        "compare",
        help="posteriors + verdicts -> ranking and weights",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--fit", nargs=3, action="append", required=True, metavar=("MODEL", "POSTERIOR.nc", "VERDICT.json"),
        help="one model's posterior and verdict; repeat for each model",
    )  # fmt: skip
    parser.add_argument("--dataset", required=True, help="name of the data set")
    parser.add_argument("--output", required=True, type=Path, help="JSON file to write")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Compare and write."""
    from il6infer._files import read_posterior, write_json
    from il6infer.compare import Fit, compare
    from il6infer.compare.loo import NEEDED

    fits = [
        Fit(model, read_posterior(Path(posterior), *NEEDED), json.loads(Path(verdict).read_text("utf-8")))
        for model, posterior, verdict in args.fit
    ]
    comparison = compare(args.dataset, fits)
    write_json(args.output, comparison)
    for note in comparison["notes"]:
        logger.info("%s", note)
