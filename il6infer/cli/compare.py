"""Compare the models of one data set by PSIS-LOO.

Writes comparison.json: differences with standard errors, stacking and pseudo-BMA+ weights, Pareto k. A fit that
failed its verdict is shown as failed, not ranked.

Example:
    il6infer compare --dataset example --fit both_socs3 a/posterior.nc a/verdict.json
        --fit both_none b/posterior.nc b/verdict.json --output comparison.json
"""

from __future__ import annotations

import argparse
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
    parser.add_argument("--config", type=Path, help="configuration whose 'seed' and 'verdict.pareto_k_max' are used")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Compare and write."""
    from il6infer._files import read_posterior
    from il6infer.comparison import Fit, compare
    from il6infer.comparison.loo import NEEDED
    from il6infer.stages import read, write
    from il6infer.stages.settings import CompareSections, read_sections
    from il6infer.stages.verdict import Verdict

    settings = read_sections(args.config, CompareSections)
    fits = [
        Fit(model, read_posterior(Path(posterior), *NEEDED), read(verdict, Verdict))
        for model, posterior, verdict in args.fit
    ]
    found = compare(args.dataset, fits, pareto_k_max=settings.verdict.pareto_k_max, seed=settings.seed)
    write(args.output, found)
    for note in found.notes:
        logger.info("%s", note)
