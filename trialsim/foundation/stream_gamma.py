"""Chi-square numbers by key: the method of Marsaglia and Tsang (2000), each attempt with keys of its own."""

from __future__ import annotations

import numpy as np

from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import exp, log
from trialsim.foundation.streams import normal, uniform


@compiled("float64(uint64, int64, int64, int64, int64, float64)")
def chi_square(seed: int, normals: int, uniforms: int, trial: int, index: int, df: float) -> float:
    """Return a chi-square number of df degrees of freedom (any above 0); two labels, the patient counts attempts.

    A gamma number of shape a >= 1 is (a - 1/3) v with v = (1 + x / sqrt(9 a - 3))^3, x normal, taken if
    log u < x^2 / 2 + (a - 1/3) (1 - v + log v). A smaller shape takes a + 1 and the factor u^(1/a).
    """
    shape = 0.5 * df
    boost = 1.0
    if shape < 1.0:
        boost = exp(log(uniform(seed, uniforms, trial, 0, index)) / shape)
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / np.sqrt(9.0 * d)
    attempt = 0
    while True:
        attempt += 1
        x = normal(seed, normals, trial, attempt, index)
        v = 1.0 + c * x
        if v <= 0.0:
            continue
        v = v * v * v
        u = uniform(seed, uniforms, trial, attempt, index)
        if log(u) < 0.5 * x * x + d * (1.0 - v + log(v)):
            return float(2.0 * d * v * boost)
