"""Parts on a Dask cluster: the same tasks, the same bytes. The only module that imports Dask.

Every worker writes its own parts into the run folder, which therefore must lie on a file system that all of them see
under the same path. Tasks carry trial numbers; a cell's world travels once, as a task of its own, so that it comes
back when the worker that held it is lost.
"""

from __future__ import annotations

import logging
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from distributed import Client, Future, LocalCluster, Worker, WorkerPlugin, as_completed
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from trialsim.campaign.part import Outcome, Simulate, Task, failed_part, simulated_part
from trialsim.campaign.plan import Plan
from trialsim.campaign.pools import PARTS_PER_WORKER, WorldOf
from trialsim.foundation.errors import TrialsimError
from trialsim.store.folder import stored_plan
from trialsim.store.layout import Layout
from trialsim.store.manifest import software_versions

RETRIES = 2
GLANCE = 0.02  # seconds between looks for what has finished
GLANCES_A_CHECK = 50  # looks between two checks that there are workers
# Checks, a second apart, without any worker after which none will come by itself: one that is started again is there
# within two seconds, on a machine with four times the load it can carry within ten.
CHECKS_ALONE = 15


class DaskPool:
    """Computes parts on the workers of a Dask client."""

    def __init__(self, client: Client, simulate: Simulate, world_of: WorldOf, run: str) -> None:
        self._client = client
        self._simulate = simulate
        self._world_of = world_of
        self._run = run
        self._token = secrets.token_hex(4)  # a cluster remembers a key that failed: a later pool needs others
        self._n_sent = 0
        self._worlds: dict[int, Future] = {}
        self._tasks: dict[Future, tuple[Task, bool]] = {}  # and whether it is computed alone
        self._suspects: list[Task] = []
        self._most_workers = 1
        self._glances = self._checks_alone = 0
        self._completed = as_completed(raise_errors=False)

    @property
    def most_in_flight(self) -> int:
        """Two parts a worker; workers may come and go while a run goes on."""
        return PARTS_PER_WORKER * max(1, self._n_workers())

    def _n_workers(self) -> int:
        n = len(self._client.scheduler_info(n_workers=-1)["workers"])
        self._most_workers = max(self._most_workers, n)
        return n

    def __enter__(self) -> DaskPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.cancel(list(self._tasks), force=True)
        self._tasks.clear()
        self._suspects.clear()
        self._worlds.clear()

    def submit(self, task: Task) -> None:
        self._send(task, alone=False)

    def _send(self, task: Task, alone: bool) -> None:
        future = self._client.submit(
            part_on_worker,
            self._simulate,
            self._world(task.cell),
            task,
            self._run,
            key=self._key(f"part-{task.cell}-{task.number}"),
            pure=False,
            retries=RETRIES,
        )
        self._tasks[future] = task, alone
        self._completed.add(future)

    def _world(self, cell: int) -> Future:
        """Return a cell's world on the cluster, sent anew if workers that died took the blame for it there."""
        if cell not in self._worlds or self._worlds[cell].status == "error":
            self._worlds[cell] = self._client.submit(
                unchanged, self._world_of(cell), key=self._key(f"world-{cell}"), pure=False
            )
        return self._worlds[cell]

    def _key(self, name: str) -> str:
        self._n_sent += 1
        return f"{name}-{self._run[:12]}-{self._token}-{self._n_sent}"

    def finished(self) -> list[tuple[Task, Outcome]]:
        """Return what has finished since; a part of which workers died counts only once it was computed alone.

        A worker's death is blamed on every part it held, and the innocent ones may have been held by one after another.
        """
        done: list[tuple[Task, Outcome]] = []
        while not done:
            if not self._tasks:
                self._send(self._suspects.pop(0), alone=True)
            while not self._completed.has_ready():
                self._glance()
            for future in self._completed.next_batch(block=False):
                task, alone = self._tasks.pop(future)
                outcome = self._outcome(future, task, alone)
                if outcome is None:
                    self._suspects.append(task)
                else:
                    done.append((task, outcome))
        return done

    def _outcome(self, future: Future, task: Task, alone: bool) -> Outcome | None:
        """Return a part's outcome; None if workers died of it, and perhaps of another part."""
        while True:
            try:
                return outcome_of(future, task)
            except KilledWorker:
                return failed_part(task, killed_worker(task).message) if alone else None
            except TimeoutError:  # lost with the worker that held it, it is computed again
                self._check()

    def _glance(self) -> None:
        """Wait a moment, and see once a second that there are workers."""
        time.sleep(GLANCE)
        self._glances += 1
        if self._glances % GLANCES_A_CHECK == 0:
            self._check()

    def _check(self) -> None:
        """See that there are workers, or get new ones if there have been none for a while.

        A worker that dies while it starts, as one does that is handed a deadly part at once, is not started again by
        the process that looks after it. When all are lost like this, a cluster of our own gets new ones; of another's
        cluster we can only say that nobody is left.
        """
        self._checks_alone = 0 if self._n_workers() else self._checks_alone + 1
        if self._checks_alone < CHECKS_ALONE:
            return
        self._checks_alone = 0
        cluster = self._client.cluster
        if cluster is None:
            raise TrialsimError(
                "cluster-lost", "the cluster has lost all its workers", ["the run folder is left as it can be resumed"],
                exit_code=4,
            )  # fmt: skip
        cluster.scale(0)
        cluster.scale(self._most_workers)


def unchanged(world: Any) -> Any:
    return world


def part_on_worker(simulate: Simulate, world: Any, task: Task, digest: str) -> Outcome:
    """Compute a part on a worker, unless the worker does not see the run folder, or that of the search it is of."""
    root = Path(task.root)
    if digest not in [stored_plan(Layout(folder)).get("digest") for folder in (root, root.parent)]:
        raise TrialsimError(
            "folder-not-shared",
            f"a worker does not see the run folder {task.root}",
            ["put the run on a file system that all workers share under the same path"],
            exit_code=4,
        )
    return simulated_part(simulate, world, task)


def outcome_of(future: Future, task: Task) -> Outcome:
    """Return a part's outcome. KilledWorker if workers died of it, TimeoutError if it is not at hand."""
    try:
        outcome: Outcome = future.result(timeout=GLANCES_A_CHECK * GLANCE)
    except (KilledWorker, TimeoutError):
        raise
    except (FutureCancelledError, OSError) as error:
        raise TrialsimError(
            "cluster-lost",
            f"the cluster was lost while computing {task}",
            ["the run folder is left as it can be resumed"],
            exit_code=4,
        ) from error
    return outcome


def killed_worker(task: Task) -> TrialsimError:
    return TrialsimError(
        "killed-worker",
        f"computing {task} killed every worker that tried",
        ["a worker is killed when it needs more memory than it has: simulate fewer trials at once, or give it more"],
        exit_code=4,
    )


def dask_pool(client: Client, plan: Plan) -> Callable[[Simulate, WorldOf], DaskPool]:
    """Return what `execute` takes as `pool_of`, for a client of a cluster whose workers run the same versions."""
    own, others = software_versions(), client.run(software_versions)
    for worker, versions in sorted(others.items()):
        if versions != own:
            differing = [
                f"{name}: {own[name]} here, {versions.get(name)} there"
                for name in own
                if own[name] != versions.get(name)
            ]
            raise TrialsimError("workers-differ", f"the worker {worker} runs other versions", differing, exit_code=4)
    return lambda simulate, world_of: DaskPool(client, simulate, world_of, plan.digest)


@contextmanager
def cluster_client(address: str | None, workers: int, patience: float = 20.0) -> Iterator[Client]:
    """Give a client of the cluster at an address, or of so many worker processes on this machine, and close it.

    One thread a worker: kernels run side by side in processes, never inside one another. `patience` is in seconds.
    """
    if address is not None:
        try:
            client = Client(address, timeout=patience)
        except OSError as error:
            raise TrialsimError("no-cluster", f"there is no Dask scheduler at {address}", exit_code=4) from error
        with client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # any free port: the usual one may be another cluster's
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        client.register_plugin(LeavesInterruptsAlone())
        yield client


class LeavesInterruptsAlone(WorkerPlugin):  # type: ignore[misc]
    """Ctrl-C in a terminal reaches every process there: only ours answers, and then ends its workers."""

    def setup(self, worker: Worker) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
