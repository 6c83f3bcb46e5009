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
    Name,
    NotYet,
    Phrase,
    Section,
    Text,
)
from trialsim.protocol.schema_missing import MISSING
from trialsim.protocol.written import (
    WrittenAnalysis,
    WrittenComparison,
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

ENDPOINT = Section(
    "an endpoint",
    {
        "measure": Field(Name(), "the measure it is made of", required=True),
        "derive": Field(DERIVED, "what is made of it", required=True),
        "value": Field(
            ByShape(scalar=Amount(), sequence=ListOf(Amount())),
            "the threshold of below and above, the two of within",
            example="140 mmHg",
        ),
        "at": Field(Name(), "the visit", required=True, example="w12"),
        "after_dose": Field(Duration(), "which of the visit's samples; the one before the dose unless written"),
        "baseline": Field(Name(), "the visit it is compared with; the last one at or before day 0 unless written"),
        "label": Field(Text(), "what tables and figures call it"),
        "first_of": Field(
            NotYet("an endpoint's 'first_of'", "endpoints of this version are one measure at one visit"), ""
        ),
        "happened": Field(
            NotYet("an endpoint's 'happened'", "endpoints of this version are one measure at one visit"), ""
        ),
        "share_of_time": Field(NotYet("an endpoint's 'share_of_time'", "derive: within, at one visit"), ""),
        "rate": Field(NotYet("an endpoint's 'rate'", "endpoints of this version are one measure at one visit"), ""),
    },
    make=WrittenEndpoint,
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

STRATA = Field(ListOf(Name()), "factors: categorical covariates, or site", default=(), example="[sex]")


def chosen_method(**values: Any) -> WrittenMethod:
    """Return the one method a mapping names."""
    chosen = [(name, options) for name, options in values.items() if options is not None]
    if not chosen:
        raise TrialsimError("one-of", "a method is ancova or risk_difference with its options, or one word")
    return WrittenMethod(kind=chosen[0][0], **chosen[0][1])


def written_analysis(method: WrittenMethod | str, **values: Any) -> WrittenAnalysis:
    """Return an analysis; a method of one word has no options."""
    chosen = method if isinstance(method, WrittenMethod) else WrittenMethod(kind=method)
    return WrittenAnalysis(method=chosen, **values)


METHODS = ("t_test", "welch", "ancova", "risk_difference")
LATER = {
    "mmrm": "use ancova at the visit of the endpoint",
    "log_rank": "endpoints of this version are numbers or yes and no",
    "cox": "endpoints of this version are numbers or yes and no",
    "logistic": "use risk_difference, with strata if need be",
    "bayes": "use ancova or risk_difference",
}
METHOD = ByShape(
    scalar=one_word("a method", METHODS, LATER),
    mapping=Section(
        "a method",
        {
            "ancova": Field(
                Section(
                    "an analysis of covariance",
                    {
                        "covariates": Field(
                            ListOf(Text()),
                            "continuous covariates, or a measure at a visit up to day 0",
                            default=(),
                            example="[sbp at baseline, weight]",
                        ),
                        "strata": STRATA,
                    },
                ),
                "one linear model of all arms, with covariates and factors",
            ),
            "risk_difference": Field(
                Section("a risk difference", {"strata": STRATA}),
                "the difference of two shares, within strata if there are any",
            ),
            **{name: Field(NotYet(f"the method '{name}'", instead), "") for name, instead in LATER.items()},
        },
        at_most_one=(("ancova", "risk_difference"),),
        make=chosen_method,
    ),
)

COMPARISON = Section(
    "a comparison",
    {
        "better": Field(Choice("higher", "lower"), "which direction is a benefit", required=True, example="lower"),
        "margin": Field(
            Amount(),
            "the difference (first minus second arm) of the null hypothesis, in the endpoint's unit; 0 unless written",
            example="-10%",
        ),
        "ratio": Field(NotYet("a comparison's 'ratio'", "derive: log_ratio_to_baseline, and give a margin"), ""),
        "efficacy": Field(NotYet("a comparison's 'efficacy'", "write a margin"), ""),
        "controls": Field(NotYet("a comparison's 'controls'", "all controls of this version are concurrent"), ""),
    },
    make=WrittenComparison,
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
        "spend": Field(NotYet("an analysis's 'spend'", "the analysis of this version is once, at the end"), ""),
    },
    make=written_analysis,
)
