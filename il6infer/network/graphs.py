"""Expressions as graphs: what a formula uses several times is looked at, differentiated and written once.

A rule that uses the rule before it three times, ten deep, has sixty thousand parts when it is written out, and two
hundred different ones. SymPy keeps the different ones, but walks over all that is written out: its `free_symbols`,
`xreplace`, `atoms`, `diff` and `cse` take time that triples with each rule. These here take time by different parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sympy as sp
from sympy.simplify.cse_main import tree_cse

_LARGE = 5_000
"""Parts of what is written out beyond which expressions are cut into named parts before SymPy shares them."""

_REMEMBERED = 50_000
"""Expressions that are remembered."""

_LEAST = sp.Float("1e-150")
"""Least ordinary number."""

_SMALL = 40
"""Parts up to which a part stays where it is."""


_symbols: dict[int, tuple[sp.Basic, frozenset[sp.Symbol]]] = {}
"""Id of an expression -> it, for as long as which no other has its id, and its symbols."""


def symbols_of(e: sp.Basic) -> frozenset[sp.Symbol]:
    """Symbols of an expression: its ``free_symbols``.

    Parameters
    ----------
    e
        Without bound symbols.
    """
    # By its id: to compare two that are the same, SymPy walks over all that is written out.
    known = _symbols.get(id(e))
    if known is None:
        if len(_symbols) > _REMEMBERED:
            _symbols.clear()
        own = frozenset((e,)) if e.is_Symbol else frozenset().union(*map(symbols_of, e.args))
        known = _symbols[id(e)] = e, own
    return known[1]


_made: dict[tuple, tuple[tuple, Any]] = {}
"""Class and arguments (see `made`) -> the arguments, for as long as which no others have their ids, and the result."""


def made(func: Callable[..., Any], *arguments: Any) -> Any:
    """Give ``func(*arguments)``, the same object for the same arguments.

    SymPy compares two that are the same but for the object by all that is written out.

    Parameters
    ----------
    func
        Class of SymPy.
    arguments
        Expressions.
    """
    key = (func, *[id(a) if a.args else (type(a), a) for a in arguments])
    known = _made.get(key)
    if known is None:
        if len(_made) > _REMEMBERED:
            _made.clear()
        known = _made[key] = arguments, _OURS.get(func, func)(*arguments)
    return known[1]


def absolute(x: sp.Expr) -> sp.Expr:
    """Absolute value of a real number.

    SymPy's own has real and imaginary parts where it is not sure that it is one, as of a logarithm's power.

    Parameters
    ----------
    x
        Real wherever it has a value.
    """
    size = sp.Abs(x)
    complex_ = holds(size, sp.re, sp.im, sp.arg, sp.conjugate)
    return sp.Piecewise((x, sp.Ge(x, 0)), (-x, True)) if complex_ else size


def exponential(x: sp.Expr) -> sp.Expr:
    """Exponential function of a sum, in one piece.

    SymPy makes exp(5000.0 - t) a number times exp(-t), and neither of the two is a number in floating point.

    Parameters
    ----------
    x
        Exponent; decimal numbers among its terms are written as the fractions that they are.
    """
    if x.is_Add and any(term.is_Float for term in x.args):
        x = sp.Add(*[sp.Rational(term) if term.is_Float and term.is_finite else term for term in x.args])
    return sp.exp(x)


def is_ordinary(number: sp.Expr) -> bool:
    """Whether a number, and its square and reciprocal, are numbers in floating point: SymPy's go far beyond.

    Parameters
    ----------
    number
        Finite, not zero.
    """
    return bool(_LEAST < abs(number) < 1 / _LEAST)


def _power(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    if isinstance(base, sp.exp):
        return exponential(base.args[0] * (sp.Rational(exponent) if exponent.is_Float else exponent))
    return sp.Pow(base, exponent)


_OURS: dict[Callable[..., Any], Callable[..., Any]] = {sp.Abs: absolute, sp.exp: exponential, sp.Pow: _power}
"""Class of SymPy -> what makes it in its place."""


def remade(e: Any, arguments: Sequence[Any]) -> Any:
    """Give an expression with other arguments: itself where none of them is another object.

    Parameters
    ----------
    e
        Expression.
    arguments
        As many as it has.
    """
    return e if all(new is old for new, old in zip(arguments, e.args, strict=True)) else made(e.func, *arguments)


def parts(expressions: Iterable[sp.Basic]) -> Iterator[sp.Basic]:
    """Walk over the parts of expressions, those first that hold others; what is the same object comes once.

    Parameters
    ----------
    expressions
        With what they hold.
    """
    waiting, seen = [*expressions], set()
    while waiting:
        e = waiting.pop()
        if id(e) not in seen:
            seen.add(id(e))
            yield e
            waiting += [a for a in e.args if isinstance(a, sp.Basic)]


def of_kinds(expressions: Iterable[sp.Basic], *kinds: type) -> set[sp.Basic]:
    """Parts of given classes: the ``atoms`` of several expressions.

    Parameters
    ----------
    expressions
        Where to look.
    kinds
        Classes of SymPy.
    """
    return {e for e in parts(expressions) if isinstance(e, kinds)}


def holds(e: sp.Basic, *kinds: type) -> bool:
    """Tell whether an expression has a part of given classes: its ``has``.

    Parameters
    ----------
    e, kinds
        As `of_kinds` has them.
    """
    return any(isinstance(part, kinds) for part in parts([e]))


def replaced(e: Any, rule: Mapping[Any, Any], known: dict[int, tuple] | None = None) -> Any:
    """Replace parts by others: the ``xreplace`` of an expression.

    Parameters
    ----------
    e
        Expression.
    rule
        Part -> what takes its place.
    known
        What has been replaced already by the same rule; hand the same one over for expressions that share parts.
    """
    known = {} if known is None else known
    if not rule:
        return e
    if e in rule:
        return rule[e]
    if not e.args:
        return e
    if id(e) not in known:
        arguments = [sp.sympify(replaced(a, rule, known)) for a in e.args]
        # With the expression itself, for as long as which no other has its id.
        known[id(e)] = e, remade(e, arguments)
    return known[id(e)][1]


def rewritten(e: Any, change: Callable[[Any], Any], known: dict[int, tuple] | None = None) -> Any:
    """Change each part of an expression, those first that others hold: its ``replace``.

    Parameters
    ----------
    e
        Expression.
    change
        Part, whose own parts have been changed -> what takes its place.
    known
        As `replaced` has it.
    """
    known = {} if known is None else known
    if id(e) not in known:
        arguments = [rewritten(a, change, known) for a in e.args]
        known[id(e)] = e, change(remade(e, arguments))
    return known[id(e)][1]


def all_replaced(expressions: Iterable[sp.Expr], rule: Mapping[Any, Any]) -> tuple[sp.Expr, ...]:
    """Replace parts of expressions by others, each part once, as `replaced` does.

    Parameters
    ----------
    expressions, rule
        As there.
    """
    known: dict[int, tuple] = {}
    return tuple(replaced(e, rule, known) for e in expressions)


def shared(
    expressions: Iterable[sp.Expr], symbols: Iterator[sp.Symbol], *, quickly: bool = False, order: str = "canonical"
) -> tuple[list, list]:
    """Name what expressions share: the ``cse`` of SymPy.

    Parameters
    ----------
    expressions
        To be computed together.
    symbols
        Names to take.
    quickly
        Share only what is the same, not parts of sums and products.
    order
        That of terms and factors, see SymPy's.

    Returns
    -------
    list, list
        (name, expression), each after those that it holds; and what remains of the given expressions.
    """
    given, symbols = list(expressions), iter(symbols)
    share = tree_cse if quickly else sp.cse
    sizes = _sizes(given)
    if max((sizes[id(e)] for e in given), default=0) <= _LARGE:
        return share(given, symbols=symbols, order=order)
    named, remaining = _cut(given, symbols, sizes)
    # Each piece is small now.
    own, pieces = share([*named.values(), *remaining], symbols=symbols, order=order)
    lines = dict(own) | dict(zip(named, pieces, strict=False))
    return list(_in_order(lines)), pieces[len(named) :]


def _sizes(expressions: Iterable[sp.Basic]) -> dict[int, int]:
    """Id of each part -> how many parts it has, written out."""
    sizes: dict[int, int] = {}

    def size(e: sp.Basic) -> int:
        if id(e) not in sizes:
            sizes[id(e)] = 1 + sum(map(size, e.args))
        return sizes[id(e)]

    for e in expressions:
        size(e)
    return sizes


def _cut(
    given: list[sp.Expr], symbols: Iterator[sp.Symbol], sizes: Mapping[int, int]
) -> tuple[dict[sp.Symbol, sp.Expr], list[sp.Expr]]:
    """Name the parts that stand in several places and are large."""
    uses = Counter(id(a) for e in parts(given) for a in e.args) + Counter(map(id, given))
    names: dict[sp.Basic, sp.Symbol] = {}
    known: dict[int, sp.Basic] = {}

    def cut(e: sp.Basic) -> sp.Basic:
        if id(e) not in known:
            arguments = [cut(a) for a in e.args]
            piece = remade(e, arguments)
            if uses[id(e)] > 1 and sizes[id(e)] > _SMALL and isinstance(e, sp.Expr) and piece.args:
                if piece not in names:
                    names[piece] = next(symbols)
                piece = names[piece]
            known[id(e)] = piece
        return known[id(e)]

    remaining = [cut(e) for e in given]
    return {name: piece for piece, name in names.items()}, remaining


def _in_order(lines: Mapping[sp.Symbol, sp.Expr]) -> Iterator[tuple[sp.Symbol, sp.Expr]]:
    done: set[sp.Symbol] = set()
    waiting = [*reversed(lines)]
    while waiting:
        name = waiting[-1]
        needed = [s for s in sorted(symbols_of(lines[name]) & lines.keys() - done, key=str)]
        if name in done or not needed:
            waiting.pop()
            if name not in done:
                done.add(name)
                yield name, lines[name]
        waiting += needed if name not in done else []
