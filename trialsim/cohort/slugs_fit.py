"""What can go wrong with a fit and its data, explained for `trialsim explain SLUG`."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

FITTING: dict[str, Explanation] = {
    "nothing-to-fit": Explanation(
        "There is nothing to estimate",
        "A fit needs a section 'fit' that names the data, and typical values with an uncertainty: those are estimated,"
        " the others are taken as known.",
        "parameters: {CL: {typical: 3 L/h}}   # and no other with an uncertainty",
        "Add the section, or give the values that the data shall tell an uncertainty.",
    ),
    "fit-needs-covariate": Explanation(
        "The data do not give a covariate that the model needs",
        "An effect or an equation uses the covariate, so that every patient of the data must have it.",
        "CL: {effects: {weight: {power: 0.75, reference: 70 kg}}, …}   # and no weight in fit.columns.covariates",
        "Name its column in fit.columns.covariates, or take the effect out of the model.",
    ),
    "fit-impossible": Explanation(
        "A measured value cannot come from the model as stated",
        "The model predicts a value without any error there, and another was measured: no parameters explain it, and"
        " the sampler would have nowhere to start.",
        "error: {proportional: 10%}   # and a concentration of 0.3 mg/L measured before the first dose",
        "Add an additive error, or look whether the record belongs to the patient.",
    ),
}

KEPT: dict[str, Explanation] = {
    "fit-missing": Explanation(
        "A fit that is needed has not been made",
        "The cohort takes its values from posterior draws; without them a run would be about other patients.",
        "posterior: theophylline   # and no folder fits/theophylline",
        "Run trialsim fit with the cohort's name first, or say with --fits where the fits are.",
    ),
    "fit-not-converged": Explanation(
        "A fit has not converged",
        "Chains that disagree, too few effective draws or divergences: the draws do not stand for the posterior, and"
        " nothing may be concluded from them. The limits are those of the section 'fit.require'.",
        "largest R-hat 1.08 is above 1.01",
        "Draw more, warm up longer or raise target_accept; or leave fewer parameters to the data.",
    ),
    "fit-stale": Explanation(
        "A fit is of another cohort text or other data",
        "The document or the data have changed since the fit was made, so that its draws belong to another model.",
        "CL: {typical: 3.2 L/h, …}   # it was 3 L/h when the fit was made",
        "Fit again.",
    ),
    "fit-damaged": Explanation(
        "The draws of a fit are not those its record describes",
        "The file of the draws was changed or replaced after the fit.",
        "fits/theophylline/posterior.nc copied from somewhere else",
        "Fit again.",
    ),
    "fit-unreadable": Explanation(
        "The record of a fit cannot be read",
        "A file in the fit's folder was cut short or changed by something other than trialsim.",
        "fits/theophylline/fit.json of zero bytes",
        "Fit again.",
    ),
}

DATA: dict[str, Explanation] = {
    "data-unreadable": Explanation(
        "A data file cannot be read",
        "The file is gone, or this user may not read it.",
        "data: data/theophylline.csv   # without permission to read it",
        "Put the file back or allow reading it.",
    ),
    "data-changed": Explanation(
        "A data file changed while it was used",
        "The file had another content when the cohort was read: what was checked is not what would be fitted.",
        "(an editor saved the file in between)",
        "Start again.",
    ),
    "data-no-column": Explanation(
        "The data have no such column",
        "A column that the document names is not in the header, the file's first line.",
        "time: {column: hours, unit: h}   # and a header id,time,dose",
        "Write a name of the header; the message lists them.",
    ),
    "data-cells": Explanation(
        "A record has too few or too many cells",
        "Every record has as many cells as the header; otherwise values would land in wrong columns.",
        "id,time,conc\n1,0.5",
        "Add the empty cells, or put a cell that holds a comma in double quotes.",
    ),
    "data-empty": Explanation(
        "A record lacks what it needs",
        "Every record has a patient and a time, and every patient a value of each covariate somewhere.",
        "id,time,conc\n,0.5,3.1",
        "Fill the cell, or remove the record.",
    ),
    "data-negative": Explanation(
        "A time or a dose below zero",
        "A patient's course begins at time 0 with the states as they start; a dose is an amount.",
        "id,time,dose\n1,-2,100",
        "Count time from the first record of the patient.",
    ),
    "data-covariate-changes": Explanation(
        "A covariate of a patient changes in the data",
        "This version fits covariates that stay the same; two values would leave open which one counts.",
        "id,time,weight\n1,0,71\n1,24,72",
        "Write one value for each patient, for example that of the beginning.",
    ),
    "no-data": Explanation(
        "The data hold no measured value",
        "Every cell of the measures' columns is empty, so that nothing could be learned.",
        "id,time,conc\n1,0.5,",
        "Look whether the columns of fit.columns.measures are the right ones.",
    ),
}

SLUGS: dict[str, Explanation] = {**FITTING, **KEPT, **DATA}
