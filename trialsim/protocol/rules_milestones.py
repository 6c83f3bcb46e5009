"""Milestones and spending: what can be reached, what is tested when, and error rates that hold over several looks."""

from __future__ import annotations

from collections.abc import Iterator

from trialsim.foundation.units import number_text
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.hypotheses import families_of
from trialsim.protocol.milestone_conditions import condition_of, stop_condition
from trialsim.protocol.rules_analyses import SUCCESS
from trialsim.protocol.rules_endpoints import TIMES
from trialsim.protocol.rules_missing import endpoint_of
from trialsim.protocol.rules_times import WITH_HORIZON
from trialsim.protocol.written import WrittenAnalysis
from trialsim.protocol.written_milestones import WrittenAction, WrittenSpend

# What becomes of 5% on two sides in that many looks, equally far apart, each at 5% (Armitage, McPherson & Rowe 1969).
INFLATED = {2: 8.3, 3: 10.7, 4: 12.6, 5: 14.2}
OVER_LOOKS = ("none", "bonferroni", "holm", "fixed_sequence")  # procedures whose levels looks can share


def check_milestones(draft: Draft) -> None:
    """Milestones can be reached and do something; every analysis is made; several looks have boundaries."""
    for name, milestone in draft.written.milestones.items():
        path: Path = ("milestones", name)
        condition_of(draft, milestone.when)
        for i, action in enumerate(milestone.do):
            check_action(draft, (*path, "do", i), action)
    if draft.written.milestones:
        check_all_made(draft)


def check_action(draft: Draft, path: Path, action: WrittenAction) -> None:
    """An action is a test, or a condition with what is done then."""
    if (action.test is None) == (action.when is None) or (action.when is None) != (action.then is None):
        notes = ["write {test: primary}, or {when: conditional_power(primary) < 10%, then: stop trial}"]
        draft.error(path, "bad-milestone", "an action is a test, or a 'when' with its 'then'", "", notes)
    elif action.test is not None:
        draft.is_known((*path, "test"), "analysis", action.test, draft.written.analyses)
    elif action.when is not None:
        wanted = stop_condition(draft, action.when)
        if wanted and wanted.analysis in draft.written.analyses and not draft.written.analyses[wanted.analysis].spend:
            message = f"{wanted.judged} needs to know when all information is there, and {wanted.analysis} has no spend"
            draft.error(action.when.place, "no-spending", message, "", [f"write spend in analyses.{wanted.analysis}"])
        elif wanted and wanted.analysis in families_of(draft):
            message = f"{wanted.judged} needs the final level of {wanted.analysis}, which its family does not know yet"
            notes = [f"write futility in the spend of {wanted.analysis}"]
            draft.error(action.when.place, "family-power", message, "", notes)


def tests_of(draft: Draft) -> Iterator[tuple[str, str]]:
    """Yield the milestone and the analysis of every test."""
    for name, milestone in draft.written.milestones.items():
        for action in milestone.do:
            if action.test is not None:
                yield name, action.test


def check_all_made(draft: Draft) -> None:
    """Every analysis is made; the last milestone decides; several looks share one error rate."""
    last = list(draft.written.milestones)[-1]
    made = list(tests_of(draft))
    match = SUCCESS.fullmatch(draft.written.success.strip())
    for name, analysis in draft.written.analyses.items():
        looks = [milestone for milestone, tested in made if tested == name]
        where = draft.key("analyses", name)
        if not looks:
            message = f"no milestone makes the analysis {name}"
            draft.error(where, "never-tested", message, "", [f"write {{test: {name}}} in the do of {last}"])
        elif len(set(looks)) < len(looks):
            message = f"{name} is made twice at one milestone"
            draft.error(draft.key("milestones", looks[0]), "said-twice", message)
        elif len(looks) > 1 and analysis.spend is None:
            inflated = INFLATED.get(len(looks), INFLATED[5])
            more = "more than " if len(looks) > 5 else ""
            message = f"{name} is tested {len(looks)} times at its full error rate, which then does not hold"
            notes = [f"5% two-sided becomes {more}{inflated}% if looks are equally far apart (Armitage et al. 1969)"]
            notes += ["write spend, such as spend: {obrien_fleming: {full: 300 patients}}"]
            draft.error(where, "no-spending", message, "", notes)
        if match and match[2] == name and looks and last not in looks:
            message = f"the trial's success is judged by {name}, which the last milestone {last} does not make"
            draft.error(draft.key("milestones", last), "never-tested", message, "", [f"write {{test: {name}}} there"])


def check_spending(draft: Draft) -> None:
    """How an error rate is spent fits its analysis."""
    for name, analysis in draft.written.analyses.items():
        if analysis.spend is not None:
            path: Path = ("analyses", name, "spend")
            check_planned(draft, path, analysis.spend)
            check_counted(draft, path, analysis, analysis.spend)
            check_family(draft, path, analysis)


def check_planned(draft: Draft, path: Path, spend: WrittenSpend) -> None:
    """Planned fractions ascend to all of the information; what is spent by each never falls and is all in the end."""
    where = (*path, spend.family)
    planned = spend.planned or ()
    if spend.planned is not None and (list(planned) != sorted(set(planned)) or planned[-1] != 1.0):
        notes = ["like planned: [50%, 100%]"]
        draft.error((*where, "planned"), "planned-looks", "planned looks do not ascend to 100%", "", notes)
    if spend.family == "custom" and (
        len(spend.spent) != len(planned) or list(spend.spent) != sorted(spend.spent) or spend.spent[-1] != 1.0
    ):
        notes = ["one share for each planned look, ascending to 100%: planned: [50%, 100%], spent: [20%, 100%]"]
        draft.error((*where, "spent"), "planned-looks", "what is spent does not fit the planned looks", "", notes)
    futility = spend.futility
    if futility and futility.family and not spend.planned:
        message = "spending a type II error rate needs the looks as planned: they say how great an effect is looked for"
        notes = [f"write planned: [50%, 100%] in {spend.family}, or futility: {{z: 0}}"]
        draft.error((*path, "futility"), "planned-looks", message, "", notes)
    if futility and futility.binding and (futility.z is not None or spend.family in ("haybittle_peto", "wang_tsiatis")):
        message = (
            "a futility rule that binds lowers the efficacy bounds, which only spending functions tell by how much"
        )
        notes = ["leave out binding, or spend alpha and beta: futility: {pocock: {beta: 10%}, binding: true}"]
        draft.error((*path, "futility", "binding"), "planned-looks", message, "", notes)


def check_counted(draft: Draft, path: Path, analysis: WrittenAnalysis, spend: WrittenSpend) -> None:
    """Information is counted in what the analysis has."""
    endpoint, counted = endpoint_of(draft, analysis), spend.full[1]
    if endpoint is not None and counted != "information" and (endpoint.derive in TIMES) != (counted == "events"):
        use = "events" if endpoint.derive in TIMES else "patients"
        message = f"information about this endpoint comes with its {use}, not with its {counted}"
        notes = [f"write full: {number_text(spend.full[0])} {use}"]
        draft.error((*path, spend.family, "full"), "bad-information", message, "", notes)
    method = analysis.method
    is_weighted = bool(method.rho or method.gamma or method.delay)
    if counted == "events" and (is_weighted or method.kind in WITH_HORIZON):
        what = f"a weighted {method.kind}" if is_weighted else method.kind
        message = f"information of {what} is not in its number of events"
        notes = ["write full: 48 information, the inverse of the squared standard error at the end"]
        if is_weighted:
            notes = ["write full: 12 information, the variance of the score at the end"]
            notes += ["that is about the events times their mean squared weight, over 4 at equal allocation"]
        draft.error((*path, spend.family, "full"), "bad-information", message, "", notes)


def check_family(draft: Draft, path: Path, analysis: WrittenAnalysis) -> None:
    """Several comparisons over several looks need a procedure that gives each a level of its own."""
    rule = analysis.multiplicity or "none"
    if rule not in OVER_LOOKS:
        message = f"{rule} has no boundaries over several looks"
        notes = [f"use {', '.join(OVER_LOOKS[1:])} (Maurer & Bretz 2013)"]
        draft.error(path, "multiplicity-family", message, "", notes)
