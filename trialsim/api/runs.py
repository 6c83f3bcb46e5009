"""Runs: simulating a protocol's trials, reading what a run left, replaying a few of its trials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialsim.api.populations import FITS
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.library import find

if TYPE_CHECKING:
    import pandas

    from trialsim.campaign.execute import OnProgress
    from trialsim.campaign.pilot import Needs
    from trialsim.campaign.plan import Plan
    from trialsim.campaign.run import Papers, Result
    from trialsim.cohort.model import Cohort
    from trialsim.cohort.posterior import PosteriorDraws
    from trialsim.protocol.model import Protocol

RUNS = Path("runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A protocol made ready to run: its cohort, its plan, the fit it draws from, the folder it will fill."""

    protocol: Protocol
    cohort: Cohort
    posterior: PosteriorDraws | None
    fit_folder: Path | None
    plan: Plan
    folder: Path


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder, opened: its tables as pandas frames, its manifest, its report."""

    folder: Path

    def table(self, name: str) -> pandas.DataFrame:
        """Return a table, e.g. "looks", keys first; an unknown name is a TrialsimError with the nearest one."""
        from trialsim.store.read import read_table

        return read_table(self.folder, name)

    @property
    def summary(self) -> pandas.DataFrame:
        """The operating characteristics: one row a cell and quantity, each with its Monte-Carlo standard error."""
        return self.table("summary")

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What was run, on what, and the digest of every table."""
        from trialsim.store.layout import Layout
        from trialsim.store.manifest import read_manifest

        return read_manifest(Layout(self.folder))

    @property
    def report(self) -> Path:
        """The path of the report."""
        return self.folder / "report.html"

    def faults(self) -> tuple[str, ...]:
        """Return in words how the folder differs from its manifest; nothing if every table is as it was written."""
        from trialsim.store.verify import verify

        return verify(self.folder)


def campaign_of(
    protocol: str | Path, *, library: Path | None = None, runs: Path = RUNS, fits: Path = FITS,
    folder: Path | None = None, trials: int | None = None,
) -> Campaign:
    """Return a protocol made ready to run; `trials` replaces the document's number of trials (a quick look).

    Raises InvalidDocument, or TrialsimError if the fit it needs is missing, stale or has not converged.
    """
    from trialsim.campaign.plan import campaign_plan
    from trialsim.cohort.fits import posterior_of
    from trialsim.cohort.read import read_cohort
    from trialsim.protocol.designs import designs
    from trialsim.protocol.read import read_protocol
    from trialsim.store.folder import run_folder

    path = find("protocols", protocol, library)
    document, origin = read_protocol(path, library)
    if trials is not None:
        document = with_trials(document, trials)
    cohort = read_cohort(Path(origin.cohort_path))[0]
    if cohort.posterior and (path.parent / "fits" / cohort.posterior).is_dir():
        fits = path.parent / "fits"  # the path is a run's own document, and the run keeps the fit it was made with
    posterior = posterior_of(cohort, fits) if cohort.posterior else None
    plan = campaign_plan(document, cohort, designs(document), posterior.digest if posterior else None)
    return Campaign(
        protocol=document,
        cohort=cohort,
        posterior=posterior,
        fit_folder=fits / cohort.posterior if cohort.posterior else None,
        plan=plan,
        folder=folder or run_folder(runs, plan.id, plan.digest),
    )


def simulate(
    ready: Campaign, *, threads: int | None = None, workers: int | None = None, cluster: str | None = None,
    chunk: int | None = None, resume: bool = False, replace: bool = False,
    on_progress: OnProgress | None = None, command: str = "trialsim.simulate(…)",
) -> Result:
    """Run a campaign and return what it came to; the tables are the same bytes however it was executed.

    By default in `threads` of this process (as many as it may use processors); `workers` processes of a local Dask
    cluster; or the running Dask scheduler at the address `cluster`, whose workers must see the run folder.
    """
    import os
    import platform
    import time

    from trialsim.campaign.run import run
    from trialsim.campaign.worlds import dynamics, worlds

    world_of = worlds(ready.plan, ready.cohort, ready.posterior)
    threads = threads or len(os.sched_getaffinity(0))
    with pool(ready.plan, workers, cluster) as pool_of:
        return run(
            ready.plan, ready.folder, papers_of(ready, command), world_of,
            dynamics_of=dynamics(world_of), workers=threads, pool_of=pool_of, chunk=chunk, resume=resume, force=replace,
            on_progress=on_progress, clock=time.monotonic,
            varies={"host": platform.node(), "processes": workers or 0, "cluster": cluster or ""},
        )


def papers_of(ready: Campaign, command: str) -> Papers:
    """Return what goes into a run folder besides tables."""
    from trialsim.campaign.run import Papers
    from trialsim.cohort.fits import DRAWS, RECORD
    from trialsim.cohort.read import files_beside
    from trialsim.cohort.write import cohort_text
    from trialsim.protocol.write import protocol_text

    copies = dict(files_beside(ready.cohort))
    if ready.fit_folder is not None:
        copies |= {f"fits/{ready.fit_folder.name}/{name}": ready.fit_folder / name for name in (DRAWS, RECORD)}
    return Papers(
        protocol=protocol_text(ready.protocol), cohort=cohort_text(ready.cohort), command=command, copies=copies
    )


def with_trials(protocol: Protocol, trials: int) -> Protocol:
    """Return the protocol, its designs too, with exactly so many trials a cell; another digest, for another run."""
    from dataclasses import replace

    from trialsim.protocol.write import protocol_digest

    def changed(one: Protocol) -> Protocol:
        few = replace(one, simulate=replace(one.simulate, at_least=trials, at_most=trials, until=None))
        return replace(few, digest=protocol_digest(few))

    designs = tuple(replace(design, protocol=changed(design.protocol)) for design in protocol.designs)
    return changed(replace(protocol, designs=designs))


def needs_of(ready: Campaign, threads: int = 1) -> Needs:
    """Return the time, memory and disk that a campaign will need at most, measured on its first part."""
    import time

    from trialsim.campaign.pilot import needs
    from trialsim.campaign.worlds import worlds

    return needs(ready.plan, worlds(ready.plan, ready.cohort, ready.posterior), clock=time.monotonic, workers=threads)


def replayed(
    ready: Campaign, scenario: str, mode: str, design: str, first: int, last: int
) -> dict[str, pandas.DataFrame]:
    """Return every table of trials `first`…`last` of one cell, all patients kept, simulated anew."""
    import pandas

    from trialsim.campaign.worlds import worlds
    from trialsim.trial.simulate import simulate_trials

    asked = {"scenario": scenario, "parameters": mode, "design": design}
    keys = [cell.key.values for cell in ready.plan.cells]
    for name, value in asked.items():
        known = list(dict.fromkeys(key[name] for key in keys))
        if value not in known:
            raise TrialsimError(
                "unknown-cell", f"the run has no {name} '{value}'", [f"there are: {', '.join(known)}"], exit_code=2
            )
    wanted = [i for i, key in enumerate(keys) if key == asked]
    world = worlds(ready.plan, ready.cohort, ready.posterior)(wanted[0])
    tables = simulate_trials(world, range(first, last + 1), last + 1)
    return {name: pandas.DataFrame(_plain(columns)) for name, columns in tables.items()}


def _plain(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns with coded categories as words."""
    from trialsim.foundation.tables import Coded

    def words(values: Coded) -> list[str | None]:
        return [values.categories[code] if code >= 0 else None for code in values.codes]

    return {name: words(values) if isinstance(values, Coded) else values for name, values in columns.items()}


@contextmanager
def pool(plan: Plan, workers: int | None, cluster: str | None) -> Iterator[Callable[..., Any] | None]:
    """Yield where parts are computed: None for threads of this process, else a Dask pool that is closed afterwards."""
    if workers is None and cluster is None:
        yield None
        return
    from trialsim.campaign.on_dask import cluster_client, dask_pool

    with cluster_client(cluster, workers or 1) as client:
        yield dask_pool(client, plan)
