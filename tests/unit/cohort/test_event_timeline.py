"""Records to courses: the order at one time, additional doses, covariates carried either way, beginnings."""

from __future__ import annotations

from trialsim.cohort.event_records import EventRecord, Individual
from trialsim.cohort.event_timeline import Timeline, just_after, timelines
from trialsim.dynamics.doses import DOSE, STEADY, STEADY_ADDED, STEADY_WITH


def seen(time: float) -> EventRecord:
    return EventRecord(row=0, time=time, evid=0)


def dose(time: float, amount: float = 100.0, evid: int = 1, **items: float) -> EventRecord:
    return EventRecord(row=0, time=time, evid=evid, amount=amount, doors=(0,), **items)  # type: ignore[arg-type]


def lines(
    *records: EventRecord, rows: tuple[int, ...] = (), forward: bool = False, lags: bool = False
) -> list[Timeline]:
    individual = Individual(id=1, replicate=0, records=records)
    return list(timelines(individual, rows or (0,) * len(records), forward, lags))


def doses(line: Timeline) -> list[tuple[float, float]]:
    return [(each.time, each.amount) for each in line.doses]


def test_what_is_seen_before_a_dose_at_its_time_and_after() -> None:
    (line,) = lines(seen(0), dose(0), seen(0), seen(6))
    assert doses(line) == [(0.0, 100.0)]
    assert (line.samples, line.is_after) == ([0.0, 0.0, 0.0, 6.0], [False, True, True, False])


def test_records_of_one_time_keep_their_order() -> None:
    (line,) = lines(dose(12, 10), seen(12), dose(12, 20), seen(12))
    later = just_after(12.0)
    assert 12.0 < later < 12.0 + 1e-11
    assert doses(line) == [(12.0, 10.0), (later, 20.0)]
    assert (line.samples, line.is_after) == ([12.0, 12.0, later, later], [True, True, True, True])


def test_additional_doses_come_before_the_records_of_their_time_and_end_with_them() -> None:
    (line,) = lines(dose(0, 100, interval=12.0, additional=9), seen(12), dose(12, 50), seen(30))
    assert doses(line) == [(0.0, 100.0), (12.0, 100.0), (just_after(12.0), 50.0), (24.0, 100.0)]
    assert line.is_after == [True, True, True, False]


def test_a_lagged_dose_that_arrives_at_a_record_is_seen() -> None:
    (line,) = lines(dose(0), seen(1), lags=True)
    assert line.is_after == [True, True]


def test_a_steady_state_and_what_follows_it() -> None:
    first, second = lines(
        dose(0, 10, interval=6.0, additional=9),
        dose(12, 100, interval=24.0, additional=2, steady=1),
        dose(24, 50, interval=24.0, additional=1, steady=2), seen(70),
    )  # fmt: skip
    assert doses(first) == [(0.0, 10.0)]  # the steady state ends the series at 6 and 12, and no record is before it
    assert [(each.time, each.amount, each.kind, each.interval) for each in second.doses] == [
        (12.0, 100.0, STEADY, 24.0), (24.0, 50.0, STEADY_ADDED, 24.0), (36.0, 100.0, DOSE, 0.0),
        (48.0, 50.0, DOSE, 0.0), (60.0, 100.0, DOSE, 0.0),
    ]  # fmt: skip
    assert (second.first, second.samples) == (1, [12.0, 24.0, 70.0])


def test_the_parts_of_a_steady_dose_have_one_steady_state() -> None:
    for steady, kind in ((1, STEADY), (2, STEADY_ADDED)):
        record = EventRecord(row=0, time=0.0, evid=1, amount=10.0, doors=(0, 1), interval=12.0, steady=steady,
                             additional=1)  # fmt: skip
        (line,) = lines(record, seen(12))
        assert [(each.time, each.inlet, each.kind) for each in line.doses] == [
            (0.0, 0, kind), (0.0, 1, STEADY_WITH), (12.0, 0, DOSE), (12.0, 1, DOSE)
        ]  # fmt: skip


def test_a_reset_is_a_beginning_with_a_time_of_its_own() -> None:
    reset = EventRecord(row=0, time=0.0, evid=3)
    first, second, third = lines(dose(0, 100, interval=8.0, additional=9), seen(20), reset, seen(5), dose(3, evid=4))
    assert doses(first) == [(0.0, 100.0), (8.0, 100.0), (16.0, 100.0)]
    assert (second.first, doses(second), second.samples) == (2, [], [0.0, 5.0])
    assert (third.first, doses(third), third.samples) == (4, [(3.0, 100.0)], [3.0])


def test_covariates_carried_backward_hold_since_the_record_before() -> None:
    (line,) = lines(dose(0), seen(10), seen(20), rows=(0, 1, 1))
    assert (line.row, line.changes) == (0, [(just_after(0.0), 1)])


def test_covariates_carried_forward_hold_from_their_record_on() -> None:
    (line,) = lines(dose(0), seen(10), seen(20), rows=(0, 1, 1), forward=True)
    assert (line.row, line.changes) == (0, [(10.0, 1)])


def test_another_covariate_at_the_same_time_is_another_instant() -> None:
    for forward in (False, True):
        (line,) = lines(seen(4), dose(4), rows=(0, 1), forward=forward)
        assert (line.changes, line.samples) == ([(just_after(4.0), 1)], [4.0, just_after(4.0)])
        assert doses(line) == [(just_after(4.0), 100.0)]
