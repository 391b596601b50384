"""Ask what the data tell of each parameter, and which combinations of them they cannot tell apart.

`run` takes the Fisher information over a posterior, says in words which combinations alone are told ("only the product
a × b"), and finds how many directions change anything that is measured, at points of the prior. `profile` follows the
likelihood of the data along each parameter, `gather` puts profiles together, with 95 % likelihood intervals.

Example:
    il6infer identify run problem.yaml posterior.nc --output identifiability.json
    il6infer identify profile problem.yaml posterior.nc --from identifiability.json --output profiles/0.json
    il6infer identify gather profiles/*.json --output profiles.json --figure profiles.svg
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from il6infer.cli.options import count, natural

if TYPE_CHECKING:
    from il6infer.problems.spec import Problem
    from il6infer.stages.settings import FitSettings

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer identify``."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser(
        "identify", help="what the data can tell of each parameter", description=__doc__, formatter_class=raw
    )
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    one = actions.add_parser("run", help="information and rank", description=__doc__, formatter_class=raw)
    two = actions.add_parser("profile", help="profile likelihoods", description=__doc__, formatter_class=raw)
    for action in (one, two):
        action.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="PEtab problem")
        action.add_argument("posterior", type=Path, metavar="POSTERIOR.nc", help="its fit, of `il6infer fit`")
        action.add_argument("--config", type=Path, help="configuration whose sections 'fit' and 'seed' are used")
        action.add_argument("--output", required=True, type=Path, help="JSON file to write")
    one.set_defaults(run=run)
    two.add_argument(
        "--from", required=True, type=Path, dest="found", metavar="IDENTIFIABILITY.json", help="of `identify run`"
    )
    two.add_argument("--parameter", action="append", help="to profile; again for more (default: all)")
    two.add_argument("--part", type=natural, default=0, help="number of this job, from 0, of --parts")
    two.add_argument("--parts", type=count, default=1, help="jobs that share the parameters")
    two.set_defaults(run=profile)
    three = actions.add_parser("gather", help="what the profiles say", description=__doc__, formatter_class=raw)
    three.add_argument("parts", nargs="+", type=Path, metavar="PART.json", help="files of `il6infer identify profile`")
    three.add_argument("--output", required=True, type=Path, help="JSON file to write")
    three.add_argument("--figure", type=Path, help="SVG file to write")
    three.set_defaults(run=gather)


def _inputs(args: argparse.Namespace) -> tuple[Problem, FitSettings]:
    from il6infer.petab_files.lint import check
    from il6infer.stages.settings import FitSections, FitSettings, read_sections

    sections = read_sections(args.config, FitSections)
    return check(args.problem), FitSettings(**{**vars(sections.fit), "seed": sections.seed})


def run(args: argparse.Namespace) -> None:
    """Analyse and write."""
    from il6infer.inference.provenance import read_posterior_of
    from il6infer.stages import write

    problem, settings = _inputs(args)
    idata = read_posterior_of(args.problem, args.posterior, "posterior", "prior")
    from il6infer.identifiability.analyse import analyse  # after the input, whose faults need not wait for it

    found = analyse(problem, idata, settings)
    write(args.output, found)
    total = len(found.parameters)
    logger.info(
        "%s: of %d directions the data tell %d more than the prior does; structural rank %s", found.problem, total,
        found.informed, "unknown: no point could be simulated" if found.rank is None else f"{found.rank} of {total}",
    )  # fmt: skip
    for direction in (*found.structural, *found.sloppy):
        logger.info("  %s (information %.2g of the prior's)", direction.says, direction.information)


def profile(args: argparse.Namespace) -> None:
    """Profile some parameters and write."""
    from il6infer._errors import Fault, UserError, nearest, raise_faults
    from il6infer.inference.provenance import read_posterior_of
    from il6infer.stages import read, write
    from il6infer.stages.identifiability import Identifiability, ProfilePart

    if not 0 <= args.part < args.parts:
        raise UserError(f"--part {args.part}: a number from 0 to {args.parts - 1} was expected, as --parts is.")
    problem, settings = _inputs(args)
    best = read(args.found, Identifiability).best
    names = [p.id for p in problem.estimated]
    asked = args.parameter or names
    faults = [Fault(f"--parameter {name}", "is not estimated.", nearest(name, names)) for name in asked
              if name not in names]  # fmt: skip
    raise_faults(faults, f"problem '{problem.id}'")
    if sorted(best) != sorted(names):
        raise UserError(f"{args.found}: is of other parameters than {args.problem}. Run `il6infer identify run` again.")
    idata = read_posterior_of(args.problem, args.posterior, "posterior")
    from il6infer.identifiability.profile import profiles_of  # after the input, whose faults need not wait for it

    found = profiles_of(problem, idata, settings, best, asked[args.part :: args.parts])
    write(args.output, ProfilePart(problem.id, tuple(found)))


def gather(args: argparse.Namespace) -> None:
    """Put profiles together and write."""
    from il6infer._errors import UserError
    from il6infer.identifiability import profile
    from il6infer.stages import read, write
    from il6infer.stages.identifiability import ProfilePart

    parts = [read(path, ProfilePart) for path in args.parts]
    profiles = [one for part in parts for one in part.profiles]
    if not profiles or len({part.problem for part in parts}) > 1:
        said = ", ".join(sorted({part.problem for part in parts}))
        raise UserError(f"profiles of one problem were expected, these files hold {len(profiles)} profiles of {said}.")
    found = profile.gather(profiles)
    write(args.output, found)
    for name, interval in found.intervals.items():
        logger.info("  %s: %s", name, interval.says)
    if args.figure:
        from il6infer._files import atomic_write_text
        from il6infer.identifiability.figure import figure_of

        atomic_write_text(args.figure, figure_of(found))
