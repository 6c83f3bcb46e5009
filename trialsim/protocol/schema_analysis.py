"""The sections of a protocol about what is concluded: endpoints, estimands, analyses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialsim.foundation.errors import TrialsimError, UnreadableText
from trialsim.foundation.nearest import nearest
from trialsim.foundation.sections import (
    Amount,
    ByShape,
    Choice,
    Duration,
    Field,
    ListOf,
    MapOf,
    Moment,
    Name,
    NotYet,
    Phrase,
    Section,
    Text,
)
from trialsim.protocol.rules_equivalence import DIFFERENCE, RATIO, written_comparison
from trialsim.protocol.schema_means import MEAN_METHODS
from trialsim.protocol.schema_milestones import SPEND
from trialsim.protocol.schema_missing import MISSING
from trialsim.protocol.schema_repeated import REPEATED_METHODS, without_visits
from trialsim.protocol.schema_shares import SHARE_METHODS
from trialsim.protocol.schema_times import TIME_METHODS
from trialsim.protocol.written import (
    WrittenAnalysis,
    WrittenEndpoint,
    WrittenEstimand,
    WrittenMethod,
)


def one_word(what: str, words: tuple[str, ...], later: Mapping[str, str]) -> Phrase:
    """Return the kind of one of several words, which refuses by name those of later versions."""

    def chosen(text: str) -> str:
        if text in later:
            message = f"{what.replace('a ', 'the ', 1)} '{text}' is not supported by this version"
            raise UnreadableText("not-yet", message, [later[text]])
        if text not in words:
            close = nearest(text, words)
            notes = [f"expected: {', '.join(words)}", *([f"nearest name: {close}"] if close else [])]
            raise UnreadableText("unknown-word", f"'{text}' is not a word known here", notes)
        return text

    return Phrase(what, words[0], chosen, "|".join(words))


DERIVED = Choice(
    "value", "change_from_baseline", "percent_change_from_baseline", "log_ratio_to_baseline", "below", "above", "within"
)
MULTIPLICITY = Choice(
    "none", "bonferroni", "holm", "hochberg", "hommel", "fixed_sequence", "co_primary", "dunnett", "step_down_dunnett"
)


def written_endpoint(first_of: Any, happened: Any, by: float | None, derive: str | None, **values: Any) -> Any:
    """Return an endpoint: a measure at a visit, a time to an event, or whether it happened."""
    at, competing = values.pop("at") or "", values.pop("competing")
    if values["measure"] is not None:
        unfit = [name for name, value in (("by", by), ("competing", competing)) if value]
        if unfit or not derive or not at:
            said = f"has no {' and no '.join(unfit)}" if unfit else "needs derive and at"
            raise TrialsimError("missing-field", f"an endpoint made of a measure {said}")
        return WrittenEndpoint(derive=derive, at=at, **values)
    kind = "happened" if happened else "first_of"
    unfit = [name for name in ("value", "after_dose", "baseline") if values[name] is not None]
    unfit += [name for name, value in (("derive", derive), ("at", at)) if value]
    unfit += ["competing"] if happened and competing else [] if happened or by is None else ["by"]
    if unfit or (happened and by is None):
        said = f"has no {' and no '.join(unfit)}" if unfit else "needs by: the day up to which it counts"
        raise TrialsimError("missing-field", f"an endpoint '{kind}' {said}")
    return WrittenEndpoint(
        events=(happened,) if happened else first_of, by=by, derive=kind, competing=competing, label=values["label"]
    )


ENDPOINT = Section(
    "an endpoint",
    {
        "measure": Field(Name(), "the measure it is made of, with derive and at"),
        "derive": Field(DERIVED, "what is made of the measure", example="change_from_baseline"),
        "value": Field(
            ByShape(scalar=Amount(), sequence=ListOf(Amount())),
            "the threshold of below and above, the two of within",
            example="140 mmHg",
        ),
        "at": Field(Name(), "the visit", example="w12"),
        "after_dose": Field(Duration(), "which of the visit's samples; the one before the dose unless written"),
        "baseline": Field(Name(), "the visit it is compared with; the last one at or before day 0 unless written"),
        "label": Field(Text(), "what tables and figures call it"),
        "first_of": Field(
            ListOf(Name(), at_least=1),
            "the time from randomisation to the first of these events of the cohort",
            example="[progression, death]",
        ),
        "happened": Field(Name(), "whether an event of the cohort happened, with by", example="death"),
        "by": Field(Moment(), "the day up to which, with happened", example="day 28"),
        "competing": Field(
            ListOf(Name(), at_least=1),
            "the terminal events that make a first_of impossible and are not among it",
            default=(),
            example="[death]",
        ),
        "share_of_time": Field(NotYet("an endpoint's 'share_of_time'", "derive: within, at one visit"), ""),
        "rate": Field(NotYet("an endpoint's 'rate'", "endpoints of this version are one measure at one visit"), ""),
    },
    exactly_one=(("measure", "first_of", "happened"),),
    make=written_endpoint,
)

STRATEGY = one_word(
    "a strategy",
    ("treatment_policy", "hypothetical"),
    {
        "composite": "derive an endpoint that fails on the event, or write treatment_policy",
        "while_on_treatment": "choose an earlier visit, or write hypothetical",
        "principal_stratum": "write treatment_policy or hypothetical",
    },
)

ESTIMAND = Section(
    "an estimand",
    {
        "endpoint": Field(Name(), "the endpoint", required=True),
        "events": Field(
            MapOf(STRATEGY, Name()),
            "of each intercurrent event, what becomes of values"
            " after it: treatment_policy counts them as measured, hypothetical asks for a world without the event",
            default={},
            example="{rescue: hypothetical}",
        ),
    },
    make=WrittenEstimand,
)


def chosen_method(**values: Any) -> WrittenMethod:
    """Return the one method a mapping names."""
    chosen = [(name, options) for name, options in values.items() if options is not None]
    if not chosen:
        raise TrialsimError("one-of", f"a method is one of {', '.join(WITH_OPTIONS)} with its options, or one word")
    return WrittenMethod(kind=chosen[0][0], **chosen[0][1])


def written_analysis(method: WrittenMethod | str, **values: Any) -> WrittenAnalysis:
    """Return an analysis; a method of one word has no options."""
    chosen = method if isinstance(method, WrittenMethod) else WrittenMethod(kind=method)
    return WrittenAnalysis(method=chosen, **values)


WITH_OPTIONS = (*MEAN_METHODS, *REPEATED_METHODS, *SHARE_METHODS, *TIME_METHODS)
NOT_OF_ONE_WORD = (*REPEATED_METHODS, "rmst", "milestone_survival", "cumulative_incidence")
METHODS = ("t_test", "welch", *(name for name in WITH_OPTIONS if name not in NOT_OF_ONE_WORD))
LATER = {
    "bayes": "use ancova or risk_difference",
}
METHOD = ByShape(
    scalar=without_visits(one_word("a method", METHODS, LATER)),
    mapping=Section(
        "a method",
        {
            **MEAN_METHODS,
            **REPEATED_METHODS,
            **SHARE_METHODS,
            **TIME_METHODS,
            **{name: Field(NotYet(f"the method '{name}'", instead), "") for name, instead in LATER.items()},
        },
        at_most_one=(WITH_OPTIONS,),
        make=chosen_method,
    ),
)

COMPARISON = Section(
    "a comparison",
    {
        "better": Field(
            Choice("higher", "lower"),
            "which direction is a benefit; must be written but for equivalence",
            example="lower",
        ),
        "margin": Field(
            Amount(),
            "the difference (first minus second arm) of the null hypothesis, in the endpoint's unit, 0 unless written;"
            " of a risk ratio, odds ratio or hazard ratio the ratio (first over second arm), 1 unless written",
            example="-10%",
        ),
        DIFFERENCE: Field(
            ListOf(Amount()),
            "equivalence: the least and the greatest difference that is none, each the null of a one-sided test",
            example="[-2 mmHg, 2 mmHg]",
        ),
        RATIO: Field(
            ListOf(Amount()),
            "equivalence of what is compared as a ratio: its least and its greatest value",
            example="[80%, 125%]",
        ),
        "ratio": Field(NotYet("a comparison's 'ratio'", "derive: log_ratio_to_baseline, and give a margin"), ""),
        "efficacy": Field(NotYet("a comparison's 'efficacy'", "write a margin"), ""),
        "controls": Field(NotYet("a comparison's 'controls'", "all controls of this version are concurrent"), ""),
    },
    make=written_comparison,
)

ANALYSIS = Section(
    "an analysis",
    {
        "estimand": Field(Name(), "the estimand", required=True),
        "method": Field(
            METHOD, "how arms are compared", required=True, example="{ancova: {covariates: [sbp at baseline]}}"
        ),
        "missing": Field(
            MISSING,
            "what becomes of patients without a value; unless written, failure for"
            " yes-or-no endpoints without hypothetical events, complete_cases for the others",
            example="{jump_to_reference: {reference: placebo, imputations: 50}}",
        ),
        "compare": Field(
            MapOf(COMPARISON, Text()),
            "the comparisons, each `ARM vs ARM`; their order is the order of a fixed sequence",
            required=True,
            example="{high vs placebo: {better: lower}}",
        ),
        "alpha": Field(
            Phrase("an error rate", "0.025 one-sided", str, r"\S+\s+(one|two)-sided"),
            "the type I error rate; 0.025 one-sided unless written, for an analysis in a family that of the family",
            example="0.05 two-sided",
        ),
        "multiplicity": Field(
            MULTIPLICITY,
            "how the error rate of several comparisons is held; must be written where there are several",
            example="holm",
        ),
        "spend": Field(SPEND, "how the error rate is spent over several looks", example="{pocock: {full: 240 events}}"),
    },
    make=written_analysis,
)
