"""The definition of right for the comparisons of two arms: one trial, written from the textbook, slow and plain."""

import numpy as np


def student(y1, y0):
    """Difference, standard error and degrees of freedom with one variance."""
    df = len(y1) + len(y0) - 2
    variance = (((y1 - y1.mean()) ** 2).sum() + ((y0 - y0.mean()) ** 2).sum()) / df
    return y1.mean() - y0.mean(), np.sqrt(variance * (1 / len(y1) + 1 / len(y0))), df


def welch(y1, y0):
    """Difference, standard error and Satterthwaite's degrees of freedom."""
    v1, v0 = y1.var(ddof=1) / len(y1), y0.var(ddof=1) / len(y0)
    df = (v1 + v0) ** 2 / (v1**2 / (len(y1) - 1) + v0**2 / (len(y0) - 1))
    return y1.mean() - y0.mean(), np.sqrt(v1 + v0), df


def least_squares(y, arm, covariates, stratum, n_strata, pairs):
    """Estimates, standard errors, degrees of freedom and covariances over the residual variance, by SVD.

    The minimum-norm solution gives the same contrasts as leaving out aliased columns, where arms are not aliased.
    """
    arms = sorted(set(arm))
    columns = [(arm == a).astype(float) for a in arms] + list(covariates.T)
    columns += [(stratum == s).astype(float) for s in range(1, n_strata)]
    design = np.column_stack(columns)
    inverse = np.linalg.pinv(design.T @ design, rcond=1e-12)
    coefficients = inverse @ design.T @ y
    df = len(y) - np.linalg.matrix_rank(design)
    variance = ((y - design @ coefficients) ** 2).sum() / df
    contrasts = np.zeros((len(pairs), design.shape[1]))
    for i, (treated, control) in enumerate(pairs):
        contrasts[i, arms.index(treated)], contrasts[i, arms.index(control)] = 1.0, -1.0
    covariance = contrasts @ inverse @ contrasts.T
    return contrasts @ coefficients, np.sqrt(variance * np.diag(covariance)), df, covariance


def mantel_haenszel_difference(success, arm, stratum, treated, control):
    """Mantel-Haenszel difference of proportions and its standard error after Sato (1989)."""
    top = weights = p = q = 0.0
    for s in np.unique(stratum):
        a, b = success[(stratum == s) & (arm == treated)], success[(stratum == s) & (arm == control)]
        if len(a) and len(b):
            n1, n0, y1, y0 = len(a), len(b), a.sum(), b.sum()
            w = n1 * n0 / (n1 + n0)
            weights += w
            top += w * (y1 / n1 - y0 / n0)
            p += (n1**2 * y0 - n0**2 * y1 + n1 * n0 * (n0 - n1) / 2) / (n1 + n0) ** 2
            q += (y1 * (n0 - y0) + y0 * (n1 - y1)) / (2 * (n1 + n0))
    difference = top / weights
    return difference, np.sqrt(difference * p + q) / weights
