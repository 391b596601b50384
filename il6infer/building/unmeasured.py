"""A model of the library as a problem without measurements: to simulate it, and to look at its priors."""

from __future__ import annotations

import math

import pandas as pd
import sympy as sp

from il6infer.library.compose import Model
from il6infer.library.priors import log_normal
from il6infer.network.sbml import read_sbml
from il6infer.problems.spec import STEADY_STATE, Experiment, Parameter, Period, Prior, Problem

REST = "rest"
"""The one experiment: cells at rest, nothing dissolved in the medium."""

_COLUMNS = (
    "observable", "experiment", "time", "value", "observable_parameters", "noise_parameters", "batch", "replicate",
    "censored",
)  # fmt: skip


def unmeasured(model: Model) -> Problem:
    """Problem whose estimated parameters are those of the model's prior table that are not fixed.

    Their nominal values are the medians of the priors. The experiment `REST` says what the cells are like before
    anything is added.
    """
    parameters = []
    for row in model.priors.itertuples():
        if row.distribution != "fixed":
            prior = Prior("log-normal", log_normal(row.median, row.low, row.high))
            given = {"unit": row.unit, "source": row.source + (f" (doi {row.doi})" if row.doi else "")}
            parameters.append(Parameter(row.parameter, 0.0, math.inf, row.median, True, prior, **given))
    rest = Period(STEADY_STATE, {species: sp.Float(0.0) for species in model.medium})
    return Problem(
        id=model.identifier,
        network=read_sbml(model.sbml, f"model {model.name}"),
        parameters=tuple(parameters),
        experiments=(Experiment(REST, (rest, Period(0.0, {}))),),
        observables=(),
        measurements=pd.DataFrame(columns=list(_COLUMNS)),
    )
