"""The sections of a protocol about simulation: scenarios, numbers of trials, what is kept."""

from __future__ import annotations

from typing import Any

from trialsim.foundation.sections import (
    ByShape,
    Choice,
    Field,
    ListOf,
    MapOf,
    NotYet,
    Number,
    Phrase,
    Section,
    Text,
    Whole,
)
from trialsim.protocol.written import WrittenKeep, WrittenScenario, WrittenSimulation, WrittenTrials

LARGEST_SEED = 2**63 - 1
MOST_TRIALS = 10_000_000
CHANGES = MapOf(Text(), Text())

SCENARIO = Section(
    "a scenario",
    {
        "label": Field(Text(), "what tables and figures call it; its name unless written"),
        "parameters": Field(
            CHANGES,
            "the cohort's parameters: a value, which is then certain, or `x 0.6` times the typical value",
            default={},
            example="{EMAX: x 0.6}",
        ),
        "covariates": Field(
            CHANGES, "fields of the covariates' distributions", default={}, example="{weight.median: 90 kg}"
        ),
        "conduct": Field(
            CHANGES,
            "fields of conduct, as dotted paths",
            default={},
            example="{lost_to_follow_up.hazard: x 2, accrual.rate: x 0.5}",
        ),
        "null": Field(
            ListOf(Text()),
            "the comparisons without a true difference in this scenario",
            default=(),
            example="[high vs placebo]",
        ),
    },
    make=WrittenScenario,
)


def fixed_number(number: int) -> WrittenTrials:
    """Return that many trials."""
    return WrittenTrials(at_least=number, at_most=number, standard_error=None)


def until_precise(at_least: int, until: float, at_most: int) -> WrittenTrials:
    """Return trials until the power is known well enough."""
    return WrittenTrials(at_least=at_least, at_most=at_most, standard_error=until)


def written_simulation(trials: WrittenTrials | int, **values: Any) -> WrittenSimulation:
    """Return a simulation; a bare number of trials is exactly that many."""
    return WrittenSimulation(trials=fixed_number(trials) if isinstance(trials, int) else trials, **values)


def only_value(**values: Any) -> Any:
    """Return the value of a section with one field."""
    (value,) = values.values()
    return value


STANDARD_ERROR = Field(
    Number(above=0, below=0.5), "its largest Monte-Carlo standard error", required=True, example="0.5%"
)
UNTIL = Section(
    "a precision",
    {
        "power": Field(
            Section("a precision of the power", {"standard_error": STANDARD_ERROR}, make=only_value),
            "of every rejection rate",
            required=True,
        )
    },
    make=only_value,
)

TRIALS = ByShape(
    scalar=Whole(1, MOST_TRIALS),
    mapping=Section(
        "a number of trials",
        {
            "at_least": Field(Whole(1, MOST_TRIALS), "trials before the precision is looked at", default=1000),
            "until": Field(
                UNTIL,
                "the precision at which no more trials are added",
                required=True,
                example="{power: {standard_error: 0.5%}}",
            ),
            "at_most": Field(
                Whole(1, MOST_TRIALS), "trials at which it ends in any case", required=True, example="20000"
            ),
        },
        make=until_precise,
    ),
)

SIMULATION = Section(
    "a simulation",
    {
        "seed": Field(Whole(0, LARGEST_SEED), "the seed of all random numbers", required=True, example="20261121"),
        "parameters": Field(
            Choice("typical", "uncertain", "both"),
            "typical gives power, uncertain (a draw of the typical values a trial) gives"
            " assurance; both unless written, or typical if nothing about the cohort is uncertain",
        ),
        "trials": Field(TRIALS, "how many trials of every scenario and design", default=1000, example="1000"),
        "trials_per_draw": Field(
            Whole(1, 1000),
            "how many trials with uncertain parameters share a draw of them; 2 or more tell the variance of success"
            " that comes from not knowing the parameters from that of chance",
            default=1,
            example="2",
        ),
        "solver": Field(
            Choice("by pilot", "explicit", "stiff"),
            "what follows courses that are not linear; a pilot of 64 patients chooses by counted work",
            default="by pilot",
        ),
    },
    make=written_simulation,
)

KEEP = Section(
    "what is kept",
    {
        "patients_of": Field(
            Phrase("trials", "first 10 trials", str, r"first\s+[0-9]+\s+trials?|all|none"),
            "the trials of every scenario and design whose patients are stored: `first N trials`, `all` or `none`",
            default="first 1 trials",
            example="first 10 trials",
        ),
        "decisions": Field(NotYet("keep's 'decisions'", "all about kept patients are stored"), ""),
        "counterfactuals": Field(
            NotYet("keep's 'counterfactuals'", "they are stored with the patients that are kept"), ""
        ),
    },
    make=WrittenKeep,
)
