"""What each random number of a trial is keyed by, in one place.

Keys name identities only: a stratum, a visit, a drug, an event. No key names an arm, a scenario or
a design: the same candidate has the same luck in all of them, and adding one moves no number.
"""

from __future__ import annotations

from trialsim.foundation.streams import label

SECONDS_PER_DAY = 86400.0


def word(text: str) -> str:
    """Return a text as one word of a label: slashes, which part the words, are escaped.

    >>> word("*1/*1")
    '*1%2F*1'
    """
    return text.replace("%", "%25").replace("/", "%2F")


def gap_key() -> int:
    """Return the key of the time between one eligible candidate and the next."""
    return label("arrival", "gap")


def opening_key() -> int:
    """Return the key of the day on which a site opens; the site's number is the patient of the counter."""
    return label("site", "opening")


def site_key() -> int:
    """Return the key of the site a candidate comes to."""
    return label("site", "of patient")


def block_key(stratum: str) -> int:
    """Return the key of the permuted blocks of one stratum; the block's number is the patient of the counter."""
    return label("allocation", "block", word(stratum))


def adherence_key() -> int:
    """Return the key of a patient's own adherence."""
    return label("adherence", "of patient")


def dose_key(drug: str) -> int:
    """Return the key of whether a planned dose is taken; its planned minute is the index of the counter.

    No route and no form is named: who forgets a drug at some time forgets it in whichever form the arm has it.
    """
    return label("adherence", "dose", word(drug))


def timing_key(drug: str) -> int:
    """Return the key of how far from its planned minute a dose is taken; that minute is the index of the counter."""
    return label("adherence", "timing", word(drug))


def doubled_key(drug: str) -> int:
    """Return the key of whether a dose makes up for a missed one before it; its planned minute is the index."""
    return label("adherence", "doubled", word(drug))


def holiday_gap_key(drug: str) -> int:
    """Return the key of the time to a patient's next holiday from a drug; the holiday's number is the index."""
    return label("adherence", "holiday gap", word(drug))


def holiday_length_key(drug: str) -> int:
    """Return the key of how long a patient's holiday from a drug is; the holiday's number is the index."""
    return label("adherence", "holiday length", word(drug))


def weekday_key() -> int:
    """Return the key of the day of the week on which a patient is randomised."""
    return label("arrival", "weekday")


def visit_time_key(visit: str) -> int:
    """Return the key of where in its window a visit falls."""
    return label("visit", "time", word(visit))


def missed_key(visit: str) -> int:
    """Return the key of whether a visit is missed."""
    return label("visit", "missed", word(visit))


def measurement_key(measure: str, visit: str, after_dose: float) -> int:
    """Return the key of the error of a measure at a visit, so many days after its dose."""
    return label("measurement", word(measure), word(visit), f"{round(after_dose * SECONDS_PER_DAY)} s after dose")


def sensor_key(measure: str) -> int:
    """Return the key of the errors of a sensor's readings; the second since randomisation (modulo 2³²) is the index.

    No rule is named: two rules that read one sensor at one instant read the same.
    """
    return label("measurement", "sensor", word(measure))


def event_key(event: str) -> int:
    """Return the key of the threshold at which a patient has an intercurrent event."""
    return label("event", word(event))


def own_event_key(event: str) -> int:
    """Return the key of the thresholds of an event of the cohort; the number of its happening is the index."""
    return label("event", "of the cohort", word(event))


def loss_key(reason: str) -> int:
    """Return the key of the threshold at which a patient is lost for a reason."""
    return label("dropout", word(reason))
