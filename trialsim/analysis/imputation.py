"""Multiple imputation of values at visits: drawn from the posterior of a joint normal model, under MAR or a reference.

Values missing after a patient's last one are drawn visit by visit (monotone), after a deviation from the means of a
strategy: Carpenter, Roger and Kenward (2013). Gaps before the last value are always MAR; with gaps, parameters and gaps
are drawn in turn (monotone data augmentation, Schafer 1997, section 6.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.comparisons import Floats, Integers
from trialsim.analysis.visit_regressions import (
    COPY_INCREMENT,
    COPY_REFERENCE,
    JUMP_TO_REFERENCE,
    MAR,
    add_products,
    fill_means,
    fill_precision,
    fill_strategy_means,
    fit_visits,
    solve_above,
)
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.stream_gamma import chi_square
from trialsim.foundation.streams import label, normal

Flags = NDArray[np.bool_]
STRATEGIES = {
    "missing_at_random": MAR,
    "jump_to_reference": JUMP_TO_REFERENCE,
    "copy_reference": COPY_REFERENCE,
    "copy_increment": COPY_INCREMENT,
}
BURN_IN = 100  # rounds of drawing parameters and gaps before the first imputation
BETWEEN = 10  # and between two of them; none of either if there are no gaps


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VisitData:
    """One trial's values at visits, ready for the kernels: shifted so that no column is far from zero."""

    y: Floats  # [N, V], gaps filled with the visit's mean; values after the last one are not read
    is_gap: Flags  # [N, V], missing before the patient's last value
    last: Integers  # [N], how many visits a patient reaches
    first: Integers  # [N], the first visit after a deviation, never before the last value
    arm: Integers  # [N], -1: not in the analysis
    x: Floats  # [N, K]
    shift: Floats  # [V], to be added back
    n_arms: int


def visit_data(
    y: ArrayLike, arm: ArrayLike, x: ArrayLike | None, n_arms: int, first: ArrayLike | None = None
) -> VisitData:
    """Return one trial's data for the imputation of its values at visits [N, V], NaN where missing.

    ``first`` [N] is the first visit after a deviation; unless given, the one after a patient's last value. Patients
    with a missing covariate or an arm below 0 are left out.
    """
    values = np.array(y, dtype=np.float64, order="C", ndmin=2)
    n, n_visits = values.shape
    columns = np.zeros((n, 0)) if x is None else np.array(x, dtype=np.float64, order="C").reshape(n, -1)
    arms = np.array(arm, dtype=np.int64)
    arms[np.isnan(columns).any(axis=1) | (arms >= n_arms)] = -1
    seen = ~np.isnan(values) & (arms >= 0)[:, None]
    last = np.max(np.where(seen, np.arange(1, n_visits + 1), 0), axis=1, initial=0).astype(np.int64)
    deviates = last if first is None else np.maximum(np.asarray(first, np.int64), last)
    shift = np.array([_mean(values[seen[:, v], v]) for v in range(n_visits)])
    columns -= np.array([_mean(columns[arms >= 0, k]) for k in range(columns.shape[1])])
    return VisitData(
        y=np.where(seen, values - shift, 0.0),
        is_gap=~seen & (np.arange(n_visits) < last[:, None]),
        last=last,
        first=deviates.astype(np.int64),
        arm=arms,
        x=np.where(np.isnan(columns), 0.0, columns),
        shift=shift,
        n_arms=n_arms,
    )


def _mean(values: Floats) -> float:
    return sum(values.tolist()) / len(values) if len(values) else 0.0


@compiled("void(float64[:, ::1], float64[:, :, ::1], boolean[:, ::1], float64[::1], int64[::1], int64, uint64, "
          "int64[::1], int64, int64, float64[:, ::1], float64[::1])")  # fmt: skip
def _draw_parameters(
    slopes: Floats, factors: Floats, is_kept: Flags, squares: Floats, df: Integers, n_own: int, seed: int,
    labels: Integers, trial: int, turn: int, drawn: Floats, variances: Floats,
) -> None:  # fmt: skip
    """Fill one draw of every visit's slopes and residual variance, the prior being 1 / variance."""
    n_visits = slopes.shape[0]
    for v in range(n_visits):
        size = n_own + v
        index = turn * n_visits + v
        variances[v] = squares[v] / chi_square(seed, labels[0], labels[1], trial, index, float(df[v]))
        for j in range(size):
            drawn[v, j] = normal(seed, labels[2], trial, j, index) if is_kept[v, j] else 0.0
        solve_above(factors[v], is_kept[v], size, drawn[v])
        for j in range(size):
            drawn[v, j] = slopes[v, j] + np.sqrt(variances[v]) * drawn[v, j]


@compiled("void(float64[:, ::1], boolean[:, ::1], int64[::1], int64[::1], float64[:, ::1], int64, float64[:, ::1], "
          "float64[::1], uint64, int64, int64, int64[::1], int64)")  # fmt: skip
def _draw_gaps(
    y: Floats, is_gap: Flags, last: Integers, arm: Integers, x: Floats, n_arms: int, drawn: Floats, variances: Floats,
    seed: int, key: int, trial: int, patients: Integers, turn: int,
) -> None:  # fmt: skip
    """Replace each gap by a draw given the patient's other values, one gap after the other."""
    n_visits = y.shape[1]
    mean = np.zeros(n_visits)
    precision = np.zeros((n_visits, n_visits))
    for i in range(y.shape[0]):
        if arm[i] < 0 or not is_gap[i].any():
            continue
        fill_means(drawn, n_arms, arm[i], x[i], mean)
        fill_precision(drawn, variances, n_arms + x.shape[1], last[i], precision)
        for j in range(last[i]):
            if not is_gap[i, j]:
                continue
            pull = 0.0
            for k in range(last[i]):
                if k != j:
                    pull += precision[j, k] * (y[i, k] - mean[k])
            luck = normal(seed, key, trial, patients[i], turn * n_visits + j)
            y[i, j] = mean[j] - pull / precision[j, j] + luck / np.sqrt(precision[j, j])


@compiled("void(float64[:, ::1], int64[::1], int64[::1], int64[::1], float64[:, ::1], int64, int64, int64, "
          "float64[:, ::1], float64[::1], uint64, int64, int64, int64[::1], int64, float64[::1])")  # fmt: skip
def fill_last_visit(
    y: Floats, last: Integers, first: Integers, arm: Integers, x: Floats, n_arms: int, how: int, reference: int,
    slopes: Floats, variances: Floats, seed: int, key: int, trial: int, patients: Integers, turn: int, out: Floats,
) -> None:  # fmt: skip
    """Fill every patient's value at the last visit, imputed where missing; without noise if the variances are 0."""
    n_visits = y.shape[1]
    n_own = n_arms + x.shape[1]
    own, other, mean, path = np.zeros(n_visits), np.zeros(n_visits), np.zeros(n_visits), np.zeros(n_visits)
    for i in range(y.shape[0]):
        out[i] = np.nan
        if arm[i] < 0:
            continue
        if last[i] < n_visits:
            fill_means(slopes, n_arms, arm[i], x[i], own)
            fill_means(slopes, n_arms, reference, x[i], other)
            fill_strategy_means(how, first[i], own, other, mean)
        for v in range(n_visits):
            if v < last[i]:
                path[v] = y[i, v]
                continue
            path[v] = mean[v]
            for u in range(v):
                path[v] += slopes[v, n_own + u] * (path[u] - mean[u])
            if variances[v] > 0.0:
                luck = normal(seed, key, trial, patients[i], turn * n_visits + v)
                path[v] += np.sqrt(variances[v]) * luck
        out[i] = path[n_visits - 1]


@compiled("boolean(float64[:, ::1], boolean[:, ::1], int64[::1], int64[::1], int64[::1], float64[:, ::1], int64, "
          "int64, int64, uint64, int64[::1], int64, int64[::1], int64, int64, float64[:, ::1])")  # fmt: skip
def _impute(
    y: Floats, is_gap: Flags, last: Integers, first: Integers, arm: Integers, x: Floats, n_arms: int, how: int,
    reference: int, seed: int, labels: Integers, trial: int, patients: Integers, burn_in: int, between: int,
    out: Floats,
) -> bool:  # fmt: skip
    """Fill the values at the last visit [M, N]; False where the model is not estimable."""
    n_visits = y.shape[1]
    n_own = n_arms + x.shape[1]
    size = n_own + n_visits
    slopes, drawn = np.zeros((n_visits, size)), np.zeros((n_visits, size))
    factors = np.zeros((n_visits, size, size))
    squares, variances = np.zeros(n_visits), np.zeros(n_visits)
    df = np.zeros(n_visits, np.int64)
    is_kept = np.zeros((n_visits, size), np.bool_)
    arm_count = np.zeros(n_arms, np.int64)
    for i in range(arm.size):
        if arm[i] >= 0:
            arm_count[arm[i]] += 1
    has_gaps = is_gap.any()
    turn = 0
    for m in range(out.shape[0]):
        rounds = 1
        if has_gaps:
            rounds = burn_in if m == 0 else between
        for _ in range(rounds):
            if has_gaps or m == 0:
                products = np.zeros((n_visits + 1, size, size))
                add_products(y, last, arm, x, n_arms, products)
                if not fit_visits(products, arm_count, n_arms, n_own, slopes, factors, squares, df, is_kept):
                    return False
            _draw_parameters(slopes, factors, is_kept, squares, df, n_own, seed, labels, trial, turn, drawn, variances)
            if has_gaps:
                _draw_gaps(
                    y, is_gap, last, arm, x, n_arms, drawn, variances, seed, labels[3], trial, patients, turn
                )  # fmt: skip
            turn += 1
        fill_last_visit(
            y, last, first, arm, x, n_arms, how, reference, drawn, variances, seed, labels[4], trial, patients,
            m, out[m],
        )  # fmt: skip
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """What the random numbers of an analysis are keyed by, beside the trial and the patients' numbers."""

    seed: int
    name: str  # of the analysis


def imputed(
    data: VisitData, strategy: str, reference: int, n: int, luck: Luck, trial: int, patients: ArrayLike
) -> Floats | None:
    """Return the values at the last visit [n, N], missing ones drawn n times; None where there is no estimate.

    NaN for patients who are left out. A patient of the reference arm is imputed as MAR.
    """
    purposes = ("chi square", "attempt", "slope", "gap", "value")
    labels = np.array([label("analysis", "imputation", luck.name, each) for each in purposes], np.int64)
    out = np.empty((n, data.arm.size))
    numbers = np.require(patients, np.int64, ["C", "W"])
    done = _impute(
        data.y.copy(), data.is_gap, data.last, data.first, data.arm, data.x, data.n_arms, STRATEGIES[strategy],
        int(reference), luck.seed, labels, int(trial), numbers, BURN_IN, BETWEEN, out,
    )  # fmt: skip
    return out + data.shift[-1] if done else None
