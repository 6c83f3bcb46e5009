"""Where parts are computed on this machine: in this thread, or in a few. A pool takes tasks and returns outcomes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Protocol

from trialsim.campaign.part import Outcome, Simulate, Task, simulated_part

PARTS_PER_WORKER = 2  # in flight: one computed, one waiting

WorldOf = Callable[[int], Any]  # position of a cell in the plan → its world


class Pool(Protocol):
    """A place that computes parts; leaving its context waits for or drops what is in flight, and nothing else."""

    @property
    def most_in_flight(self) -> int:
        """How many parts are wanted at once; it may change while a run goes on."""

    def __enter__(self) -> Pool: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def submit(self, task: Task) -> None: ...

    def finished(self) -> list[tuple[Task, Outcome]]:
        """Return what has finished since, waiting for at least one."""


class SerialPool:
    """Computes each part when it is asked for."""

    most_in_flight = 1

    def __init__(self, simulate: Simulate, world_of: WorldOf) -> None:
        self._simulate = simulate
        self._world_of = world_of
        self._tasks: list[Task] = []

    def __enter__(self) -> SerialPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tasks.clear()

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def finished(self) -> list[tuple[Task, Outcome]]:
        task = self._tasks.pop(0)
        return [(task, simulated_part(self._simulate, self._world_of(task.cell), task))]


class ThreadPool:
    """Computes parts in threads; the kernels let go of the interpreter lock."""

    def __init__(self, simulate: Simulate, world_of: WorldOf, workers: int) -> None:
        self.most_in_flight = PARTS_PER_WORKER * workers
        self._simulate = simulate
        self._world_of = world_of
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="trials")
        self._futures: dict[Future[Outcome], Task] = {}

    def __enter__(self) -> ThreadPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)  # parts being computed are finished and kept

    def submit(self, task: Task) -> None:
        world = self._world_of(task.cell)
        self._futures[self._executor.submit(simulated_part, self._simulate, world, task)] = task

    def finished(self) -> list[tuple[Task, Outcome]]:
        done, _ = wait(self._futures, return_when=FIRST_COMPLETED)
        in_order = [future for future in self._futures if future in done]
        return [(self._futures.pop(future), future.result()) for future in in_order]


def local_pool(simulate: Simulate, world_of: WorldOf, workers: int) -> Pool:
    """Return a pool of so many threads; one worker needs none."""
    return SerialPool(simulate, world_of) if workers == 1 else ThreadPool(simulate, world_of, workers)
