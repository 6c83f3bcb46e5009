"""Comparisons after imputation: values of the endpoint at several visits, brought to the analysis that imputes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import Comparisons
from trialsim.analysis.imputation import Luck
from trialsim.analysis.imputed_comparisons import Imputation, imputed_comparisons
from trialsim.protocol.missing_model import MissingValues
from trialsim.protocol.model import Analysis
from trialsim.trial.batch import Batch
from trialsim.trial.estimate import analysed_values, reading_days
from trialsim.trial.keys import word
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def visit_values(setup: Setup, analysis: Analysis, batch: Batch, cut_at: Floats) -> Floats:
    """Return an analysis's endpoint as it would be at each visit of its imputation [N, V], missing where not known.

    Values after an event that the estimand switches off are missing at every visit.
    """
    assert analysis.method.imputation is not None
    estimand = setup.protocol.estimand(analysis.estimand)
    endpoint = setup.protocol.endpoint(estimand.endpoint)
    columns = []
    for visit in analysis.method.imputation.visits:
        at_visit = replace(endpoint, at=visit)
        known = reading_days(setup, at_visit, batch.randomised_at, batch.seen)[1]
        value = analysed_values(setup, estimand, at_visit, batch.seen, batch.own_events)
        columns.append(np.where(known <= cut_at, value, np.nan))
    return np.column_stack(columns)


def compared_after_imputation(
    setup: Setup, analysis: Analysis, batch: Batch, cut_at: Floats, columns: Floats, strata: tuple[Ints, int],
    pairs: Ints, better: NDArray[np.int8], margin: Floats,
) -> Comparisons:  # fmt: skip
    """Return the comparisons of the patients who are due at the cut [N].

    Those whose course failed, or without a covariate, are left out, not imputed.
    """
    how = analysis.method.imputation
    assert how is not None
    per_trial = setup.protocol.patients.randomised
    offsets = np.arange(0, cut_at.shape[0] + 1, per_trial, dtype=np.int64)
    names = [arm.name for arm in setup.protocol.arms]
    is_in = (batch.endpoints[analysis.estimand].due_at <= cut_at) & ~batch.own_failed
    luck = Luck(seed=setup.world.seed, name=word(analysis.name))
    numbers = batch.patients.trials.reshape(-1, per_trial)[:, 0]
    return imputed_comparisons(
        visit_values(setup, analysis, batch, cut_at), np.where(is_in, batch.arms, -1), offsets, columns, *strata,
        imputation_of(how, names), luck, numbers, batch.patients.patients, pairs, better, analysis.alpha, margin,
        len(names), deviations(setup, how, analysis, batch),
    )  # fmt: skip


def deviations(setup: Setup, how: MissingValues, analysis: Analysis, batch: Batch) -> Ints | None:
    """Return the first visit after one of the events of an imputation [N], as many as there are if none was seen.

    None if whatever is missing after a patient's last value follows the strategy.
    """
    if not how.after:
        return None
    endpoint = setup.protocol.endpoint(setup.protocol.estimand(analysis.estimand).endpoint)
    at = [setup.calendar.endpoint_readings(replace(endpoint, at=visit))[0] for visit in how.visits]
    events = batch.own_events[:, [setup.events.index(name) for name in how.after]]
    # Who is lost before an event is not known to have had it.
    first = np.where(events < batch.lost_at[:, None], events, np.inf).min(axis=1)
    return np.asarray((batch.seen.actual_days[at] <= first).sum(axis=0), dtype=np.int64)


def imputation_of(how: MissingValues, arms: list[str]) -> Imputation:
    """Return an imputation with its arms by position."""
    deltas = dict(how.delta)
    return Imputation(
        strategy=how.strategy,
        variance=how.variance,
        n=how.imputations,
        reference=0 if how.reference is None else arms.index(how.reference),
        delta=tuple(deltas.get(arm, 0.0) for arm in arms) if deltas else (),
    )
