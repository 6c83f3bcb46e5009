"""What can be wrong with a cohort document, explained for `trialsim explain SLUG`."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

NAMES: dict[str, Explanation] = {
    "name-twice": Explanation(
        "One name stands for two things",
        "Covariates, parameters, states, quantities and measures share one namespace, so that an expression is never"
        " ambiguous. A state is what is true, a measure what an instrument reads: they never share a name.",
        "dynamics: {ldl: …}\nmeasures: {ldl: {is: ldl, …}}",
        "Give one of the two another name.",
    ),
    "not-visible": Explanation(
        "An expression uses a name it cannot see",
        "Starts, lags and bioavailabilities belong to a patient before anything happens: they see parameters and"
        " covariates. A distribution of the time to an event sees inputs, too, and no time: its parameters stay. A"
        " quantity sees the quantities before it.",
        "cholesterol: {start: baseline * conc, …}",
        "Use parameters and covariates there, or declare the quantity earlier.",
    ),
    "category-alone": Explanation(
        "A category is used as a number",
        "A covariate with categories has no value to calculate with; it can only be compared with one of them.",
        "rate: -ka * depot * sex",
        'Write a condition: "if(sex == female, 1.2, 1)".',
    ),
    "category-order": Explanation(
        "Categories are compared by size",
        "Categories have no order, whatever order they are listed in.",
        '"if(sex < male, 1, 2)"',
        "Compare with == or !=.",
    ),
    "category-no-name": Explanation(
        "A category that is no name is compared",
        "A category in an expression is a name: letters, digits and _, a letter first. Others serve in effects only.",
        'sex: {categories: {0: 0.5, 1: 0.5}}\n"if(sex == 1, 1.2, 1)"',
        "Name the category: sex_1, or female.",
    ),
    "unknown-category": Explanation(
        "A category that the covariate does not have",
        "A label in an expression, an effect or a data file is none of the covariate's categories.",
        "sex: {categories: {female: 0.5, male: 0.5}}\neffects: {sex: {men: x 0.8}}",
        "Use a label as it is spelled in the covariate.",
    ),
    "bad-pair": Explanation(
        "A correlation needs two names",
        "A correlation belongs to a pair of different names, once, written as FIRST ~ SECOND.",
        'covariate_correlation: {"weight, age": 0.3}',
        "Write weight ~ age: 0.3.",
    ),
}

PEOPLE: dict[str, Explanation] = {
    "impossible-correlation": Explanation(
        "No patients can have these correlations",
        "Correlations bind each other: if A goes with B and B with C, A and C cannot go against each other. Pairs that"
        " are not given count as uncorrelated. The message tells the interval that is left for the last of them.",
        "random_effect_correlation: {CL ~ V: 0.8, V ~ kout: 0.9, CL ~ kout: 0.3}",
        "Choose the correlation within the interval, or give the pair that was left out.",
    ),
    "shares-do-not-sum": Explanation(
        "The shares of the categories are not 1 together",
        "Every patient is in exactly one category.",
        "sex: {categories: {female: 0.5, male: 0.45}}",
        "Change a share, or add the category that is missing.",
    ),
    "category-twice": Explanation(
        "A category is named twice",
        "Categories are told apart by their labels.",
        "sex: {categories: [male, male]}",
        "Give each category a label of its own.",
    ),
    "no-bounds": Explanation(
        "Bounds where there can be none",
        "Only lognormal and normal distributions are truncated; others end where they say.",
        "sex: {categories: {female: 0.5, male: 0.5}, within: [0, 1]}",
        "Leave 'within' out.",
    ),
    "bounds-crossed": Explanation(
        "The upper bound is not above the lower one",
        "Bounds are written lowest first.",
        "within: [90 year, 18 year]",
        "Swap them.",
    ),
    "narrow-bounds": Explanation(
        "Hardly anything of a distribution is within its bounds",
        "Less than one in a hundred of the distribution would be kept, which nearly always is a mistake in a unit.",
        "age: {normal: {mean: 45 year, sd: 14 year}, within: [18 month, 90 month]}",
        "Check the units, or state a distribution that lies within the bounds.",
    ),
    "crosses-zero": Explanation(
        "A variation that gives some patients a value of the other sign",
        "A normal variation has no bounds: if it is wide, some patients get a negative clearance, lag or rate. This is "
        "a warning, for changes and slopes may well have either sign.",
        "CL: {typical: 5 L/h, between_patients: {normal: 4 L/h}}",
        "Use lognormal for what is positive, logit_normal for a share.",
    ),
    "rows-missing": Explanation(
        "A covariate comes from nowhere",
        "A covariate with a unit alone (or a list of categories) is drawn with the rows of a file, and none is named.",
        "weight: {unit: kg}",
        "Name the file in covariates_from, or give a distribution.",
    ),
    "rows-unused": Explanation(
        "A file of patients that nothing is drawn from",
        "All covariates have distributions of their own.",
        "covariates_from: {rows_of: adults.csv}",
        "Leave covariates_from out, or give a covariate only its unit.",
    ),
    "wrong-scale": Explanation(
        "An uncertainty or a variation on a scale the value does not have",
        "What varies on the log is positive in every patient, what varies on the logit lies between 0 and 1. An error"
        " that is normal on another scale could leave that range; nothing is converted silently.",
        "CL: {typical: 2 L/h, uncertainty: {se: 0.3 L/h}, between_patients: {lognormal: 28%}}",
        "Write the uncertainty on the scale the message names; it tells the number.",
    ),
    "bad-factor": Explanation(
        "A category's effect is no factor",
        "A category multiplies the typical value, and says so: x 0.74.",
        "effects: {sex: {male: 0.8}}",
        "Write x and the factor: male: x 0.8.",
    ),
    "effect-on-share": Explanation(
        "An effect multiplies a share",
        "A share that is multiplied may leave 0 to 1.",
        "F1: {typical: 80%, between_patients: {logit_normal: 0.5}, effects: {weight: …}}",
        "Put the effect into the equations, on the logit.",
    ),
    "effect-range": Explanation(
        "An effect makes a parameter impossible within the covariate's range",
        "A power needs a positive covariate; a linear effect on a positive parameter must stay positive everywhere.",
        "age: {linear: -0.03 1/year, reference: 45 year}",
        "Write narrower bounds for the covariate, or an exponential effect.",
    ),
    "unknown-path": Explanation(
        "A scenario changes something that is not there",
        "Scenarios change a parameter's typical value or a field of a covariate's distribution.",
        "parameters: {EMX: x 0.6}",
        "Use a name of the cohort: EMAX: x 0.6, or weight.median: x 1.1.",
    ),
    "impossible-value": Explanation(
        "A scenario asks for a value the model cannot have",
        "A lognormal parameter is not negative and a logit-normal one lies between 0 and 1, in scenarios too.",
        "parameters: {F1: x 1.5}",
        "Choose a value within the range.",
    ),
}

COURSE: dict[str, Explanation] = {
    "unit-needed": Explanation(
        "A unit follows from nothing",
        "A state's unit is found through the equations, and a measure's where it is one name. Here nothing tells it.",
        "depot: {rate: -ka * depot}",
        "Write the unit: unit: mg.",
    ),
    "not-an-amount": Explanation(
        "A drug enters a state that holds no amount",
        "A dose adds an amount (mg, nmol, IU) to a state; it cannot be added to a concentration.",
        "central: {…, receives: [{drug: x, route: iv}], unit: mg/L}",
        "Let the state hold the amount and divide by a volume in quantities.",
    ),
    "more-than-the-dose": Explanation(
        "More of a dose arrives than was given",
        "A bioavailability above 1 is written as a plain number. Relative to a reference formulation that can be, so it"
        " is a warning.",
        "receives: [{drug: x, route: oral, bioavailability: 85}]",
        "Write 85% if a share is meant.",
    ),
    "two-doors": Explanation(
        "One drug and route enters by two ways",
        "A dose goes to one state, or in parts to several: then each way in says its share. Otherwise it would be"
        " ambiguous, or the dose would be given twice.",
        "depot: {…, receives: [{drug: x, route: oral}]}\ncentral: {…, receives: [{drug: x, route: oral}]}",
        "Give the second way in a route of its own, or write bioavailability at both: F1 here, 1 - F1 there.",
    ),
}

FILES: dict[str, Explanation] = {
    "no-such-file": Explanation(
        "A file is not there",
        "Files a document names are looked for in its own folder.",
        "data: pk.csv",
        "Put the file beside the document, or correct its name.",
    ),
    "file-elsewhere": Explanation(
        "A file outside of the document's folder",
        "A document names files beside it or below, so that it can be handed on with them and reads nothing else.",
        "data: ../pk.csv",
        "Move the file beside the document.",
    ),
    "unknown-format": Explanation(
        "A file of another kind",
        "Data to fit are read from CSV files with a header line, rows of patients from CSV or Parquet files.",
        "covariates_from: {rows_of: adults.xlsx}",
        "Write the table as CSV.",
    ),
    "unreadable-file": Explanation(
        "A file that is no table",
        "The file is empty, too large, not in UTF-8, or its lines have different numbers of cells.",
        "a line with one cell too many",
        "Repair the line the message names.",
    ),
    "unknown-column": Explanation(
        "A column that the file does not have",
        "The header of the file has no such name.",
        "time: {column: hour, unit: h}",
        "Use a name of the header, which the message lists.",
    ),
    "bad-cell": Explanation(
        "A cell that is no number",
        "Numbers are written plainly; an empty cell, NA or . is no value where values may be missing.",
        "<0.5 in a column of concentrations",
        "Write the number or leave the cell empty; values below a limit are declared by the measure's lloq.",
    ),
    "unknown-route": Explanation(
        "A dose that no state receives",
        "The drug and route of the doses in the data are no way into the model.",
        "dose: {column: dose, unit: mg, drug: x, route: nasal}",
        "Use a drug and route that a state receives; the message lists them.",
    ),
    "covariate-not-in-data": Explanation(
        "A covariate of the model is not in the data",
        "Effects and equations use the covariate, so that patients cannot be fitted without it.",
        "fit: {columns: {covariates: {}, …}}",
        "Name its column in the fit, or take it out of the model.",
    ),
    "posterior-without-fit": Explanation(
        "A posterior of no fit",
        "A cohort that is run with posterior draws says in 'fit' how they were made, so that stale ones are found out.",
        "posterior: theophylline",
        "Add the section fit, or leave posterior out and state published uncertainty.",
    ),
    "posterior-unreadable": Explanation(
        "The draws of a fit cannot be read",
        "The file is damaged, or holds values that are no numbers.",
        "fits/theophylline/posterior.nc",
        "Fit again.",
    ),
}

SUMMARIES: dict[str, Explanation] = {
    "points-order": Explanation(
        "Points in time that do not follow each other",
        "Means, standard deviations, probabilities and correlations stand at points in time in their order.",
        "sbp: {normal: {mean: {week 12: 150 mmHg, day 0: 160 mmHg}, sd: 14 mmHg}, …}",
        "Write the points in their order.",
    ),
    "correlation-table": Explanation(
        "A table of correlations that cannot be",
        "Each point in time has one correlation with each point before it, and all together are those of some"
        " patients.",
        "correlation: {table: {day 0: [], week 4: [0.9], week 12: [0.9, 0.1]}}",
        "Write as many correlations as there are points before, and values that go together.",
    ),
    "spread-not-run": Explanation(
        "A summary assumption where a course is asked for",
        "Records of events and fits ask what a patient's course is; a measure by its mean and standard deviation has"
        " none.",
        "trialsim simulate survey --events records.csv   # and sbp: {normal: …}",
        "Use a cohort whose measures say what they read: is.",
    ),
}

EVENTS: dict[str, Explanation] = {
    "hazard-steps": Explanation(
        "The steps of a hazard do not follow each other from day 0",
        "Rates and factors hold from points in time on, the first from randomisation, the others later, in their"
        " order.",
        "relapse: {hazard: {month 6: 0.01 1/month}}",
        "Begin with day 0, and write the points in their order.",
    ),
    "no-margin": Explanation(
        "A condition whose turning cannot be found",
        "An event of a path happens at the moment a condition turns, which is searched for as the zero of a margin; an"
        " equality is met at single points and has none.",
        "cured: {when: size == 0 cm}",
        "Compare sizes: size < 0.1 cm.",
    ),
    "events-not-run": Explanation(
        "A cohort's events would be forgotten",
        "What was asked for does not know events of a cohort, and would run the model without them.",
        "events: {death: {hazard: 0.01 1/month, terminal: true}}",
        "Leave the events out, or say them in the protocol's conduct.",
    ),
}

IN_TIME: dict[str, Explanation] = {
    "occasions-missing": Explanation(
        "Something varies between occasions that nobody has defined",
        "A patient's parameter changes when an occasion begins, so that it must be known when that is.",
        "CL: {typical: 2 L/h, between_occasions: {lognormal: 10%}}   # and no occasions",
        "Write occasions: {every: 7 days}.",
    ),
    "occasions-unused": Explanation(
        "Occasions that change nothing",
        "No parameter varies between occasions.",
        "occasions: {every: 7 days}",
        "Leave 'occasions' out, or let a parameter vary: between_occasions: {lognormal: 10%}.",
    ),
    "wrong-trajectory": Explanation(
        "A covariate cannot go on like this",
        "A covariate is drawn as it is at randomisation; what follows is a change in time: points after randomisation,"
        " in their order, or a trend that ends after it. Categories do not move.",
        "weight: {…, over_time: {points: {week 0: x 0.9}}}",
        "Write points after day 0, the earliest first.",
    ),
    "effect-of-a-line": Explanation(
        "An effect of a covariate that moves on in a line",
        "A parameter is computed when a covariate changes; between the points of a line it changes all the time.",
        "weight: {…, over_time: {trend: 0.5 kg/week}}\nCL: {effects: {weight: {power: 0.75, reference: 70 kg}}, …}",
        "Let it step: between_points: hold. Or write the effect into a rate: CL * (weight / (70 kg)) ^ 0.75.",
    ),
}

KINETICS: dict[str, Explanation] = {
    "no-such-kinetics": Explanation(
        "Kinetics of a name that is not there",
        "Kinetics are looked for in the folder kinetics beside the cohort's own folder, below the current one, and"
        " among those that come with trialsim.",
        "kinetics: [{use: two_compartments, drug: x}]",
        "Use a name of docs/reference/kinetics.md, or write a document of your own.",
    ),
    "missing-argument": Explanation(
        "Kinetics need something that the use does not say",
        "An argument that a use leaves out is the cohort's own name that is spelled alike, and there is none.",
        "kinetics: [{use: one_compartment, drug: x}]   # and no parameter CL",
        "Write with: {CL: …}, or declare a parameter of that name.",
    ),
    "not-a-state": Explanation(
        "Kinetics add something to what is no state",
        "Absorption leads into a state, so that its argument names one.",
        "kinetics: [{use: first_order_absorption, drug: x, with: {into: conc}}]",
        "Name a state of the dynamics or of other kinetics.",
    ),
    "drug-not-taken": Explanation(
        "A drug for kinetics that have no way in",
        "Links and responses see concentrations; no dose enters them.",
        "kinetics: [{use: emax_link, drug: x}]",
        "Leave 'drug' out.",
    ),
    "bad-kind": Explanation(
        "The kind of an argument cannot be read",
        "A kind is words multiplied and divided: number, time and volume mean themselves, amount any amount, every"
        " other word anything, the same throughout a use.",
        "needs: {CL: {kind: L/h, what: clearance}}",
        "Write volume/time.",
    ),
}

SLUGS: dict[str, Explanation] = {**EVENTS, **SUMMARIES, **IN_TIME, **KINETICS, **NAMES, **PEOPLE, **COURSE, **FILES}
