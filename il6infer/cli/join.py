"""Put data sets together, to be fitted jointly.

Writes measurements.csv, protocol.csv and ingest.json of one data set. Conditions and gels get the name of their data
set before theirs, read-outs after theirs. A parameter is shared by all data sets unless it is named: --own, one a data
set, each with the library's prior; --pooled, one a data set, drawn around a common mean with a common spread. Those of
cell presets are one a preset. A name that no model of the library has is refused; with --model, one that none of these
models has.

Example:
    il6infer join --name together --member mouse results/mouse --member human results/human
        --cell human=HepG2 --cell mouse=hepatocyte --own K_SOCS3 --pooled k_phosphorylation
        --model classic_socs3 --output results/together
    il6infer problem results/together/measurements.csv results/together/protocol.csv
        --model classic_socs3@hepatocyte --output problem
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from pathlib import Path

from il6infer._errors import Fault, nearest, raise_faults
from il6infer.cli.options import Named, of_cell, of_member

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer join``."""
    parser = subparsers.add_parser(
        "join",
        help="several data sets -> one, to be fitted jointly",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--name", required=True, help="of the joint data set")
    parser.add_argument(
        "--member", nargs=2, action=Named, required=True, dest="members", metavar=("NAME", "FOLDER"),
        help="a data set, and what `il6infer ingest` wrote of it; repeat for each",
    )  # fmt: skip
    parser.add_argument("--cell", action=Named, default=[], type=of_cell, dest="cells", metavar="NAME=CELL",
                        help="preset of the cells of a data set; may be repeated")  # fmt: skip
    parser.add_argument(
        "--set", action=Named, keys=2, default=[], type=of_member, dest="values", metavar="NAME.PARAMETER=VALUE",
        help="value of a parameter in one data set; may be repeated",
    )  # fmt: skip
    parser.add_argument("--own", action="append", default=[], metavar="PARAMETER",
                        help="one a data set; may be repeated")  # fmt: skip
    parser.add_argument("--pooled", action="append", default=[], metavar="PARAMETER",
                        help="one a data set, around a common mean; may be repeated")  # fmt: skip
    parser.add_argument("--model", action="append", default=[], dest="models", metavar="MODEL",
                        help="a model that will be fitted, whose parameters these are; may be repeated")  # fmt: skip
    parser.add_argument("--modules", type=Path, metavar="DIR", help="folder with modules of your own (docs/models.md)")
    parser.add_argument("--output", required=True, type=Path, help="folder to write")
    parser.set_defaults(run=run, folders=("output",))


def run(args: argparse.Namespace) -> None:
    """Join and write."""
    from il6infer.ingestion.assemble import write
    from il6infer.ingestion.joint import Member, join
    from il6infer.library.priors import preset_of
    from il6infer.stages import read
    from il6infer.stages.ingest import IngestSummary
    from il6infer.stages.tables import MEASUREMENTS, PROTOCOL, read_table

    known = [name for name, _ in args.members]
    given = [("--cell", args.cells), ("--set", args.values)]
    faults = [
        Fault(f"{option} {name}", "no --member has that name.", nearest(name, known))
        for option, words in given
        for name in dict.fromkeys(word[0] for word in words)
        if name not in known
    ]
    raise_faults([*faults, *_parameter_faults(args)], "data sets to be joined")
    cells = dict(args.cells)
    values: dict[str, dict[str, float]] = {}
    for dataset, name, value in args.values:
        values.setdefault(dataset, {})[name] = value
    members = [
        Member(
            name, read_table(Path(folder, "measurements.csv"), MEASUREMENTS),
            read_table(Path(folder, "protocol.csv"), PROTOCOL), read(Path(folder, "ingest.json"), IngestSummary),
            cells.get(name, ""), preset_of(cells.get(name, "")), values.get(name),
        )
        for name, folder in args.members
    ]  # fmt: skip
    tables = join(args.name, members, args.own, args.pooled)
    write(tables, args.output)
    logger.info("%s: %d values of %d data sets", args.name, len(tables.measurements), len(members))


def _parameter_faults(args: argparse.Namespace) -> Iterator[Fault]:
    """Find parameters that no model has: a model passes over those that it lacks, so a misspelt one does nothing."""
    from il6infer.library.catalogue import read_library
    from il6infer.library.genotypes import parameters_of_model, value_fault
    from il6infer.library.vocabulary import did_you_mean, parameters_of

    named = [(f"--{key} {name}", name, None) for key in ("own", "pooled") for name in getattr(args, key)]
    named += [(f"--set {member}.{name}", name, value) for member, name, value in args.values]
    if not (named or args.models):
        return
    library, of_cells = read_library(args.modules), "".join(f"@{cell}" for _, cell in args.cells[:1])
    models = list(dict.fromkeys(model if "@" in model else model + of_cells for model in args.models))
    known = frozenset(p for model in models for p in parameters_of_model(model, library))
    listed, known = (f"none of {', '.join(models)}", known) if models else ("no model", parameters_of(library))
    for where, name, value in named:
        if name not in known:
            yield Fault(where, f"{listed} has a parameter of that name.", did_you_mean(name, known))
        elif value is not None and (fault := value_fault(where, name, value, library)):
            yield fault
    for name in sorted({*args.own} & {*args.pooled}):
        yield Fault(f"--own {name}", "is under --pooled, too.", "Name it once.")
