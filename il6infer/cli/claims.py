"""Put claims to the test: what a fit says of statements such as "pSTAT3 peaks between 15 and 45 min".

A claim is a quantity that the model can compute and the interval that it is said to lie in. `ask` simulates the
experiments of the claims at draws of the prior and of the posterior: probability before and after the data, Bayes
factor, the quantity with its interval. `weigh` puts the answers of several models beside each other and averages them
by their weights in the comparison; models whose fit failed are shown, and left out of the average. `prior` needs no
fit: it holds what the priors say of published experiments against what was published.

Example:
    il6infer claims prior problem/problem.yaml --output prior_check.json
    il6infer claims ask problem/problem.yaml posterior.nc --claims config/claims.yaml --output answers.json
    il6infer claims weigh comparison.json --answers both_socs3 answers.json --output claims.json
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from il6infer.cli.options import Named, count, natural

logger = logging.getLogger("il6infer")

ASK = """Ask the claims of one fit.

Quantities: peak, peak_time [min], time_to (a share of the rise) [min], duration (time above half of the rise) [min],
fold (peak over the value at time 0), fold_at (value at a time over it), level (value at a time), persistence (rise left
at a time over the largest), inhibition (share of the rise that is taken away), ec50 [nM], parameter, and ratio of two
of them. A draw at which a quantity is not defined counts for neither side; where that is more than a tenth of the
draws, no probability is given. Without a posterior the prior alone is asked: what the model says before data. Whether a
posterior has converged is for `il6infer diagnose` to say; `weigh` leaves out the fits that failed.

Example:
    il6infer claims ask problem/problem.yaml posterior.nc --claims config/claims.yaml --output answers.json
    il6infer claims ask problem/problem.yaml --claims config/claims.yaml --output before.json
"""

PRIOR = """Check the priors of one problem against published behaviour, before any fit.

The published experiments are simulated at draws of the prior: peak time, amplitude, EC50, and how much of the signal is
left when. Of each quantity: median and 90 % interval, and the share of the draws inside the published range, below and
above it, without a response, and that could not be simulated. The ranges, with cell type and source, are those of
il6infer/prediction/expected.csv; the measurements of the problem are not used.

Example:
    il6infer claims prior problem/problem.yaml --output prior_check.json
"""

WEIGH = """Average the answers of the models of one data set.

Example:
    il6infer claims weigh comparison.json --answers both_none a.json --answers both_socs3 b.json --output claims.json
"""


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer claims``."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser(
        "claims", help="posterior -> probabilities of statements", description=__doc__, formatter_class=raw
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    ask_parser = actions.add_parser("ask", help="one fit", description=ASK, formatter_class=raw)
    ask_parser.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="the problem that was fitted")
    ask_parser.add_argument(
        "posterior", type=Path, nargs="?", metavar="POSTERIOR.nc", help="its posterior (default: none, the prior alone)"
    )
    ask_parser.add_argument("--claims", required=True, type=Path, help="file of claims")
    ask_parser.add_argument("--output", required=True, type=Path, help="JSON file to write")
    ask_parser.add_argument(
        "--known", action="append", default=[], metavar="NAME",
        help="a name that the file asks for and that another model of your own has, or a gene of a module of your own "
        "with what is 0 in cells that lack it, GENE=k_a,k_b; may be repeated. Names that neither this model nor the "
        "library has are refused",
    )  # fmt: skip
    ask_parser.add_argument("--seed", type=natural, default=1, help="of the draws of the prior (default: 1)")
    ask_parser.add_argument("--draws", type=count, help="of the prior, and of the posterior at most (default: 400)")
    ask_parser.add_argument("--threads", type=count, default=1, help="simulations at once (default: 1)")
    ask_parser.set_defaults(run=ask)
    checking = actions.add_parser("prior", help="one problem, before its fit", description=PRIOR, formatter_class=raw)
    checking.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="the problem, as it will be fitted")
    checking.add_argument("--output", required=True, type=Path, help="JSON file to write")
    checking.add_argument("--seed", type=natural, default=1, help="of the draws (default: 1)")
    checking.add_argument("--threads", type=count, default=1, help="simulations at once (default: 1)")
    checking.set_defaults(run=check_priors)
    weighing = actions.add_parser("weigh", help="all fits of a data set", description=WEIGH, formatter_class=raw)
    weighing.add_argument("comparison", type=Path, metavar="COMPARISON.json", help="of `il6infer compare`")
    weighing.add_argument(
        "--answers", nargs=2, action=Named, required=True, metavar=("MODEL", "ANSWERS.json"),
        help="one model's answers; repeat for each model",
    )  # fmt: skip
    weighing.add_argument("--output", required=True, type=Path, help="JSON file to write")
    weighing.set_defaults(run=weigh)


def ask(args: argparse.Namespace) -> None:
    """Ask one fit."""
    from il6infer.inference.provenance import read_posterior_of
    from il6infer.petab_files.read import load
    from il6infer.prediction.claims import read_claims
    from il6infer.prediction.names import check_names, known_words, names_of_problem
    from il6infer.stages import write

    known, genes = known_words(args.known)
    claims, problem = read_claims(args.claims, genes), load(args.problem)
    check_names(claims, args.claims, names_of_problem(problem), known)
    from il6infer.prediction.answer import DRAWS, PARTS, answer  # after the input, whose faults need not wait for it

    posterior = read_posterior_of(args.problem, args.posterior, *PARTS) if args.posterior else None
    found = answer(problem, posterior, claims, seed=args.seed, draws=args.draws or DRAWS, threads=args.threads)
    write(args.output, found)
    for claim in found.claims:
        asked = [claim.prior, claim.posterior] if args.posterior else [claim.prior]
        chances = [claim.absent] if claim.absent else [_percent(chance) for chance in asked]
        logger.info("%s: %s", claim.id, " -> ".join(chances))


def check_priors(args: argparse.Namespace) -> None:
    """Check the priors of one problem."""
    from il6infer.petab_files.read import load
    from il6infer.prediction.prior import check_prior
    from il6infer.stages import write

    found = check_prior(load(args.problem), seed=args.seed, threads=args.threads)
    write(args.output, found)
    for check in found.checks:
        if check.absent:
            said = check.absent
        elif check.inside is None:
            said = "no published range"
        else:
            kinds = ("inside", "below", "above", "undefined", "failed")
            said = ", ".join(f"{_percent(share)} {kind}" for kind in kinds if (share := getattr(check, kind)))
        logger.info("%s, %s (%s): %s", check.what, check.experiment, check.cell or "any cell", said)


def weigh(args: argparse.Namespace) -> None:
    """Average over the models of a data set."""
    from il6infer.prediction.average import average
    from il6infer.stages import read, write
    from il6infer.stages.claims import Answers
    from il6infer.stages.comparison import Comparison

    answers = {model: read(path, Answers) for model, path in args.answers}
    found = average(answers, read(args.comparison, Comparison))
    write(args.output, found)
    for claim in found.claims:
        nothing = found.unanswered or "no model with a weight gives a probability"
        logger.info("%s: %s", claim.id, nothing if claim.average is None else _percent(claim.average))


def _percent(chance: float | None) -> str:
    return "undefined" if chance is None else f"{100 * chance:.0f} %"
