"""Build the PEtab v2 problem of one data set and one model.

Writes a folder with the SBML model, measurements, observables, conditions, experiments and parameters with priors,
valid under petab's own linter. `il6infer models diagram` draws the model.

Example:
    il6infer problem results/example/measurements.csv results/example/protocol.csv --model both_socs3 --output problem
    il6infer problem m.csv p.csv --model classic_socs3@PHH --set cell_number=5e4 --set medium_volume=0.1 --output phh
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from il6infer._along_courses import ALONG
from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer.cli.options import Named, assignment, freed, of_cell, of_member

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer problem``."""
    parser = subparsers.add_parser(
        "problem",
        help="measurements + protocol + model -> PEtab problem",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("measurements", type=Path, metavar="MEASUREMENTS.csv", help="table of the ingest stage")
    parser.add_argument("protocol", type=Path, metavar="PROTOCOL.csv", help="protocol of the ingest stage")
    parser.add_argument("--name", default="", help="of the problem; by default that of its data set")
    parser.add_argument("--model", required=True, help="name of a library model (il6infer models list)")
    parser.add_argument(
        "--constraint", action="append", default=[], dest="constraints", metavar="NAME",
        help="add a published finding on several parameters, such as free_IL6 (docs/models.md); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--set", action=Named, default=[], type=assignment, dest="values", metavar="PARAMETER=VALUE",
        help="give a parameter the value of your cells, and estimate it no more: cell_number=5e4, medium_volume=0.1, "
        "ratio_IL6R_gp130=0.2 (units: il6infer models show); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--free", action=Named, default=[], type=freed, metavar="CONSTANT[=LOW:HIGH]",
        help="estimate a constant that the library holds fixed; LOW and HIGH are the ends of the 90 %% interval of its "
        "prior, by default a factor of 10 either way of its value; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--without-study", action="append", default=[], dest="left_out", metavar="STUDY",
        help="widen the priors that lean on a study, whose data are fitted here (docs/models.md); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--noise-per", choices=("readout", "batch"), default="readout",
        help="batch: the noise of a read-out differs between gels or plates, around a common mean",
    )  # fmt: skip
    parser.add_argument(
        "--noise-along-course", choices=tuple(ALONG), default="independent",
        help=f"correlated: {ALONG['correlated']}, with a correlation time and a share of each read-out; "
        f"shared: {ALONG['shared']} (docs/data.md)",
    )  # fmt: skip
    parser.add_argument(
        "--hold-out-condition", action="append", default=[], dest="conditions", metavar="NAME",
        help="leave all measurements of a condition out, to be predicted (il6infer holdout); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--hold-out-batch", action="append", default=[], dest="batches", metavar="NAME",
        help="leave a gel or plate out; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--hold-out-dataset", action="append", default=[], dest="datasets", metavar="NAME",
        help="leave a data set of a joint fit out; may be repeated",
    )  # fmt: skip
    parser.add_argument("--held-out", action="store_true", help="build the problem of what is left out instead")
    parser.add_argument(
        "--and-held-out", nargs=3, action=Named, default=[], dest="others",
        metavar=("NAME", "MEASUREMENTS.csv", "PROTOCOL.csv"),
        help="with --held-out: all of another data set, too; its conditions and gels get NAME_ before their names",
    )  # fmt: skip
    parser.add_argument(
        "--and-cell", action=Named, default=[], type=of_cell, dest="cells", metavar="NAME=CELL",
        help="preset of the cells of a data set of --and-held-out, where it is not the model's; what it gives comes "
        "from the preset's priors; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--and-set", action=Named, keys=2, default=[], type=of_member, dest="in_others", metavar="NAME.PARAMETER=VALUE",
        help="value of a parameter in a data set of --and-held-out, where it is not the fit's; may be repeated",
    )  # fmt: skip
    parser.add_argument("--modules", type=Path, metavar="DIR", help="folder with modules of your own (docs/models.md)")
    parser.add_argument(
        "--output", required=True, type=Path, help="folder to write; an earlier problem there is replaced"
    )
    parser.set_defaults(run=run, folders=("output",))


def run(args: argparse.Namespace) -> None:
    """Build and write."""
    from il6infer.building.gel_noise import tell_noise_by_assay
    from il6infer.building.selection import joined, selected
    from il6infer.library.catalogue import read_library
    from il6infer.library.compose import compose, with_values
    from il6infer.library.freeing import with_free
    from il6infer.library.studies import without_studies
    from il6infer.stages.tables import MEASUREMENTS, PROTOCOL, read_table

    if args.held_out and not (args.conditions or args.batches or args.datasets or args.others):
        raise UserError(
            "--held-out builds the problem of what is left out, and nothing is: name it with --hold-out-condition, "
            "--hold-out-batch, --hold-out-dataset or --and-held-out. To predict a whole data set from the fit of "
            "another, leave --held-out away: a problem of its own is what 'il6infer holdout' takes."
        )
    _check_names(args)
    measurements = read_table(args.measurements, MEASUREMENTS)
    protocol = read_table(args.protocol, PROTOCOL)
    dataset = args.name or "_".join(measurements["dataset"].unique())
    tables = selected(measurements, protocol, args.conditions, args.batches, args.datasets, held_out=args.held_out)
    others = [
        (name, read_table(Path(m), MEASUREMENTS), _protocol(args, name, read_table(Path(p), PROTOCOL)))
        for name, m, p in args.others
    ]
    noise = dict(zip(measurements["observable"], measurements["noise"], strict=True))
    measurements, protocol = joined([("", *tables), *others], noise)
    if args.noise_per == "readout":
        tell_noise_by_assay(measurements)
    model = with_values(compose(args.model, read_library(args.modules)), dict(args.values))
    model = without_studies(with_free(model, dict(args.free)), args.left_out)
    from il6infer.building.build import build  # petab comes with it, and a name may have been refused before

    path = build(
        measurements, protocol, model, args.output,
        dataset=dataset, constraints=() if args.held_out else args.constraints,
        gel_noise=args.noise_per == "batch", along_course=args.noise_along_course,
        fitted=not args.held_out,
    )  # fmt: skip
    logger.info("written: %s", path)


def _check_names(args: argparse.Namespace) -> None:
    """Refuse what is said of the cells of a data set that is not held out, and parameters that no model has."""
    from il6infer.library.catalogue import read_library
    from il6infer.library.genotypes import value_fault
    from il6infer.library.vocabulary import did_you_mean, parameters_of

    known = [name for name, *_ in args.others]
    named = [("--and-cell", name) for name, _ in args.cells] + [("--and-set", name) for name, *_ in args.in_others]
    faults = [
        Fault(f"{option} {name}", "no --and-held-out has that name.", nearest(name, known))
        for option, name in named
        if name not in known
    ]
    library = read_library(args.modules)
    for of, parameter, value in args.in_others:
        where = f"--and-set {of}.{parameter}"
        if parameter not in parameters_of(library):
            what = "no model has a parameter of that name."
            faults.append(Fault(where, what, did_you_mean(parameter, parameters_of(library))))
        elif fault := value_fault(where, parameter, value, library):
            faults.append(fault)
    raise_faults(faults, "held-out data")


def _protocol(args: argparse.Namespace, name: str, protocol: pd.DataFrame) -> pd.DataFrame:
    """Write to a held-out data set's protocol what its cells are, where they are not those of the fit."""
    from il6infer.library.priors import preset_of
    from il6infer.stages.own_cells import with_cells

    cell = dict(args.cells).get(name, "")
    values = {parameter: value for of, parameter, value in args.in_others if of == name}
    return with_cells(protocol, name, cell=cell, preset=preset_of(cell), values=values)
