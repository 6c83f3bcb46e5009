"""The methods of an analysis that compare times to an event."""

from __future__ import annotations

from trialsim.foundation.sections import Choice, Duration, Field, ListOf, Number, Section, Text
from trialsim.protocol.schema_shares import STRATA

HORIZON = Field(Duration(positive=True), "how long after randomisation is looked at", example="12 months")
RHO = Number(at_least=0.0, at_most=10.0)
COVARIATES = Field(
    ListOf(Text()), "continuous covariates, or a measure at a visit up to day 0", default=(), example="[age]"
)

TIME_METHODS = {
    "log_rank": Field(
        Section(
            "a log-rank test",
            {
                "strata": STRATA,
                "rho": Field(RHO, "weight of early events: a power of the share still free of one", example="0"),
                "gamma": Field(RHO, "weight of late events: a power of the share that had one", example="1"),
                "delay": Field(
                    Duration(positive=True),
                    "modest weights that grow until this time and stay there, instead of rho and gamma",
                    example="6 months",
                ),
            },
        ),
        "the log-rank test, plain, weighted (Fleming and Harrington) or modestly weighted, within strata if any",
    ),
    "cox": Field(
        Section(
            "a Cox regression",
            {
                "covariates": COVARIATES,
                "strata": STRATA,
                "ties": Field(Choice("efron", "breslow"), "how equal times are treated", default="efron"),
            },
        ),
        "hazard ratios of one Cox model of all arms; the margin of a comparison is a hazard ratio",
    ),
    "rmst": Field(
        Section(
            "a comparison of restricted mean survival times",
            {
                "horizon": HORIZON,
                "measure": Field(Choice("difference", "ratio"), "what is estimated", default="difference"),
            },
        ),
        "the mean time free of the event up to a horizon: the area under the Kaplan-Meier curve",
    ),
    "milestone_survival": Field(
        Section("a comparison of shares at a milestone", {"horizon": HORIZON}),
        "the difference of the shares still free of the event at a horizon, by Kaplan-Meier",
    ),
    "max_combo": Field(
        Section(
            "a combination test",
            {
                "strata": STRATA,
                "weights": Field(
                    ListOf(ListOf(RHO, at_least=2, at_most=2), at_least=1, at_most=4),
                    "rho and gamma of each log-rank test; [[0, 0], [0, 1], [1, 0]] unless written",
                    example="[[0, 0], [0, 1]]",
                ),
            },
        ),
        "the greatest of several weighted log-rank tests",
    ),
    "gray": Field(
        Section("Gray's test", {"strata": STRATA}),
        "Gray's test of cumulative incidences, where other events compete",
    ),
    "cumulative_incidence": Field(
        Section("a comparison of cumulative incidences", {"horizon": HORIZON}),
        "the difference of the shares that had the event by a horizon, by Aalen-Johansen: others may compete",
    ),
}
