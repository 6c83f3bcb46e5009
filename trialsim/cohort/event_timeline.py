"""From event records to what the kernels run: administrations, samples and changes of parameters, one after the other.

PREDPP goes through an individual's records in their order, also where several have one time, and gives additional
doses before the records of their time. A course knows one order at an instant, so that records of one time which
do not fit into it follow each other by less than anybody can measure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from trialsim.cohort.event_records import EventRecord, Individual
from trialsim.dynamics.doses import DOSE, STEADY, STEADY_ADDED, STEADY_WITH

A_MOMENT = 2.0**-44  # of the time since zero, or of one unit of time if that is longer


@dataclass(frozen=True, slots=True)
class Administration:
    """One row of a schedule."""

    time: float
    inlet: int
    amount: float
    rate: float = 0.0
    kind: int = DOSE
    interval: float = 0.0


@dataclass(slots=True)
class Timeline:
    """The course of one individual from one beginning to the next: `samples` has a time for each of its records.

    `is_after` says whether a sample comes after the doses of its time. `row` holds from the beginning, `changes` are
    (time, row).
    """

    first: int  # which record of the individual it begins with
    row: int
    doses: list[Administration] = field(default_factory=list)
    samples: list[float] = field(default_factory=list)
    is_after: list[bool] = field(default_factory=list)
    changes: list[tuple[float, int]] = field(default_factory=list)


def timelines(individual: Individual, rows: Sequence[int], is_forward: bool, has_lags: bool) -> Iterator[Timeline]:
    """Yield the courses of an individual: a new one begins where a record resets the system.

    `rows` are the parameter rows of its records. Carried forward, a row holds from its record on; carried backward,
    from the record before, as PREDPP does. A steady state that replaces what was there is a beginning too.
    """
    records = individual.records
    begins = [i for i, record in enumerate(records) if i == 0 or record.resets or record.steady == 1]
    for first, last in zip(begins, [*begins[1:], len(records)], strict=True):
        yield timeline(first, records[first:last], rows[first:last], is_forward, has_lags)


def timeline(
    first: int, records: Sequence[EventRecord], rows: Sequence[int], is_forward: bool, has_lags: bool
) -> Timeline:
    """Return the course of records that no reset interrupts."""
    line = Timeline(first=first, row=rows[0])
    additional = additional_doses(records)
    times_of_additional = {dose.time for dose in additional}
    now, row = -float("inf"), rows[0]
    is_after = False  # whether samples of this instant come after its doses
    for record, own in zip(records, rows, strict=True):
        if record.time > now:
            if own != row:
                change = record.time if is_forward else min(just_after(now), record.time)
                line.changes.append((change, own))
            now, is_after = record.time, has_lags or record.time in times_of_additional
            sampled_after = False
        elif own != row or (record.is_dose and sampled_after):
            now, is_after, sampled_after = just_after(now), False, False
            if own != row:
                line.changes.append((now, own))
        row = own
        if record.is_dose:
            line.doses += administrations(record, now)
            is_after = True
        sampled_after = sampled_after or is_after
        line.samples.append(now)
        line.is_after.append(is_after)
    # Additional doses come first: sorting keeps the order of what has one time.
    line.doses = sorted([*additional, *line.doses], key=lambda dose: dose.time)
    return line


def administrations(record: EventRecord, time: float) -> list[Administration]:
    """Return the dose of a record, by each of its ways in; a rate or duration of the cohort's is the way in's own."""
    kind, interval = (DOSE, STEADY, STEADY_ADDED)[record.steady], record.interval if record.steady else 0.0
    rate = max(record.rate, 0.0)
    return [
        # The parts of a dose have one steady state.
        Administration(time, door, record.amount, rate, STEADY_WITH if part and kind != DOSE else kind, interval)
        for part, door in enumerate(record.doors)
    ]


def additional_doses(records: Sequence[EventRecord]) -> list[Administration]:
    """Return the doses that ADDL adds, as far as there are records; they lead to no steady state of their own."""
    end = records[-1].time
    doses = []
    for record in records:
        for i in range(1, record.additional + 1):
            time = record.time + i * record.interval
            if time > end:
                break
            doses += [Administration(time, door, record.amount, max(record.rate, 0.0)) for door in record.doors]
    return doses


def just_after(time: float) -> float:
    """Return a time later by so little that nothing changes meanwhile."""
    return time + max(abs(time), 1.0) * A_MOMENT
