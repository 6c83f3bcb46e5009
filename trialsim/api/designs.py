"""Finding a design: the smallest that reaches its targets, and reading what a search left."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialsim.api.populations import FITS
from trialsim.api.runs import RUNS, Campaign, Run, campaign_of, papers_of, pool

if TYPE_CHECKING:
    import pandas

    from trialsim.campaign.execute import OnProgress
    from trialsim.campaign.plan import Plan
    from trialsim.campaign.search import Question

TRIALS = 10_000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignSearch:
    """A search made ready: its question, and the folder it will fill."""

    ready: Campaign
    question: Question
    plan: Plan
    folder: Path


@dataclass(frozen=True, slots=True)
class Design:
    """The folder of a finished search, opened."""

    folder: Path

    @property
    def answer(self) -> Mapping[str, Any]:
        """What was asked and found: `size`, `smaller`, `targets`, `estimates`, …, as in design.json."""
        answer: Mapping[str, Any] = json.loads((self.folder / "design.json").read_bytes())
        return answer

    @property
    def size(self) -> int:
        """The smallest size that is shown to reach the targets."""
        return int(self.answer["size"])

    @property
    def points(self) -> pandas.DataFrame:
        """Every size that was tried: one row a size, target, and search or sequence of the verification."""
        return Run(self.folder).table("points")

    @property
    def verification(self) -> Run:
        """The run with fresh random numbers of the answer and the next smaller size."""
        return Run(self.folder / self.answer["verification"])


def design_search(
    protocol: str | Path, target: str, over: str, *, trials: int = TRIALS, confidence: float = CONFIDENCE,
    library: Path | None = None, runs: Path = RUNS, fits: Path = FITS, folder: Path | None = None,
) -> DesignSearch:
    """Return a search for the smallest design that reaches targets, made ready; see docs/guide/finding-a-design.md.

    `trials` are those of each size of the verification and scenario; the search has as many for each target.
    """
    from trialsim.campaign.candidates import candidates
    from trialsim.campaign.find import search_plan
    from trialsim.campaign.search import Question, whole_parts
    from trialsim.campaign.targets import targets
    from trialsim.store.folder import run_folder

    ready = campaign_of(protocol, library=library, runs=runs, fits=fits)
    question = Question(
        protocol=ready.protocol,
        cohort=ready.cohort,
        targets=targets(target, ready.protocol),
        over=candidates(over, ready.protocol),
        trials=whole_parts(trials),
        confidence=confidence,
    )
    ends = question.over.sizes[0], question.over.sizes[-1]
    question.written(ends, question.seed("search"))  # a design at fault is told before anything is computed
    plan = search_plan(question, ready.posterior.digest if ready.posterior else None)
    where = folder or run_folder(runs, f"{plan.id}-design", plan.digest)
    return DesignSearch(ready=ready, question=question, plan=plan, folder=where)


def is_finished(search: DesignSearch) -> bool:
    """Return whether the folder of a search holds its answer already."""
    from trialsim.store.folder import stored_plan
    from trialsim.store.layout import Layout

    layout = Layout(search.folder)
    return layout.manifest.exists() and stored_plan(layout).get("digest") == search.plan.digest


def find_design(
    search: DesignSearch, *, threads: int | None = None, workers: int | None = None, cluster: str | None = None,
    chunk: int | None = None, force: bool = False, on_progress: OnProgress | None = None,
    on_stage: Callable[[str], None] = lambda stage: None, command: str = "trialsim.find_design(…)",
) -> Design:
    """Find a design and return what was found; a search that was stopped is gone on with.

    The tables are the same bytes however it was executed. TrialsimError if no candidate reaches the targets.
    """
    import os
    import platform
    import time

    from trialsim.campaign.bench import Means
    from trialsim.campaign.find import find_design

    if is_finished(search) and not force:
        return Design(search.folder)
    with pool(search.plan, workers, cluster) as pool_of:
        means = Means(
            workers=threads or len(os.sched_getaffinity(0)), pool_of=pool_of, chunk=chunk, on_progress=on_progress,
            on_stage=on_stage, clock=time.monotonic,
        )  # fmt: skip
        find_design(
            search.question, search.plan, search.folder, papers_of(search.ready, command), search.ready.posterior,
            means, force=force,
            varies={"host": platform.node(), "processes": workers or 0, "cluster": cluster or ""},
        )  # fmt: skip
    return Design(search.folder)
