"""Published measurements by name: what there is, and fetched with a check of every file.

`fetch` shows the licence, and writes the files and SOURCE.txt (what to cite). The files come from a folder (`--from`),
from a mirror (`--url`, or the variable IL6INFER_DATA_URL), or from the cache of an earlier fetch; each must have the
SHA-256 that the table in `il6infer` has for it.

Example:
    il6infer data list
    il6infer data fetch sobotta2017 --from ../shared/data --output data/sobotta2017
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from il6infer._outputs import say

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer data``."""
    parser = subparsers.add_parser(
        "data",
        help="published measurements by name",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="what there is: files, licence, what to cite")
    listing.set_defaults(run=show)
    fetching = actions.add_parser("fetch", help="put the files of one into a folder")
    fetching.add_argument("name", metavar="NAME", help="one that `il6infer data list` names")
    fetching.add_argument("--output", "-o", type=Path, metavar="DIR", help="folder to write into (default: data/NAME)")
    where = fetching.add_mutually_exclusive_group()
    where.add_argument("--from", dest="source", type=Path, metavar="DIR", help="folder that has them; no network")
    where.add_argument("--url", metavar="ADDRESS", help="mirror, below which they lie in NAME/")
    fetching.set_defaults(run=run, folders=("output",))


def show(args: argparse.Namespace) -> None:
    """Print the sets."""
    from il6infer.published import published_sets

    for one in published_sets().values():
        size = f"{len(one.files)} file{'s' * (len(one.files) > 1)}, {one.bytes / 1e3:.0f} kB"
        say(
            f"{one.name}  {one.about}\n    {size}; described by {one.description}\n    {one.citation}, doi {one.doi}\n"
            f"    licence: {one.licence}"
        )


def run(args: argparse.Namespace) -> None:
    """Fetch one set."""
    from il6infer.published import fetch, published_set

    one = published_set(args.name)
    say(f"{one.citation}, doi {one.doi}\nlicence: {one.licence}")
    args.output = args.output or Path("data") / one.name
    fetch(one.name, args.output, args.source, args.url)
    logger.info("%s: %d files in %s, each as published; `folder: %s` in a configuration", one.name, len(one.files),
                args.output, args.output)  # fmt: skip
