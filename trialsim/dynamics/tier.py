"""Which solver follows a model's courses: explicit or stiff, by counted work, never by a clock.

The same choice must fall on every machine, so that both are judged by steps made times operations in a step. What the
caller runs is his affair: both functions take a function that runs patients under a solver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.dynamics import dop853, rodas5p
from trialsim.dynamics.courses import Courses, Tolerance
from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.stiff_system import Solver, stiff_system
from trialsim.dynamics.system import system
from trialsim.dynamics.tape import LEAVES, Tape

MOST_PILOTS = 64
# Explicit is chosen only if it takes less than this share of the stiff solver's work: chosen wrongly, stiff costs two
# or three times too much, explicit fifty times.
CLEARLY_LESS = 0.8
# Steps at a looser tolerance are that much fewer where accuracy decides four in ten or more of them: over these a stiff
# solver, of lower order, would take more work than it could save on the others.
LOOSE = Tolerance(relative=1e-4, absolute=1e-6)
CLEARLY_FEWER = 0.7
# Operations cost 1 (+ - * and comparisons) or as much as so many, as measured in lanes of vector registers.
_COSTS: Mapping[str, float] = {"/": 4.0, "sqrt": 5.0, "exp": 20.0, "log": 20.0, "logistic": 25.0, "logit": 25.0,
                               "power": 70.0}
# What a second try may mend: the step budget, a step size that collapses, a number that is none.
_MENDABLE = (1, 2, 3)


def piloted_solver(model: CourseModel, run: Callable[[Solver, Tolerance | None], Courses]) -> tuple[Solver, str]:
    """Return the solver for a model that is not linear, and a sentence that says why.

    `run` follows the same pilot patients, at most `MOST_PILOTS`, under a solver with a tolerance (None: the usual).
    The stiff solver is compiled and tried only where it may take less work.
    """
    explicit, loose = run("explicit", None), run("explicit", LOOSE)
    if follows_its_tolerance(explicit, loose):
        return "explicit", (
            f"explicit: {len(explicit.status)} patients took {explicit.steps.sum()} explicit steps,"
            f" {loose.steps.sum()} at a looser tolerance: accuracy decides, not stability"
        )
    return chosen_solver(model, lambda solver: explicit if solver == "explicit" else run(solver, None))


def chosen_solver(model: CourseModel, run: Callable[[Solver], Courses]) -> tuple[Solver, str]:
    """Return the solver for a model that is not linear, and a sentence that says why.

    `run` follows the same pilot patients, at most `MOST_PILOTS`, under a solver. The one that fails fewer wins; then
    explicit if it clearly takes less work; stiff when unsure.
    """
    explicit, stiff = run("explicit"), run("stiff")
    n = len(explicit.status)
    if n > MOST_PILOTS or len(stiff.status) != n:
        raise ValueError(f"a pilot is the same patients under both solvers, at most {MOST_PILOTS}")
    if n == 0:
        return "stiff", "stiff: there was no patient to try"
    failed = [int(np.isin(found.status, _MENDABLE).sum()) for found in (explicit, stiff)]
    if failed[0] != failed[1]:
        name: Solver = "explicit" if failed[0] < failed[1] else "stiff"
        return name, f"{name}: of {n} patients {failed[0]} could not be followed explicitly, {failed[1]} stiffly"
    works = [int(explicit.steps.sum()) * work_of_step(model, "explicit"),
             int(stiff.steps.sum()) * work_of_step(model, "stiff")]
    name = "explicit" if works[0] < CLEARLY_LESS * works[1] else "stiff"
    return name, (f"{name}: {n} patients took {explicit.steps.sum()} explicit steps or {stiff.steps.sum()} stiff ones, "
                  f"{works[0] / 1e6:.3g} or {works[1] / 1e6:.3g} million operations")


def follows_its_tolerance(explicit: Courses, loose: Courses) -> bool:
    """Return whether accuracy alone decides how many explicit steps patients take, so that no stiff solver can help.

    `loose` are the courses of the same patients at the tolerance `LOOSE`. Where stability holds the steps short, they
    stay as short however little accuracy is asked (Hairer & Wanner 1996, *Solving Ordinary Differential Equations II*,
    section IV.2); where accuracy does, an explicit method of order 8 takes up to a third as many.
    """
    if np.isin(explicit.status, _MENDABLE).any() or np.isin(loose.status, _MENDABLE).any():
        return False
    return int(loose.steps.sum()) < CLEARLY_FEWER * int(explicit.steps.sum())


def work_of_step(model: CourseModel, solver: Solver) -> float:
    """Return the operations of one step: rates at all stages, sums, for the stiff solver also factors and solutions."""
    if solver == "explicit":
        found = system(model)
        targets = [*found.rates, *found.hazards]
        sums = _used(dop853.STAGES, dop853.WEIGHTS, dop853.ERROR_3, dop853.ERROR_5)
        return dop853.N_STAGES * _operations(found.tape, targets) + len(targets) * (2.0 * sums + 20.0)
    stiff = stiff_system(model)
    found, plan = stiff.system, stiff.elimination
    targets = [*found.rates, *found.hazards]
    sums = _used(rodas5p.STAGES[:6], rodas5p.CARRIED) + rodas5p.N_STAGES
    derivatives = _operations(found.tape, [*stiff.by_state.values(), *stiff.by_time.values()])
    # A product and a difference, each of which waits for the one before.
    linear = 3.0 * (plan.n_products + rodas5p.N_STAGES * plan.n_solving) + _COSTS["/"] * len(plan.pivots)
    return (rodas5p.N_STAGES * _operations(found.tape, targets) + derivatives + linear
            + len(targets) * (2.0 * sums + 20.0))


def _used(*tables: NDArray[np.float64]) -> int:
    """Return how many coefficients are not zero."""
    return sum(int(np.count_nonzero(table)) for table in tables)


def _operations(tape: Tape, roots: Iterable[int]) -> float:
    """Return what it costs to compute values, each once; what only parameters decide is computed once a patient."""
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        i = waiting.pop()
        if i not in found and tape.nodes[i][0] not in LEAVES and tape.depends[i]:
            found.add(i)
            waiting += tape.nodes[i][1:]
    return sum(_COSTS.get(tape.nodes[i][0], 1.0) for i in found)


def with_second_tries(
    first: Courses, solver: Solver, run: Callable[[Solver, NDArray[np.int64]], Courses]
) -> tuple[Courses, NDArray[np.int64]]:
    """Return the courses with every failed patient followed again by the other solver, and who these patients were.

    `run` follows the patients at some positions under a solver. Who fails again keeps what the first try gave and its
    reason; the steps are those of both tries. What cannot be mended (a bad parameter, a negative hazard) stays.
    """
    again = np.flatnonzero(np.isin(first.status, _MENDABLE))
    if not again.size:
        return first, again
    other: Solver = "stiff" if solver == "explicit" else "explicit"
    second = run(other, again)
    mended = ~np.isin(second.status, _MENDABLE)
    members = again[mended]

    def joined(name: str) -> NDArray[Any]:
        """Return an array with the rows of who was mended."""
        whole: NDArray[Any] = getattr(first, name).copy()
        whole[members] = getattr(second, name)[mended]
        return whole

    steps, counts, ledger = first.steps.copy(), joined("counts"), first.ledger.copy()
    steps[again] += second.steps
    counts[:, 1] = steps
    # The second try's ledgers stand behind the first's.
    ledger[members] = first.ledgers.shape[1] + second.ledger[:-1][mended]
    made = replace(
        first, outputs=joined("outputs"), event_times=joined("event_times"), status=joined("status"), steps=steps,
        n_events=joined("n_events"), counts=counts, ledger=ledger,
        ledgers=np.concatenate((first.ledgers, second.ledgers), axis=1))
    return made, again
