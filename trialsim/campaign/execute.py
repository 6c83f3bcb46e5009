"""Executing a plan: parts in order into a bounded window, every boundary judged in order, any end resumable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trialsim.campaign.part import Outcome, Simulate, Task
from trialsim.campaign.plan import Plan
from trialsim.campaign.pools import Pool, local_pool
from trialsim.campaign.stopping import CellTrials
from trialsim.store.folder import drop_other_parts, markers, remove_temporaries
from trialsim.store.layout import Layout

Clock = Callable[[], float]  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is. With `until`, the number of trials is not known before: `expected` may still move."""

    done: int  # trials
    at_most: int  # trials, if no cell stops earlier than it must
    expected: int  # trials, if rejection rates stay as they are
    per_second: float | None  # trials computed now (not those of an earlier run); None before the first
    seconds_left: float | None  # for the expected trials
    seconds_left_at_most: float | None


OnProgress = Callable[[Progress], None]
PoolOf = Callable[[Simulate, Callable[[int], Any]], Pool]


def default_simulate() -> Simulate:
    """Return the one function that simulates trials; imported here, for it brings the compiler."""
    from trialsim.trial.simulate import simulate_trials

    simulate: Simulate = simulate_trials
    return simulate


def execute(
    plan: Plan,
    layout: Layout,
    world_of: Callable[[int], Any],
    *,
    simulate: Simulate | None = None,
    workers: int = 1,
    pool_of: PoolOf | None = None,
    chunk: int | None = None,
    on_progress: OnProgress | None = None,
    clock: Clock | None = None,
) -> None:
    """Compute every part of a plan that is not yet in the run folder; delete those beyond a cell's stop.

    `world_of(i)` is the world of cell i. Parts are computed in `workers` threads, or where `pool_of` says. Whatever
    ends this early (Ctrl-C, a full disk) leaves a folder in which the same call goes on.
    """
    simulate = simulate or default_simulate()
    cells = [CellTrials(cell) for cell in plan.cells]
    for trials in cells:
        for marker in markers(layout, trials.cell.key).values():
            if marker.number < trials.cell.n_parts:
                trials.record(marker)
    world = lru_cache(maxsize=None)(world_of)
    pool = pool_of(simulate, world) if pool_of else local_pool(simulate, world, workers)
    report = progress_reporter(cells, on_progress, clock)
    with pool:
        run_parts(plan, layout, cells, pool, chunk, report)
    for trials in cells:
        drop_other_parts(layout, trials.cell.key, trials.n_parts or 0)
    remove_temporaries(layout)  # of workers lost on the way: others have computed their parts


def run_parts(
    plan: Plan, layout: Layout, cells: list[CellTrials], pool: Pool, chunk: int | None, report: Callable[[], None]
) -> None:
    """Keep the pool's window full, in the order of the plan, until no cell wants another part."""
    in_flight = 0
    while True:
        while in_flight < pool.most_in_flight and (task := next_task(plan, layout, cells, chunk)):
            pool.submit(task)
            in_flight += 1
        if not in_flight:
            return
        for task, outcome in pool.finished():
            in_flight -= 1
            cells[task.cell].record(outcome.marker)
            write_log(layout, task, outcome)
        report()


def next_task(plan: Plan, layout: Layout, cells: list[CellTrials], chunk: int | None) -> Task | None:
    for position, trials in enumerate(cells):
        number = trials.next_part()
        if number is not None:
            return part_task(plan, layout, position, number, chunk)
    return None


def part_task(plan: Plan, layout: Layout, position: int, number: int, chunk: int | None = None) -> Task:
    """Return what a worker needs to know for one part."""
    cell = plan.cells[position]
    trials = cell.trials(number)
    return Task(
        root=str(layout.root.absolute()),
        run_id=plan.run_id,
        cell=position,
        key=cell.key,
        number=number,
        first=trials.start,
        stop=trials.stop,
        keep=cell.keep,
        patient_columns=plan.patient_columns,
        chunk=chunk,
    )


def progress_reporter(
    cells: list[CellTrials], on_progress: OnProgress | None, clock: Clock | None
) -> Callable[[], None]:
    """Return a function that tells how far the run is; trials done by an earlier run do not count for the speed."""
    start = clock() if clock else 0.0
    before = sum(trials.n_done for trials in cells)

    def report() -> None:
        if on_progress is None:
            return
        elapsed = clock() - start if clock else 0.0
        computed = sum(trials.n_done for trials in cells) - before
        speed = computed / elapsed if elapsed > 0 and computed else None
        done = sum(trials.counted() for trials in cells)
        at_most = sum(trials.trials_at_most() for trials in cells)
        expected = max(done, sum(trials.trials_expected() for trials in cells))
        on_progress(
            Progress(
                done=done,
                at_most=at_most,
                expected=expected,
                per_second=speed,
                seconds_left=(expected - done) / speed if speed else None,
                seconds_left_at_most=(at_most - done) / speed if speed else None,
            )
        )

    return report


def write_log(layout: Layout, task: Task, outcome: Outcome) -> None:
    """Append the faults of a part to the log; the log is outside the promise of the same bytes."""
    if not outcome.traces:
        return
    records: list[Mapping[str, Any]] = [
        {"event": "fault", **task.key.values, "first": task.first, "stop": task.stop, "trace": trace}
        for trace in outcome.traces
    ]
    with open(layout.log, "a", encoding="utf-8") as log:
        log.writelines(json.dumps(record) + "\n" for record in records)
