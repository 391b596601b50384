"""Read raw instrument files and a protocol into one tidy measurement table.

Writes measurements.csv, protocol.csv and ingest.json (counts, what was left out and why, digests) into the output
folder. All faults of all files come in one message.
`il6infer ingest check` is a dry run: what each file gives, what is left out and why, numbers of its quality, and, with
`--output`, a picture of each file (lanes, plates, standard curves, replicates).

Example:
    il6infer ingest check config/datasets/example.yaml --folder resources/example --output /tmp/pictures
    il6infer ingest config/datasets/example.yaml --name example --folder resources/example --output results/example
"""

from __future__ import annotations

import argparse
import gc
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from il6infer._errors import UserError

if TYPE_CHECKING:
    from il6infer.stages.ingest import RawFile

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer ingest``."""
    parser = subparsers.add_parser(
        "ingest",
        help="raw instrument files -> measurement table",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "description",
        nargs="+",
        action=_Words,
        metavar="[check] DESCRIPTION.yaml",
        help="what was measured, file by file",
    )
    parser.add_argument(
        "--name", help="name of the data set (letters, digits and _); that of the description by default"
    )
    parser.add_argument("--folder", required=True, type=Path, help="folder of the raw files")
    parser.add_argument("--output", type=Path, help="folder to write into, made if missing; of a check: its pictures")
    parser.set_defaults(run=run, folders=("output",))


class _Words(argparse.Action):
    """``check`` before the description makes it a dry run."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        words = list(values or [])
        if len(words) == 2 and words[0] == "check":
            namespace.run = check
        elif len(words) != 1:
            parser.error(f"one description is expected, found: {' '.join(words)}")
        namespace.description = Path(words[-1])


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let the collector of cycles rest: cells make none, and it would walk all of a large file again and again."""
    at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if at_work:
            gc.enable()


def run(args: argparse.Namespace) -> None:
    """Ingest one data set and write its tables."""
    if args.output is None:
        raise UserError("--output is missing: the folder to write into. `il6infer ingest check` writes no tables.")
    with _uncollected():
        from il6infer.ingestion import ingest, write

        tables = ingest(args.description, args.name or args.description.stem, args.folder)
        write(tables, args.output)
    report = tables.report
    logger.info("%s: %d values of %d files", report.dataset, report.values, len(report.files))
    for file in report.files:
        _tell(file)
    logger.info("written to %s", args.output)


def _tell(file: RawFile) -> None:
    """Say what was read of a file, what was left out and why, and how good it is."""
    from il6infer.ingestion.quality import line

    counts = ", ".join(f"{observable} {count}" for observable, count in file.values.items())
    how = f" ({file.format}{', sheet ' + file.sheet if file.sheet else ''})" if file.format not in ("", "table") else ""
    logger.info("  %s%s, %s: %d rows -> %s", file.path, how, file.batch, file.rows, counts)
    for drop in file.dropped:
        logger.info("    left out: %d of %s (%s)", drop.count, drop.observable, drop.reason)
    if file.ignored:
        logger.info("    ignored columns: %s", ", ".join(file.ignored))
    if file.passed_over:
        logger.info("    columns that the description does not name: %s", ", ".join(file.passed_over))
    if (file.decimal, file.thousands) != (".", ""):
        logger.info(
            "    numbers: decimal '%s'%s", file.decimal, f", thousands '{file.thousands}'" if file.thousands else ""
        )
    if file.around:
        logger.info("    beside the table: %s", " | ".join(file.around)[:300])
    for warning in file.warnings:
        logger.warning("  %s: %s", file.path, warning)
    for found in file.checks:
        (logger.info if found.good else logger.warning)("    %s", line(found))


def check(args: argparse.Namespace) -> None:
    """Say what would be read, file by file, draw it, and name every fault; write no tables."""
    from il6infer.ingestion.assemble import examine
    from il6infer.ingestion.pictures import draw

    found = examine(args.description, args.name or args.description.stem, args.folder)
    for file in found.files:
        _tell(file)
    if args.output is not None:
        for path in draw(found.sources, args.output):
            logger.info("  picture: %s", path)
    found.raise_faults()
    values, files = sum(sum(f.values.values()) for f in found.files), len(found.files)
    logger.info("%d value%s of %d file%s, and no fault", values, "s" * (values != 1), files, "s" * (files != 1))
