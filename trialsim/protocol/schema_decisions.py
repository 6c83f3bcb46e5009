"""The sections of a protocol about rules inside a patient's course: when they are asked, what they see and do."""

from __future__ import annotations

from typing import Any

from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.section_scalars import choice, name
from trialsim.foundation.sections import (
    Amount,
    ByShape,
    Choice,
    Duration,
    Field,
    Formula,
    ListOf,
    MapOf,
    Moment,
    Name,
    NotYet,
    Phrase,
    Section,
    Whole,
)
from trialsim.foundation.units import moment
from trialsim.protocol.decision_model import PLAIN_ACTS
from trialsim.protocol.decision_written import WrittenAct, WrittenRule, WrittenStep
from trialsim.protocol.dosing_written import WrittenDosing
from trialsim.protocol.schema_dosing import DOSING

LATER_ACTS = ("leave trial",)


def added_dosing(**values: Any) -> WrittenDosing:
    """Return the doses a rule adds as a dosing line; what cannot be said of them is left open."""
    values["length"] = values.pop("for")
    others: dict[str, Any] = dict.fromkeys(
        ("surface", "at_least", "at_most", "strengths", "rounded", "at", "start", "until", "cycle", "days", "day_0")
    )
    return WrittenDosing(**values, **others, rate=None, steady_state=False)


ADDED = Section(
    "doses that a rule adds",
    {
        "drug": DOSING.fields["drug"],
        "amount": DOSING.fields["amount"],
        "route": DOSING.fields["route"],
        "every": Field(Duration(positive=True), "the time between doses; one dose unless written", example="24 h"),
        "for": Field(Duration(positive=True), "repeated doses end so long after the decision", example="4 weeks"),
        "times": DOSING.fields["times"],
        "over": DOSING.fields["over"],
    },
    at_most_one=(("for", "times"),),
    make=added_dosing,
)


def act_word(text: str) -> str:
    """Return an action that is one phrase."""
    if text.strip() in LATER_ACTS:
        message = f"the action '{text.strip()}' of a rule is not supported by this version"
        raise UnreadableText("not-yet", message, ["instead: write stop dosing; patients are lost by lost_to_follow_up"])
    return choice(text.strip(), PLAIN_ACTS)


ACT = Section(
    "an action",
    {
        "delay": Field(Duration(positive=True), "later doses of the drug all move by so long", example="1 week"),
        "amount": Field(Amount(positive=True), "later doses of the drug are of this amount", example="10 mg"),
        "add": Field(ADDED, "further doses, from the moment of the decision"),
        "rate": Field(NotYet("an action's 'rate'", "give doses that run in, and change their amount"), ""),
    },
    exactly_one=(("delay", "amount", "add"),),
    make=WrittenAct,
)
ACT_WORD = Phrase("an action", "level up", act_word, "|".join(PLAIN_ACTS))

STEP = Section(
    "a step of a rule",
    {
        "when": Field(
            Formula(condition=True),
            "a condition on what is watched, on covariates and on level; always unless written",
            example='"sbp > 140 mmHg"',
        ),
        "in_a_row": Field(Whole(1, 100), "how many times in a row it must hold when asked", default=1, example="2"),
        "then": Field(
            ByShape(scalar=ACT_WORD, mapping=ACT, sequence=ListOf(ByShape(scalar=ACT_WORD, mapping=ACT), at_least=1)),
            "what is done: stop dosing, hold dosing, resume dosing, level up, level down, or more than a phrase",
            required=True,
            example="level up",
        ),
    },
    make=WrittenStep,
)


def asked_at(text: str) -> float | str:
    """Return a moment as days since randomisation, or the name of a visit."""
    return moment(text) if " " in text.strip() else name(text.strip())


ASKED_AT = Phrase("a point in time or a visit", "week 4 or w4", asked_at)

RULE = Section(
    "a rule",
    {
        "at": Field(
            ByShape(scalar=ASKED_AT, sequence=ListOf(ASKED_AT, at_least=1)),
            "when it is asked: at points in time, or at the patient's own visits, unless they are missed",
            example="[w4, w8]",
        ),
        "before": Field(Choice("doses"), "it is asked before every dose of the drug that would be taken"),
        "every": Field(Duration(positive=True), "it is asked again and again", example="7 days"),
        "start": Field(Moment(), "the first time it is asked, with every; day 0 unless written", example="week 1"),
        "until": Field(Moment(), "it is asked no more from then on, with every", example="week 12"),
        "watch": Field(
            ByShape(scalar=Name(), mapping=MapOf(Name(), Name(), at_least=1), sequence=ListOf(Name(), at_least=1)),
            "the measures it sees, as last read and known; a map gives them other names",
            example="{anc: neutrophils}",
        ),
        "drug": Field(Name(), "the drug whose doses it decides about; the arm's only drug unless written"),
        "ladder": Field(
            ListOf(Amount(positive=True), at_least=2),
            "the amounts that level up and level down move between, ascending; an arm's own amount is one of them",
            default=(),
            example="[10 mg, 20 mg, 40 mg]",
        ),
        "do": Field(
            ListOf(STEP, at_least=1), "steps in order: the first that fits is done, and no other", required=True
        ),
        "remember": Field(NotYet("a rule's 'remember'", "conditions see the newest known values"), ""),
        "twin": Field(NotYet("a rule's 'twin'", "decide by measured values, with do"), ""),
        "aim": Field(NotYet("a rule's 'aim'", "decide by measured values, with do"), ""),
        "choose": Field(NotYet("a rule's 'choose'", "list amounts in a ladder"), ""),
    },
    exactly_one=(("at", "before", "every"),),
    make=WrittenRule,
)  # fmt: skip
