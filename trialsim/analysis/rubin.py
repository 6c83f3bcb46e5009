"""Rubin's rules: one estimate, standard error and degrees of freedom from several imputed data sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialsim.analysis.comparisons import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pooled:
    """Arrays [C]."""

    estimate: Floats
    se: Floats
    df: Floats


def pooled(estimates: Floats, variances: Floats, df_complete: Floats) -> Pooled:
    """Return the pooled estimates of M imputations [M, C] (M at least 2), their variances and complete-data df [C].

    T = W + (1 + 1/M) B (Rubin 1987, section 3.1). The degrees of freedom are those of Barnard and Rubin (1999):
    1 / (1 / old + 1 / observed), old = (M - 1) / share^2, observed = (v + 1) / (v + 3) v (1 - share), with
    share = (1 + 1/M) B / T and v those of complete data.

    >>> round(float(pooled(np.array([[1.0], [2.0]]), np.array([[1.0], [1.0]]), np.array([20.0])).se[0]), 6)
    1.322876
    """
    n = estimates.shape[0]
    mean, within = _column_means(estimates), _column_means(variances)
    between = _column_means((estimates - mean) ** 2) * (n / (n - 1))
    added = (1.0 + 1.0 / n) * between
    total = within + added
    share = added / total
    observed = (df_complete + 1.0) / (df_complete + 3.0) * df_complete * (1.0 - share)
    observed = np.where(np.isinf(df_complete), np.inf, observed)
    old = np.where(share > 0.0, (n - 1) / np.where(share > 0.0, share * share, 1.0), np.inf)
    return Pooled(estimate=mean, se=np.sqrt(total), df=1.0 / (1.0 / old + 1.0 / observed))


def _column_means(values: Floats) -> Floats:
    """Return the mean of each column, rows added in their order."""
    return np.asarray(np.cumsum(values, axis=0)[-1] / values.shape[0])
