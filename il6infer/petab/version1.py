"""PEtab v1: what petab's converter to v2 loses or refuses, kept aside and put back.

The converter (petab 0.8.2) drops observable transformations, takes decadic logarithms for natural ones, refuses
priors on decadic scales, and forgets the scales of parameters. So these columns are taken out of the tables before it
runs, and its result is completed from them. Empty cells of the condition table are done in `petab1_cells`.
"""

from __future__ import annotations

import dataclasses
import math
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import sympy as sp
from petab.v2.petab1to2 import petab1to2

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer.petab.files import copy_problem
from il6infer.petab.version1_cells import fill_cells, species_of
from il6infer.problem.spec import Parameter, Prior, Problem

LN10 = math.log(10.0)

_SCALES: dict[str, Callable[[float], float]] = {"lin": float, "log": math.exp, "log10": lambda x: 10.0**x}
_WIDTH = {"log": 1.0, "log10": LN10}
_LINEAR = {"uniform": "uniform", "normal": "normal", "laplace": "laplace", "logNormal": "log-normal",
           "logLaplace": "log-laplace"}  # fmt: skip
_ON_SCALE = {"parameterScaleUniform": "uniform", "parameterScaleNormal": "normal", "parameterScaleLaplace": "laplace"}
_NOISE = ("normal", "laplace")


@dataclasses.dataclass(frozen=True)
class Kept:
    """What the converter does not carry.

    Attributes
    ----------
    noise
        Observable -> distribution in v2's words, and the factor that makes its noise one of the natural logarithm.
    priors
        Parameter -> prior on the linear scale; None means that the bounds and the scale say it.
    scales
        Parameter -> ``lin``, ``log`` or ``log10``.
    empty
        Condition -> targets whose cells are empty; they stand in the converted table all the same.
    species
        Ids of the model's species.
    """

    noise: Mapping[str, tuple[str, float]]
    priors: Mapping[str, tuple[str, tuple[float, float] | None]]
    scales: Mapping[str, str]
    empty: Mapping[str, tuple[str, ...]]
    species: frozenset[str]


def convert(path: Path, folder: Path) -> Kept:
    """Write the problem as v2 into `folder`, under the name of its YAML file, and keep what v2's tables cannot say.

    Raises
    ------
    UserError
        If a table asks for what PEtab v1 does not have, or its linter refuses the problem.
    """
    plain = folder / "v1"
    config = copy_problem(path, plain, path.name)
    noise: dict[str, tuple[str, float]] = {}
    priors: dict[str, tuple[str, tuple[float, float] | None]] = {}
    scales: dict[str, str] = {}
    faults: list[Fault] = []
    empty: dict[str, tuple[str, ...]] = {}
    species: frozenset[str] = frozenset()
    for problem in config.get("problems", ()):
        empty |= fill_cells(plain, problem)
        species |= species_of(plain, problem)
        for name in problem.get("observable_files", ()):
            noise |= _take_noise(plain / name, faults)
    files = config.get("parameter_file", ())
    for name in [files] if isinstance(files, str) else files:
        found = _take_parameters(plain / name, faults)
        priors |= found[0]
        scales |= found[1]
    raise_faults(faults, "PEtab problem")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its pandas calls, and of the columns that are kept here
        try:
            petab1to2(plain / path.name, folder / "v2")
        except NotImplementedError as error:
            raise UserError(f"{path}: petab cannot convert the problem from v1 to v2: {error}") from error
    return Kept(noise, priors, scales, empty, species)


def complete(problem: Problem, kept: Kept) -> Problem:
    """Put back what was kept."""
    observables = []
    for observable in problem.observables:
        distribution, factor = kept.noise.get(observable.id, ("normal", 1.0))
        scaled = observable.noise * sp.Float(factor) if factor != 1.0 else observable.noise
        observables.append(
            dataclasses.replace(
                observable,
                distribution=distribution,
                noise=scaled,
                placeholders=_in_order(observable.placeholders),
                noise_placeholders=_in_order(observable.noise_placeholders),
            )
        )
    parameters = tuple(_completed(parameter, kept) for parameter in problem.parameters)
    return dataclasses.replace(problem, observables=tuple(observables), parameters=parameters)


def _in_order(placeholders: tuple[str, ...]) -> tuple[str, ...]:
    """Sort ``observableParameter10_x`` after ``observableParameter2_x``; the converter sorts them as text."""
    return tuple(sorted(placeholders, key=lambda name: int(re.match(r"[a-zA-Z]+(\d+)_", name)[1])))


def _completed(parameter: Parameter, kept: Kept) -> Parameter:
    scale = kept.scales.get(parameter.id, "lin")
    if not parameter.estimate:
        return dataclasses.replace(parameter, scale=scale)
    kind, values = kept.priors.get(parameter.id, ("parameterScaleUniform", None))
    if values is None:
        uniform = "uniform" if scale == "lin" else "log-uniform"
        prior = Prior(uniform, (parameter.lower, parameter.upper))
    elif kind in _LINEAR:
        prior = Prior(_LINEAR[kind], values)
    elif scale == "lin":
        prior = Prior(_ON_SCALE[kind], values)
    elif kind == "parameterScaleUniform":
        prior = Prior("log-uniform", (_SCALES[scale](values[0]), _SCALES[scale](values[1])))
    else:
        prior = Prior(f"log-{_ON_SCALE[kind]}", (values[0] * _WIDTH[scale], values[1] * _WIDTH[scale]))
    return dataclasses.replace(parameter, scale=scale, prior=prior)


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path.name}: not a readable table: {error}") from error


def _take_noise(path: Path, faults: list[Fault]) -> dict[str, tuple[str, float]]:
    """Distribution of each observable; the table on disk is left with plain normal noise."""
    table, found = _read(path), {}
    for number, row in enumerate(table.to_dict("records"), start=2):
        scale, kind = row.get("observableTransformation") or "lin", row.get("noiseDistribution") or "normal"
        where = f"{path.name}, row {number}"
        if scale not in _SCALES:
            faults.append(Fault(f"{where}, column observableTransformation", f"'{scale}'.", nearest(scale, _SCALES)))
        elif kind not in _NOISE:
            faults.append(Fault(f"{where}, column noiseDistribution", f"'{kind}'.", nearest(kind, _NOISE)))
        else:
            name = kind if scale == "lin" else f"log-{kind}"
            found[row.get("observableId", "")] = (name, LN10 if scale == "log10" else 1.0)
    table.drop(columns=["observableTransformation", "noiseDistribution"], errors="ignore").to_csv(
        path, sep="\t", index=False
    )
    return found


def _take_parameters(path: Path, faults: list[Fault]) -> tuple[dict[str, tuple], dict[str, str]]:
    """Prior and scale of each parameter; the table on disk is left without priors, on linear scales."""
    table = _read(path)
    priors: dict[str, tuple] = {}
    scales: dict[str, str] = {}
    for number, row in enumerate(table.to_dict("records"), start=2):
        name, scale = row.get("parameterId", ""), row.get("parameterScale") or "lin"
        kind, text = row.get("objectivePriorType") or "parameterScaleUniform", row.get("objectivePriorParameters", "")
        where = f"{path.name}, row {number}"
        if scale not in _SCALES:
            faults.append(Fault(f"{where}, column parameterScale", f"'{scale}'.", nearest(scale, _SCALES)))
            continue
        if kind not in _LINEAR | _ON_SCALE:
            message = nearest(kind, [*_LINEAR, *_ON_SCALE])
            faults.append(Fault(f"{where}, column objectivePriorType", f"'{kind}'.", message))
            continue
        scales[name] = scale
        if not text:
            priors[name] = (kind, None)
            continue
        try:
            first, second = map(float, text.split(";"))
        except ValueError:
            what = f"'{text}': two numbers with ';' between them were expected."
            faults.append(Fault(f"{where}, column objectivePriorParameters", what))
            continue
        priors[name] = (kind, (first, second))
    taken = ["parameterScale", "objectivePriorType", "objectivePriorParameters"]
    taken += ["initializationPriorType", "initializationPriorParameters"]
    table = table.drop(columns=taken, errors="ignore").assign(parameterScale="lin")
    table.to_csv(path, sep="\t", index=False)
    return priors, scales
