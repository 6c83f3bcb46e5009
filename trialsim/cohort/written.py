"""A cohort document as written: read and typed, its names not yet looked up, its defaults not yet filled in.

The schema constructs these; `resolve` turns them into the frozen cohort that runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trialsim.cohort.model import LawKind, QuantityKind, Reference
from trialsim.foundation.positions import Node
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Quantity, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenLognormal:
    median: Quantity
    cv: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenNormal:
    mean: Quantity
    sd: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenUniform:
    low: Quantity
    high: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTrajectory:
    """Points (a map from points in time to factors) or a trend."""

    points: Mapping[str, float] | None
    between_points: str
    trend: Quantity | None
    until: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCovariate:
    """One of lognormal, normal, uniform, categories (shares, or labels of rows) and unit (of rows)."""

    lognormal: WrittenLognormal | None
    normal: WrittenNormal | None
    uniform: WrittenUniform | None
    categories: Mapping[str, float] | tuple[str, ...] | None
    unit: Unit | None
    within: tuple[Quantity, ...] | None
    over_time: WrittenTrajectory | None
    label: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenUncertainty:
    """One of: relative standard error, standard error, standard error of the log, of the logit."""

    rse: float | None
    se: Quantity | None
    se_log: float | None
    se_logit: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenLogScale:
    sd_log: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenVariation:
    """One of: cv (or sd of the log), sd in the parameter's unit, sd on the logit, cv of a gamma factor."""

    lognormal: float | WrittenLogScale | None
    normal: Quantity | None
    logit_normal: float | None
    gamma: float | None
    box_cox: float | None
    uncertainty: WrittenUncertainty | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenEffect:
    """The effect of a numeric covariate: one of power, linear, exponential."""

    power: float | None
    linear: Quantity | None
    exponential: Quantity | None
    reference: Quantity
    uncertainty: WrittenUncertainty | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFactor:
    """The effect of a category."""

    factor: float
    uncertainty: WrittenUncertainty | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenParameter:
    typical: Quantity
    uncertainty: WrittenUncertainty | None
    between_patients: WrittenVariation | None
    between_occasions: WrittenVariation | None
    effects: Mapping[str, Node]  # read once the kind of covariate is known
    label: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenInput:
    default: Quantity
    label: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTransit:
    number: FormulaText
    mean_time: FormulaText


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenInlet:
    drug: str
    route: str
    lag: FormulaText | None
    bioavailability: FormulaText | None
    duration: FormulaText | None
    rate: FormulaText | None
    transit: WrittenTransit | None

    @property
    def texts(self) -> dict[tuple[str, ...], FormulaText]:
        """Return every expression of the way in by its path below it."""
        texts: dict[tuple[str, ...], FormulaText | None] = {
            (part,): getattr(self, part) for part in ("lag", "bioavailability", "duration", "rate")
        }
        if self.transit is not None:
            texts |= {("transit", part): getattr(self.transit, part) for part in ("number", "mean_time")}
        return {path: text for path, text in texts.items() if text is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenState:
    rate: FormulaText
    start: FormulaText | None
    receives: tuple[WrittenInlet, ...]
    unit: Unit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenQuantity:
    """An expression, or what its path amounts to: `kind` is the word of the field it was written in."""

    value: FormulaText
    unit: Unit | None
    label: str | None
    kind: QuantityKind = "is"
    over: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenEvent:
    """One of a hazard (an expression, or rates from points in time on), a law by its name, and a condition."""

    hazard: FormulaText | Mapping[str, FormulaText] | None
    when: FormulaText | None
    law: LawKind | None
    terms: Mapping[str, FormulaText]  # of the law
    times: FormulaText | Mapping[str, FormulaText] | None
    recurrent: bool
    terminal: bool
    label: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenUse:
    """Kinetics pulled in by name."""

    use: str
    drug: str | None
    routes: Mapping[str, str]
    arguments: Mapping[str, FormulaText]
    named: Mapping[str, str]
    units: Mapping[str, Unit]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenErrorSize:
    """The size of an error component and what is not known about it."""

    value: Quantity
    uncertainty: WrittenUncertainty | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenMeasurementError:
    additive: Quantity | WrittenErrorSize | None
    proportional: Quantity | WrittenErrorSize | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenNormalValues:
    mean: FormulaText | Mapping[str, FormulaText]
    sd: FormulaText | Mapping[str, FormulaText]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCounts:
    mean: FormulaText | Mapping[str, FormulaText]
    dispersion: FormulaText | Mapping[str, FormulaText] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFallingCorrelation:
    value: float
    over: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCorrelation:
    """One of: the same between any two times, falling with the time between them, a table."""

    exchangeable: float | None
    ar1: WrittenFallingCorrelation | None
    table: Mapping[str, tuple[float, ...]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenMeasure:
    """One of what is read of a course, a distribution of values, a probability and a distribution of counts."""

    value: FormulaText | None
    normal: WrittenNormalValues | None
    probability: FormulaText | Mapping[str, FormulaText] | None
    count: WrittenCounts | None
    correlation: WrittenCorrelation | None
    says_correlation: bool
    unit: Unit | None
    error: WrittenMeasurementError | None
    lloq: Quantity | None
    known_after: Quantity
    label: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenColumn:
    column: str
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDoseColumn:
    column: str
    unit: Unit
    drug: str
    route: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenColumns:
    patient: str
    time: WrittenColumn
    dose: WrittenDoseColumn | None
    covariates: Mapping[str, WrittenColumn]
    measures: Mapping[str, WrittenColumn]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSampler:
    chains: int
    tune: int
    draws: int
    seed: int
    target_accept: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRequirements:
    r_hat: float
    ess: float
    divergences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFit:
    data: str
    columns: WrittenColumns
    sampler: WrittenSampler
    require: WrittenRequirements


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCohort:
    language: str
    id: str
    title: str
    context_of_use: str
    references: tuple[Reference, ...]
    limits: tuple[str, ...]
    time: Unit
    covariates: Mapping[str, WrittenCovariate]
    covariate_correlation: Mapping[str, float]
    covariates_from: str | None  # the file
    inputs: Mapping[str, WrittenInput]
    parameters: Mapping[str, WrittenParameter]
    random_effect_correlation: Mapping[str, float]
    occasions: Quantity | None  # how long one lasts
    kinetics: tuple[WrittenUse, ...]
    dynamics: Mapping[str, WrittenState]
    quantities: Mapping[str, WrittenQuantity]
    events: Mapping[str, WrittenEvent]
    measures: Mapping[str, WrittenMeasure]
    posterior: str | None
    fit: WrittenFit | None
