"""Leave whole gels, conditions or data sets out, one at a time: how well do fits to the others predict them.

Importance sampling from the full fit where its weights allow (`verdict.pareto_k_max`), else from its draws moved by
their moments, else an exact fit to all other measurements, started where the full fit was. What only the left-out gel
has (its scale, its offset) is integrated out. Writes one JSON file with the groups of this job: 1, 1 + jobs, ... of
them.

Example:
    il6infer leaveout results/example/both_socs3/problem/problem.yaml results/example/both_socs3/posterior.nc
        --by batch --output leave_out.json
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from il6infer.cli.options import count

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer leaveout``."""
    parser = subparsers.add_parser(
        "leaveout",
        help="problem + posterior -> predictions of groups that were left out",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="PEtab problem that was fitted")
    parser.add_argument("posterior", type=Path, metavar="POSTERIOR.nc", help="of `il6infer fit`")
    parser.add_argument("--output", required=True, type=Path, help="JSON file to write")
    parser.add_argument(
        "--by", choices=("batch", "condition", "data_set"), help="what is left out; wins over the configuration"
    )
    parser.add_argument("--job", type=count, default=1, help="number of this job, from 1")
    parser.add_argument("--jobs", type=count, default=1, help="of how many")
    parser.add_argument("--data-set", action="append", default=[], metavar="NAME", help="of a joint fit; repeat")
    parser.add_argument(
        "--config", type=Path, help="configuration whose 'fit', 'verdict', 'seed' and 'comparison' hold"
    )
    parser.add_argument("--threads", type=count, default=1, help="chains or simulations at a time; changes no number")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Leave out and write."""
    from il6infer._errors import UserError
    from il6infer.inference.provenance import read_posterior_of
    from il6infer.petab_files.lint import check
    from il6infer.stages import write
    from il6infer.stages.settings import FitSettings, LeaveOutSections, read_sections

    sections = read_sections(args.config, LeaveOutSections)
    unit = args.by or sections.comparison.leave_out
    if unit == "none":
        raise UserError("nothing is left out: give --by batch, condition or data_set, or 'comparison.leave_out'.")
    if not 1 <= args.job <= args.jobs:
        raise UserError(f"--job {args.job} of --jobs {args.jobs}: a number from 1 to {args.jobs} was expected.")
    settings = FitSettings(**{**vars(sections.fit), "seed": sections.seed, "threads": args.threads})
    problem = check(args.problem)
    from il6infer.leave_out.evaluate import NEEDED, leave_out  # after the input, whose faults need not wait for it

    found = leave_out(
        problem, read_posterior_of(args.problem, args.posterior, *NEEDED), settings, sections.verdict, unit=unit,
        job=args.job - 1, jobs=args.jobs, data_sets=args.data_set,
    )  # fmt: skip
    write(args.output, found)
    unknown = [group.name for group in found.groups if group.elpd is None]
    by = [sum(group.method == method for group in found.groups) for method in ("moved", "refit")]
    logger.info("%s: %d of %d groups, %d by moved draws, %d refits", found.problem, len(found.groups), found.total, *by)
    if found.why:
        logger.warning("%s: nothing can be left out, for %s", found.problem, found.why)
    for name in unknown:
        logger.warning("%s: not known", name)
