"""Export an analysis as one zip file: an RO-Crate that `il6infer reproduce` makes again anywhere.

It holds the configuration, the raw files that it names, tables, PEtab problems, posteriors, page, figures, where each
came from, the code and the lock file. What was altered, or was made from files that have changed since, is refused.

Example:
    il6infer export results -o analysis.zip --license CC-BY-4.0
"""

from __future__ import annotations

import argparse
import io
import logging
from contextlib import redirect_stderr, suppress
from pathlib import Path

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer export``."""
    parser = subparsers.add_parser(
        "export",
        help="an analysis -> one archive (RO-Crate)",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder of a finished analysis")
    parser.add_argument("--output", "-o", required=True, type=Path, metavar="ZIP", help="file to write")
    parser.add_argument(
        "--license", metavar="ID", help="of the whole: an SPDX identifier or an address (default: none stated)"
    )
    parser.add_argument("--author", metavar="NAME", help="who made the analysis")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Gather and write."""
    from il6infer.archive import export

    about = export(args.results, args.output, args.license, args.author)
    if other := _by_other_code(args.results, {file.path for file in about.outputs}, about.results):
        more = f" and {len(other) - 3} more" if len(other) > 3 else ""
        logger.warning(
            "made by other code than the archive holds: %s%s; `snakemake` makes them again", ", ".join(other[:3]), more
        )
    for text in sorted(set(about.licences.values())):
        logger.warning("data of others are in it; licence %s", text)
    logger.info(
        "%s: %d inputs, %d results, %.1f MB. `il6infer reproduce %s` makes it again", args.output, len(about.inputs),
        len(about.outputs), args.output.stat().st_size / 1e6, args.output,
    )  # fmt: skip


def _by_other_code(results: Path, exported: set[str], below: str) -> list[str]:
    """Give the exported results whose command would run other code now than it ran then."""
    from il6infer._digests import source_digest
    from il6infer.cli.main import parser
    from il6infer.provenance.record import place_of, records

    found, known = [], parser()
    for record, made in records(results):
        places = [place_of(record, file.path) for file in made.results]
        names = [place.relative_to(results).as_posix() for place in places if place.is_relative_to(results)]
        if not any(f"{below}/{name}" in exported for name in names):
            continue
        run = None
        with suppress(SystemExit), redirect_stderr(io.StringIO()):  # a command that is no more
            run = known.parse_args(made.command[1:]).run
        if run is None or source_digest(f"{run.__module__}:{run.__name__}") != made.source_digest:
            found.append(names[0])
    return found
