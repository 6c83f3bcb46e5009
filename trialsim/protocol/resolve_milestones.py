"""Milestones and spending with nothing implied."""

from __future__ import annotations

from trialsim.foundation.expression import to_text
from trialsim.protocol.draft import Draft
from trialsim.protocol.milestone_conditions import condition_of, condition_tree, stop_condition
from trialsim.protocol.milestone_model import Futility, Milestone, Spend, StopWhen, Test
from trialsim.protocol.times import days
from trialsim.protocol.written import WrittenAnalysis
from trialsim.protocol.written_milestones import WrittenAction, WrittenMilestone


def resolved_milestones(draft: Draft) -> tuple[Milestone, ...]:
    """Return the milestones of a sound draft; none where the trial is looked at once, at its end."""
    return tuple(resolved_milestone(draft, name, each) for name, each in draft.written.milestones.items())


def resolved_milestone(draft: Draft, name: str, written: WrittenMilestone) -> Milestone:
    condition, tree = condition_of(draft, written.when), condition_tree(draft, written.when)
    assert condition is not None and tree is not None
    return Milestone(
        name=name,
        when=condition,
        when_text=to_text(tree),
        cut_delay=days(draft.written.cut_delay if written.cut_delay is None else written.cut_delay),
        do=tuple(resolved_action(draft, action) for action in written.do),
    )


def resolved_action(draft: Draft, action: WrittenAction) -> Test | StopWhen:
    if action.test is not None:
        return Test(analysis=action.test)
    assert action.when is not None
    stop = stop_condition(draft, action.when)
    assert stop is not None
    return stop


def resolved_spend(written: WrittenAnalysis) -> Spend | None:
    """Return how an analysis spends its error rate; None where it is made once."""
    spend = written.spend
    if spend is None:
        return None
    futility = spend.futility
    return Spend(
        family=spend.family,  # type: ignore[arg-type]
        parameter=spend.parameter,
        full=spend.full[0],
        counted=spend.full[1],  # type: ignore[arg-type]
        planned=spend.planned or (),
        spent=spend.spent,
        futility=futility
        and Futility(
            z=futility.z,
            family=futility.family,  # type: ignore[arg-type]
            parameter=futility.parameter,
            beta=futility.beta,
            binding=futility.binding,
        ),
    )
