"""Conserved moieties: sums of states that no reaction changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cache

import numpy as np
import sympy as sp
from sympy.polys.domains import QQ
from sympy.polys.matrices import DomainMatrix

from il6infer.network.graphs import is_ordinary
from il6infer.network.network import Network, symbol


def moieties(network: Network, constants: Mapping[sp.Symbol, sp.Expr] | None = None) -> np.ndarray:
    """Left null space of the stoichiometry, in row-echelon form.

    A state that nothing changes is a moiety of its own. Reactions across volumes conserve amounts, so weights are
    volumes: such moieties are found only where the volumes are numbers, that is among `constants`.

    Parameters
    ----------
    constants
        Network parameters whose values are known and the same in every experiment.

    Returns
    -------
    numpy.ndarray
        (moieties, states): each row times the state is constant in time, whatever the other parameters.
    """
    terms = (
        (term, column)
        for flux, column in zip(network.fluxes, network.stoichiometry.T, strict=True)
        for term in sp.Add.make_args(_with(flux, constants or {}))
    )
    return _kept(terms, len(network.states))


def moieties_of_course(
    network: Network, values: Mapping[sp.Symbol, sp.Expr], before: Mapping[sp.Symbol, sp.Expr], absent: Iterable[int]
) -> np.ndarray:
    """`moieties` of one course, in which parameters or states are zero: what these would drive does not happen.

    Without the drug that degrades it, a receptor in two forms is conserved. A state that is absent stays so where each
    reaction that makes it needs one that is absent, too, or a parameter that is zero.

    Parameters
    ----------
    values
        Values of network parameters that are known, such as those that are 0, while the course lasts.
    before
        The same, of all times at which absent states must have stayed so.
    absent
        States, by their index, that are 0 at the start and that nothing but reactions changes.

    Returns
    -------
    numpy.ndarray
        (moieties, states).
    """
    zero, nothing = {symbol(network.states[i]): i for i in absent}, sp.Integer(0)
    terms = [
        (term, column)
        for flux, column in zip(network.fluxes, network.stoichiometry.T, strict=True)
        for part in sp.Add.make_args(flux)
        for term in sp.Add.make_args(sp.expand_mul(part, deep=False))
    ]

    def happens(term: sp.Expr, known: Mapping[sp.Symbol, sp.Expr]) -> bool:
        missing = {s: nothing for s in term.free_symbols if s in zero or is_nothing(known.get(s, s))}
        return not is_nothing(term.xreplace({**known, **missing}) if missing else term)

    def made() -> set[int]:
        numbers = {*zero.values()}
        found = (numbers & {*np.flatnonzero(column)} for term, column in terms if happens(term, before))
        return set[int]().union(*found)

    while appear := made():
        zero = {s: i for s, i in zero.items() if i not in appear}
    happening = ((_with(term, values), column) for term, column in terms if happens(term, values))
    return _kept(happening, len(network.states))


def is_nothing(e: sp.Expr) -> bool:
    """Whether an expression is the number zero: sympy's 0.0 is not its 0."""
    return e.is_Number and bool(e.is_zero)


def _with(term: sp.Expr, values: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """Put values in, unless that leaves no number (0 / 0), of which nothing is known."""
    known = term.xreplace(dict(values))
    return term if known.has(sp.nan, sp.zoo, sp.oo) else known


def _kept(terms: Iterable[tuple[sp.Expr, np.ndarray]], size: int) -> np.ndarray:
    """(moieties, states) that no term changes; each comes with its column of the stoichiometry."""
    columns: dict[sp.Expr, dict[int, sp.Rational]] = {}
    for term, column in terms:
        # Terms that differ by a number are one (those of rate rules, too): their columns add, and what cancels there is
        # conserved.
        factor, rest = term.as_coeff_Mul()
        if factor != 0 and not is_ordinary(factor):
            factor, rest = sp.Integer(1), term
        if factor != 0:
            own = columns.setdefault(rest, {})
            for i in np.flatnonzero(column):
                own[int(i)] = own.get(int(i), 0) + _rational(factor) * _rational(column[i])
    if not columns:
        return np.eye(size)
    # Sparse and in the field of fractions: a dense matrix of sympy's numbers takes a minute for 500 states.
    entries = {r: {i: QQ.from_sympy(n) for i, n in c.items() if n} for r, c in enumerate(columns.values())}
    basis = DomainMatrix({r: row for r, row in entries.items() if row}, (len(columns), size), QQ).nullspace()
    if not basis.shape[0]:
        return np.zeros((0, size))
    return np.array(basis.rref()[0].to_Matrix().tolist(), dtype=float)


def names(network: Network) -> tuple[str, ...]:
    """Write each moiety as a sum of states, for a reader."""
    texts = []
    for row in moieties(network):
        terms = [(w, s) for w, s in zip(row, network.states, strict=True) if w]
        text = " ".join(("- " if w < 0 else "+ ") + (s if abs(w) == 1 else f"{abs(w):g} {s}") for w, s in terms)
        texts.append(text.removeprefix("+ "))
    return tuple(texts)


@cache
def _rational(value: float | sp.Expr) -> sp.Rational:
    """Make an exact fraction of a number as it is written: 1.4 is 7/5."""
    number = float(value)
    if number.is_integer():
        return sp.Integer(int(number))
    simple = Fraction(number).limit_denominator(1_000_000)
    return sp.Rational(*(simple if float(simple) == number else Fraction(str(number))).as_integer_ratio())
