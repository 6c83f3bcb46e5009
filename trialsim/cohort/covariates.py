"""Covariates of virtual patients: scores, then values; or whole rows of prepared patients."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.correlations import Matrix, cholesky, correlation_matrix
from trialsim.cohort.model import Cohort, Correlation, Covariate, CovariateRows, Distribution
from trialsim.cohort.spreads import log_sd
from trialsim.foundation.elementary import exp_array, log_array, normal_cdf_array, normal_quantile_array
from trialsim.foundation.streams import label, normals, uniforms

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LEAST_SHARE = 2.0**-54  # the nearest to 0 and to 1 that a uniform number of ours comes
MOST_SHARE = 1.0 - 2.0**-53


def covariate_values(cohort: Cohort, seed: int, trials: Integers, patients: Integers) -> dict[str, Floats]:
    """Return every covariate of every patient, [n] each, in its declared unit; a category as its position."""
    drawn = [c for c in cohort.covariates if c.distribution is not None or c.shares]
    names = [c.name for c in drawn]
    scores = correlated_scores("characteristic", names, cohort.covariate_correlation, seed, trials, patients)
    values = {c.name: value_of_score(c, scores[c.name]) for c in drawn}
    if cohort.covariates_from is not None:
        values |= rows_drawn(cohort.covariates_from, seed, trials, patients)
    return {c.name: values[c.name] for c in cohort.covariates}


def correlated_scores(
    purpose: str,
    names: Sequence[str],
    correlations: Sequence[Correlation],
    seed: int,
    trials: Integers,
    patients: Integers,
) -> dict[str, Floats]:
    """Return standard normal scores [n] of every name, correlated as declared.

    Each name has a stream of its own and depends only on names declared before it, so that a name more (at the end,
    or anywhere if uncorrelated) moves no other number.
    """
    lower = cholesky(correlation_matrix(names, correlations))
    if lower is None:
        raise ValueError("a correlation matrix that the reader should have refused")
    independent = [normals(seed, label(purpose, name), trials, patients) for name in names]
    return {name: _weighted_sum(lower, i, independent) for i, name in enumerate(names)}


def _weighted_sum(lower: Matrix, i: int, independent: list[Floats]) -> Floats:
    total: Floats | None = None
    for weight, scores in zip(lower[i], independent, strict=False):
        if weight != 0.0:
            term = weight * scores
            total = term if total is None else total + term
    assert total is not None  # the diagonal is positive
    return total


def value_of_score(covariate: Covariate, scores: Floats) -> Floats:
    """Return a covariate's values at standard normal scores: its quantile function at their probabilities."""
    if covariate.distribution is None:
        return categories_at(covariate.shares, normal_cdf_array(scores))
    distribution = covariate.distribution
    if distribution.kind == "uniform":
        width = distribution.spread - distribution.location
        return distribution.location + width * normal_cdf_array(scores)
    if math.isinf(distribution.lowest) and math.isinf(distribution.highest):
        return value_at(distribution, scores)
    low, high = (normal_cdf_array(score_at(distribution, np.array([bound])))[0]
                 for bound in (distribution.lowest, distribution.highest))  # fmt: skip
    shares = np.clip(low + normal_cdf_array(scores) * (high - low), LEAST_SHARE, MOST_SHARE)
    values = value_at(distribution, normal_quantile_array(shares))
    return np.clip(values, distribution.lowest, distribution.highest)  # rounding must not cross a bound


def value_at(distribution: Distribution, scores: Floats) -> Floats:
    if distribution.kind == "lognormal":
        return distribution.location * exp_array(log_sd(distribution.spread) * scores)
    return distribution.location + distribution.spread * scores


def score_at(distribution: Distribution, values: Floats) -> Floats:
    """Return the standard normal scores of values; minus infinity at and below the lower end of a lognormal."""
    if distribution.kind == "lognormal":
        return log_array(np.maximum(values, 0.0) / distribution.location) / log_sd(distribution.spread)
    return (values - distribution.location) / distribution.spread


def categories_at(shares: Sequence[float], probabilities: Floats) -> Floats:
    """Return the position of the category at each probability, categories stacked in their order."""
    positions = np.zeros(len(probabilities))
    bound = 0.0
    for share in shares[:-1]:
        bound = bound + share
        positions = positions + (probabilities >= bound)
    return positions


def rows_drawn(rows: CovariateRows, seed: int, trials: Integers, patients: Integers) -> dict[str, Floats]:
    """Return the covariates of one row a patient, drawn with replacement and kept whole."""
    shares = uniforms(seed, label("characteristic", "rows_of", "row"), trials, patients)
    chosen = np.floor(shares * rows.n_rows).astype(np.int64)
    return {name: np.array(values, dtype=np.float64)[chosen] for name, values in rows.columns}
