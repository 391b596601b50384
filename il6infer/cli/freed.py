"""Say what changes when constants that models hold fixed are freed, each in turn.

Writes freed.json: for each model and constant its posterior, what freeing it does to the expected log predictive
density (PSIS-LOO), which parameters move, and which model is ahead then. The conclusions that hang on a constant stand
in the log.

Example:
    il6infer freed --dataset example --fit both_socs3 a/posterior.nc a/verdict.json
        --freed both_socs3 k_import b/posterior.nc b/verdict.json --output freed.json
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from il6infer.cli.options import Named

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer freed``."""
    parser = subparsers.add_parser(
        "freed",
        help="fits with a constant freed -> which conclusions hang on it",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--fit", nargs=3, action=Named, required=True, metavar=("MODEL", "POSTERIOR.nc", "VERDICT.json"),
        help="one model with all its constants held; repeat for each model",
    )  # fmt: skip
    parser.add_argument(
        "--freed", nargs=4, action=Named, keys=2, required=True,
        metavar=("MODEL", "CONSTANT", "POSTERIOR.nc", "VERDICT.json"),
        help="the same model with one constant freed; repeat for each",
    )  # fmt: skip
    parser.add_argument("--dataset", required=True, help="name of the data set")
    parser.add_argument("--output", required=True, type=Path, help="JSON file to write")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Compare and write."""
    from il6infer._errors import UserError
    from il6infer._files import read_posterior
    from il6infer.comparison import Fit, FreedFit, free_in_turn
    from il6infer.comparison.loo import NEEDED
    from il6infer.stages import read, write
    from il6infer.stages.verdict import Verdict

    known = [model for model, _, _ in args.fit]
    if strange := sorted({model for model, *_ in args.freed} - set(known)):
        raise UserError(f"--freed: '{strange[0]}' has no --fit to be held against. Known: {', '.join(known)}.")

    def fit(model: str, posterior: str, verdict: str) -> Fit:
        return Fit(model, read_posterior(Path(posterior), *NEEDED), read(verdict, Verdict))

    freed = [FreedFit(model, constant, fit(model, *files)) for model, constant, *files in args.freed]
    found = free_in_turn(args.dataset, [fit(*words) for words in args.fit], freed)
    write(args.output, found)
    for note in found.notes:
        logger.info("%s", note)
    if not found.notes:
        logger.info("%s: no conclusion changes with any of these constants.", args.dataset)
