"""Calibrate a problem: fit data that are simulated from draws of its prior, and rank each truth in its posterior.

`run` makes one batch of fits, `gather` puts batches together: are the ranks uniform, how many fits failed, of how many
does the verdict on sampling pass, and do intervals of these hold the truth as often as they say. With
--figure it draws the difference of their distribution functions from the uniform one, with simultaneous 95 % bands.

With --posterior, truths are draws of that posterior, and each simulated data set is fitted together with the real one:
whether the fit is calibrated where these data are (posterior SBC).

`table` puts problems below each other: how often their intervals hold the truth, with standard errors, of all fits and
of those whose verdict passes; --figure draws it, a line a problem.

`restart` asks less: does the posterior of one fit come out again from places far from it, three times as far as its
draws and all over the prior?

Example:
    il6infer sbc run problem.yaml --batch 0 --config config/config.yaml --output sbc/0.json
    il6infer sbc gather sbc/*.json --output sbc.json --figure sbc.svg
    il6infer sbc table results/*/*/sbc.json --output recovery.csv --figure recovery.svg
    il6infer sbc restart problem.yaml posterior.nc --output restarts.json
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from il6infer._errors import UserError
from il6infer.cli.options import count, natural

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer sbc``."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser(
        "sbc", help="simulation-based calibration of a problem", description=__doc__, formatter_class=raw
    )
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    one = actions.add_parser("run", help="one batch of fits", description=__doc__, formatter_class=raw)
    one.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="PEtab problem")
    one.add_argument("--batch", type=natural, required=True, help="number of the batch, from 0")
    one.add_argument(
        "--posterior", type=Path, metavar="POSTERIOR.nc", help="of the real data, to calibrate around them"
    )
    one.add_argument(
        "--config", type=Path, help="configuration whose sections 'sbc', 'fit', 'verdict' and 'seed' are used"
    )
    one.add_argument("--threads", type=count, default=1, help="chains that run at once")
    one.add_argument("--output", required=True, type=Path, help="JSON file to write")
    one.set_defaults(run=run)
    two = actions.add_parser("gather", help="what the batches say", description=__doc__, formatter_class=raw)
    two.add_argument("batches", nargs="+", type=Path, metavar="BATCH.json", help="files of `il6infer sbc run`")
    two.add_argument("--output", required=True, type=Path, help="JSON file to write")
    two.add_argument("--figure", type=Path, help="SVG file to write")
    two.set_defaults(run=gather)
    four = actions.add_parser("table", help="recovery of several problems", description=__doc__, formatter_class=raw)
    four.add_argument("calibrations", nargs="+", type=Path, metavar="SBC.json", help="files of `il6infer sbc gather`")
    four.add_argument("--output", required=True, type=Path, help="CSV file to write")
    four.add_argument("--figure", type=Path, help="SVG file to write")
    four.set_defaults(run=table)
    three = actions.add_parser("restart", help="one fit again, from afar", description=__doc__, formatter_class=raw)
    three.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="PEtab problem that was fitted")
    three.add_argument("posterior", type=Path, metavar="POSTERIOR.nc", help="of `il6infer fit`")
    three.add_argument("--chains", type=count, default=4, help="restarts (default: 4)")
    three.add_argument("--draws", type=count, default=300, help="kept draws of each (default: 300)")
    three.add_argument("--seed", type=natural, default=1, help="of the restarts (default: 1)")
    three.add_argument("--threads", type=count, default=1, help="chains that run at once")
    three.add_argument("--output", required=True, type=Path, help="JSON file to write")
    three.set_defaults(run=restart)


def run(args: argparse.Namespace) -> None:
    """Make one batch and write."""
    from il6infer.inference.provenance import read_posterior_of
    from il6infer.petab_files.lint import check
    from il6infer.stages import write
    from il6infer.stages.settings import CalibrationSections, FitSettings, read_sections

    sections = read_sections(args.config, CalibrationSections)
    settings = FitSettings(**{**vars(sections.fit), "seed": sections.seed})
    if args.batch * sections.sbc.batch >= sections.sbc.fits:
        last = (sections.sbc.fits - 1) // sections.sbc.batch
        raise UserError(
            f"--batch {args.batch} has no data set: the configuration asks for {sections.sbc.fits} in batches of "
            f"{sections.sbc.batch}, which are numbers 0 to {last} (sbc.fits, sbc.batch)."
        )
    problem = check(args.problem)
    from il6infer.calibration.ranks import run_batch  # after the input, whose faults need not wait for it
    from il6infer.inference.drawn import draws_of

    around = None
    if args.posterior:
        around = draws_of(problem, read_posterior_of(args.problem, args.posterior, "posterior")).reshape(
            -1, len(problem.estimated)
        )
    write(args.output, run_batch(problem, settings, sections.sbc, args.batch, args.threads, around, sections.verdict))
    logger.info("written: %s", args.output)


def gather(args: argparse.Namespace) -> None:
    """Put batches together and write."""
    from il6infer.calibration import uniform
    from il6infer.calibration.table import recovery
    from il6infer.stages import read, write
    from il6infer.stages.calibration import Batch

    found = uniform.gather([read(path, Batch) for path in args.batches])
    write(args.output, found)
    worst = min(found.parameters, key=lambda name: found.parameters[name].p or 0.0)
    logger.info(
        "%s: %d data sets, %d without a fit, %d not converged; ranks %s uniform (smallest p %.3g, of %s; limit %.2g)",
        found.called, found.fits, len(found.failed), found.not_converged,
        "pass for" if found.passed else "do NOT pass for", found.parameters[worst].p or 0.0, worst, found.p_min,
    )  # fmt: skip
    for name, row in found.parameters.items():
        if row.inside_50 is not None and row.inside_90 is not None:
            held = f"{100 * row.inside_50:.0f} and {100 * row.inside_90:.0f} %"
            logger.info("  %s: truths in the 50 and 90 %% intervals: %s", name, held)
    passing, counted = sum(found.passing), ", ".join(f"{name} {n}" for name, n in found.failed_checks.items())
    logger.info(
        "verdict on sampling passes for %d of %d fits%s", passing, len(found.passing),
        f" (others fail by: {counted})" if counted else "",
    )  # fmt: skip
    if passing:
        row = recovery([found]).iloc[0]
        logger.info(
            "of these, truths in the 50 and 90 %% intervals: %.0f and %.0f %%; of all fits %.0f and %.0f %%",
            *(100 * row[[f"{of}_{share}" for of in ("passing", "inside") for share in (50, 90)]]),
        )  # fmt: skip
    if args.figure:
        from il6infer._files import atomic_write_text
        from il6infer.calibration.figure import figure_of

        atomic_write_text(args.figure, figure_of(found))


def table(args: argparse.Namespace) -> None:
    """Put calibrations below each other and write."""
    from il6infer._files import atomic_write_text
    from il6infer.calibration.table import recovery
    from il6infer.stages import read
    from il6infer.stages.calibration import Calibration

    calibrations = [read(path, Calibration) for path in args.calibrations]
    found = recovery(calibrations)
    atomic_write_text(args.output, found.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    logger.info("\n%s", found.to_string(index=False, float_format=lambda number: f"{number:.3g}"))
    logger.info("written: %s", args.output)
    if args.figure:
        from il6infer.calibration.figure import recovery_figure

        atomic_write_text(args.figure, recovery_figure(calibrations))
        logger.info("written: %s", args.figure)


def restart(args: argparse.Namespace) -> None:
    """Fit again from afar and write."""
    from il6infer.inference.provenance import read_posterior_of
    from il6infer.petab_files.lint import check
    from il6infer.stages import write

    problem, idata = check(args.problem), read_posterior_of(args.problem, args.posterior, "posterior")
    from il6infer.calibration.restarts import restart as again

    found = again(problem, idata, args.chains, args.draws, args.seed, args.threads)
    write(args.output, found)
    logger.info(
        "%s: %d restarts %s with the fit (largest R-hat %s, of %s; limit %g)", found.problem, found.chains,
        "agree" if found.agree else "DO NOT agree", f"{found.rhat[found.worst] or float('nan'):.3f}", found.worst,
        found.rhat_max,
    )  # fmt: skip
    logger.info(
        "log-density of their last draws, above that of the fit: %s (far below: another mode, with hardly any share)",
        ", ".join(f"{height:+.1f}" for height in found.heights),
    )
