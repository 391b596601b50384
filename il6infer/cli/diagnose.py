"""Judge a fit: convergence, failed simulations, posterior predictive checks.

Writes verdict.json: pass or fail, and every check with its number, its threshold and what to do. Needs no solver.

Example:
    il6infer diagnose posterior.nc --config config/config.yaml --output verdict.json
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer diagnose``."""
    parser = subparsers.add_parser(
        "diagnose",
        help="posterior -> verdict",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("posterior", type=Path, metavar="POSTERIOR.nc", help="InferenceData of `il6infer fit`")
    parser.add_argument("--output", required=True, type=Path, help="JSON file to write")
    parser.add_argument("--config", type=Path, help="configuration whose section 'verdict' is used")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Judge and write."""
    from il6infer._files import read_posterior, write_json
    from il6infer.config.load import load_config
    from il6infer.diagnose import Thresholds, diagnose
    from il6infer.diagnose.verdict import NEEDED

    limits = Thresholds(**load_config(args.config)["verdict"]) if args.config else Thresholds()
    verdict = diagnose(read_posterior(args.posterior, *NEEDED), limits)
    write_json(args.output, verdict)
    logger.info("%s: %s", verdict["problem"], "passed" if verdict["passed"] else "FAILED")
    for reason in verdict["reasons"]:
        if not reason["passed"]:
            logger.info("  %s", reason["message"])
