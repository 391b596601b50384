"""Every name that some model of a library has: what a file may ask of models that lack it, and misspellings."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache

from il6infer.library.assembly import texts_of
from il6infer.library.catalogue import Library, shipped
from il6infer.library.priors import cell_table, prior_table


def names_of(library: Library | None = None) -> frozenset[str]:
    """Names of the species, read-outs, reactions and parameters of all models of a library.

    Parameters
    ----------
    library
        Modules that models are made of; None: those of the package.
    """
    return _names(library or shipped())


def parameters_of(library: Library | None = None) -> frozenset[str]:
    """Names of the parameters that the tables of priors list; `library` as in `names_of`."""
    return _parameters(library or shipped())


@cache
def _parameters(library: Library) -> frozenset[str]:
    return frozenset([*prior_table(library.priors)["parameter"], *cell_table()["parameter"]])


@cache
def _names(library: Library) -> frozenset[str]:
    modules = list(library.modules.values())
    # A later module may take lines of an earlier one away: what it had is named in models without that module.
    texts = [*texts_of(modules).values(), *(f"{m.body}\n{m.inhibition}" for m in modules)]
    words = re.findall(r"[A-Za-z_]\w*", "\n".join(re.sub(r'//.*|"[^"\n]*"', "", text) for text in texts))
    listed = [name for m in modules for name in (*m.medium, *m.readouts, *m.genes, *m.knock_outs)]
    return frozenset([*words, *listed, "active_receptor", "inhibition"]) | parameters_of(library)


def did_you_mean(name: str, known: frozenset[str]) -> str:
    """Hint with the nearest name alone, for there are hundreds; where none is near, the command that lists them."""
    close = get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"Did you mean '{close[0]}'?" if close else "`il6infer models show MODEL` lists the names of a model."
