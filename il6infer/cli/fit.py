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

_NUMBERS = {
    "seed": int, "chains": int, "tune": int, "draws": int, "target_accept": float, "starts": int, "threads": int,
    "rtol": float, "atol": float, "engine": str, "mass_matrix": str,
}  # fmt: skip


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
    for name, kind in _NUMBERS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help="wins over the configuration")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Fit and write."""
    from il6infer._io import atomic_path, load_config
    from il6infer.fit import FitSettings, fit
    from il6infer.problem.lint import check

    chosen = {}
    if args.config is not None:
        config = load_config(args.config)
        chosen = {**config["fit"], "seed": config["seed"]}
    chosen |= {name: getattr(args, name) for name in _NUMBERS if getattr(args, name) is not None}
    check(args.problem)
    idata = fit(args.problem, FitSettings(**chosen))
    with atomic_path(args.output) as temporary:
        idata.to_netcdf(str(temporary), engine="h5netcdf")
    logger.info("written: %s", args.output)
