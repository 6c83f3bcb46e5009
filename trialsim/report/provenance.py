"""What was assumed, what failed, how to make the run again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from trialsim.report.evidence import Evidence, rows
from trialsim.report.numbers import count, share
from trialsim.report.schedule import conduct_words
from trialsim.report.words import (
    arm_words,
    changes_words,
    comparison_label,
    designs_words,
    first_upper,
    scenario_words,
    spaced,
)
from trialsim.store.layout import Layout
from trialsim.store.read import cell_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioWords:
    name: str
    label: str
    changes: str
    nulls: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceWords:
    cite: str
    doi: str
    used_for: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    scenarios: tuple[ScenarioWords, ...]
    conduct: tuple[tuple[str, str], ...]
    limits: tuple[str, ...]
    references: tuple[ReferenceWords, ...]
    protocol_text: str
    cohort_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    what: str
    where: str
    n: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    commands: tuple[tuple[str, str], ...]  # command, what it does
    facts: tuple[tuple[str, str], ...]
    digests: tuple[tuple[str, str], ...]
    trials: str


def assumptions(run: Evidence) -> Assumptions:
    """Return everything that was taken as given."""
    return Assumptions(
        scenarios=tuple(
            ScenarioWords(
                name=spaced(scenario.name),
                label=scenario_words(scenario),
                changes=first_upper(changes_words(scenario)),
                nulls=", ".join(comparison_label(run.protocol, name) for name in scenario.null) or "none",
            )
            for scenario in run.protocol.scenarios
        ),
        conduct=tuple(conduct_words(run.protocol)),
        limits=run.cohort.limits,
        references=tuple(
            ReferenceWords(
                cite=reference.cite,
                doi=reference.doi or "",
                used_for="; ".join(filter(None, (reference.used_for, reference.where))),
            )
            for reference in run.cohort.references
        ),
        protocol_text=(run.folder / "protocol.yaml").read_text("utf-8"),
        cohort_text=(run.folder / "cohort.yaml").read_text("utf-8"),
    )


def failure_rows(run: Evidence) -> tuple[FailureRow, ...]:
    """Return what could not be simulated or analysed, counted by reason; most first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    labels = {arm.name: arm_words(arm) for arm in run.protocol.arms}
    for row in rows(run.folder, "failures"):
        what = "Trial" if row["patient"] is None else f"Patient under {labels[row['arm']]}"
        counts[what, row["reason"], row["scenario"]] += 1
    told = [
        FailureRow(what=f"{what}: {reason}", where=spaced(scenario), n=count(n, "time"))
        for (what, reason, scenario), n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    return (*told, *failed_analyses(run))


def failed_analyses(run: Evidence) -> list[FailureRow]:
    """Return the analyses that were not estimable, by comparison, cell and reason."""
    names, told = designs_words(run.protocol), []
    for (key, analysis, comparison, quantity), rate in run.figures.items():
        if quantity != "failed_analyses" or not rate.value > 0:
            continue
        where = ", ".join(filter(None, (spaced(key.scenario), f"{key.parameters} parameters", names[key.design])))
        looks = cell_columns(Layout(run.folder), key, "looks", ("analysis", "comparison", "status", "concludes"))
        mask = (looks["analysis"] == analysis) & (looks["comparison"] == comparison) & looks["concludes"].astype(bool)
        reasons = Counter(reason for reason in looks["status"][mask].tolist() if reason is not None)
        for reason, n in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
            words = comparison_label(run.protocol, comparison or "")
            what = f"{first_upper(spaced(analysis or ''))} analysis, {words}: {reason}"
            told.append(FailureRow(what=what, where=where, n=f"{n} of {rate.n} trials"))
    return told


def reproduction(run: Evidence) -> Reproduction:
    """Return how to make the run again, and how to prove that it is the same."""
    manifest = run.manifest
    plan, varies = manifest["plan"], manifest.get("varies", {})
    inputs = plan.get("inputs", {})
    name = run.folder.name
    facts = [("Run", name), ("Seed", str(inputs.get("seed", run.protocol.simulate.seed)))]
    versions = manifest.get("versions", {})
    facts += [(name, str(versions[name])) for name in sorted(versions, key=lambda name: (name != "trialsim", name))]
    system = manifest.get("platform", {})
    facts.append(("Platform", " ".join(filter(None, (system.get("system"), system.get("machine"))))))
    if "seconds" in varies:
        facts.append(("Time taken", f"{varies['seconds']:.0f} s with {count(int(varies.get('workers', 1)), 'thread')}"))
    digests = [(what, inputs[what]) for what in ("protocol", "cohort", "posterior") if inputs.get(what)]
    digests += [(f"table {table}", told["sha256"]) for table, told in manifest["tables"].items()]
    digests += [(path, digest) for path, digest in manifest["files"].items()]
    n = [rate.n for (*_, quantity), rate in run.figures.items() if quantity == "success"]
    until = run.protocol.simulate.until
    precision = (
        f"; trials were added until every rate had a standard error of at most {share(until.power_standard_error)}, "
        f"from {run.protocol.simulate.at_least} to {run.protocol.simulate.at_most} trials a cell" if until else ""
    )  # fmt: skip
    trials, cells = count(sum(n), "trial"), count(len(run.keys), "cell")
    return Reproduction(
        commands=(
            (manifest["command"], "the command that made this run"),
            (f"trialsim verify {name}", "proves that every table is as it was written"),
            (f"trialsim report {name}", "makes this page again"),
        ),
        facts=tuple(facts),
        digests=tuple(digests),
        trials=f"{trials} in {cells} (scenario \u00d7 parameters \u00d7 design){precision}.",
    )
