"""Verify results: is each file what a command of il6infer wrote, and is what it was made from still there.

Names each result that was altered or is gone, and each input that is another file than that which a result was made
from. Exit code 1 where there is any.

Example:
    il6infer verify results
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from il6infer._outputs import say

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer verify``."""
    parser = subparsers.add_parser(
        "verify",
        help="results -> which were altered",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder of results")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Look, and print what is not as it was."""
    from il6infer.provenance import verify

    count, findings = verify(args.results)
    for finding in findings:
        say(f"{finding.path}: {finding.what}")
    if findings:
        raise SystemExit(1)
    logger.info("%d results are what was made, from inputs that are still there", count)
