"""Work on any PEtab problem, of v1 or v2: evaluate it, fit it, look it over, make it a data set.

Example:
    il6infer petab lint problem.yaml
    il6infer petab evaluate problem.yaml --gradient --output evaluation
    il6infer petab fit problem.yaml --output posterior
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from il6infer._errors import UserError
from il6infer.cli import adopt
from il6infer.cli.fit import OPTIONS, add_options, chosen_settings, write_posterior
from il6infer.cli.options import Named, count, natural, positive

if TYPE_CHECKING:
    import arviz as az

    from il6infer.problems.spec import Problem
    from il6infer.stages.verdict import Verdict

logger = logging.getLogger("il6infer")

EVALUATE = """Evaluate the problem at its nominal parameters, or at those of a file.

Writes evaluation.json (log-likelihood, chi2, log-priors, unnormalised log-posterior, outcome of each experiment, wall
times; with --gradient the derivative of the log-likelihood on each parameter's scale, at tolerances that fall until it
no longer moves) and simulations.tsv in PEtab's format. What could not be simulated is null, and its outcome says why;
the exit code is then 1.

Example:
    il6infer petab evaluate problem.yaml --parameters best.tsv --gradient --output evaluation
"""

FIT = """Sample the posterior with NUTS, and judge the sampling.

Writes posterior.nc (ArviZ InferenceData) and verdict.json. Where the problem gives no prior, it is uniform within the
bounds, on the parameter's scale.

Example:
    il6infer petab fit problem.yaml --draws 1000 --output posterior
"""

SELECT = """Search the space of models of a PEtab Select problem: forward, backward, or all of them.

Each model is climbed to its largest likelihood from several starts, and has AIC, AICc and BIC. Writes selection.json
(every model that was looked at, the best first, and the steps), and each model as a PEtab problem in a folder of its
name.

Example:
    il6infer petab select petab_select_problem.yaml --output selection
"""

SPACE = """Write the models of a comparison as a PEtab Select problem: model_space.tsv and petab_select_problem.yaml.

Example:
    il6infer petab space --problem none results/example/both_none+wiring_shared/problem/problem.yaml
        --problem socs3 results/example/both_socs3+wiring_shared/problem/problem.yaml --output select
"""

LINT = """Say what is wrong with a problem: petab's own linter, what this program cannot do, what has no likelihood.

The problem is simulated at its nominal values (the first time on a machine its model is compiled, as for an
evaluation): valid is what `il6infer petab evaluate` can evaluate there.

Example:
    il6infer petab lint problem.yaml
"""


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer petab``."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser(
        "petab", help="evaluate, fit or lint any PEtab problem", description=__doc__, formatter_class=raw
    )
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    one = actions.add_parser(
        "evaluate", help="log-likelihood, gradient, simulations", description=EVALUATE, formatter_class=raw
    )
    one.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="PEtab problem, v1 or v2")
    values = "values on the linear scale: table (.tsv, .csv) with parameterId and nominalValue, or .json"
    one.add_argument("--parameters", type=Path, help=values)
    one.add_argument("--gradient", action="store_true", help="also the gradient of the log-likelihood")
    one.add_argument("--output", required=True, type=Path, help="folder to write")
    one.add_argument("--engine", default="rosenbrock", help=OPTIONS["engine"][1])
    one.add_argument("--rtol", type=positive, default=1e-8, help=OPTIONS["rtol"][1])
    one.add_argument("--atol", type=positive, default=1e-10, help=OPTIONS["atol"][1])
    one.add_argument("--max-steps", type=count, help="steps that one run may take")
    one.add_argument("--max-seconds", type=positive, help="wall time of a simulation [s]")
    one.set_defaults(run=run_evaluate, folders=("output",))
    two = actions.add_parser("fit", help="posterior and verdict", description=FIT, formatter_class=raw)
    two.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="PEtab problem, v1 or v2")
    two.add_argument("--output", required=True, type=Path, help="folder to write")
    add_options(two)
    two.set_defaults(run=run_fit, folders=("output",))
    five = actions.add_parser("space", help="models as a PEtab Select problem", description=SPACE, formatter_class=raw)
    five.add_argument(
        "--problem", nargs=2, action=Named, required=True, metavar=("MODEL", "PROBLEM.yaml"), help="repeat for each"
    )
    five.add_argument("--criterion", choices=("AIC", "AICc", "BIC"), default="AICc", help="of the selection")
    five.add_argument("--output", required=True, type=Path, help="folder to write")
    five.set_defaults(run=run_space, folders=("output",))
    six = actions.add_parser(
        "select", help="best model of a PEtab Select problem", description=SELECT, formatter_class=raw
    )
    six.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="PEtab Select problem")
    six.add_argument("--starts", type=count, default=8, help="points that each likelihood is climbed from")
    six.add_argument("--seed", type=natural, default=1, help="of these")
    six.add_argument("--threads", type=count, default=1, help="climbs at a time; changes no number")
    six.add_argument("--output", required=True, type=Path, help="folder to write")
    six.set_defaults(run=run_select, folders=("output",))
    adopt.register_actions(actions)
    three = actions.add_parser("lint", help="is the problem valid?", description=LINT, formatter_class=raw)
    three.add_argument("problem", type=Path, metavar="PROBLEM.yaml", help="PEtab problem, v1 or v2")
    three.set_defaults(run=run_lint)


def run_evaluate(args: argparse.Namespace) -> None:
    """Evaluate and write."""
    from il6infer._errors import list_faults
    from il6infer._files import versions, write_json
    from il6infer._outputs import atomic_files
    from il6infer.engine.evaluate import MAX_SECONDS, MAX_STEPS, evaluate, simulation_table
    from il6infer.engine.gradients import FINEST
    from il6infer.engine.impossible import ALIKE
    from il6infer.exchange.values import read_values

    values = read_values(args.parameters) if args.parameters else {}
    solver = {"engine": args.engine, "rtol": args.rtol, "atol": args.atol}
    budget = {"max_steps": args.max_steps or MAX_STEPS, "max_seconds": args.max_seconds or MAX_SECONDS}
    found = evaluate(args.problem, values, gradient=args.gradient, **solver, **budget)
    settings = {**solver, "rtol": found.rtol, "atol": found.atol, **budget}
    summary = {"problem": str(args.problem), **found.summary(), "settings": settings, "versions": versions()}
    with atomic_files(args.output) as folder:
        table = simulation_table(args.problem, found.simulation)
        table.to_csv(folder / "simulations.tsv", sep="\t", index=False, na_rep="NaN")
        write_json(folder / "evaluation.json", summary)
    for name, density in found.log_prior.items():
        if density is None:
            logger.warning("the prior of '%s' excludes its value here, %g", name, found.parameters[name])
    if found.llh is None:
        logger.warning("%s", list_faults(found.faults, "no log-likelihood", alike=ALIKE))
        raise SystemExit(1)
    missing = [name for name, slope in (found.gradient or {}).items() if slope is None]
    if missing:
        logger.warning(
            "no derivative by %s%s: it does not exist there, or the engine cannot follow it",
            ", ".join(missing[:5]), f" and {len(missing) - 5} more" if len(missing) > 5 else "",
        )  # fmt: skip
    if found.moving:
        worst = max(found.moving, key=found.moving.__getitem__)
        logger.warning(
            "predictions at rtol %g still move when it is lowered (%s by %.1g of their size; all: "
            "simulation_unsettled of evaluation.json): they are the difference of numbers that are nearly the same, or "
            "what is small grows without bound",
            found.rtol, worst, found.moving[worst],
        )  # fmt: skip
    if found.gradient_rtol == args.rtol and args.rtol >= 10 * FINEST:
        logger.warning(
            "no smaller tolerance simulates this point: the gradient is that of rtol %g, unchecked", args.rtol
        )
    if found.unsettled:
        worst = max(found.unsettled, key=found.unsettled.__getitem__)
        logger.warning(
            "the gradient still moves when the tolerance is lowered (%s by %.1g of itself; all: gradient_unsettled of "
            "evaluation.json): the simulation is close to a point where it is infinitely steep",
            worst, found.unsettled[worst],
        )  # fmt: skip
    logger.info("log-likelihood %.6f, chi2 %.6f; written: %s", found.llh, found.chi2, args.output)


def run_fit(args: argparse.Namespace) -> None:
    """Fit, judge and write."""
    from il6infer.diagnosis import diagnose
    from il6infer.stages import write
    from il6infer.stages.settings import VerdictSections, read_sections

    limits, path = read_sections(args.config, VerdictSections).verdict, args.output / "verdict.json"
    output, settings = args.output / "posterior.nc", chosen_settings(args)
    found: list[Verdict] = []

    def judged(idata: az.InferenceData) -> None:
        found.append(diagnose(idata, limits))
        write(path, found[0])

    write_posterior(args.problem, settings, output, args.time_limit, judged, [path], args.begin)
    [verdict] = found
    for question, answer in verdict.answers:
        failed = "; ".join(reason.message for reason in answer.failed)
        logger.info("%s: %s", question, "yes" if answer.passed else f"NO: {failed}")


def run_select(args: argparse.Namespace) -> None:
    """Search and write."""
    from il6infer._outputs import atomic_files
    from il6infer.evidence.select import select
    from il6infer.stages import write

    with atomic_files(args.output) as folder:
        found = select(args.problem, folder, starts=args.starts, seed=args.seed, threads=args.threads)
        write(folder / "selection.json", found)
    looked = f"{len(found.models)} of {found.size} models looked at"
    if found.best is None:
        raise UserError(f"{args.problem}: none of its models has a {found.criterion} ({looked}).")
    logger.info("best: %s, %s %.3f (%s)", found.best, found.criterion, found.models[0].value, looked)
    if found.models[0].reached < 2:
        logger.warning("its likelihood was reached from one start alone: try more --starts")


def run_space(args: argparse.Namespace) -> None:
    """Write the model space."""
    from il6infer.exchange.select_export import export

    path = export({name: Path(problem) for name, problem in args.problem}, args.output, criterion=args.criterion)
    logger.info("written: %s", path)


def run_lint(args: argparse.Namespace) -> None:
    """Look the problem over."""
    from il6infer.petab_files.lint import check

    problem = check(args.problem)
    from il6infer.inference.variables import check_problem
    from il6infer.problems.courses import carriers_of
    from il6infer.runs.modes import with_modes
    from il6infer.runs.plan import make_plan

    make_plan(with_modes(problem))
    check_problem(problem)
    simulated = _lint_at_nominal(args.problem, problem)
    measured = len(problem.measurements) - len(carriers_of(problem))
    logger.info(
        "%s: valid%s; %d states, %d estimated parameters, %d measurements, measured experiments: %d", args.problem,
        "" if simulated else ", as far as is seen without a simulation", len(problem.network.states),
        len(problem.estimated), measured,
        problem.measurements["experiment"].nunique(),  # the model as it is, without a condition, is one, too
    )  # fmt: skip


def _lint_at_nominal(path: Path, problem: Problem) -> bool:
    """Refuse what has no likelihood at the nominal values; False where not all parameters have one.

    Raises
    ------
    UserError
        With every experiment that cannot be simulated, and every measurement without a likelihood.
    """
    from math import isfinite

    from il6infer._errors import raise_faults
    from il6infer.engine.evaluate import MAX_SECONDS
    from il6infer.engine.impossible import ALIKE, at_nominal
    from il6infer.problems.priors import log_density

    missing = [p.id for p in problem.estimated if not isfinite(p.nominal)]
    if missing:
        listed = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        logger.warning("without a nominal value, so that nothing is simulated: %s", listed)
        return False
    raise_faults(at_nominal(path, problem, MAX_SECONDS), f"PEtab problem {path}, at its nominal values", alike=ALIKE)
    for p in problem.estimated:
        if p.prior and p.lower <= p.nominal <= p.upper and not isfinite(log_density(p, p.nominal)):
            logger.warning(
                "the prior of '%s' excludes its nominal value, %g: a fit does not start there", p.id, p.nominal
            )
    return True
