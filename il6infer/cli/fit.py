"""Sample the posterior of a PEtab problem with NUTS.

Writes an ArviZ InferenceData (netCDF). Whether it converged is for `il6infer diagnose` to say.
Draws are kept beside the output while they are made: after Ctrl-C, SIGTERM, --time-limit or a kill the same command
goes on from them. A change of problem, settings, code or libraries makes it another fit, which discards them; with
--resume it is refused instead, and nothing is lost.

Example:
    il6infer fit results/example/both_socs3+wiring_shared/problem/problem.yaml --config config/config.yaml
        --output posterior.nc
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from il6infer.cli.options import positive, real, whole

if TYPE_CHECKING:
    import arviz as az

    from il6infer.inference.checkpoint import Begin
    from il6infer.stages.settings import FitSettings

logger = logging.getLogger("il6infer")

_SPARE = 1.5
"""Free space that a posterior needs, relative to the size of its arrays."""

OPTIONS = {
    "seed": (whole, "root of all random numbers"),
    "chains": (whole, "chains of NUTS"),
    "tune": (whole, "tuning iterations a chain, thrown away"),
    "draws": (whole, "draws a chain, kept"),
    "target_accept": (real, "acceptance rate that the step size is tuned to"),
    "threads": (whole, "chains that run at once, and threads of a gradient beyond these; changes no draw"),
    "starts": (whole, "prior draws improved by optimisation to start from"),
    "engine": (str, "solver of the equations"),
    "rtol": (real, "relative tolerance of the solver"),
    "atol": (real, "largest absolute tolerance of the solver; lowered where the predictions need it"),
    "max_steps": (whole, "steps of the solver that one simulation may take"),
    "mass_matrix": (str, "low_rank or diagonal"),
    "nuisance": (str, "integrated or sampled: scales, offsets and noise, where integrating them out is exact"),
    "sampler": (str, "nutpie, tempered, auto, pymc or pymc_smc"),
}


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer fit``."""
    parser = subparsers.add_parser(
        "fit",
        help="PEtab problem -> posterior",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="PEtab problem")
    parser.add_argument("--output", required=True, type=Path, help="netCDF file to write")
    add_options(parser)
    parser.set_defaults(run=run)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the settings of a fit."""
    parser.add_argument("--config", type=Path, help="configuration whose sections 'fit' and 'seed' are used")
    for name, (kind, meaning) in OPTIONS.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=kind, help=f"{meaning}; wins over the configuration")
    parser.add_argument(
        "--time-limit", type=positive, metavar="MINUTES",
        help="stop by then with exit code 124 and keep the draws; the same command goes on from them",
    )  # fmt: skip
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument(
        "--resume", dest="begin", action="store_const", const="resume", default="as_found",
        help="go on from the draws of an interrupted fit, or fail where there are none of the same fit",
    )  # fmt: skip
    begin.add_argument(
        "--fresh", dest="begin", action="store_const", const="fresh",
        help="discard what an interrupted fit has left, and begin anew",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Fit and write."""
    write_posterior(args.problem, chosen_settings(args), args.output, args.time_limit, begin=args.begin)


def chosen_settings(args: argparse.Namespace) -> FitSettings:
    """Take the settings of the configuration, where one is named, under those of the command line."""
    from il6infer.stages.settings import FitSections, FitSettings, read_sections

    chosen = {}
    if args.config is not None:
        sections = read_sections(args.config, FitSections)
        chosen = {**vars(sections.fit), "seed": sections.seed}
    chosen |= {name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None}
    return FitSettings(**chosen)


def write_posterior(
    problem: Path, settings: FitSettings, output: Path, time_limit: float | None = None,
    judged: Callable[[az.InferenceData], None] | None = None, stale: Sequence[Path] = (), begin: Begin = "as_found",
) -> az.InferenceData:  # fmt: skip
    """Fit and write; what stops it (Ctrl-C, SIGTERM, the time limit) leaves the draws beside `output`.

    Parameters
    ----------
    output
        A fit of the same problem, settings and code goes on from the draws that an interrupted one has left there.
    time_limit
        In minutes; None: none.
    judged
        What is done with the posterior then; the draws stay beside `output` until that has ended, too.
    stale
        Files that tell of the posterior before this one: they go when this one is written.
    begin
        As `il6infer.inference.checkpoint.Checkpoint`.

    Raises
    ------
    UserError
        If it is to go on, and there is nothing to go on from.
        If the draws cannot be written to `output`; the message says where they were saved instead.
    SystemExit
        If it was stopped: 130 by Ctrl-C, 143 by SIGTERM, 124 by the time limit.
    """
    from il6infer import _interruption
    from il6infer._interruption import Interruption

    def work(interruption: Interruption) -> az.InferenceData:
        from il6infer.inference import fit
        from il6infer.inference.checkpoint import Checkpoint
        from il6infer.pymc.door import STATED

        with Checkpoint(output, begin) as checkpoint:
            idata = fit(problem, settings, checkpoint, interruption, STATED)
            with interruption.keeping():
                for path in stale:
                    path.unlink(missing_ok=True)
                _put(idata, output)
            if judged:
                judged(idata)
        return idata

    return _interruption.run(work, None if time_limit is None else 60.0 * time_limit)


def _put(idata: az.InferenceData, output: Path) -> None:
    """Write, elsewhere where it cannot be written."""
    import tempfile

    from il6infer._errors import UserError
    from il6infer._outputs import told

    try:
        _write(idata, output)
    except OSError as error:
        saved = Path(tempfile.mkdtemp(prefix="il6infer-")) / output.name
        _write(idata, saved)
        what = f"{output}: cannot be written: {told(error)} The draws are saved: move them from {saved}."
        raise UserError(what) from None
    logger.info("written: %s", output)


def _write(idata: az.InferenceData, output: Path) -> None:
    import errno
    import os
    import shutil

    from il6infer._files import atomic_path

    output.parent.mkdir(parents=True, exist_ok=True)
    # The netCDF library dies on a full disk, and takes the process with it.
    if shutil.disk_usage(output.parent).free < _SPARE * sum(idata[group].nbytes for group in idata.groups()):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with atomic_path(output) as temporary:
        # Draws are noise: compressed they are a tenth smaller, and take half as long again to write.
        idata.to_netcdf(str(temporary), engine="h5netcdf", compress=False)
