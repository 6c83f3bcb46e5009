"""The tables with a row a trial, a comparison or a failure, column by column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import NO_VARIANCE
from trialsim.cohort.draws import TypicalValues
from trialsim.dynamics.courses import STATUS
from trialsim.foundation.tables import Coded
from trialsim.trial.batch import Batch, words
from trialsim.trial.look import Look, reasons
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Table = dict[str, Any]


def looks_table(setup: Setup, trials: Ints, looks: Mapping[str, Look], cut_at: Floats) -> Table:
    """Return one row a trial, analysis and comparison."""
    taken = list(looks.values())
    analyses = [each.analysis.name for each in taken for _ in each.analysis.comparisons]
    comparisons = [comparison.name for each in taken for comparison in each.analysis.comparisons]
    units = [_unit(setup, each) for each in taken for _ in each.analysis.comparisons]
    benefit = [1.0 if c.better == "higher" else -1.0 for each in taken for c in each.analysis.comparisons]
    n = len(comparisons)
    row = np.tile(np.arange(n), trials.shape[0])

    def joined(arrays: list[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate(arrays, axis=1).reshape(-1)

    def result(field: str) -> NDArray[Any]:
        return joined([getattr(each.results, field) for each in taken])

    status, why = reasons(result("status"))
    tested = status < 0
    # Nobody or everybody succeeds: the difference is known, only no test of it. Left out, the others would be biased.
    known = tested | (result("status") == NO_VARIANCE)
    numbers = {"estimate": np.where(known, result("estimate"), np.nan)} | {
        name: np.where(tested, column, np.nan)
        for name, column in {
            "standard_error": result("se"),
            "df": result("df"),
            "statistic": result("statistic") * np.tile(benefit, trials.shape[0]),
            "p_value": result("p_value"),
            "adjusted_p_value": joined([each.adjusted for each in taken]),
            "lower": result("lower"),
            "upper": result("upper"),
        }.items()
    }
    numbers["df"] = np.where(np.isfinite(numbers["df"]), numbers["df"], np.nan)
    return {
        "trial": np.repeat(trials, n).astype(np.int32),
        "look": Coded(codes=np.zeros(row.shape[0], dtype=np.int64), categories=("final",)),
        "analysis": words(analyses, row),
        "comparison": words(comparisons, row),
        **numbers,
        "n_treated": result("n_treated").astype(np.int32),
        "n_control": result("n_control").astype(np.int32),
        "n_missing": joined([each.n_missing for each in taken]).astype(np.int32),
        "rejected": joined([each.rejected for each in taken]),
        "status": Coded(codes=status, categories=why),
        "covariance": _covariances(taken, trials.shape[0]),
        "truth": joined([each.truth for each in taken]),
        "cut_at": np.repeat(cut_at, n),
        "unit": words(units, row),
    }


def _covariances(taken: list[Look], n_trials: int) -> Coded:
    """Return the covariance of repeated values that each analysis used; missing where it has none or none converged."""
    names = list(dict.fromkeys(name for each in taken for name in each.analysis.method.covariances))
    columns = []
    for each in taken:
        code = np.full(n_trials, -1, dtype=np.int64)
        if each.results.covariance_used is not None:
            tried = np.array([names.index(name) for name in each.analysis.method.covariances], dtype=np.int64)
            used = each.results.covariance_used.astype(np.int64)
            code = np.where(used >= 0, tried[np.maximum(used, 0)], -1)
        columns.append(np.repeat(code[:, None], len(each.analysis.comparisons), axis=1))
    return Coded(codes=np.concatenate(columns, axis=1).reshape(-1), categories=tuple(names))


def _unit(setup: Setup, each: Look) -> str:
    """Return the unit of an analysis's estimates: its endpoint's."""
    return setup.protocol.endpoint(setup.protocol.estimand(each.analysis.estimand).endpoint).unit


def trials_table(
    setup: Setup, trials: Ints, typical: TypicalValues, batch: Batch, success: Flags, cut_at: Floats, failed: Flags
) -> Table:
    """Return one row a trial; `failed` [N] tells whose course could not be computed under some arm."""
    per_trial = setup.protocol.patients.randomised

    def count(flags: Flags) -> NDArray[np.int32]:
        counted: NDArray[np.int32] = flags.reshape(-1, per_trial).sum(axis=1, dtype=np.int32)
        return counted

    had = np.asarray((batch.own_events < batch.lost_at[:, None]).any(axis=1), dtype=np.bool_)
    return {
        "trial": trials.astype(np.int32),
        "draw": np.ma.masked_array(typical.draw.astype(np.int32), mask=typical.draw < 0),
        "screened": batch.patients.screened.astype(np.int32),
        "randomised": np.full(trials.shape[0], per_trial, dtype=np.int32),
        "lost": count(np.isfinite(batch.lost_at) & (batch.lost_at < batch.ended_at)),
        "success": success,
        "n_events": count(had),
        "duration": cut_at,
        "accrual_ended_at": batch.randomised_at.reshape(-1, per_trial).max(axis=1),
        "failed_patients": count(failed),
    }


def failures_table(setup: Setup, batch: Batch, trials: Ints, status: Ints) -> Table:
    """Return one row a course that could not be computed: at screening (no arm), then under each arm.

    `status` [A, N] is the worst of the worlds that were computed.
    """
    patients = batch.patients
    who, arm = np.nonzero(status.T)
    why = tuple(STATUS[code] for code in sorted(STATUS))
    codes = {code: i for i, code in enumerate(sorted(STATUS))}
    found = np.concatenate([patients.failed_status, status.T[who, arm]])
    trial = np.concatenate([trials[patients.failed_rows], patients.trials[who]])
    number = np.concatenate([patients.failed_patients, patients.patients[who]])
    arms = np.concatenate([np.full(patients.failed_rows.shape[0], -1), arm])
    order = np.lexsort((arms, number, trial))
    return {
        "trial": trial[order].astype(np.int32),
        "patient": number[order].astype(np.int32),
        "arm": Coded(codes=arms[order], categories=tuple(each.name for each in setup.protocol.arms)),
        "reason": Coded(codes=np.array([codes[int(c)] for c in found[order]], dtype=np.int64), categories=why),
        "command": Coded(codes=np.full(order.shape[0], -1), categories=()),
    }
