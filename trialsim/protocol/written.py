"""A protocol document as its author wrote it: typed field by field, nothing yet looked up or filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Quantity
from trialsim.protocol.decision_written import WrittenRule
from trialsim.protocol.dosing_written import WrittenAdherence, WrittenDosing
from trialsim.protocol.written_milestones import WrittenMilestone, WrittenSpend


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPatients:
    cohort: str
    eligible: tuple[FormulaText, ...]
    randomised: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenArm:
    label: str | None
    dosing: tuple[WrittenDosing, ...]
    rules: tuple[str, ...] = ()
    sets: Mapping[str, Quantity | Mapping[str, Quantity]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRandomisation:
    ratio: Mapping[str, int] | None
    blocks: int | None
    strata: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenVisit:
    at: float  # days
    window: Quantity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAssessment:
    at: tuple[str, ...] = ()
    after_dose: tuple[Quantity, ...] | None
    known_after: Quantity | None
    every: Quantity | None = None  # of an event that is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAccrual:
    rate: Quantity
    sites: int
    ramp_up: Quantity | None
    pattern: Mapping[str, float] = field(default_factory=dict)  # by a point in time
    repeats: Quantity | None = None
    opening: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenEvent:
    hazard: FormulaText
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenLoss:
    hazard: FormulaText


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenConduct:
    accrual: WrittenAccrual
    adherence: WrittenAdherence | None
    intercurrent_events: Mapping[str, WrittenEvent]
    missed_visits: float
    lost_to_follow_up: Mapping[str, WrittenLoss | FormulaText]  # {hazard: …} or {REASON: {hazard: …}}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenEndpoint:
    """A value at a visit has a measure; a time to an event, or whether one happened, has events."""

    measure: str = ""
    derive: str
    value: Quantity | tuple[Quantity, ...] | None = None
    at: str = ""
    after_dose: Quantity | None = None
    baseline: str | None = None
    label: str | None = None
    events: tuple[str, ...] = ()
    competing: tuple[str, ...] = ()
    by: float | None = None  # day


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenEstimand:
    endpoint: str
    events: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenMethod:
    kind: str
    covariates: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    test: str | None = None
    measure: str | None = None
    rho: float | None = None  # of times to an event, to the end
    gamma: float | None = None
    delay: Quantity | None = None
    ties: str | None = None
    horizon: Quantity | None = None
    weights: tuple[tuple[float, float], ...] | None = None
    variance: str | None = None
    separated: str | None = None
    visits: tuple[str, ...] = ()
    covariance: str | None = None
    fallback: tuple[str, ...] = ()
    df: str | None = None
    slopes: str | None = None
    continuity: bool | None = None

    @property
    def is_robust(self) -> bool:
        """Return whether an analysis of covariance has another variance than that of its one model."""
        return self.kind == "ancova" and (self.variance in ("hc0", "hc3") or self.slopes == "by_arm")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenComparison:
    better: str | None
    margin: Quantity | None
    within: tuple[Quantity, ...] | None = None  # both ends of equivalence
    within_key: str = ""  # as what they are written


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenImputation:
    strategy: str
    reference: str | None
    after: tuple[str, ...] | None
    imputations: int | None
    variance: str
    visits: tuple[str, ...] | None
    delta: Mapping[str, Quantity]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAnalysis:
    estimand: str
    method: WrittenMethod
    missing: str | WrittenImputation | None
    compare: Mapping[str, WrittenComparison]
    alpha: str | None  # 0.025 one-sided, or that of its family
    multiplicity: str | None
    spend: WrittenSpend | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenNode:
    weight: float
    to: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenGate:
    test: tuple[str, ...]
    keep: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFamily:
    """One of its procedures is there, the others are None."""

    alpha: str
    graph: Mapping[str, WrittenNode] | None
    fixed_sequence: tuple[str, ...] | None
    holm: tuple[str, ...] | None
    fallback: Mapping[str, float] | None
    gatekeeping: tuple[WrittenGate, ...] | None
    hochberg: tuple[str, ...] | None
    hommel: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenScenario:
    label: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    covariates: Mapping[str, str] = field(default_factory=dict)
    conduct: Mapping[str, str] = field(default_factory=dict)
    null: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTrials:
    at_least: int
    at_most: int
    standard_error: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSimulation:
    seed: int
    parameters: str | None
    trials: WrittenTrials
    solver: str
    trials_per_draw: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenContext:
    question: str
    decision: str
    model_influence: str
    consequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenKeep:
    patients_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The whole document; a section that could not be read is empty and named in `unreadable`."""

    id: str = ""
    title: str = ""
    phase: str = ""
    context_of_use: WrittenContext | None = None
    patients: WrittenPatients | None = None
    arms: Mapping[str, WrittenArm] = field(default_factory=dict)
    rules: Mapping[str, WrittenRule] = field(default_factory=dict)
    randomise: WrittenRandomisation | None = None
    visits: Mapping[str, WrittenVisit] = field(default_factory=dict)
    assess: Mapping[str, WrittenAssessment] = field(default_factory=dict)
    conduct: WrittenConduct | None = None
    follow_up: Quantity | None = None
    cut_delay: Quantity | None = None
    endpoints: Mapping[str, WrittenEndpoint] = field(default_factory=dict)
    estimands: Mapping[str, WrittenEstimand] = field(default_factory=dict)
    analyses: Mapping[str, WrittenAnalysis] = field(default_factory=dict)
    families: Mapping[str, WrittenFamily] = field(default_factory=dict)
    milestones: Mapping[str, WrittenMilestone] = field(default_factory=dict)
    success: str = ""
    scenarios: Mapping[str, WrittenScenario] = field(default_factory=dict)
    vary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    simulate: WrittenSimulation | None = None
    keep: WrittenKeep | None = None
    unreadable: frozenset[str] = frozenset()
