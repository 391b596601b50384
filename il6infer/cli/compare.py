"""Compare the models of one data set, by every criterion that was computed.

Writes comparison.json: leave-one-out densities of values (PSIS) and, where their files are given, of whole gels, and
the evidence with Bayes factors in words; differences with standard errors, weights, and where criteria disagree. Ranks
and weights are those of `comparison.criterion`. A fit that failed its verdict is shown as failed, not ranked.

Example:
    il6infer compare --dataset example --fit both_socs3 a/posterior.nc a/verdict.json
        --fit both_none b/posterior.nc b/verdict.json --output comparison.json
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from il6infer.cli.options import Named

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer compare``."""
    parser = subparsers.add_parser(
        "compare",
        help="posteriors + verdicts -> ranking and weights",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--fit", nargs=3, action=Named, required=True, metavar=("MODEL", "POSTERIOR.nc", "VERDICT.json"),
        help="one model's posterior and verdict; repeat for each model",
    )  # fmt: skip
    parser.add_argument(
        "--evidence", nargs=2, action=Named, default=[], metavar=("MODEL", "FILE"), help="of `il6infer evidence`"
    )
    parser.add_argument(
        "--left-out", nargs=2, action=Named, default=[], metavar=("MODEL", "FILE"),
        help="of `il6infer leaveout`; repeat for each model and job",
    )  # fmt: skip
    parser.add_argument("--dataset", required=True, help="name of the data set")
    parser.add_argument("--output", required=True, type=Path, help="JSON file to write")
    parser.add_argument(
        "--config",
        type=Path,
        help="configuration whose 'seed', 'verdict.pareto_k_max' and 'comparison' (criterion, weights) are used",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Compare and write."""
    from il6infer._errors import UserError, nearest
    from il6infer._files import read_posterior
    from il6infer.comparison import Fit, compare
    from il6infer.comparison.loo import NEEDED
    from il6infer.stages import read, write
    from il6infer.stages.evidence import Evidence
    from il6infer.stages.leave_out import LeaveOut
    from il6infer.stages.settings import CompareSections, read_sections
    from il6infer.stages.verdict import Verdict

    settings = read_sections(args.config, CompareSections)
    models = [model for model, _, _ in args.fit]
    for model, path in (*args.evidence, *args.left_out):
        if model not in models:
            raise UserError(f"{path}: there is no fit of '{model}', of which it is. {nearest(model, models)}")
    evidence = {model: read(path, Evidence) for model, path in args.evidence}
    left_out = {m: tuple(read(path, LeaveOut) for own, path in args.left_out if own == m) for m in models}
    fits = [
        Fit(
            model,
            read_posterior(Path(posterior), *NEEDED),
            read(verdict, Verdict),
            evidence.get(model),
            left_out[model],
        )
        for model, posterior, verdict in args.fit
    ]
    found = compare(
        args.dataset, fits, pareto_k_max=settings.verdict.pareto_k_max, seed=settings.seed,
        criterion=settings.comparison.criterion, weights=settings.comparison.weights,
    )  # fmt: skip
    write(args.output, found)
    for note in (*found.notes, *found.disagreements):
        logger.info("%s", note)
