"""Say how an analysis stands: each fit, whether it sampled, whether its model fits the data, and where to look.

Running fits say how far they are, stopped and failed ones that they are, stale ones what is newer. `snakemake` ends
with the same table.

Example:
    il6infer status results
"""

from __future__ import annotations

import argparse
from pathlib import Path

from il6infer._outputs import say


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer status``."""
    parser = subparsers.add_parser(
        "status",
        help="how an analysis stands",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("results", type=Path, nargs="?", default=Path("results"), help="its folder (default: results)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Print the table."""
    from il6infer.provenance.verify import changed_inputs
    from il6infer.report.status import states, table

    say(table(states(args.results, changed=changed_inputs)))
