"""Estimate the evidence of a fitted model: the probability of the data before any was seen.

Two estimators that must agree within their errors: bridge sampling from the draws of the fit, and sequential Monte
Carlo from the prior, which knows none of them. Writes evidence.json. Where they do not agree, no evidence is given, and
no Bayes factor is made of it. AIC and BIC stand beside it.

Example:
    il6infer evidence results/example/both_socs3/problem/problem.yaml results/example/both_socs3/posterior.nc
        --output evidence.json
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from il6infer.cli.options import count

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer evidence``."""
    parser = subparsers.add_parser(
        "evidence",
        help="problem + posterior -> probability of the data",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="PEtab problem that was fitted")
    parser.add_argument("posterior", type=Path, metavar="POSTERIOR.nc", help="of `il6infer fit`")
    parser.add_argument("--output", required=True, type=Path, help="JSON file to write")
    parser.add_argument("--config", type=Path, help="configuration whose 'seed' and section 'comparison' are used")
    parser.add_argument("--threads", type=count, default=1, help="evaluations at a time; changes no number")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Estimate and write."""
    from il6infer.inference.provenance import read_posterior_of
    from il6infer.petab_files.lint import check
    from il6infer.stages import write
    from il6infer.stages.settings import EvidenceSections, read_sections

    sections = read_sections(args.config, EvidenceSections)
    chosen = {"runs": sections.comparison.runs, "particles": sections.comparison.particles}
    problem = check(args.problem)
    from il6infer.evidence.estimate import NEEDED, evidence_of  # after the input, whose faults need not wait for it

    idata = read_posterior_of(args.problem, args.posterior, *NEEDED)
    found = evidence_of(problem, idata, seed=sections.seed, threads=args.threads, **chosen)
    write(args.output, found)
    value = "none" if found.log_evidence is None else f"{found.log_evidence:.2f} +- {found.se:.2f}"
    logger.info("%s: log-evidence %s", found.problem, value)
    for note in found.notes:
        logger.warning("%s", note)
