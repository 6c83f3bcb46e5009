"""Which solver follows the courses of a world: the protocol's, or the one that a pilot of its patients chooses."""

from __future__ import annotations

import hashlib
import pickle
import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialsim.cohort.draws import typical_values
from trialsim.cohort.patients import candidates
from trialsim.cohort.posterior import posterior_with_overrides
from trialsim.dynamics.courses import courses
from trialsim.dynamics.stiff_system import Solver
from trialsim.dynamics.system import tier_of
from trialsim.dynamics.tier import MOST_PILOTS, piloted_solver
from trialsim.trial.adhere import adherences, intake
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.grid import sample_grid
from trialsim.trial.observe import moment_days
from trialsim.trial.setup import Setup
from trialsim.trial.treat import NOTHING, Run

_CHOSEN: dict[str, tuple[Solver, str]] = {}  # by the digest of all that a pilot is: a run has one a world
_CHOOSING = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """How the courses of a world are computed, and why so."""

    tier: str
    solver: Solver | None  # None where the model is linear: its courses are exact
    why: str


def with_solver(setup: Setup) -> Setup:
    """Return the setup with the solver of its world."""
    solver = solution(setup).solver
    return setup if solver is None else replace(setup, solver=solver)


def solution(setup: Setup) -> Solution:
    """Return how courses are computed: by the tier of the model, the protocol's word, or a pilot.

    The pilot's patients are the first candidates of trial 0, at most 64, under the first arm with doses: the same for
    whichever trials are computed, on any machine.
    """
    if not setup.has_course:
        return Solution(tier="closed", solver=None, why="closed: nothing that happens or is measured needs a course")
    tier, why = tier_of(setup.model)
    if tier == "linear":
        return Solution(tier=tier, solver=None, why=why)
    if setup.protocol.simulate.solver is not None:
        return Solution(tier=tier, solver=setup.protocol.simulate.solver, why=f"{why}; the protocol names the solver")
    asked = pilot(setup)
    key = hashlib.sha256(setup.model.digest.encode() + pickle.dumps(asked)).hexdigest()
    with _CHOOSING:
        if key not in _CHOSEN:
            _CHOSEN[key] = piloted_solver(
                setup.model,
                lambda solver, tolerance: courses(setup.model, **asked, solver=solver, tolerance=tolerance),
            )
        solver, chosen = _CHOSEN[key]
    return Solution(tier=tier, solver=solver, why=f"{why}; {chosen}")


def pilot(setup: Setup) -> dict[str, Any]:
    """Return what `courses` is asked for the pilot's patients."""
    world, protocol = setup.world, setup.protocol
    n = MOST_PILOTS
    rows = trials = np.zeros(n, dtype=np.int64)
    numbers, nobody = np.arange(n), np.zeros(0, dtype=np.int64)
    posterior = posterior_with_overrides(world.posterior, world.overrides)
    typical = typical_values(world.cohort, world.seed, np.zeros(1, dtype=np.int64), world.mode, posterior)
    drawn = candidates(world.cohort, typical, world.seed, trials, rows, numbers)
    patients = Enrolled(
        rows=rows, trials=trials, patients=numbers, covariates=drawn.covariates, parameters=drawn.parameters,
        screened=np.array([n]), failed_rows=nobody, failed_patients=nobody, failed_status=nobody,
    )  # fmt: skip
    adherence = protocol.conduct.adherence
    shares = adherences(adherence, world.seed, trials, numbers)
    taken = intake(setup.dosing, adherence, world.seed, trials, numbers, shares)
    days = moment_days(setup, trials, numbers)
    run = Run(setup, typical, patients, taken, sample_grid(setup.calendar, days))
    dosed = [i for i, arm in enumerate(protocol.arms) if arm.dosing]
    return run.asked((dosed or [0])[0] * n + numbers, NOTHING)
