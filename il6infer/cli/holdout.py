"""Predict held-out data with a fit, and score the predictions.

The dynamics come from the fit. Scale and offset of a gel that was not fitted, and the noise of a read-out that was not,
are estimated at each draw from the held-out values themselves; of a value that is scored, from the others of its gel.
Writes hold_out.json: each value beside its 50 and 90 % intervals, coverage, R2, and the log predictive density beside
that of a smoother that knows no biology.

Example:
    il6infer problem m.csv p.csv --model classic_socs3 --hold-out-batch gel7 --output fitted
    il6infer problem m.csv p.csv --model classic_socs3 --hold-out-batch gel7 --held-out --output held_out
    il6infer fit fitted/problem.yaml --output posterior.nc
    il6infer holdout held_out/problem.yaml posterior.nc --output hold_out.json
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from il6infer.cli.options import count, natural

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer holdout``."""
    parser = subparsers.add_parser(
        "holdout",
        help="posterior + data that it has not seen -> predictions and scores",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="of the held-out data (problem --held-out)")
    parser.add_argument("posterior", type=Path, metavar="POSTERIOR.nc", help="of the fit to the others")
    parser.add_argument("--output", required=True, type=Path, help="JSON file to write")
    parser.add_argument("--seed", type=natural, default=1, help="root of the random numbers")
    parser.add_argument("--draws", type=count, default=200, help="draws of the posterior that are used")
    parser.add_argument("--threads", type=count, default=1, help="simulations at a time; changes no number")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Evaluate and write."""
    import json

    from il6infer._files import read_posterior
    from il6infer.inference.provenance import warn_unconverged
    from il6infer.petab_files.read import load

    problem, idata = load(args.problem), read_posterior(args.posterior, "posterior")
    warn_unconverged(idata, args.posterior)
    from il6infer.held_out.evaluate import evaluate  # after the input, whose faults need not wait for it
    from il6infer.inference.settings import child_seed
    from il6infer.stages import write

    settings = json.loads(idata["posterior"].attrs.get("settings", "{}"))
    solver = {key: settings.get(key, default) for key, default in _SOLVER.items()}
    seed = int(child_seed(args.seed, "hold-out").generate_state(1)[0])
    found = evaluate(problem, idata, seed=seed, draws=args.draws, threads=args.threads, **solver)
    write(args.output, found)
    score = found.score
    logger.info(
        "%s: %d held-out values, %.0f %% in the 50 %% and %.0f %% in the 90 %% intervals, log density %.1f",
        found.problem, score.measurements, 100 * (score.coverage_50 or 0), 100 * (score.coverage_90 or 0),
        score.log_density,
    )  # fmt: skip
    limits = [limit.probability for series in found.series for limit in series.limits]
    if limits:
        logger.info(
            "%s: of %d more only a limit is known; %.1f are predicted beyond it, and no other number counts them",
            found.problem, len(limits), sum(limits),
        )  # fmt: skip


_SOLVER = {"engine": "rosenbrock", "rtol": 1e-6, "atol": 1e-8}
