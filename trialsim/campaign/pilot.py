"""What a run will need: time, memory and disk, measured on its first part before it is started."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trialsim.campaign.execute import Clock, default_simulate, part_task
from trialsim.campaign.part import Simulate, simulated_part
from trialsim.campaign.plan import Cell, Plan
from trialsim.campaign.pools import PARTS_PER_WORKER
from trialsim.foundation.tables import PATIENT_LEVEL
from trialsim.store.layout import Layout
from trialsim.store.marker import Marker


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a run needs at most, from one part of its first cell; cells with more patients count for more."""

    trials: int
    seconds: float
    memory: int  # bytes, of this process
    disk: int  # bytes


def needs(
    plan: Plan,
    world_of: Callable[[int], Any],
    *,
    clock: Clock,
    simulate: Simulate | None = None,
    workers: int = 1,
) -> Needs:
    """Return what a plan needs at most, from a pilot of its first part in a folder that is removed again."""
    simulate = simulate or default_simulate()
    cell, world = plan.cells[0], world_of(0)
    simulate(world, cell.trials(0)[:1], cell.keep)  # the first call compiles: not what the others cost
    before = peak_memory()
    with TemporaryDirectory() as folder:
        start = clock()
        marker = simulated_part(simulate, world, part_task(plan, Layout(Path(folder)), 0, 0)).marker
        seconds = clock() - start
    patients = len(cell.trials(0)) * cell.protocol.patients.randomised
    in_flight = workers if workers == 1 else PARTS_PER_WORKER * workers
    return Needs(
        trials=sum(each.at_most for each in plan.cells),
        seconds=seconds
        / patients
        * sum(each.at_most * each.protocol.patients.randomised for each in plan.cells)
        / workers,
        memory=before + max(peak_memory() - before, 0) * in_flight,
        disk=sum(disk_of(each, cell, marker) for each in plan.cells),
    )


def disk_of(cell: Cell, pilot: Cell, marker: Marker) -> int:
    """Return the bytes of a cell's tables: those of patients for the trials kept, the others for all."""
    n_pilot = len(pilot.trials(0))
    kept_pilot = max(1, min(n_pilot, pilot.keep)) * pilot.protocol.patients.randomised
    of_patients = sum(file.size for file in marker.files if file.table in PATIENT_LEVEL)
    of_trials = sum(file.size for file in marker.files if file.table not in PATIENT_LEVEL)
    kept = min(cell.keep, cell.at_most) * cell.protocol.patients.randomised
    return ceil(of_patients * kept / kept_pilot) + ceil(of_trials * cell.at_most / n_pilot)


def peak_memory() -> int:
    """Return the most memory this process has held so far, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
