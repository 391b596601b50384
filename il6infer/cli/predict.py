"""Predict what fitted models say of interventions: courses, dose responses, inhibition, selectivity, shares.

`ask` goes through one fit; `weigh` averages over the models of a data set by their weights. A file of predictions says
what is done to the cells and what is asked (config/predictions.yaml; docs/predictions.md has every key).

Example:
    il6infer predict ask results/example/both_socs3+wiring_shared/problem/problem.yaml
        results/example/both_socs3+wiring_shared/posterior.nc
        --verdict results/example/both_socs3+wiring_shared/verdict.json
        --predictions config/predictions.yaml --output answer.json
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from il6infer.cli.options import Named, count, natural

logger = logging.getLogger("il6infer")

ASK = """Predict interventions with one fit, at draws of its posterior.

Each number is printed with its median and 90 % interval over the draws, and both answers of the verdict stand beside
it: a fit that did not converge, or does not reproduce the data, predicts nothing that can be relied upon.

Example:
    il6infer predict ask problem/problem.yaml posterior.nc --verdict verdict.json
        --predictions config/predictions.yaml --output predictions.json
"""

WEIGH = """Average the predictions of the models of one data set by their weights in the comparison.

With --csv, each curve and all numbers are written as tables, too.

Example:
    il6infer predict weigh comparison.json --predictions both_none a.json --predictions both_socs3 b.json
        --output predictions.json --csv tables
"""


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer predict``."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser(
        "predict", help="posterior -> what an intervention would do", description=__doc__, formatter_class=raw
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    ask_parser = actions.add_parser("ask", help="one fit", description=ASK, formatter_class=raw)
    ask_parser.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="the problem that was fitted")
    ask_parser.add_argument("posterior", type=Path, metavar="POSTERIOR.nc", help="its posterior")
    ask_parser.add_argument("--predictions", required=True, type=Path, help="file that says what is asked")
    ask_parser.add_argument("--verdict", type=Path, help="of `il6infer diagnose`: rides along with every number")
    ask_parser.add_argument("--output", required=True, type=Path, help="JSON file to write")
    ask_parser.add_argument(
        "--known", action="append", default=[], metavar="NAME",
        help="a name that the file asks for and that another model of your own has, or a gene of a module of your own "
        "with what is 0 in cells that lack it, GENE=k_a,k_b; may be repeated. Names that neither this model nor the "
        "library has are refused",
    )  # fmt: skip
    ask_parser.add_argument("--seed", type=natural, default=1, help="of the noise of new measurements (default: 1)")
    ask_parser.add_argument("--draws", type=count, help="of the posterior, at most (default: 400)")
    ask_parser.add_argument("--threads", type=count, default=1, help="simulations at once (default: 1)")
    ask_parser.set_defaults(run=ask)
    weigh_parser = actions.add_parser("weigh", help="all fits of a data set", description=WEIGH, formatter_class=raw)
    weigh_parser.add_argument("comparison", type=Path, metavar="COMPARISON.json", help="of `il6infer compare`")
    weigh_parser.add_argument(
        "--predictions", nargs=2, action=Named, required=True, metavar=("MODEL", "PREDICTIONS.json"),
        help="one model's predictions; repeat for each model",
    )  # fmt: skip
    weigh_parser.add_argument("--output", required=True, type=Path, help="JSON file to write")
    weigh_parser.add_argument("--csv", type=Path, help="folder for tables (default: none are written)")
    weigh_parser.set_defaults(run=weigh)


def ask(args: argparse.Namespace) -> None:
    """Ask one fit."""
    from il6infer._errors import UserError
    from il6infer.inference.provenance import read_posterior_of
    from il6infer.petab_files.read import load
    from il6infer.prediction.interventions import read_interventions
    from il6infer.prediction.names import check_names, known_words, names_of_problem
    from il6infer.stages import read, write
    from il6infer.stages.verdict import Verdict

    known, genes = known_words(args.known)
    asked = read_interventions(args.predictions, genes)
    verdict = read(args.verdict, Verdict) if args.verdict else None
    problem = load(args.problem)
    check_names(asked, args.predictions, names_of_problem(problem), known)
    posterior = read_posterior_of(args.problem, args.posterior, "posterior")
    if verdict is not None and verdict.problem != problem.id:
        raise UserError(f"{args.verdict}: it is of problem '{verdict.problem}', and not of '{problem.id}'.")
    from il6infer.prediction.predict import DRAWS, predict  # after the input, whose faults need not wait for it
    from il6infer.prediction.tables import told

    found = predict(
        problem, posterior, asked, seed=args.seed, verdict=verdict, draws=args.draws or DRAWS, threads=args.threads
    )
    write(args.output, found)
    for label, words in told(found).items():
        logger.info("%s: %s", label, words)
    if found.plan is not None:
        for i, lane in enumerate(found.plan.lanes, start=1):
            where = f"{lane.readout}, {lane.done}, {lane.time_min:g} min"
            logger.info("measure next, lane %d: %s (%+.3f nats)", i, where, lane.gain)
        said = found.plan.absent or f"{found.plan.gain:.2f} nats, random lanes {found.plan.random:.2f}"
        logger.info("measure next, expected gain: %s", said)
    if found.failed:
        logger.warning("%d of %d draws could not be simulated in every experiment", found.failed, found.draws)
    if found.sampled is False:
        logger.warning("NOT CONVERGED: no number above is an estimate. %s", " ".join(found.reasons))
    if found.reproduces is False:
        logger.warning("DOES NOT REPRODUCE THE DATA: the numbers above say little of the cells.")
    if verdict is not None and not verdict.agrees.passed:
        why = " ".join(reason.message for reason in verdict.agrees.failed)
        logger.warning("IN CONFLICT with priors or fixed constants: %s", why)
    if verdict is None:
        logger.warning("no verdict was given: whether this fit can be trusted is for `il6infer diagnose` to say")


def weigh(args: argparse.Namespace) -> None:
    """Average over the models of a data set."""
    from il6infer.prediction.tables import write_tables
    from il6infer.prediction.weighing import weigh as average
    from il6infer.stages import read, write
    from il6infer.stages.comparison import Comparison
    from il6infer.stages.predictions import PROBABILITY, ModelPredictions

    own = {model: read(path, ModelPredictions) for model, path in args.predictions}
    found = average(own, read(args.comparison, Comparison))
    write(args.output, found)
    if args.csv:
        write_tables(args.csv, found)
    for prediction in found.predictions:
        for number in prediction.numbers:
            said = "no model with a weight can be asked"
            if number.average is not None and number.average.median is not None:
                n = number.average
                said = f"{n.median:.3g} ({n.q05:.3g} to {n.q95:.3g}) {number.unit}".rstrip()
                if number.label.startswith(PROBABILITY):
                    said = f"{n.mean:.0f} %"
            logger.info("%s - %s: %s", prediction.title, number.label, found.unanswered or said)
    if found.contest is not None:
        for i, lane in enumerate(found.contest.lanes, start=1):
            where = f"{lane.readout}, {lane.done}, {lane.time_min:g} min"
            logger.info("to tell models apart, lane %d: %s (%+.3f nats)", i, where, lane.gain)
        said = f"{found.contest.gain:.2f} nats, random lanes {found.contest.random:.2f}; "
        said += "probability of the right model "
        said += f"{found.contest.now:.2f} now, {found.contest.after:.2f} after"
        logger.info("to tell models apart: %s", found.contest.absent or said)
