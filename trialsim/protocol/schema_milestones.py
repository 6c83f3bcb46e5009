"""The sections of a protocol about looks: milestones, and how an analysis spends its error rate over them."""

from __future__ import annotations

from typing import Any

from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.sections import (
    ByShape,
    Duration,
    Field,
    Formula,
    ListOf,
    Name,
    NotYet,
    Number,
    Phrase,
    Section,
    Truth,
)
from trialsim.protocol.written_milestones import WrittenAction, WrittenFutility, WrittenMilestone, WrittenSpend

FULL = r"[0-9.eE+-]+\s+(patients|events|information)"


def full_information(text: str) -> tuple[float, str]:
    """Return how much information is all of it, and what it is counted in."""
    number, _, counted = text.strip().partition(" ")
    try:
        amount = float(number)
    except ValueError:
        amount = 0.0
    if counted.strip() not in ("patients", "events", "information") or not 0.0 < amount < float("inf"):
        notes = ["write 300 patients, 240 events, or 48 information (1 / standard error squared)"]
        raise UnreadableText("bad-information", f"'{text.strip()}' is no amount of information", notes)
    return amount, counted.strip()


INFORMATION = Phrase("an amount of information", "240 events", full_information, FULL)
FRACTIONS = ListOf(Number(above=0, at_most=1), at_least=1)
PLANNED = Field(
    FRACTIONS,
    "the fractions of full information at which looks are planned, the last of them 100%",
    example="[50%, 100%]",
)
NEEDED = Field(PLANNED.kind, PLANNED.doc, required=True, example=PLANNED.example)
ALL = Field(INFORMATION, "the information at which all of the error rate is spent", required=True, example="240 events")
BETA = Field(Number(above=0, below=0.5), "the type II error rate that is spent", required=True, example="10%")

# Each family's own numbers: name, kind, meaning.
OWN_NUMBERS: dict[str, tuple[str, Field] | None] = {
    "obrien_fleming": None,
    "pocock": None,
    "hwang_shih_decani": ("gamma", Field(Number(), "below 0 spends late, above 0 early", required=True, example="-4")),
    "kim_demets": ("rho", Field(Number(above=0), "the power of the fraction", required=True, example="3")),
}


def spending(family: str, parameter: str | None) -> Any:
    """Return the maker of what is written of a family of spending functions."""

    def made(**values: Any) -> dict[str, Any]:
        own = values.pop(parameter) if parameter else 0.0
        return {"family": family, "parameter": own, **values}

    return made


def family_section(family: str, others: dict[str, Field]) -> Field:
    """Return the field of one family: its own number, and what every family needs."""
    own = OWN_NUMBERS[family]
    fields = ({own[0]: own[1]} if own else {}) | others
    said = "the spending function" if own is None else f"the spending function with {own[0]}"
    made = spending(family, own[0] if own else None)
    return Field(Section(f"a spending by {family}", fields, make=made), said)


def chosen(**values: Any) -> dict[str, Any]:
    """Return what is written of the one family that is."""
    (family,) = (value for value in values.values() if value is not None)
    return dict(family)


def written_futility(**values: Any) -> WrittenFutility:
    """Return a futility rule."""
    z, binding = values.pop("z"), values.pop("binding")
    families = [value for value in values.values() if value is not None]
    return WrittenFutility(z=z, binding=binding, **(families[0] if families else {}))


FUTILITY = Section(
    "a futility rule",
    {
        "z": Field(Number(), "stop at an interim look whose statistic is below", example="0"),
        **{name: family_section(name, {"beta": BETA}) for name in OWN_NUMBERS},
        "binding": Field(
            Truth(), "whether the trial must stop: efficacy bounds are then lower; false unless written", default=False
        ),
    },
    exactly_one=(("z", *OWN_NUMBERS),),
    make=written_futility,
)


def written_spend(futility: WrittenFutility | None, **values: Any) -> WrittenSpend:
    """Return how an error rate is spent."""
    return WrittenSpend(futility=futility, **chosen(**values))


SPEND = Section(
    "a spending",
    {
        **{name: family_section(name, {"full": ALL, "planned": PLANNED}) for name in OWN_NUMBERS},
        "haybittle_peto": Field(
            Section(
                "a spending by haybittle_peto",
                {
                    "bound": Field(Number(above=0), "Z at every look but the last", required=True, example="3"),
                    "full": ALL,
                },
                make=spending("haybittle_peto", "bound"),
            ),
            "one bound at the interim looks; the last look keeps the error rate",
        ),
        "wang_tsiatis": Field(
            Section(
                "a spending by wang_tsiatis",
                {
                    "shape": Field(Number(), "0 is O'Brien and Fleming's, 0.5 Pocock's", required=True, example="0.25"),
                    "full": ALL,
                    "planned": NEEDED,
                },
                make=spending("wang_tsiatis", "shape"),
            ),
            "bounds of a shape; what they spend at the planned fractions is spent at the looks",
        ),
        "custom": Field(
            Section(
                "a spending of one's own",
                {
                    "spent": Field(
                        ListOf(Number(at_least=0, at_most=1), at_least=1),
                        "the share of the error rate spent by each planned fraction, linear between them",
                        required=True,
                        example="[20%, 100%]",
                    ),
                    "full": ALL,
                    "planned": NEEDED,
                },
                make=spending("custom", None),
            ),
            "a spending function given at points",
        ),
        "futility": Field(FUTILITY, "when the trial stops because it will hardly succeed"),
    },
    exactly_one=((*OWN_NUMBERS, "haybittle_peto", "wang_tsiatis", "custom"),),
    make=written_spend,
)

ACTION = Section(
    "an action of a milestone",
    {
        "test": Field(Name(), "the analysis that is made", example="primary"),
        "when": Field(
            Formula(condition=True),
            "a condition on conditional_power(ANALYSIS) or predictive_power(ANALYSIS)",
            example="conditional_power(primary) < 10%",
        ),
        "then": Field(
            ByShape(
                scalar=Phrase("what is done", "stop trial", str, "stop trial"),
                mapping=NotYet("an action other than 'stop trial'", "write stop trial"),
            ),
            "what is done if it holds: stop trial",
            example="stop trial",
        ),
        "reallocate": Field(NotYet("a milestone's 'reallocate'", "randomise: ratios are fixed in this version"), ""),
    },
    make=WrittenAction,
)

MILESTONE = Section(
    "a milestone",
    {
        "when": Field(
            Formula(condition=True),
            "what must be reached: randomised, due(ENDPOINT), observed(ENDPOINT), events(ENDPOINT), "
            "since(first_patient), joined by and/or",
            required=True,
            example="due(change) >= 50%",
        ),
        "cut_delay": Field(Duration(), "from that day to the data cut; the protocol's own unless written"),
        "do": Field(
            ListOf(ACTION, at_least=1), "what is done then, in this order", required=True, example="[{test: primary}]"
        ),
        "every": Field(NotYet("a milestone's 'every'", "write one milestone for each look"), ""),
    },
    make=WrittenMilestone,
)
