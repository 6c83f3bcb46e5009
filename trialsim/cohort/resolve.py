"""From the document as written to the cohort that runs: nothing implied, every number in its declared unit."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from trialsim.cohort.kinetics import with_kinetics
from trialsim.cohort.model import Cohort, Input
from trialsim.cohort.reading import Desk
from trialsim.cohort.resolve_course import course
from trialsim.cohort.resolve_covariates import comes_with_rows, covariate_rows, covariates
from trialsim.cohort.resolve_fit import fit_section
from trialsim.cohort.resolve_parameters import parameters
from trialsim.cohort.rules import (
    correlations,
    drugs_have_one_door,
    endings_are_free,
    names_are_unique,
    occasions_are_told,
)
from trialsim.cohort.write import cohort_text
from trialsim.cohort.written import WrittenCohort
from trialsim.foundation.dimensions import TIME


def resolved(desk: Desk, written: WrittenCohort) -> Cohort | None:
    """Return the cohort with nothing implied; None, every fault told, if there is one."""
    desk.alike(written.time.dimension, TIME, "time")
    expanded = with_kinetics(desk, written)
    if expanded is None:
        return None
    written = expanded
    names_are_unique(desk, written)
    endings_are_free(desk, written)
    drugs_have_one_door(desk, written)
    occasions_are_told(desk, written)
    people = covariates(desk, written)
    if people is None:
        return None
    rows = covariate_rows(desk, written.covariates_from, people)
    if desk.problems.any_errors:
        return None
    drawn = [c.name for c in people if not comes_with_rows(c)]
    numbers = parameters(desk, written, people, rows)
    varying = [p.name for p in numbers if p.between_patients is not None]
    of_covariates = correlations(
        desk, "covariate_correlation", written.covariate_correlation, drawn, "covariate with a distribution"
    )
    of_effects = correlations(
        desk, "random_effect_correlation", written.random_effect_correlation, varying,
        "parameter that varies between patients",
    )  # fmt: skip
    model = course(desk, written, people, numbers)
    if model is None:
        return None
    fit = fit_section(desk, written, people, numbers, model)
    if desk.problems.any_errors:
        return None
    cohort = Cohort(
        id=written.id,
        title=written.title,
        context_of_use=written.context_of_use,
        references=written.references,
        limits=written.limits,
        time=written.time,
        covariates=people,
        covariate_correlation=of_covariates,
        covariates_from=rows,
        parameters=numbers,
        random_effect_correlation=of_effects,
        states=model.states,
        quantities=model.quantities,
        events=model.events,
        inputs=tuple(
            Input(name=name, unit=each.default.unit, default=each.default.value, label=each.label)
            for name, each in written.inputs.items()
        ),
        measures=model.measures,
        posterior=written.posterior,
        fit=fit,
        digest="",
        occasion_days=None if written.occasions is None else written.occasions.to("day"),
    )
    return replace(cohort, digest=digest_of(cohort))


def digest_of(cohort: Cohort) -> str:
    """Return the SHA-256 of what a cohort says, whichever posterior it is run with."""
    return hashlib.sha256(cohort_text(replace(cohort, posterior=None)).encode()).hexdigest()
