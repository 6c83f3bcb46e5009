"""Who gets in: candidates are screened in order of their number until enough are eligible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.draws import TypicalValues
from trialsim.cohort.patients import Candidates, candidates
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.expression import Expr, values
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.screen import screened_measures
from trialsim.trial.setup import Setup

FEWEST_SCREENED = 5000  # before a trial is given up
SCREENED_PER_ELIGIBLE = 1000

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """Candidates screened together: who they are, who is eligible, whose course failed (status above 0)."""

    rows: Ints
    patients: Ints
    drawn: Candidates
    eligible: Flags
    status: Ints


def enrolled(setup: Setup, typical: TypicalValues, trials: Ints) -> Enrolled:
    """Return the first `randomised` eligible candidates of every trial, and how many were screened for them.

    Candidates are numbered from 0 in every trial and screened in blocks whose size the protocol fixes; a trial
    still short of patients screens the next block. The eligible ones beyond the last needed are let go. A trial
    in which fewer than one in a thousand is eligible after five thousand raises TrialsimError.
    """
    needed, size = setup.protocol.patients.randomised, block_size(setup)
    counts = np.zeros(trials.shape[0], dtype=np.int64)
    short, first = np.arange(trials.shape[0]), 0
    blocks: list[Block] = []
    while short.size:
        block = _screened_block(setup, typical, trials, short, first, size)
        blocks.append(block)
        counts += np.bincount(block.rows[block.eligible], minlength=trials.shape[0])
        first += size
        short = np.flatnonzero(counts < needed)
        _refuse_hopeless(setup, trials, counts, short, blocks)
    return _first_eligible(blocks, trials, needed)


def block_size(setup: Setup) -> int:
    """Return how many candidates a trial screens at a time: those needed and some three in ten more."""
    needed = setup.protocol.patients.randomised
    return (13 * needed + 9) // 10 + 16 if setup.entry or setup.entry_measured else needed


def _screened_block(setup: Setup, typical: TypicalValues, trials: Ints, short: Ints, first: int, size: int) -> Block:
    """Return candidates `first` to `first + size - 1` of the trials that are short, screened."""
    rows = np.repeat(short, size)
    patients = np.tile(np.arange(first, first + size), short.size)
    drawn = candidates(setup.cohort, typical, setup.world.seed, trials[rows], rows, patients)
    eligible = np.ones(rows.shape[0], dtype=np.bool_)
    for condition in setup.entry:
        eligible &= _met(condition, drawn.covariates)
    status = np.zeros(rows.shape[0], dtype=np.int64)
    if setup.entry_measured:
        here = np.flatnonzero(eligible)
        few = chosen(drawn, here)
        seen, status[here] = screened_measures(setup, typical, trials[rows[here]], rows[here], patients[here], few)
        eligible &= status == 0
        for condition in setup.entry_measured:
            eligible[here] &= _met(condition, {**few.covariates, **seen})
    return Block(rows=rows, patients=patients, drawn=drawn, eligible=eligible, status=status)


def _met(condition: Expr, columns: Mapping[str, Floats]) -> Flags:
    """Return who meets a condition."""
    return np.asarray(values(condition, columns), dtype=np.bool_)


def chosen(drawn: Candidates, positions: Ints | Flags) -> Candidates:
    """Return some of the candidates."""
    return Candidates(
        covariates={name: column[positions] for name, column in drawn.covariates.items()},
        parameters={name: column[positions] for name, column in drawn.parameters.items()},
    )


def _refuse_hopeless(setup: Setup, trials: Ints, counts: Ints, short: Ints, blocks: list[Block]) -> None:
    """Raise if a trial that is short finds hardly anybody eligible."""
    screened = len(blocks) * block_size(setup)
    hopeless = short[counts[short] * SCREENED_PER_ELIGIBLE < screened]
    if screened < FEWEST_SCREENED or not hopeless.size:
        return
    at = hopeless[0]
    failed = sum(int(np.count_nonzero(block.status[block.rows == at])) for block in blocks)
    notes = [f"conditions: {'; '.join(setup.protocol.patients.eligible_text)}"]
    notes += [f"candidates whose course up to screening could not be computed: {failed}"] if failed else []
    raise TrialsimError(
        "too-few-eligible",
        f"trial {trials[at]} of scenario {setup.world.scenario} found {counts[at]} eligible among "
        f"{screened} candidates, fewer than 1 in {SCREENED_PER_ELIGIBLE}",
        [*notes, "widen the conditions or use another cohort"],
    )


def _first_eligible(blocks: list[Block], trials: Ints, needed: int) -> Enrolled:
    """Return each trial's first eligible candidates over all blocks."""
    rows = np.concatenate([block.rows[block.eligible] for block in blocks])
    order = np.argsort(rows, kind="stable")  # blocks are in order of candidate number already
    rows = rows[order]
    counts = np.bincount(rows, minlength=trials.shape[0])
    before = np.concatenate(([0], np.cumsum(counts)[:-1]))
    first = np.arange(rows.shape[0]) - before[rows] < needed
    keep = order[first]
    patients = np.concatenate([block.patients[block.eligible] for block in blocks])[keep]
    kept = [chosen(block.drawn, block.eligible) for block in blocks]
    screened = patients.reshape(-1, needed)[:, -1] + 1
    failed = [_failed(block, screened) for block in blocks]
    return Enrolled(
        rows=rows[first],
        trials=trials[rows[first]],
        patients=patients,
        covariates={name: np.concatenate([k.covariates[name] for k in kept])[keep] for name in kept[0].covariates},
        parameters={name: np.concatenate([k.parameters[name] for k in kept])[keep] for name in kept[0].parameters},
        screened=screened,
        failed_rows=np.concatenate([rows for rows, _, _ in failed]),
        failed_patients=np.concatenate([numbers for _, numbers, _ in failed]),
        failed_status=np.concatenate([status for _, _, status in failed]),
    )


def _failed(block: Block, screened: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the trial rows, numbers and status of those who failed among the candidates that a trial screened."""
    at = np.flatnonzero((block.status > 0) & (block.patients < screened[block.rows]))
    return block.rows[at], block.patients[at], block.status[at]
