"""Faults of milestones, of spending over looks, and of endpoints of events, explained."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "bad-milestone": Explanation(
        "Nothing that a milestone waits for or does",
        "A milestone waits for counts that the trial's calendar knows: patients randomised, due or observed, events, "
        "time since the first patient. What it does is a test, or a stop on a condition.",
        "when: sbp >= 140 mmHg",
        "Write `when: due(change) >= 50%` and `do: [{test: primary}]`.",
    ),
    "never-reached": Explanation(
        "A milestone that never comes",
        "It waits for more patients, or a greater share of them, than the trial has.",
        "when: randomised >= 400   # of 300",
        "Wait for fewer, or randomise more.",
    ),
    "never-tested": Explanation(
        "An analysis that no milestone makes",
        "With milestones, an analysis is made where a milestone says so, and the last one decides about the success.",
        "milestones: {final: {when: …, do: [{test: secondary}]}}   # and success: any of primary",
        "Write {test: ANALYSIS} in a milestone's do.",
    ),
    "no-spending": Explanation(
        "Several looks at the full error rate",
        "Each look at the full level is another chance of a false claim. A spending function says how much each look "
        "may use, so that all of them together keep the level (Lan & DeMets 1983).",
        "milestones: {interim: {…, do: [{test: primary}]}, final: {…, do: [{test: primary}]}}   # without spend",
        "Write `spend: {obrien_fleming: {full: 300 patients}}` in the analysis, or test it once.",
    ),
    "planned-looks": Explanation(
        "Planned looks that do not fit",
        "Some rules need the looks as planned, in fractions of full information that ascend to 100%: shapes of bounds, "
        "spending functions given at points, and the spending of a type II error rate.",
        "wang_tsiatis: {shape: 0.25, full: 300 patients, planned: [50%]}",
        "Write planned: [50%, 100%].",
    ),
    "bad-information": Explanation(
        "Information counted in something else",
        "Information grows with patients (values at visits), with events (times to events), or is Fisher's: one over "
        "the squared standard error of the estimate.",
        "obrien_fleming: {full: 240 events}   # of a mean",
        "Write full: 300 patients, 240 events, or 48 information.",
    ),
    "competing-event": Explanation(
        "An event after which the endpoint cannot happen",
        "A terminal event of the cohort ends a patient's course. An analysis that treats it as if the patient had "
        "merely left estimates the risk in a world without it, which nobody asked for.",
        "first_of: [progression]   # and the cohort has a terminal death",
        "Count it: first_of: [progression, death]; or name it: competing: [death].",
    ),
    "not-followed": Explanation(
        "Events that count longer than patients are followed",
        "Courses end with the follow-up. A time to an event needs to say how long it is looked for.",
        "pfs: {first_of: [progression, death]}   # without follow_up",
        "Write follow_up: 36 months in the protocol.",
    ),
}
