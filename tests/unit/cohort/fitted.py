"""Theophylline in twelve subjects: the cohort by hand, its data, and one fit a session that many tests look at.

The data are those of R. Upton, as in `datasets::Theoph` of R (Boeckmann, Sheiner and Beal 1994, NONMEM Users Guide V).
"""

import hashlib
import math
from dataclasses import replace
from pathlib import Path

import pytest

from trialsim.cohort.bayes import fit_cohort
from trialsim.cohort.model import (
    Cohort,
    Covariate,
    DataColumn,
    Distribution,
    Effect,
    FitSection,
    Inlet,
    Measure,
    MeasurementError,
    NamedQuantity,
    Parameter,
    RandomEffect,
    State,
    Uncertainty,
)
from trialsim.cohort.read import read_cohort
from trialsim.foundation.expression import parse
from trialsim.foundation.units import ONE, unit

DATA = Path(__file__).resolve().parents[3] / "cohorts" / "data" / "theophylline.csv"
NAMES = frozenset({"ka", "CL", "V", "depot", "central", "conc"})


def expression(text):
    return parse(text, None, NAMES)


def parameter(name, unit_text, typical, spread):
    """A parameter of which next to nothing is taken for known: the posterior is to come from the data."""
    return Parameter(
        name=name, unit=unit(unit_text), typical=typical, uncertainty=Uncertainty(scale="lognormal", sd=1.0),
        between_patients=RandomEffect(scale="lognormal", sd=spread),
    )  # fmt: skip


def fit_section(path=DATA, **changes):
    section = FitSection(
        path=path.name, absolute_path=str(path), digest=hashlib.sha256(path.read_bytes()).hexdigest(),
        patient_column="id", time=DataColumn(column="time_h", unit=unit("h")),
        dose=DataColumn(column="dose_mg", unit=unit("mg")), dose_drug="theophylline", dose_route="oral",
        covariates=(),
        measures=(("theophylline_conc", DataColumn(column="concentration_mg_per_L", unit=unit("mg/L"))),),
        chains=4, tune=1000, draws=1000, seed=20261121, target_accept=0.9,
        largest_r_hat=1.01, least_ess=400.0, most_divergences=0,
    )  # fmt: skip
    return replace(section, **changes)


def with_digest(cohort):
    """The cohort with a digest of its own, as the reader would give it one."""
    text = repr(replace(cohort, digest="", posterior=None))
    return replace(cohort, digest=hashlib.sha256(text.encode()).hexdigest())


def theophylline(fit=None, **changes):
    cohort = Cohort(
        id="theophylline", title="Theophylline", context_of_use="tests", references=(), limits=(), time=unit("h"),
        covariates=(), covariate_correlation=(), covariates_from=None,
        parameters=(parameter("ka", "1/h", 1.0, 0.5), parameter("CL", "L/h", 3.0, 0.3), parameter("V", "L", 35.0, 0.3)),
        random_effect_correlation=(),
        states=(
            State(name="depot", unit=unit("mg"), start=None, rate=expression("-ka * depot"),
                  receives=(Inlet(drug="theophylline", route="oral"),)),
            State(name="central", unit=unit("mg"), start=None, rate=expression("ka * depot - CL / V * central")),
        ),
        quantities=(NamedQuantity(name="conc", value=expression("central / V"), unit=unit("mg/L")),),
        measures=(Measure(name="theophylline_conc", value=expression("conc"), unit=unit("mg/L"),
                          error=MeasurementError(additive=1.0)),),
        posterior=None, fit=fit or fit_section(), digest="",
    )  # fmt: skip
    return with_digest(replace(cohort, **changes))


@pytest.fixture(scope="session")
def fit_places(tmp_path_factory):
    """The folder of fits and the folder of the cache, the same for every test of a session."""
    root = tmp_path_factory.getbasetemp() / "theophylline"
    return root / "fits", root / "cache"


@pytest.fixture(scope="session")
def fitted(fit_places):
    """The fit of the cohort that is shipped; whoever asks second gets it from the cache."""
    fits, cache = fit_places
    cohort, _ = read_cohort(DATA.parents[1] / "theophylline.yaml")
    return cohort, fit_cohort(cohort, fits / "theophylline", cache)


SMALL_NAMES = frozenset({"CL", "V", "central", "conc"})
# Doses of 100 mg into 20 L, halved every 4 h or so: made up, uneven on purpose.
SMALL_RECORDS = """who,kg,sex,h,mg,mg/L
a,70,female,0,100,
a,70,female,1,,4.1
a,70,female,4,,2.6
a,70,female,8,,1.2
a,70,female,16,,0.4
b,90,male,0,100,
b,90,male,1,,3.9
b,90,male,4,,1.9
b,90,male,8,,0.9
b,90,male,16,,0.1
c,60,female,0,100,
c,60,female,1,,4.6
c,60,female,4,,3.3
c,60,female,8,,1.9
c,60,female,16,,0.6
"""


def small(folder, records=SMALL_RECORDS, rate="-CL / V * central", fit_changes=None, **changes):
    """One compartment, boluses, three patients: compiled and sampled in seconds."""
    path = folder / "small.csv"
    path.write_text(records)
    section = fit_section(
        path, patient_column="who", time=DataColumn(column="h", unit=unit("h")),
        dose=DataColumn(column="mg", unit=unit("mg")), dose_drug="probe", dose_route="iv",
        covariates=(("weight", DataColumn(column="kg", unit=unit("kg"))), ("sex", DataColumn(column="sex", unit=ONE))),
        measures=(("probe_conc", DataColumn(column="mg/L", unit=unit("mg/L"))),),
        chains=2, tune=300, draws=200, seed=7, least_ess=100.0, largest_r_hat=1.05, most_divergences=5,
    )  # fmt: skip
    weight = Covariate(name="weight", unit=unit("kg"), distribution=Distribution(
        kind="lognormal", location=70.0, spread=0.2, lowest=-math.inf, highest=math.inf))  # fmt: skip
    sex = Covariate(name="sex", unit=ONE, distribution=None, categories=("female", "male"), shares=(0.5, 0.5))
    clearance = replace(parameter("CL", "L/h", 3.0, 0.3), effects=(
        Effect(covariate="weight", kind="power", coefficient=0.75, reference=70.0),
        Effect(covariate="sex", kind="factors", factors=(1.0, 1.2)),
    ))  # fmt: skip
    volume = Parameter(name="V", unit=unit("L"), typical=20.0, uncertainty=Uncertainty(scale="lognormal", sd=0.5))
    idle = parameter("idle", "L", 1.0, 0.5)
    cohort = theophylline(
        fit=replace(section, **(fit_changes or {})), id="small", covariates=(weight, sex),
        parameters=(clearance, volume, idle),
        states=(State(name="central", unit=unit("mg"), start=None, rate=parse(rate, None, SMALL_NAMES),
                      receives=(Inlet(drug="probe", route="iv"),)),),
        quantities=(NamedQuantity(name="conc", value=parse("central / V", None, SMALL_NAMES), unit=unit("mg/L")),),
        measures=(Measure(name="probe_conc", value=parse("conc", None, SMALL_NAMES), unit=unit("mg/L"), lloq=0.2,
                          error=MeasurementError(additive=0.1, proportional=0.1)),),
    )  # fmt: skip
    return with_digest(replace(cohort, **changes))
