"""Conduct with nothing implied."""

from __future__ import annotations

from typing import Literal

from trialsim.foundation.expression import Expr, to_text
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import moment, unit
from trialsim.protocol.dosing_model import Adherence, Holidays, Timing
from trialsim.protocol.dosing_written import WrittenAdherence, WrittenHolidays, WrittenLognormal, WrittenTiming
from trialsim.protocol.draft import Draft
from trialsim.protocol.model import Accrual, Conduct, IntercurrentEvent, LossReason
from trialsim.protocol.rules_conduct import LOST, hazard_tree, loss_hazard
from trialsim.protocol.times import days


def resolved_conduct(draft: Draft) -> Conduct | None:
    """Return the conduct of a draft, None where it or one of its hazards cannot be read."""
    written = draft.written.conduct
    if written is None:
        return None
    hazards = [event.hazard for event in written.intercurrent_events.values()]
    hazards += [loss_hazard(loss) for loss in written.lost_to_follow_up.values()]
    trees = {hazard: tree for hazard in hazards if (tree := hazard_tree(draft, hazard)) is not None}
    if len(trees) < len(set(hazards)):
        return None
    return Conduct(
        accrual=Accrual(
            rate=written.accrual.rate.to(unit("per day")),
            sites=written.accrual.sites,
            ramp_up=days(written.accrual.ramp_up),
            pattern=tuple((moment(text), share) for text, share in written.accrual.pattern.items()),
            repeats=days(written.accrual.repeats),
            opening=days(written.accrual.opening),
        ),
        adherence=resolved_adherence(written.adherence),
        intercurrent_events=tuple(
            IntercurrentEvent(
                name=name,
                hazard=trees[event.hazard],
                hazard_text=written_text(draft, event.hazard),
                action="stop dosing",
            )
            for name, event in written.intercurrent_events.items()
        ),
        missed_visits=written.missed_visits,
        lost_to_follow_up=tuple(resolved_loss(draft, trees, name) for name in written.lost_to_follow_up),
    )


def resolved_adherence(written: WrittenAdherence | None) -> Adherence:
    """Return an adherence with nothing implied; everything is taken where nothing is written."""
    if written is None:
        return Adherence(takes=1.0, between_patients_sd=0.0)
    spread = written.between_patients
    return Adherence(
        takes=written.takes,
        between_patients_sd=spread.logit_normal if spread else 0.0,
        timing=resolved_timing(written.timing),
        doubles=written.doubles,
        holidays=resolved_holidays(written.holidays),
    )


def resolved_timing(written: WrittenTiming | Literal["none"]) -> Timing | None:
    if written == "none":
        return None
    if written.lognormal is not None:
        return Timing(kind="lognormal", location=days(written.lognormal.median), spread=written.lognormal.cv)
    return Timing(kind="normal", spread=days(written.normal))


def resolved_holidays(written: WrittenHolidays | Literal["none"]) -> Holidays | None:
    if written == "none":
        return None
    rate, length = written.rate.to(unit("per day")), written.length
    if isinstance(length, WrittenLognormal):
        return Holidays(rate=rate, length=days(length.median), cv=length.cv)
    return Holidays(rate=rate, length=days(length))


def resolved_loss(draft: Draft, trees: dict[FormulaText, Expr], name: str) -> LossReason:
    assert draft.written.conduct is not None
    loss = draft.written.conduct.lost_to_follow_up[name]
    hazard = loss_hazard(loss)
    is_short = isinstance(loss, FormulaText)
    return LossReason(name=LOST if is_short else name, hazard=trees[hazard], hazard_text=written_text(draft, hazard))


def written_text(draft: Draft, formula: FormulaText) -> str:
    """Return an expression in its one way of being written, categories by their labels."""
    return to_text(draft.formulas[formula])
