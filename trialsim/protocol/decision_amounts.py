"""Amounts that rules change: whether they fit the state they enter and the doses they take the place of."""

from __future__ import annotations

from collections.abc import Iterator

from trialsim.foundation.units import Quantity, Unit, dimension_name
from trialsim.protocol.decision_written import WrittenAct, WrittenRule
from trialsim.protocol.dosing_amounts import NEEDED, per_patient
from trialsim.protocol.dosing_model import Per
from trialsim.protocol.dosing_written import WrittenDosing
from trialsim.protocol.draft import Draft, Path

WHOM: dict[Per, str] = {"patient": "for everybody", "kg": "per kg", "m2": "per m2"}


def acts_of(rule: WrittenRule) -> Iterator[tuple[Path, str | WrittenAct]]:
    """Yield every action of a rule and where it stands in the rule."""
    for i, step in enumerate(rule.do):
        for k, act in enumerate(step.acts):
            yield (("do", i, "then", k) if isinstance(step.then, tuple) else ("do", i, "then")), act


def check_amounts(draft: Draft, name: str, rule: WrittenRule, line: WrittenDosing, wanted: Unit) -> bool:
    """Return whether the amounts of a rule fit the state that the doses enter, and are for what the line's is for."""
    own = per_patient(line.amount)[1] if isinstance(line.amount, Quantity) else "patient"
    stated: list[tuple[Path, Quantity]] = [(("ladder", i), amount) for i, amount in enumerate(rule.ladder)]
    stated += [((*path, "amount"), act.amount) for path, act in acts_of(rule)
               if not isinstance(act, str) and act.amount is not None]  # fmt: skip
    sound = True
    for where, stated_amount in stated:
        amount, per = per_patient(stated_amount)
        if per != own and not (per == "patient" and where[0] == "do"):
            message = f"the arm's doses are {WHOM[own]}, and {stated_amount} of the rule '{name}' is {WHOM[per]}"
            draft.error(("rules", name, *where), "rule-ladder", message, "", ["write all of them in one unit"])
            sound = False
        elif amount.dimension != wanted.dimension:
            message = f"{amount} cannot be given where {wanted.text} is received"
            notes = [
                f"{amount}: {dimension_name(amount.dimension)}",
                f"{wanted.text}: {dimension_name(wanted.dimension)}",
            ]
            draft.error(("rules", name, *where), "amount-unit", message, "", notes)
            sound = False
    return sound


def check_amount_can_change(
    draft: Draft, path: Path, name: str, rule: WrittenRule, line: WrittenDosing, wanted: Unit
) -> None:
    """The amount a rule changes is one amount for everybody, and one of its ladder."""
    conduct = draft.written.conduct
    if conduct is not None and conduct.adherence is not None and conduct.adherence.doubles > 0:
        message = f"doses that are doubled, and changed by the rule '{name}', are not supported by this version"
        draft.error(("conduct", "adherence", "doubles"), "not-yet", message, "", ["leave out doubles"])
    moving = [name for name in sized_by(line) if is_moving(draft, name)]
    if not isinstance(line.amount, Quantity) or line.strengths is not None or moving:
        what, field = "'strengths'", "strengths"
        if line.strengths is None:
            what, field = "an amount that depends on covariates", "amount"
        if moving and isinstance(line.amount, Quantity) and line.strengths is None:
            what = f"an amount by '{moving[0]}', which changes with time,"
        message = f"{what} in doses that the rule '{name}' changes is not supported by this version"
        notes = ["write one amount for everybody, per kg or per m2, and all of them in the ladder"]
        draft.error((*path, field), "not-yet", message, "", notes)
    elif (
        rule.ladder
        and per_patient(line.amount)[0].dimension == wanted.dimension
        and rung_of(rule.ladder, line.amount, wanted) is None
    ):
        message = f"the arm begins with {line.amount}, which the ladder of the rule '{name}' does not have"
        notes = [f"ladder: {', '.join(map(str, rule.ladder))}"]
        draft.error((*path, "amount"), "rule-ladder", message, "", notes, [(("rules", name, "ladder"), "")])


def sized_by(line: WrittenDosing) -> tuple[str, ...]:
    """Return the covariates that an amount per kg or per m2 is multiplied by."""
    if not isinstance(line.amount, Quantity):
        return ()
    per = per_patient(line.amount)[1]
    return {"patient": (), "kg": ("weight",), "m2": tuple(NEEDED[line.surface or "bsa"])}[per]


def is_moving(draft: Draft, name: str) -> bool:
    """Return whether a covariate changes within a course."""
    return any(each.name == name and each.over_time is not None for each in draft.cohort.covariates)


def rung_of(ladder: tuple[Quantity, ...], amount: Quantity, unit: Unit) -> int | None:
    """Return the position of an amount in a ladder."""
    values, own = [per_patient(each)[0].to(unit) for each in ladder], per_patient(amount)[0].to(unit)
    return values.index(own) if own in values else None
