"""Every fault of a protocol, and of looking for documents, explained: what `trialsim explain SLUG` prints."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation
from trialsim.protocol.slugs_decisions import SLUGS as DECISIONS
from trialsim.protocol.slugs_dosing import SLUGS as DOSING
from trialsim.protocol.slugs_families import SLUGS as FAMILIES
from trialsim.protocol.slugs_milestones import SLUGS as MILESTONES
from trialsim.protocol.slugs_missing import SLUGS as MISSING
from trialsim.protocol.slugs_times import SLUGS as TIMES

SLUGS: dict[str, Explanation] = {
    **DOSING,
    **DECISIONS,
    **FAMILIES,
    **MISSING,
    **MILESTONES,
    **TIMES,
    "no-such-file": Explanation(
        "A file is not there",
        "A path was given, and nothing can be read at it.",
        "trialsim check trials/bp.yaml",
        "Correct the path; a name without '/' is looked up in the library.",
    ),
    "no-such-document": Explanation(
        "No document of that name",
        "Names of protocols and cohorts are looked up in the library given, below the current directory and in "
        "what is shipped; none of them has it.",
        "patients: {cohort: hypertention}",
        "Correct the name, or give `--library DIR`.",
    ),
    "two-documents": Explanation(
        "Two documents of one name",
        "One place holds two files of this name in different folders, so that the name means neither.",
        "protocols/phase1/a.yaml and protocols/phase2/a.yaml",
        "Rename one, or give the path.",
    ),
    "amount-unit": Explanation(
        "A dose in a unit its state does not have",
        "The amount of a dose and the state it enters measure different things, so no number could be put in.",
        "amount: 20 nmol   # into a state in mg",
        "Write the amount in a unit of the state's kind, per kg of weight or per m2 of surface.",
    ),
    "bad-amount": Explanation(
        "A dose of nothing",
        "Amounts and rates of doses are above zero.",
        "amount: 0 mg",
        "Write an amount above 0, or leave the line out.",
    ),
    "not-in-table": Explanation(
        "A measure at a time for which the cohort says nothing",
        "Correlations that stand in a table are known at its points in time and nowhere between; a correlation that"
        " falls with time reaches from two years before randomisation to 29 years after it.",
        "visits: {w6: week 6}   # and correlation: {table: {day 0: [], week 4: [0.7], week 12: [0.5, 0.7]}}",
        "Assess the measure at the points of the table, add the point to it, or write ar1 or exchangeable.",
    ),
    "input-steps": Explanation(
        "Values of an input that do not follow each other",
        "An arm sets an input from randomisation or later points in time on, in their order; before the first point the"
        " input has its default.",
        "arms: {new: {sets: {treated: {week 4: 1, day 0: 0}}}}",
        "Write the points in their order, none before day 0.",
    ),
    "weight-missing": Explanation(
        "A dose per kilogram of unknown weight",
        "An amount per kg is multiplied by each patient's `weight`, which this cohort does not have.",
        "amount: 5 mg/kg",
        "Write a fixed amount, or give the cohort a covariate `weight` in kg.",
    ),
    "no-such-route": Explanation(
        "A dose no state receives",
        "The cohort's model says which states receive which drug by which route; none receives this one.",
        "dosing: [{drug: X, route: orally, …}]",
        "Use a drug and route of the cohort, or give one of its states `receives`.",
    ),
    "dosing-times": Explanation(
        "Times of doses that do not fit together",
        "Repeated doses need an interval above zero and one end; doses at stated moments have neither.",
        "dosing: [{every: 24 h, …}]   # and no until",
        "Write `every` with `until`, `for` or `times`, or `at` for doses at stated moments.",
    ),
    "until-before-start": Explanation(
        "Doses that end before they start",
        "Doses are given from the start on and strictly before `until`, so this line gives none.",
        "start: week 12, until: week 4",
        "Write a later `until`.",
    ),
    "too-many-doses": Explanation(
        "More doses than anyone gives",
        "One line of dosing comes to more than a hundred thousand doses, which is usually a slip in a unit.",
        "every: 1 s, until: week 12",
        "Correct the interval, or write an infusion with `over`.",
    ),
    "dose-before-randomisation": Explanation(
        "A dose before randomisation",
        "Arms exist from day 0; what is given before is the same for everybody and belongs to no arm.",
        "start: week -1",
        "Start at day 0 or later.",
    ),
    "no-arms": Explanation(
        "A trial without arms",
        "Nothing can be compared.",
        "arms: {}",
        "Write at least two arms.",
    ),
    "ratio-incomplete": Explanation(
        "A ratio that leaves out an arm",
        "The allocation ratio names every arm, so that nobody has to guess what a missing one means.",
        "ratio: {placebo: 1, high: 1}   # of three arms",
        "Name every arm in the ratio.",
    ),
    "block-ratio": Explanation(
        "Blocks that cannot hold the ratio",
        "Permuted blocks hold every arm in its proportion, so their size is a multiple of the sum of the ratio.",
        "randomise: {ratio: {a: 1, b: 2}, blocks: 4}",
        "Use a multiple of the sum of the ratio.",
    ),
    "stratum-not-categorical": Explanation(
        "A number as a stratum",
        "Strata are combinations of categories; a continuous covariate has a value of its own for every patient.",
        "strata: [age]",
        "Stratify by a categorical covariate or by site; adjust for numbers in ancova's `covariates`.",
    ),
    "said-twice": Explanation(
        "The same thing twice in a list",
        "A repeated item adds nothing and hints at a slip.",
        "strata: [sex, sex]",
        "Leave one of them out.",
    ),
    "too-few-randomised": Explanation(
        "Too few patients for the arms",
        "Every arm has at least two patients, or no variance can be estimated.",
        "randomised: 4   # in three arms",
        "Randomise more patients or use fewer arms.",
    ),
    "visits-overlap": Explanation(
        "Visits that could change places",
        "The windows of neighbouring visits overlap, or two visits are at one moment, so their order is not certain.",
        "w4: {at: week 4, window: 7 days}, w5: {at: week 5, window: 3 days}",
        "Narrow the windows, or merge the visits.",
    ),
    "window-over-randomisation": Explanation(
        "A visit that could slip over randomisation",
        "A visit up to day 0 is before any treatment; its window would let it happen after.",
        "baseline: {at: day -1, window: 3 days}",
        "Narrow the window.",
    ),
    "not-a-measure": Explanation(
        "Something that cannot be measured",
        "Only measures have an error, a limit of quantification and a delay; states, quantities and parameters "
        "are the truth behind them.",
        "assess: {conc: {at: [w4]}}",
        "Assess a measure of the cohort, or give it one.",
    ),
    "no-dose-at-visit": Explanation(
        "A sample after a dose that is not given",
        "Times after a dose count from a dose planned at the moment of the visit; no arm has one there.",
        "assess: {conc: {at: [w12], after_dose: [2 h]}}   # doses until week 12",
        "Choose a visit with a dose, or extend the dosing; the dose at `until` itself is not given.",
    ),
    "window-after-dose": Explanation(
        "A sample timed from a dose that may move",
        "A sample so long after a dose needs that dose at a certain moment; a visit with a window has none.",
        "w4: {at: week 4, window: 1 day}   # with after_dose: [2 h]",
        "Leave out the window of that visit.",
    ),
    "not-screened": Explanation(
        "Eligibility by what screening does not measure",
        "Eligibility is judged on measured values, which only exist if the measure is taken at the screening "
        "visit, the first before day 0.",
        "eligible: [sbp > 140 mmHg]   # and sbp not assessed at screening",
        "Assess the measure at screening.",
    ),
    "unseen": Explanation(
        "Eligibility by what nobody can see",
        "States, quantities and parameters are the truth inside the model; whoever screens sees covariates and "
        "measurements.",
        "eligible: [CL > 2 L/h]",
        "Use a covariate or a measure.",
    ),
    "accrual-pattern": Explanation(
        "A pattern of accrual that cannot be followed",
        "A pattern says from which point in time which share of the rate comes: from day 0, in order, and in the end "
        "patients still come.",
        "pattern: {day 0: 100%, month 6: 0%}",
        "End with a share above 0, or write repeats.",
    ),
    "no-accrual": Explanation(
        "Nobody is ever randomised",
        "The accrual rate is above zero.",
        "accrual: {rate: 0 per month}",
        "Write a rate such as 20 per month.",
    ),
    "no-spread-possible": Explanation(
        "Variation around nobody or everybody",
        "A spread on the logit scale needs a typical share strictly between 0% and 100%.",
        "adherence: {takes: 100%, between_patients: {logit_normal: 0.5}}",
        "Leave out `between_patients`, or write a share such as 98%.",
    ),
    "name-taken": Explanation(
        "A name that means something already",
        "Events live in the same namespace as covariates, parameters, states, quantities and measures.",
        "intercurrent_events: {conc: {…}}",
        "Give the event a name of its own.",
    ),
    "loss-shape": Explanation(
        "Losses neither one hazard nor reasons",
        "Loss to follow-up is `{hazard: …}` alone, or reasons, each with its hazard.",
        "lost_to_follow_up: {hazard: 0.01 per month, moved: {…}}",
        "Choose one of the two forms.",
    ),
    "hazard-unit": Explanation(
        "A hazard that is not per time",
        "A hazard is a number of events per time: the expression must come out as 1/time.",
        "hazard: 0.01",
        "Give it a unit such as `per month`, and make what multiplies it dimensionless.",
    ),
    "hazard-sees-truth": Explanation(
        "A hazard that looks at a measurement",
        "What happens to a patient depends on the patient's true state, not on what an instrument read.",
        "hazard: 0.01 per month * sbp / 100 mmHg",
        "Use the state or quantity that is measured.",
    ),
    "endpoint-before-treatment": Explanation(
        "An endpoint before treatment",
        "What is measured up to day 0 cannot differ between arms.",
        "at: screening",
        "Choose a visit after day 0.",
    ),
    "not-assessed": Explanation(
        "A value that is never measured",
        "The measure is not taken at that visit, or not at that time after its dose.",
        "at: w12   # and w12 not in assess",
        "Add the visit to `assess`, or choose another.",
    ),
    "needless-field": Explanation(
        "A field without meaning here",
        "The field belongs to another kind of endpoint and would be ignored.",
        "derive: below, baseline: baseline",
        "Leave it out.",
    ),
    "no-baseline": Explanation(
        "A change from nowhere",
        "A change needs the measure at a visit at day 0 or before.",
        "derive: change_from_baseline   # never assessed before day 0",
        "Assess the measure at baseline.",
    ),
    "baseline-late": Explanation(
        "A baseline under treatment",
        "A baseline at or after the endpoint's own visit, or after randomisation, holds part of the effect.",
        "at: w4, baseline: w12",
        "Use a visit at day 0 or before.",
    ),
    "thresholds": Explanation(
        "Thresholds that do not fit",
        "`below` and `above` have one threshold, `within` two in ascending order, other endpoints none.",
        "derive: within, value: 140 mmHg",
        "Write `value: 140 mmHg`, or `value: [5 mg/L, 15 mg/L]`.",
    ),
    "threshold-unit": Explanation(
        "A threshold in another kind of unit",
        "The threshold and the measure cannot be compared.",
        "measure: sbp, value: 140 mg/L",
        "Write the threshold in a unit of the measure's kind.",
    ),
    "event-without-strategy": Explanation(
        "An estimand silent about an event",
        "What becomes of values after an intercurrent event is part of the question (ICH E9(R1)), not of the "
        "analysis; silence would be a choice nobody made.",
        "events: {}   # and the trial has rescue",
        "Write treatment_policy or hypothetical for every intercurrent event.",
    ),
    "method-endpoint": Explanation(
        "A method for another kind of endpoint",
        "Numbers are compared by t_test, welch, ancova, wilcoxon or mmrm; shares by risk_difference, risk_ratio, "
        "odds_ratio, cmh or logistic; times to an event by methods of their own.",
        "method: t_test   # of a yes-or-no endpoint",
        "Use a method for this kind of endpoint.",
    ),
    "margin-ratio": Explanation(
        "A margin that is no ratio",
        "A ratio of risks, odds, hazards or mean times is compared with a ratio: above 0, and 1 where the arms do not"
        " differ.",
        "method: risk_ratio   # and margin: -10%",
        "Write the ratio of the first arm over the second: 0.8, 1.25 or 125%.",
    ),
    "no-margin": Explanation(
        "A margin where the test has none",
        "The tests of Cochran, Mantel and Haenszel, the log-rank tests and Gray's ask whether there is any difference.",
        "method: cmh   # and margin: 1.25",
        "Leave the margin out; or use risk_difference, risk_ratio or odds_ratio with strata, of times cox.",
    ),
    "equivalence": Explanation(
        "Two ends that make no equivalence",
        "Equivalence is shown where a difference, or a ratio, is neither below its lower nor above its upper end. What "
        "is analysed as a ratio (a log ratio to baseline, shares, hazards) has ratios for ends, all else differences.",
        "compare: {test vs reference: {difference within: [80%, 125%]}}   # of log ratios",
        "Write `ratio within: [80%, 125%]` or `difference within: [-2 mmHg, 2 mmHg]`, the lower end first.",
    ),
    "repeated-visits": Explanation(
        "Visits that do not fit the one compared",
        "A mixed model for repeated measures compares arms at the endpoint's visit, and what came before it stands in "
        "for values that are missing there. Later visits are not known when the data are cut.",
        "mmrm: {visits: [w4, w8]}   # and the endpoint is at w12",
        "List two to twelve visits, the endpoint's the last.",
    ),
    "repeated-baseline": Explanation(
        "A baseline that cannot be an outcome",
        "A visit up to day 0 among the visits of a mixed model is the baseline as an outcome, with one mean of all "
        "arms (constrained longitudinal analysis). It is then no covariate, and the effect is a difference of values.",
        "mmrm: {visits: [baseline, w4, w12], covariates: [sbp at baseline]}",
        "Take the baseline out of the covariates, or out of the visits.",
    ),
    "covariate-visit": Explanation(
        "A covariate without its visit",
        "A measure is taken at several visits; an adjustment has to say which.",
        "covariates: [sbp]",
        "Write `sbp at baseline`.",
    ),
    "covariate-categorical": Explanation(
        "Categories as a number",
        "The positions of categories are no measurement; a linear term in them means nothing.",
        "covariates: [sex]",
        "Write it under `strata`.",
    ),
    "covariate-after-randomisation": Explanation(
        "Adjusting for the effect",
        "What is measured after randomisation may itself be changed by treatment; adjusting for it biases the "
        "comparison.",
        "covariates: [sbp at w4]",
        "Adjust for values at day 0 or before.",
    ),
    "missing-failure": Explanation(
        "Missing as failure where it cannot be",
        "Only a yes-or-no endpoint can fail, and a value set aside as hypothetical is not a failure.",
        "missing: failure   # of a mean",
        "Write missing: complete_cases, or change the strategy.",
    ),
    "no-comparison": Explanation(
        "An analysis that compares nothing",
        "An analysis has at least one comparison.",
        "compare: {}",
        "Write `high vs placebo: {better: lower}`.",
    ),
    "bad-comparison": Explanation(
        "A comparison that says no two arms",
        "A comparison is `ARM vs ARM`, of two different arms.",
        "low versus placebo",
        "Write `low vs placebo`.",
    ),
    "margin-unit": Explanation(
        "A margin that is no difference of the endpoint",
        "The margin is a difference of the endpoint's values and has their unit: percent for percent changes and "
        "shares, the measure's own otherwise.",
        "margin: -2%   # of mmHg",
        "Write it in the endpoint's unit.",
    ),
    "bad-alpha": Explanation(
        "An error rate that is not clear",
        "0.05 means different things on one side and on two; the rate is written with its sides and lies below "
        "0.5 on one.",
        "alpha: 0.05",
        "Write 0.025 one-sided, or 0.05 two-sided.",
    ),
    "multiplicity-missing": Explanation(
        "Several comparisons without a rule",
        "Each further comparison at full alpha adds its own chance of a false claim.",
        "compare: {high vs placebo: …, low vs placebo: …}",
        "Write multiplicity: holm, dunnett, … or none, if the claims are separate.",
    ),
    "multiplicity-family": Explanation(
        "A rule that does not hold for these comparisons",
        "Dunnett's test is exact for one linear model, one control and one direction; Hochberg's needs positively"
        " dependent tests. Elsewhere their error rate is not what it says.",
        "multiplicity: dunnett   # of two controls",
        "Use holm, which is valid for any tests, or split the analysis.",
    ),
    "bad-success": Explanation(
        "A success that is not clear",
        "Success is `any of ANALYSIS` or `all of ANALYSIS`.",
        "success: primary",
        "Write any of primary, or all of primary.",
    ),
    "scenario-touches-design": Explanation(
        "A scenario that changes the design",
        "Scenarios are truths and circumstances to try one design against; a scenario with its own design would "
        "compare both at once.",
        "larger: {patients: {randomised: 200}}",
        "Write `vary: {patients.randomised: [100, 200]}`.",
    ),
    "trials-per-draw": Explanation(
        "Trials cannot share draws of the parameters here",
        "With `trials_per_draw`, several trials in a row take the same draw of uncertain parameters, which tells the "
        "variance between draws from that of chance. It needs drawn parameters and a fixed number of trials.",
        "simulate: {seed: 1, parameters: typical, trials: 1000, trials_per_draw: 2}",
        "Leave it out, or write parameters: both and a number of trials.",
    ),
    "unknown-path": Explanation(
        "A path that leads nowhere",
        "A dotted path names one value of a section; this one names none, or a whole section.",
        "conduct: {accrual.rat: x 0.5}",
        "Correct the path; the fields there are listed.",
    ),
    "impossible-value": Explanation(
        "A value that cannot be",
        "The change would leave the range in which the quantity has a meaning.",
        "conduct: {missed_visits: 120%}",
        "Use a value within the range.",
    ),
    "vary-no-design": Explanation(
        "Varying what is no design",
        "`vary` spans designs; truth and conduct are changed by scenarios.",
        "vary: {conduct.accrual.rate: [10 per month, 20 per month]}",
        "Write scenarios.",
    ),
    "too-many-designs": Explanation(
        "More designs than one run holds",
        "The values of all varied fields are combined, and their number is multiplied.",
        "vary: {…}   # 3 fields of 10 values",
        "Vary fewer fields or fewer values.",
    ),
    "trials-order": Explanation(
        "At most fewer than at least",
        "The number of trials that ends a simulation in any case lies below the number it begins with.",
        "trials: {at_least: 500, at_most: 100, …}",
        "Write at_most above at_least (1000 unless written).",
    ),
    "no-uncertainty": Explanation(
        "Nothing to be uncertain about",
        "Assurance averages power over what is not known about the cohort's typical values; this cohort states "
        "nothing of the kind.",
        "parameters: uncertain",
        "Write parameters: typical, or give the cohort's parameters an `uncertainty`.",
    ),
    "bad-keep": Explanation(
        "Trials to keep that are not clear",
        "Patient-level data are kept of the first N trials of every scenario and design, of all, or of none.",
        "keep: {patients_of: 10}",
        "Write first 10 trials, all or none.",
    ),
}
