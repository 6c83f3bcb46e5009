"""Which solver, by counted work; and what a second try with the other mends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.reference.course_models import built
from tests.unit.dynamics.test_courses_stiff import CLASSICS, TMDD
from trialsim.dynamics.arrays import EVENTS_TOLD, HAPPENED
from trialsim.dynamics.courses import Courses, Tolerance, courses
from trialsim.dynamics.doses import no_doses
from trialsim.dynamics.tier import chosen_solver, follows_its_tolerance, with_second_tries, work_of_step

SIMPLE = built("a", "k", ("-k * a * a",), starts=("1",))


def made(status, steps, outputs=None):
    n = len(status)
    return Courses(outputs=np.zeros((n, 1, 1)) if outputs is None else outputs, event_times=np.full((n, 0), np.inf),
                   status=np.array(status, dtype=np.int8), steps=np.array(steps, dtype=np.int64),
                   n_events=np.zeros((n, 0), dtype=np.int64), counts=np.zeros((n, HAPPENED), dtype=np.int64),
                   ledgers=np.zeros((3, 0, 7)), ledger=np.zeros(n + 1, dtype=np.int64), n_signals=0)


@pytest.mark.parametrize(("explicit", "stiff", "expected"), [
    (made([0, 0], [100, 100]), made([0, 0], [300, 300]), (
        "explicit",
        "explicit: 2 patients took 200 explicit steps or 600 stiff ones, 0.0384 or 0.101 million operations")),
    (made([0, 0], [100, 20_000]), made([0, 0], [300, 300]), (
        "stiff", "stiff: 2 patients took 20100 explicit steps or 600 stiff ones, 3.86 or 0.101 million operations")),
    # Less work, but not clearly so.
    (made([0], [100]), made([0], [130]), (
        "stiff", "stiff: 1 patients took 100 explicit steps or 130 stiff ones, 0.0192 or 0.0218 million operations")),
    (made([0, 1], [9, 9]), made([0, 0], [9999, 9999]), (
        "stiff", "stiff: of 2 patients 1 could not be followed explicitly, 0 stiffly")),
    (made([0, 4], [9, 9]), made([3, 4], [1, 1]), (
        "explicit", "explicit: of 2 patients 0 could not be followed explicitly, 1 stiffly")),
    (made([], []), made([], []), ("stiff", "stiff: there was no patient to try")),
])
def test_the_choice_and_its_reason(explicit, stiff, expected):
    assert chosen_solver(SIMPLE, {"explicit": explicit, "stiff": stiff}.__getitem__) == expected


def test_a_pilot_is_small_and_the_same_under_both():
    for runs in ({"explicit": made([0] * 65, [1] * 65), "stiff": made([0] * 65, [1] * 65)},
                 {"explicit": made([0], [1]), "stiff": made([0, 0], [1, 1])}):
        with pytest.raises(ValueError) as caught:
            chosen_solver(SIMPLE, runs.__getitem__)
        assert str(caught.value) == "a pilot is the same patients under both solvers, at most 64"


def test_the_work_of_a_step_is_counted():
    # a: one negation is the patient's, two products are the step's.
    assert work_of_step(SIMPLE, "explicit") == 12 * 2 + 2 * 74 + 20
    assert work_of_step(SIMPLE, "stiff") == 8 * 2 + 2 + 3 * 8 + 4 + 2 * (15 + 28 + 8) + 20
    assert 1.0 < work_of_step(TMDD, "stiff") / work_of_step(TMDD, "explicit") < 3.0


def run(solver, members=slice(None)):
    """Return courses of patients of whom the second is stiff."""
    params = np.array([[0.04, 1e4, 3e7, 1.0], [0.04, 1e4, 3e7, 1e3], [0.04, 0.0, 0.0, 1.0], [np.nan] * 4])[members]
    n = len(params)
    return courses(CLASSICS, params, no_doses(n), np.full((n, 1), 900.0), np.zeros((n, 0)), (), (), 1e4,
                   Tolerance(most_steps=9000), solver=solver)


def test_a_second_try_mends_what_can_be_mended():
    first = run("explicit")
    assert first.status.tolist() == [1, 1, 0, 3]
    found, again = with_second_tries(first, "explicit", run)
    assert again.tolist() == [0, 1, 3]
    second = run("stiff")
    # The first, hardly stiff, turns so often that neither solver follows it in so few steps.
    assert second.status.tolist() == [1, 0, 1, 3]
    assert found.status.tolist() == [1, 0, 0, 3]
    assert found.steps.tolist() == (first.steps + [second.steps[0], second.steps[1], 0, second.steps[3]]).tolist()
    assert found.outputs[1].tobytes() == second.outputs[1].tobytes()
    assert found.outputs[2].tobytes() == first.outputs[2].tobytes()
    assert np.isnan(found.outputs[[0, 3]]).all()
    assert first.status.tolist() == [1, 1, 0, 3]


def test_who_cannot_fail_is_not_tried_again():
    complete = made([0, 4, 5], [1, 1, 1])
    found, again = with_second_tries(complete, "stiff", run)
    assert found is complete
    assert again.size == 0


def test_a_second_try_brings_its_own_ledger():
    def told(status, times):
        found = made(status, [1] * len(status))
        counts, ledgers = found.counts.copy(), np.zeros((3, len(times), 7))
        counts[:, EVENTS_TOLD] = 1
        ledgers[0, :, 0] = times
        return replace(found, counts=counts, ledgers=ledgers, ledger=np.arange(len(times) + 1))

    found, again = with_second_tries(told([0, 1, 2], [1.0, 2.0, 3.0]), "explicit", lambda *_: told([2, 0], [4.0, 5.0]))
    assert again.tolist() == [1, 2]
    assert [found.happening(i).event_time.tolist() for i in range(3)] == [[1.0], [2.0], [5.0]]
    assert found.status.tolist() == [0, 1, 0]
    assert found.steps.tolist() == found.counts[:, 1].tolist() == [1, 2, 2]


@pytest.mark.parametrize(("explicit", "loose", "expected"), [
    (made([0, 0], [100, 100]), made([0, 0], [60, 79]), True),
    (made([0, 0], [100, 100]), made([0, 0], [60, 80]), False),
    (made([0, 1], [100, 100]), made([0, 0], [10, 10]), False),
    (made([0, 4], [100, 100]), made([0, 4], [10, 10]), True),  # no solver mends a bad parameter
    (made([0, 0], [100, 100]), made([3, 0], [10, 10]), False),
])
def test_steps_that_follow_the_tolerance_are_not_held_short_by_stability(explicit, loose, expected):
    assert follows_its_tolerance(explicit, loose) is expected
