"""Sample the posterior of a PEtab problem with NUTS.

Writes an ArviZ InferenceData (netCDF). Whether it converged is for `il6infer diagnose` to say.

Example:
    il6infer fit results/example/both_socs3/problem/problem.yaml --config config/config.yaml --output posterior.nc
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger("il6infer")

_OPTIONS = {
    "seed": (int, "root of all random numbers"),
    "chains": (int, "chains of NUTS"),
    "tune": (int, "tuning iterations a chain, thrown away"),
    "draws": (int, "draws a chain, kept"),
    "target_accept": (float, "acceptance rate that the step size is tuned to"),
    "threads": (int, "chains that run at once; changes no draw"),
    "starts": (int, "prior draws improved by optimisation to start from"),
    "engine": (str, "solver of the equations"),
    "rtol": (float, "relative tolerance of the solver"),
    "atol": (float, "absolute tolerance of the solver"),
    "mass_matrix": (str, "low_rank or diagonal"),
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
    parser.add_argument("--config", type=Path, help="configuration whose sections 'fit' and 'seed' are used")
    for name, (kind, meaning) in _OPTIONS.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=kind, help=f"{meaning}; wins over the configuration")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Fit and write; Ctrl-C stops the chains and writes nothing."""
    from il6infer._io import atomic_path, load_config
    from il6infer.fit import FitSettings, fit
    from il6infer.problem.lint import check

    chosen = {}
    if args.config is not None:
        config = load_config(args.config)
        chosen = {**config["fit"], "seed": config["seed"]}
    chosen |= {name: getattr(args, name) for name in _OPTIONS if getattr(args, name) is not None}
    settings = FitSettings(**chosen)
    check(args.problem)
    try:
        idata = fit(args.problem, settings)
    except KeyboardInterrupt:
        logger.warning("interrupted: nothing is written")
        raise SystemExit(130) from None
    with atomic_path(args.output) as temporary:
        idata.to_netcdf(str(temporary), engine="h5netcdf")
    logger.info("written: %s", args.output)
