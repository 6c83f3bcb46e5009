"""What becomes of missing values: left out, failures, or imputed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.sections import Amount, ByShape, Choice, Field, ListOf, MapOf, Name, Section, Whole
from trialsim.protocol.written import WrittenImputation

AFTER = Field(
    ListOf(Name(), at_least=1),
    "intercurrent events: values missing after one of them follow the strategy, others are missing at random; unless"
    " written, all that are missing after a patient's last value follow it",
    example="[rescue]",
)
REFERENCE = Field(Name(), "the arm whose means are taken over", required=True, example="placebo")


def imputation(name: str, what: str, *, has_reference: bool) -> Field:
    """Return the field of one way to impute."""
    fields = {
        **({"reference": REFERENCE, "after": AFTER} if has_reference else {}),
        "imputations": Field(Whole(at_least=2, at_most=1000), "how many data sets are drawn; 50 unless written"),
        "variance": Field(
            Choice("rubin", "jackknife"),
            "rubin: draws pooled by Rubin's rules; jackknife: conditional means, each patient left out in turn",
            default="rubin",
        ),
        "visits": Field(
            ListOf(Name(), at_least=1),
            "the visits whose values enter, up to that of the endpoint; unless written, all after day 0 where its"
            " measure is taken",
            example="[w4, w8, w12]",
        ),
        "delta": Field(
            MapOf(Amount(), Name()),
            "for an arm, what is added to its imputed values of the endpoint, in the endpoint's unit",
            default={},
            example="{high: 2 mmHg}",
        ),
    }
    return Field(Section(f"the imputation {name}", fields), what)


def chosen_imputation(**values: Mapping[str, Any] | None) -> WrittenImputation:
    """Return the one imputation a mapping names."""
    chosen = [(name, options) for name, options in values.items() if options is not None]
    if not chosen:
        raise TrialsimError("one-of", "write how values are imputed, such as missing_at_random: {}")
    return WrittenImputation(**{"reference": None, "after": None, "strategy": chosen[0][0], **chosen[0][1]})  # type: ignore[arg-type]


MISSING = ByShape(
    scalar=Choice("complete_cases", "failure"),
    mapping=Section(
        "an imputation",
        {
            "missing_at_random": imputation(
                "missing_at_random", "as others of the arm with the same values before", has_reference=False
            ),
            "jump_to_reference": imputation(
                "jump_to_reference", "after the last value, the means of the reference arm", has_reference=True
            ),
            "copy_reference": imputation(
                "copy_reference", "as if in the reference arm from the beginning", has_reference=True
            ),
            "copy_increment": imputation(
                "copy_increment", "after the last value, the changes of the reference arm", has_reference=True
            ),
        },
        at_most_one=(("missing_at_random", "jump_to_reference", "copy_reference", "copy_increment"),),
        make=chosen_imputation,
    ),
)
