"""Small cohorts built by hand, for tests of what is drawn from them."""

import math

from trialsim.cohort.model import (
    Cohort,
    Correlation,
    Covariate,
    CovariateRows,
    Distribution,
    Effect,
    Measure,
    MeasurementError,
    Parameter,
    RandomEffect,
    Uncertainty,
)
from trialsim.foundation.expression_tree import Name
from trialsim.foundation.units import ONE, unit


def distributed(name, kind, location, spread, unit_text, lowest=-math.inf, highest=math.inf):
    distribution = Distribution(kind=kind, location=location, spread=spread, lowest=lowest, highest=highest)
    return Covariate(name=name, unit=unit(unit_text), distribution=distribution)


def categorical(name, **shares):
    return Covariate(name=name, unit=ONE, distribution=None, categories=tuple(shares), shares=tuple(shares.values()))


def cohort(
    covariates=(), parameters=(), covariate_correlation=(), random_effect_correlation=(), rows=None, measures=()
):
    return Cohort(
        id="by-hand", title="By hand", context_of_use="tests", references=(), limits=(), time=unit("h"),
        covariates=tuple(covariates), covariate_correlation=tuple(covariate_correlation), covariates_from=rows,
        parameters=tuple(parameters), random_effect_correlation=tuple(random_effect_correlation), states=(),
        quantities=(), measures=tuple(measures), posterior=None, fit=None, digest="none",
    )  # fmt: skip


def correlated(first, second, value):
    return Correlation(first=first, second=second, value=value)


def effect(scale, sd, uncertainty=None):
    return RandomEffect(scale=scale, sd=sd, uncertainty=uncertainty)


WEIGHT = distributed("weight", "lognormal", 70.0, 0.2, "kg", 40.0, 130.0)
AGE = distributed("age", "normal", 45.0, 14.0, "year", 18.0, 90.0)
HEIGHT = distributed("height", "uniform", 150.0, 200.0, "cm")
SEX = categorical("sex", female=0.5, male=0.3, other=0.2)
CL = Parameter(
    name="CL", unit=unit("L/h"), typical=2.0, uncertainty=Uncertainty(scale="lognormal", sd=0.1),
    between_patients=effect("lognormal", 0.3, Uncertainty(scale="lognormal", sd=0.2)),
    effects=(Effect(covariate="weight", kind="power", coefficient=0.75, reference=70.0),
             Effect(covariate="sex", kind="factors", factors=(1.0, 1.3, 1.0))),
)  # fmt: skip
EMAX = Parameter(
    name="EMAX", unit=unit("mmHg"), typical=-12.0, uncertainty=Uncertainty(scale="normal", sd=2.0),
    between_patients=effect("normal", 4.0),
    effects=(Effect(covariate="age", kind="linear", coefficient=0.01, reference=45.0),),
)  # fmt: skip
F = Parameter(
    name="F", unit=unit("%"), typical=80.0, uncertainty=Uncertainty(scale="logit_normal", sd=0.2),
    between_patients=effect("logit_normal", 0.5),
)  # fmt: skip
KOUT = Parameter(name="KOUT", unit=unit("1/day"), typical=0.2,
                 effects=(Effect(covariate="age", kind="exponential", coefficient=0.02, reference=45.0),))  # fmt: skip
SBP = Measure(
    name="sbp", value=Name("x"), unit=unit("mmHg"),
    error=MeasurementError(additive=4.0, proportional=0.1, additive_uncertainty=Uncertainty(scale="lognormal", sd=0.1)),
)  # fmt: skip
ROWS = CovariateRows(
    path="adults.csv", absolute_path="adults.csv", digest="none",
    columns=(("weight", (60.0, 70.0, 90.0)), ("sex", (0.0, 1.0, 1.0))),
)  # fmt: skip
EVERYTHING = cohort([WEIGHT, AGE, HEIGHT, SEX], [CL, EMAX, F, KOUT], [correlated("weight", "age", 0.4)],
                    [correlated("CL", "EMAX", -0.5)], measures=[SBP])  # fmt: skip
