"""The patients as a population, as frozen objects: what a cohort document says once read and resolved.

Every number carries the unit it was declared in: arrays built from these objects hold numbers *in the declared units*
(weight in kg, CL in L/h), and expressions are converted when a course model is made from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from trialsim.foundation.expression_tree import Expr, names_of
from trialsim.foundation.units import Unit

Scale = Literal["lognormal", "normal", "logit_normal"]
EffectScale = Literal["lognormal", "normal", "logit_normal", "gamma"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where a number comes from."""

    cite: str
    doi: str | None = None
    used_for: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A covariate's distribution in its unit: lognormal(median, cv), normal(mean, sd) or uniform(low, high)."""

    kind: Literal["lognormal", "normal", "uniform"]
    location: float  # median | mean | low
    spread: float  # coefficient of variation | sd | high
    lowest: float  # truncation bounds, -inf and inf where none
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """How a number goes on after randomisation, from the value a patient has then; before, it is that value.

    `points` are days since randomisation and factors of the value then, held or joined by lines; or a `trend` in the
    unit per day that goes on until a day.
    """

    between_points: Literal["hold", "line"]
    points: tuple[tuple[float, float], ...] = ()
    trend: float = 0.0
    until: float = float("inf")

    @property
    def is_line(self) -> bool:
        return self.between_points == "line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariate:
    """One property of a patient: either a number with a unit and a distribution, or one of several categories.

    In arrays a category is its position in `categories`.
    """

    name: str
    unit: Unit  # dimensionless for categories
    distribution: Distribution | None  # None for categories, and for covariates that come from rows
    categories: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()  # sum to 1; empty when they come from rows
    label: str | None = None
    over_time: Trajectory | None = None  # None: it stays what it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Correlation of two underlying standard normal scores."""

    first: str
    second: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CovariateRows:
    """Whole rows of real (or prepared) patients, drawn with replacement: the file and its columns' units."""

    path: str  # as written; absolute_path is where it was found
    absolute_path: str = field(compare=False)  # an equal cohort may lie elsewhere
    digest: str  # SHA-256 of the file
    columns: tuple[tuple[str, tuple[float, ...]], ...]  # each covariate's values, so that a cohort travels whole

    @property
    def n_rows(self) -> int:
        return len(self.columns[0][1]) if self.columns else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """What is not known about a value, by the standard deviation of its error on a scale.

    lognormal: of the log; normal: in the value's unit (a standard error); logit_normal: of the logit, for shares.
    """

    scale: Scale
    sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomEffect:
    """Variation between patients (or occasions): the SD of the effect on its own scale.

    lognormal: sd of the log (from a CV: sqrt(log(1 + cv^2))); normal: in the parameter's unit; logit_normal: of the
    logit; gamma: the coefficient of variation of a factor of mean 1.
    """

    scale: EffectScale
    sd: float
    uncertainty: Uncertainty | None = None  # of sd, always lognormal
    box_cox: float = 0.0  # shape of the transformation of a lognormal effect; 0 is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How one covariate multiplies a parameter.

    power: (x/reference)^coefficient · linear: 1 + coefficient (x - reference) · exponential:
    exp(coefficient (x - reference)) · factors: one factor a category (in the order of the covariate's categories).
    """

    covariate: str
    kind: Literal["power", "linear", "exponential", "factors"]
    coefficient: float = 0.0  # per declared unit of the covariate for linear and exponential
    reference: float = 0.0  # in the covariate's declared unit
    factors: tuple[float, ...] = ()
    uncertainty: Uncertainty | None = None  # of the coefficient
    factors_uncertainty: tuple[Uncertainty | None, ...] = ()  # of each factor; empty = all are certain


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter in three layers: typical value and uncertainty, variation between patients, covariate effects."""

    name: str
    unit: Unit
    typical: float
    uncertainty: Uncertainty | None = None
    between_patients: RandomEffect | None = None
    between_occasions: RandomEffect | None = None  # on the same scale as between_patients
    effects: tuple[Effect, ...] = ()
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What the protocol sets in an arm and in time: its unit, and its value where no arm sets it."""

    name: str
    unit: Unit
    default: float
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transit:
    """A chain of transit compartments: how many (any number, not only whole ones), and the mean time through them."""

    number: Expr
    mean_time: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Inlet:
    """A way for a drug into a state; all its expressions are of parameters and covariates.

    `duration` or `rate` makes an infusion of an administration that does not say itself how long it takes.
    """

    drug: str
    route: str
    lag: Expr | None = None
    bioavailability: Expr | None = None
    duration: Expr | None = None
    rate: Expr | None = None
    transit: Transit | None = None

    @property
    def terms(self) -> tuple[Expr, ...]:
        """Return every expression of the way in."""
        chain = (self.transit.number, self.transit.mean_time) if self.transit else ()
        given = (self.lag, self.bioavailability, self.duration, self.rate, *chain)
        return tuple(term for term in given if term is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One state of the dynamics: its unit, where it starts, its rate of change per unit of `Cohort.time`."""

    name: str
    unit: Unit
    start: Expr | None  # None: zero
    rate: Expr
    receives: tuple[Inlet, ...] = ()


QuantityKind = Literal["is", "integral", "highest", "lowest", "share_of_time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedQuantity:
    """A derived value with a name and a unit: an expression of states, parameters, covariates, earlier ones.

    Or what the path of such a value amounts to over the last `over` (in the cohort's unit of time; None: since the
    course began): its integral, its highest or lowest value, the share of time for which a condition holds.
    """

    name: str
    value: Expr
    unit: Unit
    label: str | None = None
    kind: QuantityKind = "is"
    over: float | None = None


LawKind = Literal["exponential", "weibull", "gompertz", "log_logistic", "log_normal"]
Steps = tuple[tuple[float, Expr], ...]  # from each day since randomisation on, the first day 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A named distribution of the time from randomisation; its terms see parameters, covariates and inputs alone."""

    kind: LawKind
    terms: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happens to a patient: at a hazard, by a law, or when a condition on the course first holds.

    A hazard is one expression, or steps of them in time; `times` are factors of a hazard or of that of a law. A
    recurrent event happens again and again, a terminal one ends the course.
    """

    name: str
    hazard: Expr | None
    when: Expr | None
    steps: Steps = ()
    law: Law | None = None
    times: Steps = ()
    recurrent: bool = False
    terminal: bool = False
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementError:
    """Additive (in the measure's unit) and proportional errors; their variances add."""

    additive: float = 0.0
    proportional: float = 0.0
    additive_uncertainty: Uncertainty | None = None
    proportional_uncertainty: Uncertainty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeCorrelation:
    """How the underlying normal scores of a patient's values at several times are correlated.

    `ar1`: value^(days apart / over); `table`: days and the correlations of each with those before it.
    """

    kind: Literal["none", "exchangeable", "ar1", "table"]
    value: float = 0.0
    over: float = 1.0
    table: tuple[tuple[float, tuple[float, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How values vary between patients by summary assumptions: normal around the measure's value, yes and no, counts.

    `points` are the mean or the probability, `sd` the standard deviation or the dispersion of counts (empty where there
    is none), as written: at days since randomisation, joined by lines; one point holds always.
    """

    kind: Literal["normal", "binary", "count"]
    points: Steps
    sd: Steps
    correlation: TimeCorrelation


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What an instrument would read: an expression, its error, its lower limit and the delay until it is known.

    With a `spread` the expression is its mean or probability.
    """

    name: str
    value: Expr
    unit: Unit
    error: MeasurementError
    spread: Spread | None = None
    lloq: float | None = None
    known_after: float = 0.0  # days
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataColumn:
    """One column of a data file and the unit its numbers are in."""

    column: str
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSection:
    """How the cohort is fitted to data: the file, what its columns mean, the sampler, what counts as converged.

    One row is one record: a patient, a time, perhaps a dose given then, perhaps measured values (empty = none).
    """

    path: str
    absolute_path: str = field(compare=False)
    digest: str
    patient_column: str
    time: DataColumn
    dose: DataColumn | None
    dose_drug: str
    dose_route: str
    covariates: tuple[tuple[str, DataColumn], ...]
    measures: tuple[tuple[str, DataColumn], ...]
    chains: int
    tune: int
    draws: int
    seed: int
    target_accept: float
    largest_r_hat: float
    least_ess: float
    most_divergences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """A population model with nothing implied."""

    id: str
    title: str
    context_of_use: str
    references: tuple[Reference, ...]
    limits: tuple[str, ...]  # what the model does not cover, in words; reports repeat them
    time: Unit  # unit of time in the equations
    covariates: tuple[Covariate, ...]
    covariate_correlation: tuple[Correlation, ...]
    covariates_from: CovariateRows | None
    parameters: tuple[Parameter, ...]
    random_effect_correlation: tuple[Correlation, ...]
    states: tuple[State, ...]
    quantities: tuple[NamedQuantity, ...]
    measures: tuple[Measure, ...]
    posterior: str | None  # id of a fit whose draws replace the published uncertainty
    fit: FitSection | None
    digest: str  # SHA-256 of the resolved document without `posterior`
    events: tuple[Event, ...] = ()
    inputs: tuple[Input, ...] = ()
    occasion_days: float | None = None  # how long an occasion lasts, counted from randomisation both ways

    @property
    def changes_in_time(self) -> bool:
        """Return whether a patient's parameters or covariates change within a course."""
        varies = any(p.between_occasions is not None for p in self.parameters)
        return varies or any(c.over_time is not None for c in self.covariates)

    @property
    def path_quantities(self) -> frozenset[str]:
        """Return the quantities that depend on the path so far, which rates and hazards cannot see."""
        found: set[str] = set()
        for quantity in self.quantities:
            if quantity.kind != "is" or names_of(quantity.value) & found:
                found.add(quantity.name)
        return frozenset(found)

    def amount_unit(self, drug: str, route: str) -> Unit:
        """Return the unit of the state that a drug enters by a route."""
        for state in self.states:
            for inlet in state.receives:
                if (inlet.drug, inlet.route) == (drug, route):
                    return state.unit
        raise KeyError((drug, route))
