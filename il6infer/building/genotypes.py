"""What the cells of a condition are, as changes before the stimulus: they come to rest as such cells do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from il6infer._errors import Fault
from il6infer.library.compose import Model, value_fault, with_cells
from il6infer.library.genotypes import knock_out_fault, knocked_out, parameter_fault
from il6infer.stages.genotype import Genotype, read_genotype


def genotypes_of(protocol: pd.DataFrame) -> dict[str, Genotype]:
    """Condition -> what its cells are, where they are not those of the model (table of the ingest stage)."""
    found = {}
    for row in protocol.drop_duplicates("condition").itertuples():
        genotype, _ = read_genotype(row.knock_out, row.set)
        if genotype:
            found[str(row.condition)] = genotype
    return found


def genotype_faults(genotypes: Mapping[str, Genotype], model: Model) -> list[Fault]:
    """Find knock-outs and parameters that the model does not know, and values that these cannot take."""
    found: dict[str, Fault] = {}
    for condition, genotype in genotypes.items():
        for fault in _faults(f"protocol, condition '{condition}'", genotype, model):
            found.setdefault(f"{fault.what} {fault.remedy}", fault)
    return list(found.values())


def changes_of(genotype: Genotype, model: Model) -> dict[str, str]:
    """Parameter -> its value in these cells: a number, or a parameter of the problem."""
    lacking = [p for name in genotype.knock_out for p in knocked_out(name, model.name, model.library) or ()]
    own = {name: own_name(name, v) if isinstance(v, str) else f"{v!r}" for name, v in genotype.set.items()}
    return {**dict.fromkeys(lacking, "0.0"), **own}


def with_genotypes(model: Model, genotypes: Mapping[str, Genotype]) -> Model:
    """Make a model in which conditions can set what the genotypes set."""
    return with_cells(model, dict.fromkeys(p for each in genotypes.values() for p in changes_of(each, model)))


def own_name(parameter: str, cells: str) -> str:
    """Id of a parameter that is estimated for some cells apart."""
    return f"{parameter}_{cells}"


def own_parameters(genotypes: Mapping[str, Genotype]) -> dict[tuple[str, str], None]:
    """(parameter, name of the cells) that is estimated apart, each once, in order."""
    return {
        (name, v): None for genotype in genotypes.values() for name, v in genotype.set.items() if isinstance(v, str)
    }


def always_set(genotypes: Mapping[str, Genotype], conditions: set[str], model: Model) -> set[str]:
    """Parameters that every condition sets: the model's own value of them means nothing.

    Parameters
    ----------
    genotypes
        Condition -> genotype of its cells.
    conditions
        All that were measured.
    model
        What the cells are a change of.
    """
    each = [set(changes_of(genotypes.get(name, Genotype()), model)) for name in sorted(conditions)]
    return set.intersection(*each) if each else set()


def _faults(where: str, genotype: Genotype, model: Model) -> Iterator[Fault]:
    for name in genotype.knock_out:
        if fault := knock_out_fault(f"{where}, knock_out", name, model.name, model.library):
            yield fault
    priors = model.priors.set_index("parameter")["distribution"]
    for name, value in genotype.set.items():
        place = f"{where}, set"
        if fault := parameter_fault(place, name, model.name, model.library):
            yield fault
        elif isinstance(value, str) and priors.get(name, "computed") in ("fixed", "computed"):
            why = "is fixed" if name in priors else "is computed from others"
            what = f"'{name}' is to be estimated for '{value}', but it {why} in model '{model.name}' and has no prior."
            yield Fault(place, what, "Give its value in these cells as a number.")
        elif not isinstance(value, str) and (fault := value_fault(place, name, value, model.library)):
            yield fault
