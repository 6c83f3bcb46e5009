"""The method of an analysis that takes the values at several visits, and what all linear models adjust for."""

from __future__ import annotations

from typing import get_args

from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.sections import Choice, Field, ListOf, Name, Phrase, Section, Text
from trialsim.protocol.model import Covariance, Freedom
from trialsim.protocol.schema_shares import STRATA

COVARIATES = Field(
    ListOf(Text()),
    "continuous covariates, or a measure at a visit up to day 0",
    default=(),
    example="[sbp at baseline, weight]",
)
COVARIANCE = Choice(*get_args(Covariance))
REPEATED_METHODS = {
    "mmrm": Field(
        Section(
            "a mixed model for repeated measures",
            {
                "visits": Field(
                    ListOf(Name()),
                    "the visits whose values enter, the endpoint's the last; with the baseline among them it is an"
                    " outcome whose mean is the same in all arms",
                    required=True,
                    example="[w4, w8, w12]",
                ),
                "covariates": COVARIATES,
                "strata": STRATA,
                "covariance": Field(COVARIANCE, "the covariance of a patient's values", default="unstructured"),
                "fallback": Field(
                    ListOf(COVARIANCE),
                    "the covariances that are tried in turn where that one does not converge",
                    default=(),
                    example="[heterogeneous_toeplitz, ar1]",
                ),
                "df": Field(
                    Choice(*get_args(Freedom)), "standard errors and degrees of freedom", default="kenward_roger"
                ),
            },
        ),
        "one linear model of all arms and visits, whose values are correlated",
    )
}


def without_visits(word: Phrase) -> Phrase:
    """Return the kind of a method of one word, which tells mixed models that they need more."""

    def chosen(text: str) -> str:
        if text in REPEATED_METHODS:
            message = f"{text} needs its 'visits'"
            raise UnreadableText("missing-field", message, [f"write {{{text}: {{visits: [w4, w8, w12]}}}}"])
        return str(word.make(text))

    return Phrase(word.what, word.example, chosen, word.pattern)
