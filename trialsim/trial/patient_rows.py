"""The patient-level tables of the trials that are kept, column by column."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.tables import Coded
from trialsim.trial.batch import Batch, words
from trialsim.trial.decided import Decided
from trialsim.trial.decision_rows import decision_rows
from trialsim.trial.dose_rows import dose_rows
from trialsim.trial.lose import last_days
from trialsim.trial.milestones import known_days
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Table = dict[str, Any]


def kept(batch: Batch, keep_below: int) -> Ints:
    """Return the positions of the patients of trials whose number is below `keep_below`."""
    return np.flatnonzero(batch.patients.trials < keep_below)


def patient_tables(setup: Setup, batch: Batch, at: Ints, told: Decided) -> dict[str, Table]:
    """Return the patient-level tables of the patients at `at`; `told` is what rules decided about them."""
    return {
        "patients": _patients(setup, batch, at),
        "doses": dose_rows(setup, batch, at, told),
        "decisions": decision_rows(setup, batch, told),
        "visits": _visits(setup, batch, at),
        "events": _events(setup, batch, at),
        "endpoints": _endpoints(setup, batch, at),
        "counterfactuals": _counterfactuals(setup, batch, at),
    }


def _ids(batch: Batch, at: Ints, each: int = 1) -> Table:
    """Return the keys of rows: trial and patient, each repeated."""
    return {
        "trial": np.repeat(batch.patients.trials[at], each).astype(np.int32),
        "patient": np.repeat(batch.patients.patients[at], each).astype(np.int32),
    }


def _arm(setup: Setup, codes: Ints) -> Coded:
    return Coded(codes=codes, categories=tuple(arm.name for arm in setup.protocol.arms))


def _patients(setup: Setup, batch: Batch, at: Ints) -> Table:
    strata = batch.strata[at] if setup.protocol.randomise.strata else np.full(at.shape, -1)
    table = _ids(batch, at) | {
        "arm": _arm(setup, batch.arms[at]),
        "site": batch.sites[at].astype(np.int32),
        "stratum": Coded(codes=strata, categories=setup.strata),
        "randomised_at": batch.randomised_at[at],
        "adherence": batch.adherence[at],
    }
    for covariate in setup.cohort.covariates:
        column = batch.patients.covariates[covariate.name][at]
        coded = bool(covariate.categories)
        table[covariate.name] = (
            Coded(codes=column.astype(np.int64), categories=covariate.categories) if coded else column
        )
    return table | {p.name: batch.patients.parameters[p.name][at] for p in setup.cohort.parameters}


def _visits(setup: Setup, batch: Batch, at: Ints) -> Table:
    readings, seen = setup.calendar.readings, batch.seen
    n = len(readings)
    each = np.tile(np.arange(n), at.shape[0])
    moments = [setup.calendar.moments[reading.moment] for reading in readings]
    there = seen.seen[:, at].T.reshape(-1)

    def flat(values: NDArray[Any]) -> NDArray[Any]:
        return values[:, at].T.reshape(-1)

    known = np.empty((n, batch.randomised_at.shape[0]))
    for i in range(n):
        known[i] = known_days(setup, i, batch.randomised_at, seen)
    ended = flat(seen.lost) & np.repeat(batch.lost_at[at] == batch.ended_at[at], n)
    return _ids(batch, at, n) | {
        "measure": words([reading.measure for reading in readings], each),
        "visit": words([moment.visit.name for moment in moments], each),
        "nominal_time": np.array([moment.nominal for moment in moments], dtype=np.float64)[each],
        "actual_time": np.where(there, flat(seen.actual_days), np.nan),
        "known_at": flat(known),
        "true_value": np.where(there, flat(seen.true_values), np.nan),
        "value": flat(seen.values),
        "below_lloq": flat(seen.below_lloq),
        "missed": ~there,
        "reason": Coded(
            codes=np.where(ended, 2, np.where(flat(seen.lost), 0, np.where(flat(seen.missed), 1, -1))),
            categories=("lost", "missed", "ended"),
        ),
        "unit": words([setup.measures[reading.output].unit.text for reading in readings], each),
    }


def _events(setup: Setup, batch: Batch, at: Ints) -> Table:
    """Intercurrent events up to loss, the loss that came first, or completion: a row each, null if it never happens.

    Then the cohort's own events up to loss: a row each time that one happens, one with null if it never does.
    """
    lost_at, last = batch.lost_at[at], last_days(setup, batch.days[at])
    names = (*setup.events, *setup.losses, "completed")
    days = np.concatenate([batch.own_events[at], batch.losses[at], last[:, None]], axis=1)
    n_events, n_losses = len(setup.events), len(setup.losses)
    happened = np.isfinite(days)
    happened[:, :n_events] &= days[:, :n_events] < lost_at[:, None]
    happened[:, n_events : n_events + n_losses] &= days[:, n_events : n_events + n_losses] == lost_at[:, None]
    happened[:, -1] = np.isinf(lost_at)
    kinds = ["intercurrent"] * n_events + ["loss"] * n_losses + ["completed"]
    each = np.tile(np.arange(len(names)), at.shape[0])
    own, (who, own_event, own_day) = [event.name for event in setup.own_events], _own_happenings(setup, batch, at)
    position = np.concatenate([np.repeat(np.arange(at.shape[0]), len(names)), who])
    which = np.concatenate([each, len(names) + own_event])
    order = np.argsort(position, kind="stable")
    return _ids(batch, at[position[order]]) | {
        "event": words([*names, *own], which[order]),
        "kind": words(kinds + ["cohort"] * len(own), which[order]),
        "time": np.concatenate([np.where(happened, days, np.nan).reshape(-1), own_day])[order],
    }


def _own_happenings(setup: Setup, batch: Batch, at: Ints) -> tuple[Ints, Ints, Floats]:
    """Return position in `at`, event and day of what the cohort's events did up to loss, then what never was."""
    row = np.full(batch.lost_at.shape[0], -1)
    row[at] = np.arange(at.shape[0])
    told = batch.happened
    known = (row[told.who] >= 0) & (told.day <= batch.lost_at[told.who])
    who, event = row[told.who[known]], told.event[known]
    never = np.ones((at.shape[0], len(setup.own_events)), dtype=np.bool_)
    never[who, event] = False
    others = np.nonzero(never)
    day = np.concatenate([told.day[known], np.full(others[0].shape[0], np.nan)])
    return np.concatenate([who, others[0]]), np.concatenate([event, others[1]]), day


def _estimand_words(setup: Setup, each: Ints) -> Table:
    """Return the columns endpoint, estimand and unit of positions among the estimands."""
    estimands = setup.protocol.estimands
    return {
        "endpoint": words([estimand.endpoint for estimand in estimands], each),
        "estimand": words([estimand.name for estimand in estimands], each),
        "unit": words([setup.protocol.endpoint(estimand.endpoint).unit for estimand in estimands], each),
    }


def _endpoints(setup: Setup, batch: Batch, at: Ints) -> Table:
    estimands = setup.protocol.estimands
    values = np.array([batch.endpoints[estimand.name].analysed[at] for estimand in estimands])
    each = np.tile(np.arange(len(estimands)), at.shape[0])
    return (
        _ids(batch, at, len(estimands))
        | {"arm": _arm(setup, np.repeat(batch.arms[at], len(estimands))), "value": values.T.reshape(-1)}
        | _estimand_words(setup, each)
    )


def _counterfactuals(setup: Setup, batch: Batch, at: Ints) -> Table:
    estimands, n_arms = setup.protocol.estimands, len(setup.protocol.arms)
    values = np.array([batch.endpoints[estimand.name].counterfactual[:, at] for estimand in estimands])
    each = np.tile(np.repeat(np.arange(len(estimands)), n_arms), at.shape[0])
    return (
        _ids(batch, at, len(estimands) * n_arms)
        | {"arm": _arm(setup, np.tile(np.arange(n_arms), at.shape[0] * len(estimands)))}
        | {"value": values.transpose(2, 0, 1).reshape(-1)}
        | _estimand_words(setup, each)
    )
