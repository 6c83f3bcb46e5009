"""Every fault of rules inside a patient's course, explained: what `trialsim explain SLUG` prints."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "rule-without-arm": Explanation(
        "A rule that nobody has",
        "Rules are written once and named by the arms whose doses they decide about; no arm names this one.",
        "rules: {careful: {…}}   # and no arm with rules: [careful]",
        "Name it in an arm, or leave it out.",
    ),
    "rule-times": Explanation(
        "Times at which a rule cannot be asked",
        "A rule that is asked every so often needs an end after its start; start and until mean nothing to others. "
        "One that is asked on an event needs one that leaves something to decide about.",
        "every: 7 days   # and no until",
        "Write every with until, or the points in time and visits under at.",
    ),
    "rule-watch": Explanation(
        "A rule that watches what nobody measures",
        "A rule sees measures as they are read at visits, and this one is not assessed; or it reads a sensor of its "
        "own, whenever it is asked, and is not asked every so often.",
        "watch: heart_rate   # and assess has no heart_rate",
        "Assess it, or watch something that is assessed, or write every and watch: {h: sensor(heart_rate)}.",
    ),
    "bad-watch": Explanation(
        "Nothing that can be watched",
        "A name in conditions stands for a measure, for sensor(MEASURE), or for slope(MEASURE, LENGTH OF TIME).",
        'watch: {trend: "slope(cgm)"}',
        'Write watch: {g: sensor(cgm), trend: "slope(cgm, 15 min)"}.',
    ),
    "rule-remember": Explanation(
        "A remembered number of no known unit",
        "What is remembered begins at 0 in the unit of what it becomes; one that is made of itself alone has none.",
        "remember: {i: 0.9 * i}",
        "Write where it starts, with its unit: remember: {i: {start: 0 mg, then: 0.9 * i}}.",
    ),
    "rule-rate": Explanation(
        "A rate that cannot be set",
        "A rule sets the rate of one infusion of its arm, from its start to its planned end: written with over or rate "
        "and one time. A rate that is computed needs limits; what runs in so has no doses to hold, delay or change.",
        "{rate: 0.5 U/h * n}   # and no within",
        "Write within, and give the drug by one line such as {drug: insulin, amount: 24 U, route: sc, over: 24 h, at: "
        "day 0}.",
    ),
    "rule-ladder": Explanation(
        "A ladder that leads nowhere",
        "Level up and level down move along a ladder of ascending amounts, one of which the arm begins with; all are "
        "for everybody, or all per kg, or all per m2.",
        "ladder: [10 mg, 40 mg]   # and the arm's doses are of 20 mg",
        "Write every amount that may be given in the ladder, from the lowest to the highest.",
    ),
    "rule-steps": Explanation(
        "A step that is never reached",
        "Steps are gone through in order and the first that fits is done; one without a condition always fits.",
        "do: [{then: level up}, {when: sbp < 100 mmHg, then: stop dosing}]",
        "Write the step without a condition last.",
    ),
    "rule-drug": Explanation(
        "A rule about doses that are not there, or not clear",
        "What a rule does is done to the doses of one drug of its arm: the only one, or the one that `drug` names.",
        "rules: [titrate] in an arm without dosing",
        "Write drug, or name the rule only in arms with doses of its drug.",
    ),
}
