"""Look at a folder of raw files and write a first description of it, with blanks to fill in.

Writes NAME.yaml (which file is what: format, assay, columns), layout_FILE.csv for each file that does not say what is
where, and NAME_config.yaml for the workflow, into the folder; nothing is overwritten. Says what was seen in each file
and what is to be done. ??? marks what only a person can say: nothing is read before it is filled in.

Example:
    il6infer init my_data --name my_data
    il6infer ingest check my_data/my_data.yaml --folder my_data --output my_data/pictures
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from il6infer._errors import UserError, nearest

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer init``."""
    parser = subparsers.add_parser(
        "init",
        help="a folder of raw files -> a first description, with blanks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="folder of the raw files")
    parser.add_argument("--name", help="name of the data set (letters, digits and _); that of the folder by default")
    parser.add_argument(
        "--cell", help="what was measured in, such as HepG2; that which names of files or notes say by default"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Propose a description."""
    from il6infer.ingestion.labels import name_of
    from il6infer.ingestion.proposal import propose
    from il6infer.library.names import CELLS

    name = args.name or name_of(args.folder.resolve().name)
    if args.cell and args.cell not in CELLS:
        raise UserError(f"unknown cell '{args.cell}'. {nearest(args.cell, CELLS)}")
    written, lines = propose(args.folder, name, args.cell or "", tuple(CELLS))
    for line in lines:
        logger.info("%s", line)
    for path in written:
        logger.info("written: %s", path)
    logger.info(
        "Now fill in what is marked ??? in %s, then:",
        ", ".join(path.name for path in written if "config" not in path.name),
    )
    logger.info(
        "  il6infer ingest check %s --folder %s --output %s",
        args.folder / f"{name}.yaml",
        args.folder,
        args.folder / "pictures",
    )
    logger.info("  snakemake --cores 8 --configfile %s", args.folder / f"{name}_config.yaml")
