"""A search for a design from its question to its manifest, in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from shutil import rmtree
from typing import Any

from trialsim.campaign.bench import Means, hits_of, target_key
from trialsim.campaign.exact_rates import is_above, is_below
from trialsim.campaign.figures import NOTHING, rate
from trialsim.campaign.plan import Cell, Plan, campaign_plan, data_digest, patient_columns
from trialsim.campaign.power_curve import Point
from trialsim.campaign.run import Papers, Result, run
from trialsim.campaign.search import (
    MOST_SEQUENCES,
    Found,
    Observed,
    Question,
    Search,
    above_level,
    verification_name,
)
from trialsim.campaign.worlds import dynamics, worlds
from trialsim.cohort.posterior import PosteriorDraws
from trialsim.foundation.tables import PATIENT_LEVEL, POINTS, TRIAL_LEVEL, data_dictionary
from trialsim.foundation.tables_parquet import parquet_bytes
from trialsim.foundation.version import VERSION
from trialsim.protocol.write import protocol_text
from trialsim.store.folder import drop_other_parts, held, open_folder, stored_keys_of_parts
from trialsim.store.layout import Layout
from trialsim.store.manifest import software_versions, write_manifest
from trialsim.store.write import write_data, write_whole
from trialsim.trial.world import World

DESIGN = "design.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a search came to: the answer, and the run that verified it."""

    folder: Path
    found: Found
    observed: tuple[Observed, ...]  # of the search and the verification, type I errors included
    verification: Result


def search_plan(question: Question, posterior: str | None) -> Plan:
    """Return the plan of a search, without cells: everything its numbers depend on."""
    inputs = {
        "protocol": question.protocol.digest,
        "cohort": question.cohort.digest,
        "posterior": posterior,
        "seed": question.protocol.simulate.seed,
        "version": VERSION,
        "targets": "; ".join(map(str, question.targets)),
        "over": question.over.field,
        "sizes": data_digest(list(question.over.sizes)),
        "trials": question.trials,
        "confidence": question.confidence,
    }
    digest = data_digest(inputs)
    return Plan(
        id=question.protocol.id,
        digest=digest,
        inputs=inputs,
        cells=(),
        patient_columns=patient_columns(question.cohort),
        name=f"{question.protocol.id}-design-{digest[:4]}",
    )


def find_design(
    question: Question,
    plan: Plan,
    folder: Path,
    papers: Papers,
    posterior: PosteriorDraws | None,
    means: Means,
    *,
    force: bool = False,
    varies: Mapping[str, Any] | None = None,
) -> Answer:
    """Search, verify, and write everything into a folder; what an earlier call left there is gone on with.

    TrialsimError if no candidate reaches the targets, or the answer rejects nulls too often; the folder then holds what
    was tried, and is not finished.
    """
    layout = Layout(folder)
    with held(layout):
        open_folder(layout, plan.data(), resume=True, force=force)
        write_whole(folder / "protocol.yaml", papers.protocol.encode())
        write_whole(folder / "cohort.yaml", papers.cohort.encode())
        for name, source in papers.copies.items():
            write_whole(folder / name, source.read_bytes())

        def world_of(cell: Cell) -> World:
            return worlds(replace(plan, cells=(cell,)), question.cohort, posterior)(0)

        start = means.clock() if means.clock else None
        search = Search(question=question, plan=plan, folder=folder, world_of=world_of, means=means)
        try:
            found = search.found()
        finally:  # also where nothing was found: what was tried is told
            write_points(layout, question, search.observed, {})
        verified = verification(question, plan, found, folder, papers, posterior, means)
        caps = tuple(seen_errors(question, found, folder))
        observed = (*found.observed, *caps)
        write_points(layout, question, observed, found.curves)
        for seen in caps:
            if seen.is_missed and seen.point.size == found.size:
                raise above_level(question, seen.target, seen.point)
        finished = replace(plan, cells=found.cells)
        for cell in found.cells:
            drop_other_parts(layout, cell.key, cell.n_parts)
        write_data(layout.plan, finished.data())
        further = {"patients": plan.patient_columns}
        write_data(layout.data_dictionary, data_dictionary(further, (*PATIENT_LEVEL, *TRIAL_LEVEL, "points")))
        write_data(folder / DESIGN, answer_data(question, found, observed))
        took = {} if means.clock is None or start is None else {"seconds": means.clock() - start}
        designs = sorted({f"{cell.key.design}.yaml" for cell in found.cells})
        write_manifest(
            layout, [cell.key for cell in found.cells], finished.data(), command=papers.command,
            versions=software_versions(papers.software), varies={"workers": means.workers, **took, **(varies or {})},
            copies=[DESIGN, "tables/points.parquet", *designs, *papers.copies],
        )  # fmt: skip
    return Answer(folder=folder, found=found, observed=observed, verification=verified)


def verification(
    question: Question,
    plan: Plan,
    found: Found,
    folder: Path,
    papers: Papers,
    posterior: PosteriorDraws | None,
    means: Means,
) -> Result:
    """Finish the verification as an ordinary run of the answer and the next smaller size: tables, summary, manifest.

    What the sequence computed of these two is there already; other sizes of it stay in the table of points alone.
    """
    sizes = [size for size in (found.smaller, found.size) if size is not None]
    protocol = question.written(sizes, found.seed)
    own = campaign_plan(protocol, question.cohort, protocol.designs, plan.inputs["posterior"])
    name = verification_name(found.sequence)
    own = replace(own, name=f"{plan.run_id}/{name}")
    layout = Layout(folder / name)
    kept = {cell.key for cell in own.cells}
    for sequence in range(1, MOST_SEQUENCES + 1):
        if sequence != found.sequence:
            rmtree(folder / verification_name(sequence), ignore_errors=True)
    for key in stored_keys_of_parts(layout):
        if key not in kept:
            drop_other_parts(layout, key, 0)
    write_data(layout.plan, own.data())
    means.on_stage(f"verification: {' and '.join(map(str, sizes))} {question.over.noun}, whole")
    world_of = worlds(own, question.cohort, posterior)
    return run(
        own, layout.root, replace(papers, protocol=protocol_text(protocol)), world_of, simulate=means.simulate,
        dynamics_of=dynamics(world_of), workers=means.workers, pool_of=means.pool_of, chunk=means.chunk, resume=True,
        on_progress=means.on_progress, clock=means.clock,
    )  # fmt: skip


def seen_errors(question: Question, found: Found, folder: Path) -> Iterable[Observed]:
    """Yield what the verification gave for the errors to keep low, of both sizes."""
    layout = Layout(folder / verification_name(found.sequence))
    for size in (size for size in (found.smaller, found.size) if size is not None):
        for target in question.caps:
            key = target_key(f"{question.over.path[-1]}-{size}", target)
            hits = hits_of(layout, key, target, question.trials)
            point = Point(size, int(hits.sum()), len(hits))
            yield Observed(
                sequence=found.sequence, point=point, target=target, seed=found.seed, error=question.error,
                is_met=is_below(point.hits, point.trials, target.level, question.error),
                is_missed=is_above(point.hits, point.trials, target.level, question.error),
            )  # fmt: skip


def write_points(
    layout: Layout, question: Question, observed: Iterable[Observed], curves: Mapping[str, Any]
) -> None:
    """Write tables/points.parquet: every size that was tried, for every target."""
    lines = []
    for seen in observed:
        point, curve = seen.point, curves.get(str(seen.target))
        figure = rate(point.hits, point.trials) if point.trials else NOTHING
        lines.append(
            {
                "sequence": seen.sequence,
                "size": point.size,
                "scenario": seen.target.scenario.name,
                "parameters": seen.target.mode,
                "quantity": seen.target.quantity,
                "comparison": seen.target.comparison,
                "level": seen.target.level,
                "n": point.trials,
                "hits": point.hits,
                "value": figure.value,
                "standard_error": figure.standard_error,
                "lower": figure.lower,
                "upper": figure.upper,
                "fitted": curve.rate(point.size) if curve else nan,
                "fitted_standard_error": curve.rate_error(point.size) if curve else nan,
                "error": seen.error,
                "verdict": seen.verdict,
                "seed": str(seen.seed),
            }
        )
    columns = {column.name: [line[column.name] for line in lines] for column in POINTS}
    write_whole(layout.tables / "points.parquet", parquet_bytes("points", columns))


def answer_data(question: Question, found: Found, observed: Iterable[Observed]) -> dict[str, Any]:
    """Return the answer as plain data: what design.json says."""
    return {
        "field": question.over.field,
        "noun": question.over.noun,
        "candidates": len(question.over.sizes),
        "smallest": question.over.sizes[0],
        "largest": question.over.sizes[-1],
        "targets": [str(target) for target in question.targets],
        "confidence": question.confidence,
        "trials": question.trials,
        "size": found.size,
        "smaller": found.smaller,
        "verification": verification_name(found.sequence),
        "sequence": found.sequence,
        "estimates": [
            {
                "target": str(target),
                "size": found.curves[str(target)].size_at(target.level),
                "standard_error": found.curves[str(target)].size_error(target.level),
            }
            for target in question.floors
        ],
        "trials_simulated": sum(seen.point.trials for seen in observed),
    }
