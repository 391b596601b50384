"""Names that a file of claims or predictions asks for, held against those that any model has.

A model without a read-out, species or part "cannot be asked", which is an answer where models differ; a name that no
model has is misspelt, and its part of a share would silently be 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from il6infer._errors import Fault, raise_faults
from il6infer.library.catalogue import Library, shipped
from il6infer.library.genotypes import genes_of
from il6infer.library.vocabulary import did_you_mean, names_of, parameters_of
from il6infer.prediction.claims import PARAMETER, Claims, VirtualExperiment, needs, read_claims
from il6infer.prediction.interventions import Interventions, read_interventions
from il6infer.problems.spec import Problem

_OF_INSTRUMENTS = ("scale", "offset", "sigma", "correlated_share", "correlation_time")
"""What names of parameters of instruments begin with; those of a data set begin with the parameter's own."""

_ESTIMATED = "estimated parameter"


def names_of_problem(problem: Problem) -> frozenset[str]:
    """Names of the species, read-outs and parameters of a problem."""
    network = problem.network
    return frozenset([*network.states, *network.derived, *network.parameters, *(p.id for p in problem.parameters)])


def check_names(asked: Claims | Interventions, path: Path, *more: Collection[str]) -> None:
    """Refuse names that neither the library nor others have.

    Parameters
    ----------
    asked
        As read from the file.
    path
        Of the file, for the message.
    more
        Names that are known besides those of the package's library: of a problem, of modules of the user's own.

    Raises
    ------
    UserError
        With every such name, where it stands, and the nearest known one.
    """
    known = names_of().union(*more)
    heads = (*_OF_INSTRUMENTS, *parameters_of(), *(known - names_of()))
    faults = [
        Fault(where, f"no model has the {kind} '{name}'.", did_you_mean(name, known))
        for where, kind, name in dict.fromkeys(_named(asked, path.name))
        if name not in known and not (kind == _ESTIMATED and name.startswith(tuple(f"{head}_" for head in heads)))
    ]
    raise_faults(faults, str(path))


def check_files(
    claims: str | None, predictions: str | None, library: Library, problems: Callable[[], Sequence[Problem]]
) -> dict[str, list[str]]:
    """Read and check the files of a configuration, before anything is fitted.

    Parameters
    ----------
    claims, predictions
        Files, or none.
    library
        Modules that the configuration's models are made of.
    problems
        Reads those data sets of it that are PEtab problems; only called where the library lacks a name.

    Returns
    -------
    dict
        ``claims`` and ``predictions`` -> names that the file asks for, and that models of the user's own have and the
        package's library lacks; a gene with its parameters, as `known_words` reads it.

    Raises
    ------
    UserError
        With every fault of a file, and every name that no model has.
    """
    files: dict[str, Claims | Interventions] = {}
    shipped_genes = genes_of(shipped())
    genes = {gene: found for gene, found in genes_of(library).items() if found != shipped_genes.get(gene)}
    if claims:
        files["claims"] = read_claims(Path(claims), genes)
    if predictions:
        files["predictions"] = read_interventions(Path(predictions), genes)
    asked_for = {key: {name for _, _, name in _named(asked, "")} for key, asked in files.items()}
    own = names_of(library)
    if not own.issuperset(name for names in asked_for.values() for name in names):
        own = own.union(*map(names_of_problem, problems()))
    for key, path in (("claims", claims), ("predictions", predictions)):
        if path:
            check_names(files[key], Path(path), own)
    found = {key: sorted(asked_for.get(key, set()) & (own - names_of())) for key in ("claims", "predictions")}
    for key, names in found.items():
        lacking = {name for plan in files[key].plans.values() for name in plan.knock_out} if key in files else set()
        names += [f"{gene}={','.join(zero)}" for gene, zero in sorted(genes.items()) if lacking.issuperset(zero)]
    return found


def known_words(words: Sequence[str]) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """Read names that other models have, such as ``glow``, and genes with their parameters, ``SHP2=k_SHP2,SHP2_0``.

    Returns
    -------
    names
        Of both, and of the parameters.
    genes
        Gene -> parameters that are 0 where it is knocked out.
    """
    genes = {
        gene: tuple(filter(None, zero.split(","))) for gene, gives, zero in (w.partition("=") for w in words) if gives
    }
    return [name for word in words for name in re.split("[=,]", word) if name], genes


def _named(asked: Claims | Interventions, file: str) -> Iterator[tuple[str, str, str]]:
    """Place, kind and name of everything that a file asks for."""
    yield from _of_plans(asked.plans, file)
    yield from _of_claims(asked, file) if isinstance(asked, Claims) else _of_predictions(asked, file)


def _of_plans(plans: Mapping[str, VirtualExperiment], file: str) -> Iterator[tuple[str, str, str]]:
    """Place, kind and name of what experiments need: of parts, parameters and substances."""
    for name, plan in plans.items():
        where = f"{file}, experiment '{name}'"
        yield from ((f"{where}, requires", "species or parameter", one) for entry in plan.requires for one in entry)
        for key, named in (("set", plan.set), ("scale", plan.scale)):
            yield from ((f"{where}, {key}", "parameter", one) for one in named)
        yield from ((f"{where}, knock_out", "gene or parameter", one) for one in plan.knock_out)
        yield from ((f"{where}, doses", "species", one) for one in plan.varied)


def _of_claims(asked: Claims, file: str) -> Iterator[tuple[str, str, str]]:
    """Place, kind and name of the read-outs and parameters that claims speak of."""
    words = {"readout": "read-out", PARAMETER: _ESTIMATED}
    for claim in asked.claims:
        where = f"{file}, claim '{claim.id}'"
        yield from ((where, words[kind], name) for kind, name in needs(claim) if kind in words)


def _of_predictions(asked: Interventions, file: str) -> Iterator[tuple[str, str, str]]:
    """Place, kind and name of the read-outs, parts and parameters that predictions speak of."""
    for one in asked.asked:
        where = f"{file}, prediction '{one.id}'"
        if one.readout:
            yield where, "read-out", one.readout
        yield from ((f"{where}, parts", "species", name) for part in one.parts.values() for name in part)
    if asked.next is not None:
        yield from ((f"{file}, next, readouts", "read-out", name) for name in asked.next.readouts)
        yield from ((f"{file}, next, parameters", _ESTIMATED, name) for name in asked.next.parameters)
