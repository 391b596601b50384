"""Coefficients of the Rosenbrock methods, in increment form.

A step from y with size h, M = I / (h gamma) - J(y)::

    w_i   = y + sum_{j<i} a_ij K_j
    M K_i = f(t + alpha_i h, w_i) + sum_{j<i} (c_ij / h) K_j + h d_i df/dt
    y_new = w_s + K_s                      error = K_s

so both methods are stiffly accurate and the last increment is the difference to the embedded solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tableau:
    """One method.

    Attributes
    ----------
    a, c
        (stages, stages), strictly lower triangular.
    alpha, d
        (stages,), for right-hand sides that depend on time.
    order
        Of the solution; the embedded one has one less.
    """

    name: str
    order: int
    gamma: float
    a: np.ndarray
    c: np.ndarray
    alpha: np.ndarray
    d: np.ndarray


def _lower(rows: list[list[float]]) -> np.ndarray:
    matrix = np.zeros((len(rows) + 1, len(rows) + 1))
    for i, row in enumerate(rows, start=1):
        matrix[i, : len(row)] = row
    return matrix


_A4 = [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950]

RODAS4 = Tableau(
    name="rodas4",
    order=4,
    gamma=0.25,
    a=_lower(
        [
            [1.544],
            [0.9466785280815826, 0.2557011698983284],
            [3.314825187068521, 2.896124015972201, 0.9986419139977817],
            _A4,
            [*_A4, 1.0],
        ]
    ),
    c=_lower(
        [
            [-5.6688],
            [-2.430093356833875, -0.2063599157091915],
            [-0.1073529058151375, -9.594562251023355, -20.47028614809616],
            [7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160],
            [8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054],
        ]
    ),
    alpha=np.array([0.0, 0.386, 0.21, 0.63, 1.0, 1.0]),
    d=np.array([0.25, -0.1043, 0.1035, -0.3620000000000023e-01, 0.0, 0.0]),
)
"""Hairer & Wanner, Solving Ordinary Differential Equations II, 2nd ed., section IV.7: 6 stages, order 4(3)."""

_A5 = [-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946]

RODAS5P = Tableau(
    name="rodas5p",
    order=5,
    gamma=0.21193756319429014,
    a=_lower(
        [
            [3.0],
            [2.849394379747939, 0.45842242204463923],
            [-6.954028509809101, 2.489845061869568, -10.358996098473584],
            [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
            _A5,
            [*_A5, 1.0],
            [*_A5, 1.0, 1.0],
        ]
    ),
    c=_lower(
        [
            [-14.155112264123755],
            [-17.97296035885952, -2.859693295451294],
            [147.12150275711716, -1.41221402718213, 71.68940251302358],
            [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
            [24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471],
            [
                30.91273214028599,
                -3.1208243349937974,
                77.79954646070892,
                34.28646028294783,
                -19.097331116725623,
                -28.087943162872662,
            ],
            [
                37.80277123390563,
                -3.2571969029072276,
                112.26918849496327,
                66.9347231244047,
                -40.06618937091002,
                -54.66780262877968,
                -9.48861652309627,
            ],
        ]
    ),
    alpha=np.array(
        [0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1.0, 1.0, 1.0]
    ),
    d=np.array(
        [
            0.21193756319429014,
            -0.42387512638858027,
            -0.3384627126235924,
            1.8046452872882734,
            2.325825639765069,
            0.0,
            0.0,
            0.0,
        ]
    ),
)
"""Steinebach 2023, BIT Numerical Mathematics 63:27, doi 10.1007/s10543-023-00967-x: 8 stages, order 5(4)."""

METHODS = {method.name: method for method in (RODAS4, RODAS5P)}
