"""What can be wrong with a file of event records, explained for `trialsim explain SLUG`."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "records-unreadable": Explanation(
        "A file of records cannot be read, or holds none",
        "A data set is text: a header, then a line for each record. Remarks begin with # or @, and lines whose first"
        " cell is C are passed over.",
        "ID,TIME,AMT,DV   # and nothing below it",
        "Look at the file that was named.",
    ),
    "records-header": Explanation(
        "The header of a file of records is not clear",
        "Every column has a name, and no two columns have the same or mean the same item: TIME and time are one.",
        "ID,TIME,time,AMT",
        "Rename or remove one of the columns.",
    ),
    "records-not-honoured": Explanation(
        "A record asks for something that this version does not do",
        "NONMEM knows items and values that change what a record means, such as L2, a negative CMT or EVID 5. Passing"
        " over them would simulate another trial than the one in the file.",
        "ID,TIME,AMT,L2,DV",
        "Write what the message says instead; docs/guide/event-records.md lists what each item does.",
    ),
    "records-unknown-name": Explanation(
        "A column is named for nothing",
        "--column says under which name an item of event records or a covariate of the cohort stands in the file.",
        "--column wieght=WT",
        "Use the name of an item or of a covariate; the message lists them.",
    ),
    "records-value": Explanation(
        "An item of a record has a value it cannot have",
        "ID, REP and ADDL are whole numbers, amounts and intervals are not negative, SS is 0, 1 or 2, and RATE is a"
        " rate, 0, -1 or -2.",
        "ID,TIME,AMT,SS\n1,0,100,4",
        "Correct the cell.",
    ),
    "records-conflict": Explanation(
        "Two items of a record contradict each other",
        "Only records with EVID 1 and 4 dose, only those with EVID 0 observe; additional doses and steady states need"
        " the interval between doses.",
        "ID,TIME,AMT,EVID,DV\n1,0,100,0,.",
        "Correct the item that is wrong, or split the record in two.",
    ),
    "records-order": Explanation(
        "The times of an individual go back",
        "Records stand in the order of time; only one that resets the system (EVID 3 or 4) may begin another time.",
        "ID,TIME,AMT\n1,12,100\n1,0,100",
        "Sort the records of each individual by time.",
    ),
    "records-apart": Explanation(
        "The rows of an individual do not belong together",
        "NONMEM takes the rows of an ID that stand apart for several individuals, other programs for one. A file of"
        " parameters has one row for each.",
        "ID,TIME,AMT\n1,0,100\n2,0,100\n1,12,100",
        "Sort the file by ID, or give different individuals different numbers.",
    ),
    "records-compartment": Explanation(
        "CMT names no state of the cohort",
        "CMT is the name of a state, or its number in the order in which the cohort declares its states, from 1.",
        "ID,TIME,AMT,CMT\n1,0,100,3   # and a cohort of two states",
        "Use a number or name that the message lists.",
    ),
    "records-door": Explanation(
        "A dose has no way into the cohort, or more than one",
        "Doses enter where a state says that it receives them. CMT, DRUG and ROUTE choose among the ways in, and a RATE"
        " of -1 or -2 those that say a rate or a duration.",
        "ID,TIME,AMT,CMT\n1,0,100,2   # and no 'receives' in the second state",
        "Say which way in is meant, or let the state receive the drug.",
    ),
    "records-measure": Explanation(
        "DVID names no measure of the cohort",
        "DVID is the name of a measure, or its number in the order in which the cohort declares its measures, from 1.",
        "ID,TIME,DV,DVID\n1,2,3.1,5",
        "Use a number or name that the message lists.",
    ),
    "records-no-measure": Explanation(
        "The cohort measures nothing",
        "Predictions are those of the cohort's measures.",
        "trialsim simulate people --events data.csv   # and no section 'measures'",
        "Declare what is measured.",
    ),
    "records-no-covariate": Explanation(
        "The records lack a covariate that the model needs",
        "An effect or an equation uses it. Sampled individuals get covariates from the cohort if the file has none of"
        " those needed, never some of them: they would not be correlated with the others.",
        "ID,TIME,AMT   # and CL: {effects: {weight: {power: 0.75, reference: 70 kg}}, …}",
        "Add the column, or say under which name it stands: --column weight=WT.",
    ),
    "records-no-occasion": Explanation(
        "The records do not say which occasion they belong to",
        "Parameters of the cohort vary between occasions: sampled individuals need to know when one ends and another"
        " begins.",
        "ID,TIME,AMT,DV   # and CL: {between_occasions: {lognormal: 10%}, …}",
        "Add a column OCC with a whole number for each occasion of an individual.",
    ),
    "records-no-parameter": Explanation(
        "A file of parameters does not give one that is needed",
        "Every individual of the records has a row, and every parameter that varies between patients a column.",
        "ID,CL\n1,3.2   # and a V that varies, too",
        "Add the column or the row.",
    ),
    "records-replicated": Explanation(
        "The file holds replicates already",
        "A column REP says which replicate a record is of; simulating such a file again several times would number the"
        " replicates twice.",
        "trialsim simulate theophylline --events simulated.csv --replicates 10",
        "Simulate it once, or take the column out.",
    ),
}
