"""Read raw instrument files and a protocol into one tidy measurement table.

Writes measurements.csv, protocol.csv and ingest.json (counts, what was left out and why, digests) into the output
folder. All faults of all files come in one message.

Example:
    il6infer ingest config/datasets/example.yaml --name example --folder resources/example --output results/example
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer ingest``."""
    parser = subparsers.add_parser(
        "ingest",
        help="raw instrument files -> measurement table",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("description", type=Path, metavar="DESCRIPTION.yaml", help="what was measured, file by file")
    parser.add_argument("--name", required=True, help="name of the data set (letters, digits and _)")
    parser.add_argument("--folder", required=True, type=Path, help="folder of the raw files")
    parser.add_argument("--output", required=True, type=Path, help="folder to write into, made if missing")
    parser.set_defaults(run=run, folders=("output",))


def run(args: argparse.Namespace) -> None:
    """Ingest one data set and write its tables."""
    from il6infer.ingestion import ingest, write

    tables = ingest(args.description, args.name, args.folder)
    write(tables, args.output)
    report = tables.report
    logger.info("%s: %d values of %d files", args.name, report.values, len(report.files))
    for file in report.files:
        counts = ", ".join(f"{observable} {count}" for observable, count in file.values.items())
        logger.info("  %s: %s", file.path, counts)
        for drop in file.dropped:
            logger.info("    left out: %d of %s (%s)", drop.count, drop.observable, drop.reason)
        if file.ignored:
            logger.info("    ignored columns: %s", ", ".join(file.ignored))
        if file.passed_over:
            logger.info("    columns that the description does not name: %s", ", ".join(file.passed_over))
        for warning in file.warnings:
            logger.warning("  %s: %s", file.path, warning)
    logger.info("written to %s", args.output)
