"""Judge a fit: convergence, failed simulations, posterior predictive checks.

Writes verdict.json: did it sample, does the model reproduce the data; each answer with every check, its number, its
limits and what to do. Needs no solver.

Example:
    il6infer diagnose posterior.nc --config config/config.yaml --output verdict.json
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer diagnose``."""
    parser = subparsers.add_parser(
        "diagnose",
        help="posterior -> verdict",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("posterior", type=Path, metavar="POSTERIOR.nc", help="InferenceData of `il6infer fit`")
    parser.add_argument("--output", required=True, type=Path, help="JSON file to write")
    parser.add_argument("--config", type=Path, help="configuration whose section 'verdict' is used")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Judge and write."""
    from il6infer._errors import UserError
    from il6infer._files import read_posterior
    from il6infer.diagnosis import diagnose
    from il6infer.diagnosis.verdict import NEEDED
    from il6infer.stages import write
    from il6infer.stages.settings import VerdictSections, read_sections

    limits = read_sections(args.config, VerdictSections).verdict
    idata = read_posterior(args.posterior, *NEEDED)
    if "diverging" not in idata["sample_stats"]:
        raise UserError(f"{args.posterior}: does not say which draws are divergent. Run `il6infer fit` again.")
    verdict = diagnose(idata, limits)
    write(args.output, verdict)
    for question, answer in verdict.answers:
        logger.info("%s: %s: %s", verdict.problem, question, "yes" if answer.passed else "NO")
        for reason in (*answer.failed, *answer.warnings):
            logger.info("  %s", reason.message)
