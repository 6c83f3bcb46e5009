"""The tables with a row a trial, a comparison or a failure, column by column."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import NO_VARIANCE
from trialsim.cohort.draws import TypicalValues
from trialsim.dynamics.courses import STATUS
from trialsim.foundation.tables import Coded
from trialsim.protocol.time_method_model import UNITS as TIME_UNITS
from trialsim.trial.batch import Batch, words
from trialsim.trial.decide import FINAL, WHY, Decided
from trialsim.trial.look import Look, reasons
from trialsim.trial.setup import Setup
from trialsim.trial.share_comparisons import UNITS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Table = dict[str, Any]


def looks_table(setup: Setup, trials: Ints, concluded: Decided) -> Table:
    """Return one row a trial, look, analysis and comparison; looks at milestones that were not reached are left out."""
    taken = [each for each in concluded.taken for _ in each.look.analysis.comparisons]
    among = [(each, c) for each in concluded.taken for c in each.look.analysis.comparisons]
    analyses = [each.look.analysis.name for each in taken]
    comparisons = [comparison.name for _, comparison in among]
    units = [_unit(setup, each.look) for each in taken]
    benefit = [float(comparison.sign) for _, comparison in among]
    n = len(comparisons)
    here = np.flatnonzero(np.column_stack([each.is_held for each in taken]).reshape(-1))
    row = np.tile(np.arange(n), trials.shape[0])[here]

    def joined(arrays: list[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate(arrays, axis=1).reshape(-1)[here]

    def result(field: str) -> NDArray[Any]:
        return joined([getattr(each.look.results, field) for each in concluded.taken])

    def of_look(field: str) -> NDArray[Any]:
        return joined([getattr(each.look, field) for each in concluded.taken])

    def of_taken(field: str) -> NDArray[Any]:
        return joined([getattr(each, field) for each in concluded.taken])

    def of_trial(field: str) -> NDArray[Any]:
        return np.column_stack([getattr(each, field) for each in taken]).reshape(-1)[here]

    status, why = reasons(result("status"))
    tested = status < 0
    # Nobody or everybody succeeds: the difference is known, only no test of it. Left out, the others would be biased.
    known = tested | (result("status") == NO_VARIANCE)
    numbers = {"estimate": np.where(known, result("estimate"), np.nan)} | {
        name: np.where(tested, column, np.nan)
        for name, column in {
            "standard_error": result("se"),
            "df": result("df"),
            "statistic": result("statistic") * np.array(benefit)[row],
            "p_value": result("p_value"),
            "adjusted_p_value": np.where(np.isnan(of_taken("fraction")), of_look("adjusted"), np.nan),
            "lower": result("lower"),
            "upper": result("upper"),
        }.items()
    }
    numbers["df"] = finite(numbers["df"])
    numbers["standard_error"] = finite(numbers["standard_error"])  # an interval of ranks may have no end
    return {
        "trial": np.repeat(trials, n)[here].astype(np.int32),
        "look": words([each.milestone for each in taken], row),
        "analysis": words(analyses, row),
        "comparison": words(comparisons, row),
        **numbers,
        "n_treated": result("n_treated").astype(np.int32),
        "n_control": result("n_control").astype(np.int32),
        "n_missing": of_look("n_missing").astype(np.int32),
        "n_events": of_look("n_events").astype(np.int32),
        "information": of_taken("fraction"),
        "lower_bound": finite(of_taken("lower")),
        "upper_bound": finite(of_taken("upper")),
        "rejected": of_taken("rejected"),
        "after_stop": of_trial("after_stop"),
        "concludes": of_trial("concludes"),
        "status": Coded(codes=status, categories=why),
        "covariance": covariances(concluded, trials.shape[0], here),
        "truth": of_look("truth"),
        "cut_at": of_trial("cut_at"),
        "unit": words(units, row),
    }


def covariances(concluded: Decided, n_trials: int, here: Ints) -> Coded:
    """Return the covariance of repeated values that each row's analysis used; missing where there is none."""
    tried = [each.look.analysis.method.covariances for each in concluded.taken]
    names = tuple(dict.fromkeys(name for each in tried for name in each))
    columns = []
    for each, of_look in zip(concluded.taken, tried, strict=True):
        used = each.look.results.covariance_used
        code = np.full(n_trials, -1, dtype=np.int64)
        if used is not None:
            positions = np.array([names.index(name) for name in of_look], dtype=np.int64)
            code = np.where(used >= 0, positions[np.maximum(used, 0)], -1)
        columns += [code] * len(each.look.analysis.comparisons)
    return Coded(codes=np.column_stack(columns).reshape(-1)[here], categories=names)


def finite(values: Floats) -> Floats:
    """Return values, missing where they are infinite: a bound that nothing reaches is none."""
    return np.where(np.isfinite(values), values, np.nan)


def _unit(setup: Setup, each: Look) -> str:
    """Return the unit of an analysis's estimates: its endpoint's, unless the method measures a ratio."""
    method = each.analysis.method
    if method.times is not None and method.times.measure in TIME_UNITS:
        return TIME_UNITS[method.times.measure]
    if method.is_ratio:
        return UNITS[str(method.measure)]
    return setup.protocol.endpoint(setup.protocol.estimand(each.analysis.estimand).endpoint).unit


def trials_table(
    setup: Setup, trials: Ints, typical: TypicalValues, batch: Batch, concluded: Decided, failed: Flags
) -> Table:
    """Return one row a trial; `failed` [N] tells whose course could not be computed under some arm."""
    per_trial = setup.protocol.patients.randomised
    is_in = batch.randomised_at.reshape(-1, per_trial) <= concluded.cut_at[:, None]
    arrived = np.where(is_in, batch.randomised_at.reshape(-1, per_trial), -np.inf)
    # Candidates are screened in the order of their numbers, so the last patient who is in tells how many were.
    numbers = batch.patients.patients.reshape(-1, per_trial)
    screened = numbers[np.arange(numbers.shape[0]), np.maximum(is_in.sum(axis=1), 1) - 1] + 1
    names = tuple(milestone.name for milestone in setup.protocol.milestones) or (FINAL,)

    def count(flags: Flags) -> NDArray[np.int32]:
        counted: NDArray[np.int32] = (flags.reshape(-1, per_trial) & is_in).sum(axis=1, dtype=np.int32)
        return counted

    had = np.asarray((batch.own_events < batch.lost_at[:, None]).any(axis=1), dtype=np.bool_)
    return {
        "trial": trials.astype(np.int32),
        "draw": np.ma.masked_array(typical.draw.astype(np.int32), mask=typical.draw < 0),
        "screened": screened.astype(np.int32),
        "randomised": is_in.sum(axis=1, dtype=np.int32),
        "lost": count(np.isfinite(batch.lost_at) & (batch.lost_at < batch.ended_at)),
        "success": concluded.success,
        "stopped_at": Coded(codes=concluded.stopped_at, categories=names),
        "stopped_for": Coded(codes=concluded.why, categories=WHY),
        "n_events": count(had),
        "duration": concluded.cut_at,
        "accrual_ended_at": arrived.max(axis=1),
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
