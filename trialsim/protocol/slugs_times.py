"""Faults of methods that compare times to an event, explained."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "two-weights": Explanation(
        "A log-rank test with two kinds of weights",
        "Modest weights grow until a delay; those of Fleming and Harrington are powers rho and gamma. A test has one"
        " kind.",
        "method: {log_rank: {delay: 6 months, gamma: 1}}",
        "Leave out the delay, or rho and gamma.",
    ),
    "spending-of-the-greatest": Explanation(
        "Bounds over looks for the greatest of several statistics",
        "Bounds that spend an error rate over looks are for one statistic that gathers information; the greatest of"
        " several log-rank tests is none, and its error rate would not be held.",
        "method: max_combo   # and spend: {obrien_fleming: {full: 300 events}}",
        "Use log_rank with one weight, or max_combo at one look.",
    ),
    "competing-ignored": Explanation(
        "Competing events taken for censoring",
        "Kaplan and Meier's curve takes who is censored for somebody who may still have the event. Who had a competing"
        " event cannot, so shares and mean times would be too great or too small.",
        "method: {milestone_survival: {horizon: 12 months}}   # of an endpoint with competing: [death]",
        "Use cumulative_incidence or gray; log_rank or cox for hazards; or count the event too, in first_of.",
    ),
    "nothing-competes": Explanation(
        "Gray's test without competing events",
        "Where nothing competes, Gray's test is a log-rank test.",
        "method: gray   # of an endpoint without competing",
        "Use log_rank, or name the competing events in the endpoint.",
    ),
    "horizon-beyond-follow-up": Explanation(
        "A horizon that nobody is followed for",
        "Nothing is extrapolated: shares and mean times are known as long as patients are followed.",
        "method: {rmst: {horizon: 24 months}}   # and follow_up: 18 months",
        "Take an earlier horizon, or follow patients longer.",
    ),
}
