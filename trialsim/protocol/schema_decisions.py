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
from trialsim.foundation.units import duration, moment
from trialsim.protocol.decision_model import PLAIN_ACTS
from trialsim.protocol.decision_written import WrittenAct, WrittenRemembered, WrittenRule, WrittenStep, WrittenWatch
from trialsim.protocol.dosing_written import WrittenDosing
from trialsim.protocol.schema_dosing import DOSING

KINDS_OF_WATCH = {"sensor": 1, "slope": 2, "given": 2}  # and how many arguments each has


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
    return choice(text.strip(), PLAIN_ACTS)


def written_watch(text: str) -> WrittenWatch:
    """Return what is watched: a measure as read at visits, `sensor(MEASURE)` or `slope(MEASURE, LENGTH)`."""
    word, bracket, rest = text.strip().partition("(")
    if not bracket:
        return WrittenWatch(measure=name(word))
    kind = word.strip() if word.strip() == "given" else choice(word.strip(), ("sensor", "slope"))
    arguments = [part.strip() for part in rest.removesuffix(")").split(",")]
    if not rest.endswith(")") or len(arguments) != KINDS_OF_WATCH[kind]:
        expected = "expected: sensor(MEASURE) or slope(MEASURE, 15 min)"
        raise UnreadableText("bad-watch", f"'{text.strip()}' is nothing that can be watched", [expected])
    if kind == "given":
        message = f"'{text.strip()}', what was given lately, is not supported by this version"
        instead = "remember it: remember: {u: RATE, on_board: 0.98 * on_board + u * 5 min}, then: {rate: u, …}"
        raise UnreadableText("not-yet", message, [f"instead: {instead}"])
    if kind == "sensor":
        return WrittenWatch(measure=name(arguments[0]), kind="sensor")
    over = duration(arguments[1])
    if over.coherent <= 0.0:
        raise UnreadableText("out-of-range", f"{arguments[1]} is out of range", ["expected: above 0"])
    return WrittenWatch(measure=name(arguments[0]), kind="slope", over=over)


ACT = Section(
    "an action",
    {
        "delay": Field(Duration(positive=True), "later doses of the drug all move by so long", example="1 week"),
        "amount": Field(Amount(positive=True), "later doses of the drug are of this amount", example="10 mg"),
        "add": Field(ADDED, "further doses, from the moment of the decision"),
        "rate": Field(
            Formula(),
            "what runs in runs at this rate from now on: a rate, or an expression of what conditions see",
            example="0.5 U/h + 0.02 U*dL/mg/h * (g - 110 mg/dL)",
        ),
        "step": Field(
            Amount(positive=True), "a rate is the nearest whole number of these, with rate", example="0.05 U/h"
        ),
        "within": Field(
            ListOf(Amount(at_least=0), at_least=2, at_most=2),
            "the lowest and the highest rate, with rate; needed where the rate is computed",
            example="[0 U/h, 5 U/h]",
        ),
    },
    exactly_one=(("delay", "amount", "add", "rate"),),
    make=WrittenAct,
)
ACT_WORD = Phrase("an action", "level up", act_word, "|".join(PLAIN_ACTS))
WATCHED = Phrase(
    "a measure, or what a sensor reads",
    "sensor(cgm)",
    written_watch,
    r"[A-Za-z][A-Za-z0-9_]*|sensor\(.*\)|slope\(.*,.*\)",
)

REMEMBERED = Section(
    "a remembered number",
    {
        "start": Field(Amount(), "what it is before the rule is first asked", required=True, example="0 mg/dL"),
        "then": Field(Formula(), "what it becomes whenever the rule is asked", required=True, example="min(low, g)"),
    },
    make=WrittenRemembered,
)

STEP = Section(
    "a step of a rule",
    {
        "when": Field(
            Formula(condition=True),
            "a condition on what is watched or remembered, on covariates and on level; always unless written",
            example='"sbp > 140 mmHg"',
        ),
        "in_a_row": Field(Whole(1, 100), "how many times in a row it must hold when asked", default=1, example="2"),
        "then": Field(
            ByShape(scalar=ACT_WORD, mapping=ACT, sequence=ListOf(ByShape(scalar=ACT_WORD, mapping=ACT), at_least=1)),
            f"what is done: {', '.join(PLAIN_ACTS)}, or more than a phrase",
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
        "on": Field(
            ByShape(scalar=Name(), sequence=ListOf(Name(), at_least=1)),
            "it is asked when this happens: an event of the cohort or an intercurrent event, or one of several",
            example="progression",
        ),
        "every": Field(Duration(positive=True), "it is asked again and again", example="7 days"),
        "start": Field(Moment(), "the first time it is asked, with every; day 0 unless written", example="week 1"),
        "until": Field(Moment(), "it is asked no more from then on, with every", example="week 12"),
        "watch": Field(
            ByShape(scalar=Name(), mapping=MapOf(WATCHED, at_least=1), sequence=ListOf(Name(), at_least=1)),
            "the measures it sees, as last read at visits and known; a map gives them other names. With every, "
            "sensor(MEASURE) is read whenever the rule is asked, and slope(MEASURE, 15 min) is how fast it rises",
            example="{anc: neutrophils}",
        ),
        "remember": Field(
            MapOf(ByShape(scalar=Formula(), mapping=REMEMBERED), at_least=1),
            "numbers it keeps: what each becomes whenever the rule is asked, from those kept so far; 0 at first "
            "unless a start is written",
            example="{highest: 'max(highest, anc)'}",
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
        "twin": Field(NotYet("a rule's 'twin'", "decide by measured values, with do"), ""),
        "aim": Field(NotYet("a rule's 'aim'", "decide by measured values, with do"), ""),
        "choose": Field(NotYet("a rule's 'choose'", "list amounts in a ladder"), ""),
    },
    exactly_one=(("at", "before", "every", "on"),),
    make=WrittenRule,
)  # fmt: skip
