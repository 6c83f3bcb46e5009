"""Several comparisons in one family: one-sided p values adjusted so that the family-wise error stays at the level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.comparisons import OK, Comparisons

Floats = NDArray[np.float64]
PROCEDURES = (
    "none", "bonferroni", "holm", "hochberg", "hommel", "fixed_sequence", "co_primary", "dunnett", "step_down_dunnett",
)  # fmt: skip


def adjusted_p_values(
    procedure: str, comparisons: Comparisons, better: ArrayLike, order: Sequence[int] | None = None
) -> Floats:
    """Return the adjusted one-sided p values [T, C]: a comparison is significant where one is at most alpha.

    Comparisons that could not be tested count as p = 1 and have an adjusted value of 1. ``order`` (columns, first
    tested first) belongs to fixed_sequence, ``better`` (+1 or -1, one or one a column) to dunnett and
    step_down_dunnett, which need comparisons with a covariance (from ``ancova``).
    """
    p = np.where(comparisons.status == OK, comparisons.p_value, 1.0)
    if procedure == "none":
        return p
    if procedure == "bonferroni":
        return bonferroni(p)
    if procedure == "holm":
        return holm(p)
    if procedure == "hochberg":
        return hochberg(p)
    if procedure == "hommel":
        return hommel(p)
    if procedure == "co_primary":
        return co_primary(p)
    if procedure == "fixed_sequence":
        if order is None:
            raise ValueError("fixed_sequence needs the order of the comparisons")
        return fixed_sequence(p, order)
    if procedure in ("dunnett", "step_down_dunnett"):
        return dunnett(comparisons, better, procedure == "step_down_dunnett")
    raise ValueError(f"there is no procedure {procedure!r}; there are {', '.join(PROCEDURES)}")


def bonferroni(p: Floats) -> Floats:
    """Return each p value times the number of comparisons, at most 1.

    >>> bonferroni(np.array([[0.01, 0.6]])).tolist()
    [[0.02, 1.0]]
    """
    adjusted: Floats = np.minimum(p * p.shape[1], 1.0)
    return adjusted


def holm(p: Floats) -> Floats:
    """Return Holm's (1979) step-down adjusted p values; valid whatever the dependence.

    >>> holm(np.array([[0.03, 0.01]])).tolist()
    [[0.03, 0.02]]
    """
    by_size = np.argsort(p, axis=1, kind="stable")
    factors = np.arange(p.shape[1], 0, -1)
    stepped = np.maximum.accumulate(np.take_along_axis(p, by_size, 1) * factors, axis=1)
    return _in_place(np.minimum(stepped, 1.0), by_size)


def hochberg(p: Floats) -> Floats:
    """Return Hochberg's (1988) step-up adjusted p values; valid for independent or positively dependent tests.

    >>> hochberg(np.array([[0.03, 0.02]])).tolist()
    [[0.03, 0.03]]
    """
    by_size = np.argsort(p, axis=1, kind="stable")[:, ::-1]
    factors = np.arange(1, p.shape[1] + 1)
    stepped = np.minimum.accumulate(np.take_along_axis(p, by_size, 1) * factors, axis=1)
    return _in_place(np.minimum(stepped, 1.0), by_size)


def hommel(p: Floats) -> Floats:
    """Return Hommel's (1988) adjusted p values, the closure of Simes' tests; valid where Hochberg's are.

    By the algorithm of Wright (1992): every family of m with the greatest p values is tested once.

    >>> hommel(np.array([[0.03, 0.02, 0.5]])).tolist()
    [[0.06, 0.04, 0.5]]
    """
    n = p.shape[1]
    by_size = np.argsort(p, axis=1, kind="stable")
    ascending = np.take_along_axis(p, by_size, 1)
    adjusted = ascending.copy()
    for m in range(n, 1, -1):
        simes = np.min(ascending[:, n - m :] * m / np.arange(1, m + 1), axis=1)[:, None]
        # Members of the m greatest are in that family; a smaller p value takes the place of its smallest member.
        with_one = np.where(np.arange(n) >= n - m, simes, np.minimum(simes, ascending * m))
        adjusted = np.maximum(adjusted, with_one)
    return _in_place(np.minimum(adjusted, 1.0), by_size)


def co_primary(p: Floats) -> Floats:
    """Return the greatest p value for every comparison: all are shown or none (Berger 1982, intersection-union).

    >>> co_primary(np.array([[0.01, 0.04]])).tolist()
    [[0.04, 0.04]]
    """
    return np.repeat(np.max(p, axis=1)[:, None], p.shape[1], axis=1)


def fixed_sequence(p: Floats, order: Sequence[int]) -> Floats:
    """Return the greatest p value up to and including each comparison, in the order given (Maurer et al. 1995).

    >>> fixed_sequence(np.array([[0.01, 0.04, 0.02]]), [0, 1, 2]).tolist()
    [[0.01, 0.04, 0.04]]
    """
    if sorted(order) != list(range(p.shape[1])):
        raise ValueError(f"the order {list(order)} does not name each of the {p.shape[1]} comparisons once")
    in_order = np.broadcast_to(np.asarray(order, np.int64), p.shape)
    return _in_place(np.maximum.accumulate(np.take_along_axis(p, in_order, 1), axis=1), in_order)


def dunnett(comparisons: Comparisons, better: ArrayLike, is_step_down: bool = False) -> Floats:
    """Return adjusted p values from the joint Student distribution of the statistics, single step (Dunnett 1955).

    Or step down (Naik 1975; Marcus, Peritz and Gabriel 1976): each comparison against those not shown before it. The
    correlations are those of the estimates, whatever the numbers of patients and the covariates. In a trial where some
    comparisons could not be tested the family is the others. At most sixteen comparisons, none a combination of the
    others.
    """
    from trialsim.analysis.dunnett import MOST_COMPARISONS, dunnett_into, step_down_dunnett_into

    if comparisons.covariance is None:
        raise ValueError("dunnett needs estimates of one model with one variance (ancova)")
    n_pairs = comparisons.statistic.shape[1]
    if n_pairs > MOST_COMPARISONS:
        raise ValueError(f"dunnett takes at most {MOST_COMPARISONS} comparisons, not {n_pairs}")
    signs = np.broadcast_to(np.asarray(better, np.float64), n_pairs)
    covariance = np.ascontiguousarray(comparisons.covariance * signs[:, None] * signs[None, :])
    adjusted = np.ones(comparisons.statistic.shape)
    tested = np.ascontiguousarray(comparisons.status == OK)
    fill = step_down_dunnett_into if is_step_down else dunnett_into
    fill(np.ascontiguousarray(comparisons.statistic * signs), comparisons.df, covariance, tested, adjusted)
    if np.isnan(adjusted).any():
        raise ValueError("dunnett needs comparisons of which none is a combination of the others")
    return adjusted


def _in_place(values: Floats, columns: NDArray[np.int64]) -> Floats:
    """Put values listed in the order of ``columns`` back into their columns."""
    back = np.empty(values.shape)
    np.put_along_axis(back, columns, values, axis=1)
    return back
