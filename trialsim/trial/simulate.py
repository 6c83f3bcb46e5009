"""A batch of trials from first candidate to last decision: the only place that knows the order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.draws import TypicalValues, typical_values
from trialsim.cohort.posterior import posterior_with_overrides
from trialsim.trial.accrue import arrival_times, sites
from trialsim.trial.adhere import adherences, intake
from trialsim.trial.batch import Batch
from trialsim.trial.decide import decisions
from trialsim.trial.decided import decided
from trialsim.trial.enroll import enrolled
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.estimate import endpoint_data
from trialsim.trial.happen import happened
from trialsim.trial.lose import HALF_A_SECOND, ended_days, last_days, leaves_by_rule, loss_days, lost_days
from trialsim.trial.observe import measurement_luck, moment_days, observations
from trialsim.trial.patient_rows import kept, patient_tables
from trialsim.trial.randomize import allocated_arms, crossed
from trialsim.trial.setup import Setup, setup_of
from trialsim.trial.solver import with_solver
from trialsim.trial.treat import NOTHING, Outcomes, outcomes
from trialsim.trial.trial_rows import failures_table, looks_table, trials_table
from trialsim.trial.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def simulate_trials(world: World, trials: range, keep_patients_below: int) -> dict[str, dict[str, Any]]:
    """Return the tables of trials with these numbers: table name, column name, values.

    Trial-level tables hold every trial, patient-level ones those whose number is below `keep_patients_below`.
    A trial's rows are the same bits whichever other trials are simulated with it. A trial that finds hardly
    anybody eligible raises TrialsimError; a patient whose course cannot be computed is a row of `failures`.
    """
    setup = with_solver(setup_of(world))
    numbers = np.arange(trials.start, trials.stop, trials.step, dtype=np.int64)
    posterior = posterior_with_overrides(world.posterior, world.overrides)
    draws = numbers // world.protocol.simulate.trials_per_draw  # as trials of these numbers would draw by themselves
    typical = typical_values(world.cohort, world.seed, draws, world.mode, posterior)
    patients = enrolled(setup, typical, numbers)
    batch, worlds = _lived(setup, typical, patients)
    return _tables(setup, typical, numbers, batch, worlds, keep_patients_below)


def _lived(setup: Setup, typical: TypicalValues, patients: Enrolled) -> tuple[Batch, dict[frozenset[str], Outcomes]]:
    """Return what became of the patients: allocated, treated, observed; and their courses in every world."""
    protocol, seed = setup.protocol, setup.world.seed
    conduct, trials, numbers = protocol.conduct, patients.trials, patients.patients
    randomised_at = arrival_times(conduct.accrual, seed, trials, numbers, protocol.patients.randomised)
    at_sites = sites(conduct.accrual, seed, trials, numbers, randomised_at)
    strata = crossed(protocol.randomise.strata, patients.covariates, at_sites, setup.cohort, conduct.accrual.sites)
    arms = allocated_arms(protocol.randomise, setup.strata, seed, trials, patients.rows, strata)
    adherence = adherences(conduct.adherence, seed, trials, numbers)
    own_intake = intake(setup.dosing, conduct.adherence, seed, trials, numbers, adherence)
    days = moment_days(setup, trials, numbers)
    worlds = outcomes(setup, typical, patients, days, own_intake, [each.switched_off() for each in protocol.estimands])
    every = np.arange(trials.shape[0])
    own_hazards = worlds[NOTHING].event_days[arms, every]
    own_events, by_reason = own_hazards[:, : len(setup.events)], loss_days(setup, patients, own_hazards)
    ended_at = ended_days(setup, own_hazards)
    luck = np.empty((len(setup.calendar.readings), trials.shape[0]))
    for i in range(luck.shape[0]):
        luck[i] = measurement_luck(setup, i, trials, numbers)
    last = last_days(setup, days)
    left_at, lost_at = lost_days(by_reason, last), lost_days(np.column_stack([by_reason, ended_at]), last)
    unseen_from = lost_at + np.where(leaves_by_rule(setup, by_reason, lost_at), HALF_A_SECOND, 0.0)
    seen = observations(setup, typical, patients, days, worlds[NOTHING].actual[:, arms, every], luck, unseen_from)
    own_failed = worlds[NOTHING].status[arms, every] != 0
    batch = Batch(
        patients=patients,
        sites=at_sites,
        randomised_at=randomised_at,
        strata=strata,
        arms=arms,
        adherence=adherence,
        intake=own_intake,
        days=days,
        own_events=own_events,
        losses=by_reason,
        lost_at=lost_at,
        ended_at=ended_at,
        happened=happened(setup, typical, patients, own_intake, arms, own_hazards),
        own_failed=own_failed,
        seen=seen,
        endpoints=endpoint_data(
            setup, typical, patients, worlds, seen, luck, own_hazards, randomised_at, left_at, own_failed
        ),
    )
    return batch, worlds


def _tables(
    setup: Setup, typical: TypicalValues, trials: Ints, batch: Batch, worlds: dict[frozenset[str], Outcomes], keep: int
) -> dict[str, dict[str, Any]]:
    """Return what was concluded and all that is stored."""
    status = np.maximum.reduce([world.status for world in worlds.values()])
    failed = (status != 0).any(axis=0)
    concluded = decisions(setup, batch)
    at = kept(batch, keep)
    told = decided(setup, typical, batch.patients, batch.intake, batch.arms, at)
    return patient_tables(setup, batch, at, told) | {
        "looks": looks_table(setup, trials, concluded),
        "trials": trials_table(setup, trials, typical, batch, concluded, failed),
        "failures": failures_table(setup, batch, trials, status),
    }
