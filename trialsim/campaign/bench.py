"""Where trials of candidate designs are computed and counted: cells that grow, in one folder, by the usual parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import TracebackType

import numpy as np

from trialsim.campaign.execute import (
    Clock,
    OnProgress,
    PoolOf,
    default_simulate,
    progress_reporter,
    run_parts,
)
from trialsim.campaign.part import Simulate
from trialsim.campaign.plan import Cell, Plan, planned_cell
from trialsim.campaign.pools import Pool, local_pool
from trialsim.campaign.power_curve import Point
from trialsim.campaign.stopping import CellTrials
from trialsim.campaign.targets import Target
from trialsim.protocol.model import Design
from trialsim.store.folder import markers
from trialsim.store.layout import Key, Layout
from trialsim.store.read import cell_columns
from trialsim.trial.world import World

WHOLE_PARTS = 100  # trials: a whole number of parts of any size


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """How trials are computed; nothing here can change a number."""

    simulate: Simulate | None = None
    workers: int = 1
    pool_of: PoolOf | None = None
    chunk: int | None = None
    on_progress: OnProgress | None = None
    on_stage: Callable[[str], None] = print
    clock: Clock | None = None


class Bench:
    """Computes trials of cells on request; what is there already is believed and not computed again.

    `plan` says how the run is called and what patients have; `world_of(cell)` is a cell's world.
    """

    def __init__(self, plan: Plan, layout: Layout, world_of: Callable[[Cell], World], means: Means) -> None:
        self._plan, self._layout, self._means = plan, layout, means
        self._world_of = world_of
        self._cells: dict[Key, Cell] = {}
        self._worlds: dict[int, World] = {}
        self._points: dict[tuple[Key, Target, int], Point] = {}
        self._pool: Pool | None = None
        self._exit = ExitStack()

    def __enter__(self) -> Bench:
        simulate = self._means.simulate or default_simulate()
        pool_of = self._means.pool_of
        pool = pool_of(simulate, self._world) if pool_of else local_pool(simulate, self._world, self._means.workers)
        self._pool = self._exit.enter_context(pool)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.__exit__(kind, error, trace)

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(self._cells.values())

    def _world(self, position: int) -> World:
        if position not in self._worlds:
            self._worlds[position] = self._world_of(self.cells[position])
        return self._worlds[position]

    def run(self, design: Design, asked: Sequence[Target], trials: int) -> None:
        """Compute at least so many trials of a design under the scenarios and modes of targets."""
        self.run_all([(design, asked, trials)])

    def run_all(self, wanted: Sequence[tuple[Design, Sequence[Target], int]]) -> None:
        """Compute the trials of several designs in one go."""
        for design, asked, trials in wanted:
            for target in asked:
                cell = planned_cell(target.scenario, target.mode, design)
                before = self._cells.get(cell.key)
                most = max(trials, before.at_most if before else 0)
                self._cells[cell.key] = replace(cell, at_least=most, at_most=most, until=None)
        states = [CellTrials(cell) for cell in self.cells]
        for state in states:
            for marker in markers(self._layout, state.cell.key).values():
                if marker.number < state.cell.n_parts:
                    state.record(marker)
        plan = replace(self._plan, cells=self.cells)
        report = progress_reporter(states, self._means.on_progress, self._means.clock)
        assert self._pool is not None, "a bench is used inside its context"
        run_parts(plan, self._layout, states, self._pool, self._means.chunk, report)

    def trials(self, design: str, target: Target) -> int:
        """Return how many trials of a design were asked for under a target's scenario and mode."""
        cell = self._cells.get(target_key(design, target))
        return cell.at_most if cell else 0

    def point(self, design: str, size: int, target: Target) -> Point:
        """Return how many trials of a design, of those asked for, hit a target's rate, and how many there are."""
        asked = (target_key(design, target), target, self.trials(design, target))
        if asked not in self._points:
            hits = hits_of(self._layout, *asked)
            self._points[asked] = Point(size, int(hits.sum()), len(hits))
        return self._points[asked]


def target_key(design: str, target: Target) -> Key:
    return Key(scenario=target.scenario.name, parameters=target.mode, design=design)


def hits_of(layout: Layout, key: Key, target: Target, below: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return trial by trial whether it counts for a target's rate: it succeeds, or it rejects what the target names.

    Trials are those with a number below `below` that could be simulated, in their order. One that stops before the
    analysis is made does not reject.
    """
    trials = cell_columns(layout, key, "trials", ("trial", "success"))
    numbers = trials["trial"][trials["trial"] < below]
    if not target.parts:
        return np.asarray(trials["success"][trials["trial"] < below], dtype=np.bool_)
    looks = cell_columns(layout, key, "looks", ("trial", "analysis", "comparison", "rejected", "concludes"))
    rejects = np.zeros(len(looks["trial"]), dtype=np.bool_)
    for analysis, comparison in target.parts:
        rejects |= (looks["analysis"] == analysis) & (looks["comparison"] == comparison)
    rejects &= looks["rejected"].astype(np.bool_) & looks["concludes"].astype(np.bool_)
    return np.asarray(np.isin(numbers, looks["trial"][rejects]), dtype=np.bool_)
