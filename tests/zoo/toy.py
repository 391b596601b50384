"""Small problems with known answers, for the real engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import sympy as sp

from il6infer.network.network import TIME, symbol
from il6infer.problems.spec import Observable, Parameter, Prior, Problem
from tests.zoo import systems
from tests.zoo.systems import ONE, log_normal, network

TIMES = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
LINE = np.array([1.1, 2.9, 5.2, 6.8, 9.1])
NOISE = 0.5

_DECAY = network({"x": -symbol("x")}, {"x": 1.0})


def measurements(values, times=TIMES, observable="obs_y"):
    return systems.measurements(values, times, observable, batch="gel1", replicate="1")


def normal(name, mean=0.0, sd=2.0, nominal=1.0):
    return Parameter(name, -np.inf, np.inf, nominal, True, Prior("normal", (mean, sd)), "nM", "made up")


def line(values=LINE):
    """y = a + b time, normal noise, normal priors: the posterior is normal and known."""
    return Problem(
        id="line",
        network=_DECAY,
        parameters=(normal("a"), normal("b")),
        experiments=ONE,
        observables=(Observable("obs_y", symbol("a") + symbol("b") * TIME, sp.Float(NOISE)),),
        measurements=measurements(values),
    )


def line_posterior():
    """Mean (2,) and covariance (2, 2) of the posterior of a and b."""
    design = np.column_stack([np.ones_like(TIMES), TIMES])
    covariance = np.linalg.inv(design.T @ design / NOISE**2 + np.eye(2) / 2.0**2)
    return covariance @ design.T @ LINE / NOISE**2, covariance


def too_fast(low=1e-4, high=1e4):
    """Read-out exp(-k): beyond k = 4 the data see no change, and beyond 745 the slope is exactly 0, up to the bound."""
    return Problem(
        id="too_fast",
        network=_DECAY,
        parameters=(Parameter("k", low, high, 1.0, True, Prior("log-uniform", (low, high))),),
        experiments=ONE,
        observables=(Observable("x_seen", sp.exp(-symbol("k")), sp.Float(0.1)),),
        measurements=measurements([0.02], [1.0], "x_seen"),
    )


def blow_up(low=0.1, high=3.0):
    """dx/dt = k x^2 from 1 is infinite at 1/k: simulations up to time 1 fail for k >= 1."""
    return Problem(
        id="blow_up",
        network=network({"x": symbol("k") * symbol("x") ** 2}, {"x": 1.0}, {"k": 0.5}),
        parameters=(Parameter("k", low, high, 0.5, True, Prior("uniform", (low, high))),),
        experiments=ONE,
        observables=(Observable("x_seen", symbol("x"), sp.Float(0.2), "log-normal"),),
        measurements=measurements([1.3, 2.1], [0.5, 1.0], "x_seen"),
    )


def families():
    """One read-out of each noise distribution, with scale ``s`` and noise ``sigma``."""
    kinds = ("normal", "log-normal", "laplace", "log-laplace", "student-t", "log-student-t")
    formula = symbol("s") * symbol("x") + 0.1
    return Problem(
        id="families",
        network=_DECAY,
        parameters=(log_normal("s", 2.0, 0.5), log_normal("sigma", 0.3, 0.5)),
        experiments=ONE,
        observables=tuple(Observable(f"obs_{k.replace('-', '_')}", formula, symbol("sigma"), k) for k in kinds),
        measurements=pd.concat(
            [measurements([2.2, 0.9, 0.4], [0.0, 1.0, 2.0], f"obs_{k.replace('-', '_')}") for k in kinds],
            ignore_index=True,
        ),
    )


def censored():
    """As `families`, the second value of each known as a lower limit, and the last as an upper one."""
    problem = families()
    sides = ["", "above", "below"] * 6
    return problem.with_measurements(problem.measurements.assign(censored=sides))


def decay():
    """Decay x' = -k x from 1 with log-normal noise: the posterior of k is a one-dimensional integral."""
    times = np.array([0.5, 1.0, 2.0, 4.0, 6.0, 9.0])
    return Problem(
        id="decay",
        network=network({"x": -symbol("k") * symbol("x")}, {"x": 1.0}, {"k": 0.3}),
        parameters=(log_normal("k", 0.3),),
        experiments=ONE,
        observables=(Observable("obs_x", symbol("x"), sp.Float(0.15), "log-normal"),),
        measurements=measurements(np.exp(-0.35 * times) * [1.1, 0.93, 1.05, 0.9, 1.2, 1.02], times, "obs_x"),
    )


def noisy_decay():
    """As `decay`, its noise ``sigma`` estimated, which a fit may integrate out."""
    problem = decay()
    return replace(
        problem,
        parameters=(*problem.parameters, log_normal("sigma", 0.15, 0.5)),
        observables=(replace(problem.observables[0], noise=symbol("sigma")),),
    )
