"""Every fault of doses and of how they are taken, explained: what `trialsim explain SLUG` prints."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "surface-missing": Explanation(
        "A dose per square metre of unknown surface",
        "An amount per m2 is multiplied by each patient's body surface: the covariate `bsa`, or a formula of `weight`"
        " and `height`. The cohort lacks one of them.",
        "amount: 75 mg/m2   # and neither bsa nor surface: mosteller",
        "Write surface: mosteller or dubois, or give the cohort the covariates.",
    ),
    "bad-limits": Explanation(
        "Limits of an amount that do not fit its covariate",
        "An amount by limits needs a covariate that is a number, and limits that ascend; an amount by category needs a"
        " covariate with categories.",
        "amount: {by: age, below: {18 years: 10 mg, 12 years: 5 mg}, otherwise: 20 mg}",
        "Write limits of a number in ascending order under below, or amounts of categories under each.",
    ),
    "no-amount-left": Explanation(
        "No amount that could be given",
        "The limits and the strengths of a dose leave nothing: at_least lies above at_most, no sum of the strengths"
        " lies between them, or the strengths have too little in common to be added up.",
        "at_most: 40 mg, strengths: [50 mg]",
        "Widen the limits, or list the strengths that are dispensed.",
    ),
    "bad-cycle": Explanation(
        "Doses that do not fit into their cycle",
        "What is on is no longer than the cycle, and its days are among those of the cycle, of which the first is 1.",
        "cycle: {length: 3 weeks, on_for: 4 weeks}",
        "Write a longer cycle, or fewer days.",
    ),
    "no-dose-left": Explanation(
        "Times that leave no dose",
        "Cycles and days of the week together leave no dose, or fewer than `times` says, at least for some patients.",
        "days: [sat], for: 3 days   # and day 0 is a Monday",
        "Write more days or a later end.",
    ),
    "two-days-0": Explanation(
        "A day 0 that is two days of the week",
        "Each patient is randomised once: all lines of a protocol mean the same day of the week by day 0.",
        "{days: [mon], day_0: mon, …} and {days: [fri], day_0: tue, …}",
        "Write the same day_0 in all lines.",
    ),
    "steady-state": Explanation(
        "A steady state of doses that have none",
        "A steady state is that of one amount every so often for ever, and it replaces whatever is there; rates that"
        " change with time have none.",
        "steady_state: true, cycle: {length: 4 weeks, on_for: 3 weeks}",
        "Begin the first line of the arm at steady state, or start the doses early enough to come close to it.",
    ),
    "not-modelled": Explanation(
        "A running time that the model does not say, or says",
        "over: modelled takes the duration or rate of the cohort's way in, which must have one; a way in that has one"
        " gives nothing at once.",
        "over: modelled   # and receives has neither duration nor rate",
        "Write a length, or give the cohort's way in a duration or a rate.",
    ),
    "negative-hazard": Explanation(
        "A hazard below zero",
        "A hazard is a number of events per time, which is 0 or more.",
        "lost_to_follow_up: {hazard: -0.01 per month}",
        "Write 0 per month or more.",
    ),
    "too-many-holidays": Explanation(
        "Holidays more often than once a day",
        "A holiday is a run of missed doses; single doses are missed by the share that `takes` says.",
        "holidays: {rate: 3 per day, length: 1 h}",
        "Write a lower rate, or a lower share of doses taken.",
    ),
}
