"""Which parameters only scale, shift or blur what is measured, and can be integrated out of the posterior exactly.

A measurement is read as ``offset + scale * x`` with noise ``noise * c``, where x and c are the model's. Parameters
that have one of these places, and no other in the problem, are nuisance parameters. Those that hang together through
measurements make a *group*; of a group at most one is a noise parameter. Within it, measurements of the same scale and
offset make a *batch* (a gel, a plate).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import sympy as sp

from il6infer.network.network import symbol
from il6infer.problems.courses import courses_of
from il6infer.problems.families import FAMILIES
from il6infer.problems.noise import NOISES
from il6infer.problems.priors import log_mass, log_normaliser, support
from il6infer.problems.spec import Parameter, Prior, Problem

LEAST_MASS = -16.0
"""Logarithm of the share of a prior (beyond 5 standard deviations) that the bounds of an offset have to leave.

The rule was off by 1.09 where a bound lies 20 standard deviations below its middle, and no check saw it.
"""

SCALE, OFFSET, NOISE = "scale", "offset", "noise"
"""Places of a nuisance parameter."""

_PLACES = (SCALE, OFFSET, NOISE)

_INTEGRATED = ("normal", "laplace")
"""Errors whose scale is integrated out: their densities hang on one number of all measurements together."""

_FREEDOM = 2
"""Measurements that a group must have beyond its integrated parameters: with fewer, noise 0 may explain them."""


_ROUNDING = 1e-8
"""A part of a log-density that is smaller than this on all of its support is none."""


@dataclass(frozen=True)
class Batch:
    """Measurements (their rows) that share a scale and an offset; '' where there is none to integrate out."""

    rows: tuple[int, ...]
    scale: str
    offset: str


@dataclass(frozen=True)
class Group:
    """Batches that share a noise parameter; '' where there is none to integrate out.

    Attributes
    ----------
    kind
        Of the noise, one of `il6infer.problems.noise.NOISES`.
    """

    noise: str
    kind: str
    batches: tuple[Batch, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Those that are integrated out, each once."""
        names = [self.noise, *(name for batch in self.batches for name in (batch.scale, batch.offset))]
        return tuple(name for name in names if name)


@dataclass(frozen=True)
class Nuisance:
    """What is integrated out, and why other parameters of the same kind are not.

    Attributes
    ----------
    groups
        Empty where nothing is integrated out.
    sampled
        Parameter that has the place of a nuisance parameter, and is sampled -> why.
    unseen
        Parameters that nothing measured depends on: their posterior is their prior.
    """

    groups: tuple[Group, ...]
    sampled: Mapping[str, str]
    unseen: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """Those that are integrated out."""
        return (*(name for group in self.groups for name in group.parameters), *self.unseen)


NOTHING = Nuisance((), {})
"""Every parameter is sampled."""


def find_nuisance(problem: Problem, only: Collection[str] | None = None) -> Nuisance:
    """Find the parameters of a problem that can be integrated out.

    Parameters
    ----------
    only
        Estimated parameters that may be, where others are given; None: all.
    """
    table = problem.measurements
    keys = list(zip(table["observable"], table["observable_parameters"], table["noise_parameters"], strict=True))
    rows: dict[tuple, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        rows[key].append(row)
    inner = in_the_model(problem)
    refused = {name: "the model itself depends on it" for name in inner}
    if only is not None:
        refused |= {p.id: "it is given" for p in problem.estimated if p.id not in only}
    refused |= dict.fromkeys(_of_correlations(problem, rows), "it says how errors hang together")
    shared = Counter(name for key in rows for name in _named(problem, key))
    places: dict[tuple, dict[str, str]] = {}
    while True:
        places = {key: _places(problem, key, refused, shared) for key in rows}
        found = _conflicts(problem, places, rows, refused)
        if not found:
            break
        refused |= found
    groups = tuple(_groups(problem, places, rows))
    seen = {name for key in rows for name in _named(problem, key)}
    unseen = tuple(p.id for p in problem.estimated if p.id not in seen | inner and (only is None or p.id in only))
    # A density needs a coordinate.
    if len({name for group in groups for name in group.parameters} | {*unseen}) == len(problem.estimated):
        return NOTHING if len(unseen) == len(problem.estimated) else Nuisance((), {}, unseen)
    known = {name: why for name, why in refused.items() if name in seen and why != "the model itself depends on it"}
    return Nuisance(groups, known, unseen)


def places_by_row(problem: Problem, only: Collection[str]) -> list[dict[str, str]]:
    """Place -> parameter of each measurement, of those whose place is the same wherever they are named.

    Whatever the noise and the priors: a measurement is then read as ``offset + scale * x`` with noise ``noise * c``.

    Parameters
    ----------
    only
        Estimated parameters that may have one, none of which the model depends on.
    """
    table = problem.measurements
    keys = list(zip(table["observable"], table["observable_parameters"], table["noise_parameters"], strict=True))
    shared = Counter(name for key in dict.fromkeys(keys) for name in _named(problem, key))
    refused = {p.id: "" for p in problem.estimated if p.id not in only}
    refused |= dict.fromkeys(_of_correlations(problem, dict.fromkeys(keys)), "")
    while True:
        found = {key: _places(problem, key, refused, shared) for key in dict.fromkeys(keys)}
        place_of: dict[str, set[str]] = defaultdict(set)
        for given in found.values():
            for place, name in given.items():
                place_of[name].add(place)
        lost = [name for name, which in place_of.items() if len(which) > 1 or not which < {*_PLACES}]
        if not lost:
            return [found[key] for key in keys]
        refused |= dict.fromkeys(lost, "")


def _of_correlations(problem: Problem, rows: Collection[tuple]) -> set[str]:
    """Parameters of which correlation times and shares are made."""
    carriers = {o.id for o in problem.observables if o.is_carrier}
    return set().union(*(_named(problem, key) for key in rows if key[0] in carriers))


def log_quadratic(parameter: Parameter) -> tuple[float, float, float] | None:
    """Coefficients a, b, c of the log-density of ln(value), a + b u - c u**2 / 2 with u = ln(value), within the bounds.

    None where it is not of that form, or values that are not above zero are possible.
    """
    return _log_quadratic(parameter.stated_prior, parameter.lower, parameter.upper, parameter.scale)


@cache
def _log_quadratic(prior: Prior, lower: float, upper: float, scale: str) -> tuple[float, float, float] | None:
    parameter = Parameter("", lower, upper, math.nan, True, prior, scale=scale)
    low, high = support(parameter)
    if low < 0.0:
        return None
    family, (first, second) = FAMILIES[prior.distribution], (*prior.parameters, 0.0)[:2]
    constant = log_normaliser(prior) - log_mass(parameter)
    start, end = (math.log(low) if low > 0 else -20.0), (math.log(high) if math.isfinite(high) else 20.0)
    points = np.linspace(start, end, 9)[1:-1]
    values = np.array([family.density(math.exp(u), first, second)[0] + constant + u for u in points])
    curve = np.polynomial.Polynomial.fit(points, values, 2)
    if not np.allclose(curve(points), values, rtol=1e-9, atol=1e-9):
        return None
    a, b, c = np.pad(curve.convert().coef, (0, 2))[:3]
    far = max(abs(start), abs(end))
    c, b = (0.0 if abs(c) * far**2 < _ROUNDING else c), (0.0 if abs(b) * far < _ROUNDING else b)
    return (float(a), float(b), float(-2.0 * c)) if c <= 0.0 else None


def in_the_model(problem: Problem) -> set[str]:
    """Names that the equations, their start or an experiment depend on."""
    network = problem.network
    expressions = [*network.rhs, *network.initial, *network.fluxes, *network.computed.values()]
    expressions += [d for name, d in zip(network.parameters, network.defaults, strict=True) if d != symbol(name)]
    expressions += [change for e in problem.experiments for p in e.periods for change in p.changes.values()]
    expressions += [change for event in network.events for change in event.changes.values()]
    expressions += [e.priority for e in network.events if e.priority is not None]
    expressions += [event.trigger for event in network.events] + [mode.condition for mode in network.modes]
    expressions += [*(network.assignments or {}).values()]
    changed = {name for e in problem.experiments for p in e.periods for name in p.changes}
    return changed | {str(s) for expression in expressions for s in sp.sympify(expression).free_symbols}


def _formulas(problem: Problem, key: tuple) -> tuple[sp.Expr, sp.Expr, str]:
    name, observable_parameters, noise_parameters = key
    observable = next(o for o in problem.observables if o.id == name)
    expand = problem.network.expand
    given = dict(zip(map(symbol, observable.placeholders), map(sp.sympify, observable_parameters), strict=True))
    noise_given = dict(zip(map(symbol, observable.noise_placeholders), map(sp.sympify, noise_parameters), strict=True))
    formula, noise = observable.formula.xreplace(expand), observable.noise.xreplace(expand)
    fixed = {symbol(p.id): sp.Float(p.nominal) for p in problem.parameters if not p.estimate and np.isfinite(p.nominal)}
    formula, noise = (e.xreplace(given | noise_given).xreplace(fixed) for e in (formula, noise))
    return formula, noise, observable.distribution


def names_by_row(problem: Problem) -> list[set[str]]:
    """Estimated parameters that the read-out or the noise of each measurement names."""
    table = problem.measurements
    keys = list(zip(table["observable"], table["observable_parameters"], table["noise_parameters"], strict=True))
    known = {key: _named(problem, key) for key in dict.fromkeys(keys)}
    return [known[key] for key in keys]


def _named(problem: Problem, key: tuple) -> set[str]:
    formula, noise, _ = _formulas(problem, key)
    return {str(s) for s in formula.free_symbols | noise.free_symbols} & {p.id for p in problem.estimated}


def _places(problem: Problem, key: tuple, refused: Mapping[str, str], shared: Mapping[str, int]) -> dict[str, str]:
    """Place -> parameter, of the measurements of a key; a parameter in a place of no kind counts as 'other'.

    Of two factors of the noise the one that fewer keys share (`shared`) has the place: a gel's, not the read-out's.
    """
    formula, noise, _ = _formulas(problem, key)
    free = {symbol(p.id) for p in problem.estimated if p.id not in refused}
    found: dict[str, str] = {}
    others: list[str] = []
    shifts = sorted((q for q in formula.free_symbols & free if formula.diff(q) == 1), key=str)
    rest = formula.xreplace(dict.fromkeys(shifts, sp.Integer(0)))
    for q in sorted(formula.free_symbols & free, key=str):
        slope = formula.diff(q)
        if q in noise.free_symbols:
            others.append(str(q))
        elif q in shifts and OFFSET not in found:
            found[OFFSET] = str(q)
        elif q not in slope.free_symbols and rest.xreplace({q: sp.Integer(0)}) == 0 and SCALE not in found:
            found[SCALE] = str(q)
        else:
            others.append(str(q))
    for q in sorted(noise.free_symbols & free - formula.free_symbols, key=lambda q: (shared[str(q)], str(q))):
        slope = noise.diff(q)
        if q not in slope.free_symbols and noise.xreplace({q: sp.Integer(0)}) == 0 and NOISE not in found:
            found[NOISE] = str(q)
        else:
            others.append(str(q))
    return found | {f"other {name}": name for name in others}


def _conflicts(
    problem: Problem, places: Mapping[tuple, dict[str, str]], rows: Mapping[tuple, list[int]], refused: Mapping
) -> dict[str, str]:
    """Parameters that must be sampled, with why: of the first reason that there is."""
    parameters = {p.id: p for p in problem.estimated}
    kinds = {o.id: NOISES[o.distribution] for o in problem.observables}
    found: dict[str, str] = {}
    censored = problem.sides != 0
    place_of: dict[str, set[str]] = defaultdict(set)
    for key, given in places.items():
        for place, name in given.items():
            place_of[name].add(place)
            kind = kinds[key[0]]
            if censored[rows[key]].any():
                found[name] = "some of its measurements lie beyond a limit"
            elif place.startswith("other"):
                found[name] = "it enters in another way than as scale, offset or noise"
            elif place != NOISE and not (kind.logarithmic and kind.error == "normal"):
                found[name] = "only with log-normal noise is it integrated out"
            elif place != NOISE and log_quadratic(parameters[name]) is None:
                found[name] = "its prior is not one of those that have a closed form"
            elif place == OFFSET and log_mass(parameters[name]) < LEAST_MASS:
                found[name] = "its bounds leave next to nothing of its prior"
            elif kind.error not in _INTEGRATED:
                found[name] = "with Student's t it is not integrated out"
            elif place == NOISE and support(parameters[name])[0] < 0.0:
                found[name] = "its prior goes below zero"
    found |= {name: "it has several places" for name, which in place_of.items() if len(which) > 1}
    if found:
        return found
    kinds_of, noises_of = defaultdict(set), defaultdict(set)
    offsets_of, scales_of = defaultdict(set), defaultdict(set)
    for key, given in places.items():
        for place, name in given.items():
            kinds_of[name].add(kinds[key[0]])
            if place != NOISE:
                noises_of[name].add(given.get(NOISE, ""))
        if SCALE in given:
            offsets_of[given[SCALE]].add(given.get(OFFSET, ""))
        if OFFSET in given:
            scales_of[given[OFFSET]].add(given.get(SCALE, ""))
    for reason, partners in (
        ("it is shared by read-outs of different noise distributions", kinds_of),
        ("measurements of different noise parameters share it", noises_of),
        ("it is shared by measurements of different offsets", offsets_of),
        ("it is shared by measurements of different scales", scales_of),
    ):
        found |= {name: reason for name, which in partners.items() if len(which) > 1}
    if found:
        return found
    found = _across_courses(problem, places, rows)
    if found:
        return found
    for group in _groups(problem, places, rows):
        few = [b for b in group.batches if b.offset and len(b.rows) <= _FREEDOM]
        spare = sum(len(batch.rows) for batch in group.batches) - len(group.parameters)
        names = [n for b in few for n in (b.scale, b.offset) if n]
        if not names and group.noise and spare < _FREEDOM:
            names = list(group.parameters)
        found |= dict.fromkeys(names, "there are too few measurements")
    return found


def _across_courses(
    problem: Problem, places: Mapping[tuple, dict[str, str]], rows: Mapping[tuple, list[int]]
) -> dict[str, str]:
    """Parameters of a part of a course whose errors hang together: of all or of none it can be integrated out."""
    own = {row: given for key, given in places.items() for row in rows[key]}
    found: set[str] = set()
    for course in courses_of(problem):
        names = [{place: name for place, name in own[row].items() if place in _PLACES} for row in course.rows]
        if any(one != names[0] for one in names):
            found |= {name for one in names for name in one.values()}
    return dict.fromkeys(found, "errors of a course hang together, and not all of it has it in the same place")


def _groups(
    problem: Problem, places: Mapping[tuple, dict[str, str]], rows: Mapping[tuple, list[int]]
) -> Iterable[Group]:
    """Join measurements that share nuisance parameters."""
    kinds = {o.id: o.distribution for o in problem.observables}
    batches: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    for key, given in places.items():
        noise, scale, offset = (given.get(place, "") for place in (NOISE, SCALE, OFFSET))
        if noise or scale or offset:
            batches[noise, scale, offset, kinds[key[0]]] += rows[key]
    joined: dict[tuple[str, str, str, str], list[Batch]] = defaultdict(list)
    for (noise, scale, offset, kind), members in batches.items():
        own = (noise, "", "") if noise else ("", scale, offset)
        joined[*own, kind].append(Batch(tuple(sorted(members)), scale, offset))
    for (noise, _, _, kind), members in joined.items():
        yield Group(noise, kind, tuple(members))
