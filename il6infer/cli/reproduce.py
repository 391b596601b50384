"""Run an exported analysis again, with the il6infer of this machine, and compare with what was exported.

Unpacks into a folder (nothing outside of it), checks every file, runs the workflow in its folder `again`, and names
what differs, and by how much. Exit code 1 where a result differs or was not made again. The same command goes on where
it was stopped. Code in the archive is not run.

Example:
    il6infer reproduce analysis.zip --cores 8 -o analysis
"""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

from il6infer._outputs import say
from il6infer.cli.options import count

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer reproduce``."""
    parser = subparsers.add_parser(
        "reproduce",
        help="an archive -> made again, and compared",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("archive", type=Path, metavar="ZIP", help="what `il6infer export` wrote")
    parser.add_argument(
        "--output",
        "-o",
        type=Path,
        metavar="DIR",
        help="folder, new or empty (default: the name of ZIP without its end)",
    )
    parser.add_argument("--cores", type=count, default=os.cpu_count() or 1, help="that the run may use (default: all)")
    parser.add_argument("--check", action="store_true", help="unpack and check only; run nothing")
    parser.set_defaults(run=run, folders=("output",))


def run(args: argparse.Namespace) -> None:
    """Unpack, run, compare, and print."""
    from il6infer.archive import reproduce

    args.output = args.output or args.archive.with_suffix("")
    found = reproduce(args.archive, args.output, args.cores, run=not args.check)
    for text in found.environment:
        say(f"other here: {text}")
    if args.check:
        logger.info("%s: unpacked into %s; every file is the one that was exported", args.archive, args.output)
        return
    counts = {outcome: sum(file.outcome == outcome for file in found.files) for outcome in ("bytes", "content")}
    for file in found.files:
        if file.outcome not in ("bytes", "content"):
            say(f"{file.path}: {file.outcome}: {file.what}")
    rest = len(found.files) - sum(counts.values())
    say(
        f"{counts['bytes']} results have the same bytes, {counts['content']} are the same but for times, threads and "
        f"versions, {rest} {'is' if rest == 1 else 'are'} not"
    )
    if not found.same:
        raise SystemExit(1)
