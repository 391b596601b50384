"""Tell where a result came from: commands, code, versions, machines, down to the raw files and their rows.

Each command notes what it made from what in `.provenance/`, beside its results.

Example:
    il6infer provenance results/example/comparison.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from il6infer._outputs import say


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer provenance``."""
    parser = subparsers.add_parser(
        "provenance",
        help="result -> where it came from",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("result", type=Path, metavar="RESULT", help="file or folder that a command has written")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Print the chain."""
    from il6infer.provenance import chain

    say("\n".join(chain(args.result)))
