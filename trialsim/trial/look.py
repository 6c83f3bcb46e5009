"""A look: one analysis of every trial, on what is known at its data cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import OK, REASONS, Comparisons
from trialsim.analysis.multiplicity import adjusted_p_values
from trialsim.foundation.elementary import normal_quantile
from trialsim.protocol.model import Analysis
from trialsim.trial.batch import Batch
from trialsim.trial.compared import better_of, compared, pairs_of
from trialsim.trial.known import Known, known_at
from trialsim.trial.seen_events import EVENT
from trialsim.trial.setup import Setup
from trialsim.trial.true_effects import true_effects

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What one analysis estimates in T trials about its C comparisons at one data cut, arrays [T, C]."""

    analysis: Analysis
    results: Comparisons
    adjusted: Floats  # p values, for one look alone
    truth: Floats
    n_missing: Ints
    n_events: Ints  # of a time to an event
    z: Floats  # the statistic on the scale of a normal one, in the direction of benefit; -inf where not estimable


def look(setup: Setup, analysis: Analysis, batch: Batch, cut_at: Floats) -> Look:
    """Return what an analysis estimates in every trial; `cut_at` [T] is infinite where all there will be is known."""
    per_trial = setup.protocol.patients.randomised
    data = batch.endpoints[analysis.estimand]
    known = known_at(data, batch.randomised_at, cut_at, per_trial, analysis.method.missing, ~batch.own_failed)
    pairs, better = pairs_of(setup, analysis), better_of(analysis)
    results = compared(setup, analysis, batch, known, np.repeat(cut_at, per_trial))
    # A family judges its comparisons together, once all of its analyses at a milestone are made.
    rule = "none" if analysis.multiplicity == "family" else analysis.multiplicity
    return Look(
        analysis=analysis,
        results=results,
        adjusted=adjusted_p_values(rule, results, better, range(len(pairs))),
        truth=true_effects(setup, analysis, batch, data, known, pairs, np.repeat(cut_at, per_trial)),
        n_missing=counted(known.is_missing, batch.arms, pairs, per_trial),
        n_events=counted(event_flags(known), batch.arms, pairs, per_trial),
        z=normal_scores(results, better),
    )


def event_flags(known: Known) -> Flags:
    """Return who had the event [N]."""
    if known.causes is None:
        return np.zeros(known.values.shape, dtype=np.bool_)
    return np.asarray((known.causes == EVENT) & ~np.isnan(known.values), dtype=np.bool_)


def counted(flags: Flags, arms: Ints, pairs: Ints, per_trial: int) -> Ints:
    """Return how many patients of each comparison's two arms have a flag, [T, C]."""
    by_trial, flagged = arms.reshape(-1, per_trial), flags.reshape(-1, per_trial)
    columns = [(flagged & ((by_trial == a) | (by_trial == b))).sum(axis=1) for a, b in pairs]
    return np.column_stack(columns)


def normal_scores(results: Comparisons, better: NDArray[np.int8]) -> Floats:
    """Return Z as boundaries look at it: of a t test, the normal quantile of its p value; -inf if not estimable.

    So that a boundary of Z is one of p, exactly at any number of degrees of freedom (Jennison and Turnbull 2000,
    section 3.8).
    """
    z = np.asarray(results.statistic * better, dtype=np.float64)
    finite = (results.status == OK) & np.isfinite(results.df)
    p = np.where(finite, results.p_value, 0.5)
    scores = np.array([-float(normal_quantile(min(max(each, 1e-300), 1.0 - 1e-16))) for each in p[finite]])
    z[finite] = scores
    return np.where(results.status == OK, z, -np.inf)


def reasons(status: NDArray[np.int8]) -> tuple[Ints, tuple[str, ...]]:
    """Return the codes and words of why comparisons could not be estimated; -1 where they could."""
    codes = sorted(code for code in REASONS if code != 0)
    positions = np.full(max([0, *codes]) + 1, -1, dtype=np.int64)
    positions[codes] = np.arange(len(codes))
    return positions[status.astype(np.int64)], tuple(str(REASONS[code]) for code in codes)
