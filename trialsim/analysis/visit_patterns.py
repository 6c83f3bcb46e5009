"""One trial's repeated values as sums of products, one set for each pattern of seen visits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import rounding_square
from trialsim.foundation.arithmetic import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@compiled(
    "int64(float64[:, ::1], int64[::1], float64[:, ::1], int64[::1], int64, int64, int64, int64, float64[:, ::1], "
    "float64[:, ::1])"
)
def seen_rows(
    y: Floats,
    arm: Integers,
    covariates: Floats,
    stratum: Integers,
    n_strata: int,
    n_arms: int,
    start: int,
    stop: int,
    features: Floats,
    values: Floats,
) -> int:
    """Fill features (indicators of arms, covariates, indicators of strata 1, 2, ...) and values; return how many rows.

    Rows are the patients with a value at any visit and every covariate; the numbers stay as they are.
    """
    n = 0
    n_covariates = covariates.shape[1]
    for i in range(start, stop):
        is_complete = 0 <= arm[i] < n_arms and (n_strata == 0 or 0 <= stratum[i] < n_strata)
        for k in range(n_covariates):
            is_complete = is_complete and covariates[i, k] == covariates[i, k]
        n_seen = 0
        for j in range(y.shape[1]):
            n_seen += 1 if y[i, j] == y[i, j] else 0
        if not is_complete or n_seen == 0:
            continue
        for k in range(features.shape[1]):
            features[n, k] = 0.0
        features[n, arm[i]] = 1.0
        for k in range(n_covariates):
            features[n, n_arms + k] = covariates[i, k]
        if n_strata > 0 and stratum[i] > 0:
            features[n, n_arms + n_covariates + stratum[i] - 1] = 1.0
        for j in range(y.shape[1]):
            values[n, j] = y[i, j]
        n += 1
    return n


@compiled("void(float64[:, ::1], int64, int64, int64)")
def standardise(features: Floats, n: int, first: int, last: int) -> None:
    """Centre the columns first to last - 1 and divide them by their spread; a constant column becomes zero."""
    for k in range(first, last):
        mean = 0.0
        greatest = 0.0
        for i in range(n):
            mean += features[i, k]
            greatest = max(greatest, abs(features[i, k]))
        mean = mean / max(n, 1)
        squares = 0.0
        for i in range(n):
            features[i, k] -= mean
            squares += features[i, k] * features[i, k]
        scale = np.sqrt(n / squares) if squares > rounding_square(n, greatest) else 0.0
        for i in range(n):
            features[i, k] *= scale


@compiled("void(float64[:, ::1], int64, int64[::1], float64[::1])")
def centre_visits(values: Floats, n: int, n_seen: Integers, greatest: Floats) -> None:
    """Subtract each visit's mean from its values; fill how many there are and the largest size before."""
    for j in range(values.shape[1]):
        n_seen[j] = 0
        greatest[j] = 0.0
        mean = 0.0
        for i in range(n):
            if values[i, j] == values[i, j]:
                n_seen[j] += 1
                mean += values[i, j]
                greatest[j] = max(greatest[j], abs(values[i, j]))
        if n_seen[j] > 0:
            mean = mean / n_seen[j]
        for i in range(n):
            values[i, j] -= mean


@compiled(
    "int64(float64[:, ::1], float64[:, ::1], int64, int64[::1], int64[::1], float64[::1], boolean[:, ::1], "
    "float64[:, :, ::1], float64[:, :, ::1], float64[:, :, ::1])"
)
def fill_patterns(
    features: Floats,
    values: Floats,
    n: int,
    active: Integers,
    number: Integers,
    count: Floats,
    is_seen: NDArray[np.bool_],
    xx: Floats,
    xy: Floats,
    yy: Floats,
) -> int:
    """Fill, for each pattern of the active visits, its patients and sums of products; return how many patterns.

    ``number`` [2^visits] is scratch, and -1 when called. Sums with a visit that the pattern has not seen stay zero.
    """
    n_patterns = 0
    m = active.size
    for i in range(n):
        mask = 0
        for j in range(m):
            if values[i, active[j]] == values[i, active[j]]:
                mask |= 1 << j
        g = number[mask]
        if g < 0:
            g = n_patterns
            number[mask] = g
            n_patterns += 1
            count[g] = 0.0
            xx[g] = 0.0
            xy[g] = 0.0
            yy[g] = 0.0
            for j in range(m):
                is_seen[g, j] = (mask >> j) & 1 == 1
        count[g] += 1.0
        for k in range(features.shape[1]):
            x = features[i, k]
            if x == 0.0:
                continue
            for h in range(k + 1):
                xx[g, k, h] += x * features[i, h]
            for j in range(m):
                if is_seen[g, j]:
                    xy[g, k, j] += x * values[i, active[j]]
        for j in range(m):
            for h in range(j + 1):
                if is_seen[g, j] and is_seen[g, h]:
                    yy[g, j, h] += values[i, active[j]] * values[i, active[h]]
    for g in range(n_patterns):
        for k in range(features.shape[1]):
            for h in range(k):
                xx[g, h, k] = xx[g, k, h]
        for j in range(m):
            for h in range(j):
                yy[g, h, j] = yy[g, j, h]
    return n_patterns
