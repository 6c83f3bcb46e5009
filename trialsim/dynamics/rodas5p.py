"""The coefficients of Rodas5P: a linearly implicit method of order 5 with an error estimate of order 4, eight stages.

Steinebach 2023, "Construction of Rosenbrock-Wanner method Rodas5P and numerical benchmarks within the Julia
Differential Equations package", BIT Numerical Mathematics 63:27, in the form without products of the Jacobian (Hairer &
Wanner 1996, Solving Ordinary Differential Equations II, section IV.7, equation (7.25)):

    (I - gamma h J) U_s = gamma h f(t + c_s h, y + sum_j a_sj U_j) + sum_j gamma C_sj U_j + gamma h^2 d_s df/dt

The step ends at the state of the last stage plus U of the last stage, which is also the error.
"""

from __future__ import annotations

import numpy as np

N_STAGES = 8
GAMMA = 0.21193756319429014


def _rows(*rows: tuple[float, ...]) -> np.ndarray:
    """Return a square table with the given rows, zero to the right of them."""
    table = np.zeros((N_STAGES, N_STAGES))
    for s, row in enumerate(rows):
        table[s, : len(row)] = row
    return table


_SIXTH = (-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946)
STAGES = _rows(
    (),
    (3.0,),
    (2.849394379747939, 0.45842242204463923),
    (-6.954028509809101, 2.489845061869568, -10.358996098473584),
    (2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641),
    _SIXTH,
    (*_SIXTH, 1.0),
    (*_SIXTH, 1.0, 1.0),
)
C = _rows(
    (),
    (-14.155112264123755,),
    (-17.97296035885952, -2.859693295451294),
    (147.12150275711716, -1.41221402718213, 71.68940251302358),
    (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
    (24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471),
    (30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623,
     -28.087943162872662),
    (37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047, -40.06618937091002,
     -54.66780262877968, -9.48861652309627),
)
# What a stage adds of the earlier ones.
CARRIED = GAMMA * C
NODES = np.array([0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1.0, 1.0, 1.0])
TIME_WEIGHTS = np.array(
    [0.21193756319429014, -0.42387512638858027, -0.3384627126235924, 1.8046452872882734, 2.325825639765069,
     0.0, 0.0, 0.0])
