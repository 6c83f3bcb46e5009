"""A run from its plan to its manifest, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trialsim.campaign.execute import Clock, OnProgress, PoolOf, execute
from trialsim.campaign.nulls import Finding
from trialsim.campaign.part import Simulate
from trialsim.campaign.plan import Plan
from trialsim.campaign.stopping import failed_trials
from trialsim.campaign.summarise import write_summary
from trialsim.foundation.tables import data_dictionary
from trialsim.store.folder import held, markers, open_folder
from trialsim.store.layout import Layout
from trialsim.store.manifest import software_versions, write_manifest
from trialsim.store.write import write_data, write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What goes into a run folder besides tables, so that the folder is enough to make the run again."""

    protocol: str  # the resolved document
    cohort: str
    command: str
    copies: Mapping[str, Path] = field(default_factory=dict)  # name in the folder → file: posterior, patients' rows
    software: tuple[str, ...] = ()  # packages used besides the usual ones, whose versions the manifest tells


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run came to: 0 done, 1 a declared null is not null in truth, 4 trials or patients not computable."""

    folder: Path
    n_trials: int
    n_failed: int
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        if self.n_failed or any(finding.kind == "failed_patients" for finding in self.findings):
            return 4
        return 1 if any(finding.is_fault for finding in self.findings) else 0


def run(
    plan: Plan,
    folder: Path,
    papers: Papers,
    world_of: Callable[[int], Any],
    *,
    simulate: Simulate | None = None,
    dynamics_of: Callable[[int], Mapping[str, Any]] | None = None,
    workers: int = 1,
    pool_of: PoolOf | None = None,
    chunk: int | None = None,
    resume: bool = False,
    force: bool = False,
    on_progress: OnProgress | None = None,
    clock: Clock | None = None,
    varies: Mapping[str, Any] | None = None,
) -> Result:
    """Run a plan in a folder and return what it came to.

    `workers` is a number of threads; `pool_of` computes elsewhere (see `on_dask.dask_pool`). `clock` gives seconds,
    for the progress and the manifest; `varies` is what else the manifest tells of this one run (host, workers), and
    `dynamics_of(i)` how the courses of cell i are computed.
    """
    layout = Layout(folder)
    with held(layout):
        open_folder(layout, plan.data(), resume=resume, force=force)
        write_papers(layout, plan, papers)
        start = clock() if clock else None
        execute(
            plan,
            layout,
            world_of,
            simulate=simulate,
            workers=workers,
            pool_of=pool_of,
            chunk=chunk,
            on_progress=on_progress,
            clock=clock,
        )
        findings = write_summary(plan, layout)
        took = {} if clock is None or start is None else {"seconds": clock() - start}
        write_manifest(
            layout,
            [cell.key for cell in plan.cells],
            plan.data(),
            command=papers.command,
            versions=software_versions(papers.software),
            dynamics=[
                {**cell.key.values, **dynamics_of(i)} for i, cell in enumerate(plan.cells) if dynamics_of is not None
            ],
            varies={"workers": workers, **took, **(varies or {})},
            copies=papers.copies,
        )
    return result(plan, layout, findings)


def write_papers(layout: Layout, plan: Plan, papers: Papers) -> None:
    """Write the resolved documents, the files they need, and what every column means."""
    write_whole(layout.root / "protocol.yaml", papers.protocol.encode())
    write_whole(layout.root / "cohort.yaml", papers.cohort.encode())
    for name, source in papers.copies.items():
        write_whole(layout.root / name, source.read_bytes())
    write_data(layout.data_dictionary, data_dictionary({"patients": plan.patient_columns}))


def result(plan: Plan, layout: Layout, findings: Iterable[Finding]) -> Result:
    done = [markers(layout, cell.key) for cell in plan.cells]
    return Result(
        folder=layout.root,
        n_trials=sum(marker.n_trials for cell in done for marker in cell.values()),
        n_failed=sum(failed_trials(cell) for cell in done),
        findings=tuple(findings),
    )
