"""The trial as written, as frozen objects: what a protocol document says once read, checked and resolved.

Times are days since randomisation (day 0) unless a name says otherwise; amounts are in the unit of their state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trialsim.foundation.expression import Expr
from trialsim.foundation.units import Unit
from trialsim.protocol.decision_model import DosingRule
from trialsim.protocol.dosing_model import Adherence as Adherence
from trialsim.protocol.dosing_model import Dosing as Dosing
from trialsim.protocol.family_model import Family
from trialsim.protocol.milestone_model import Milestone as Milestone
from trialsim.protocol.milestone_model import Spend as Spend
from trialsim.protocol.missing_model import MissingValues
from trialsim.protocol.time_method_model import TimeMethod as TimeMethod

Better = Literal["higher", "lower"]
Strategy = Literal["treatment_policy", "hypothetical"]
ParameterMode = Literal["typical", "uncertain"]
Solver = Literal["explicit", "stiff"]
Covariance = Literal[
    "unstructured",
    "heterogeneous_toeplitz",
    "toeplitz",
    "heterogeneous_ar1",
    "ar1",
    "heterogeneous_compound_symmetry",
    "compound_symmetry",
]
Freedom = Literal["kenward_roger", "satterthwaite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextOfUse:
    question: str
    decision: str
    model_influence: str
    consequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patients:
    """Who: the cohort, the conditions judged on screening's measured values, how many are randomised."""

    cohort: str
    eligible: tuple[Expr, ...]  # over covariates (as they are) and measures taken at the screening visit (as measured)
    # with categories by their labels (`sex == female`); hazards have them coded as the cohort's positions
    eligible_text: tuple[str, ...]
    randomised: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What an arm sets an input of the cohort to: from each day on a value, before the first the input's default."""

    input: str
    unit: Unit
    steps: tuple[tuple[float, float], ...]  # days since randomisation, ascending, and values in the input's unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    name: str
    label: str
    dosing: tuple[Dosing, ...]
    rules: tuple[str, ...] = ()
    sets: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Randomisation:
    """Stratified permuted blocks. ratio is in the order of the arms; strata are categorical covariates, or `site`."""

    ratio: tuple[int, ...]
    block: int
    strata: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    name: str
    at: float  # nominal day
    window: float  # ± days; the actual time is uniform within


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A measure and the visits (and times after the visit's dose) at which it is taken."""

    measure: str
    visits: tuple[str, ...]
    after_dose: tuple[
        float, ...
    ]  # days after the visit's dose; (0.0,) when taken at the visit itself, before any dose then
    known_after: float  # days, the measure's delay included


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookout:
    """An event of the cohort that is seen when it is looked for: so many days apart, known so much later."""

    event: str
    every: float
    known_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accrual:
    """Randomised patients per day once all sites are open; ramp-up is linear from zero over `ramp_up` days."""

    rate: float  # per day
    sites: int
    ramp_up: float  # days
    pattern: tuple[tuple[float, float], ...] = ()  # from which day which share of the rate
    repeats: float = 0.0  # days after which the pattern begins again; 0: it goes on as it ends
    opening: float = 0.0  # days within which sites open at random; 0: as `ramp_up` says


@dataclass(frozen=True, slots=True, kw_only=True)
class IntercurrentEvent:
    """Something that happens to a patient at a hazard and changes the treatment."""

    name: str
    hazard: Expr  # per unit of the cohort's time when evaluated; checked to be 1/time; categories are coded
    hazard_text: str
    action: Literal["stop dosing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LossReason:
    """A reason to leave the trial (no data afterwards), at a hazard."""

    name: str
    hazard: Expr
    hazard_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    accrual: Accrual
    adherence: Adherence
    intercurrent_events: tuple[IntercurrentEvent, ...]
    missed_visits: float  # probability of each visit after baseline
    lost_to_follow_up: tuple[LossReason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A number a patient: from one measure at one visit, or from when events of the cohort happen."""

    name: str
    measure: str  # "" of an endpoint of events
    derive: Literal[
        "value",
        "change_from_baseline",
        "percent_change_from_baseline",
        "log_ratio_to_baseline",
        "below",
        "above",
        "within",
        "first_of",
        "happened",
    ]
    at: str  # visit
    after_dose: float  # days after that visit's dose, 0 = at the visit
    baseline: str | None  # visit; the last assessment at or before day 0 unless written
    threshold: tuple[float, ...]  # in the measure's unit: one for below/above, two for within
    is_binary: bool
    unit: str  # of the endpoint's values, "" for shares
    label: str
    threshold_text: tuple[str, ...] = ()  # with its unit
    events: tuple[str, ...] = ()  # of the cohort
    competing: tuple[str, ...] = ()  # terminal events that are not among them
    by: float = 0.0  # days, of `happened`

    @property
    def is_time(self) -> bool:
        """Return whether it is the time to an event, which may be censored."""
        return self.derive == "first_of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimand:
    """An endpoint and what becomes of each intercurrent event (every event of the protocol is listed)."""

    name: str
    endpoint: str
    strategies: tuple[tuple[str, Strategy], ...]

    def switched_off(self) -> frozenset[str]:
        """Return the events that do not happen in this estimand's world."""
        return frozenset(event for event, strategy in self.strategies if strategy == "hypothetical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    treated: str
    control: str
    better: Better
    margin: float  # null value of treated - control, in the endpoint's unit, or of log ratio; 0 = superiority
    margin_text: str = "0"  # with its unit; of a ratio the ratio
    falls: bool = False  # the estimate falls as the endpoint rises: hazards of longer times
    within: tuple[float, float] | None = None  # ends of equivalence, on the scale of margin; better is then "higher"
    within_text: tuple[str, ...] = ()  # as margin_text
    within_key: str = ""  # `difference within` or `ratio within`

    @property
    def null_words(self) -> str:
        """Return the null value, or the ends of equivalence, on the scale of the estimate."""
        return f"{self.margin:.6g}" if self.within is None else " or ".join(f"{end:.6g}" for end in self.within)

    def gain(self, effect: float) -> float:
        """Return how far an effect lies beyond the null in the direction of benefit, or inside of equivalence."""
        if self.within is not None:
            return min(effect - self.within[0], self.within[1] - effect)
        return (effect - self.margin) * self.sign

    @property
    def name(self) -> str:
        """Return its name as written in tables and scenarios."""
        return f"{self.treated} vs {self.control}"

    @property
    def sign(self) -> int:
        """Return 1 where a greater estimate is a benefit, -1 where a smaller one is."""
        return 1 if (self.better == "higher") != self.falls else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    kind: Literal[
        "t_test", "welch", "ancova", "wilcoxon", "mmrm",
        "risk_difference", "risk_ratio", "odds_ratio", "cmh", "logistic",
        "log_rank", "cox", "rmst", "milestone_survival", "max_combo", "gray", "cumulative_incidence",
    ]  # fmt: skip
    covariates: tuple[tuple[str, str | None], ...]  # (covariate, None) or (measure, visit)
    strata: tuple[str, ...]  # factors: categorical covariates, or site
    missing: Literal["complete_cases", "failure", "imputed"]  # failure: a missing binary endpoint counts as not met
    imputation: MissingValues | None = None  # where they are imputed
    measure: Literal["risk_difference", "risk_ratio", "odds_ratio"] | None = None  # of shares; None: of means
    variance: Literal["robust", "model", "hc0", "hc3"] | None = None  # of a regression, where it has several
    slopes: Literal["common", "by_arm"] | None = None  # of an analysis of covariance
    continuity: bool | None = None  # of a rank-sum test
    separated: Literal["not_estimable", "firth"] | None = None  # what becomes of it where slopes are infinite
    test: Literal["miettinen_nurminen", "farrington_manning", "wald"] | None = None  # where a method has several
    times: TimeMethod | None = None  # of times to an event
    visits: tuple[str, ...] = ()  # of repeated measures, in time
    covariances: tuple[Covariance, ...] = ()  # of repeated measures: the first that converges is used
    df: Freedom | None = None  # of repeated measures

    @property
    def is_ratio(self) -> bool:
        """Return whether estimates, truth and margins are logarithms of ratios."""
        return self.measure in ("risk_ratio", "odds_ratio") or (self.times is not None and self.times.is_ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    name: str
    estimand: str
    method: Method
    comparisons: tuple[Comparison, ...]
    alpha: float  # one-sided
    multiplicity: Literal[
        "none", "bonferroni", "holm", "hochberg", "hommel", "fixed_sequence", "co_primary", "dunnett",
        "step_down_dunnett", "family",
    ]  # fmt: skip  # family: one of the protocol's families holds its error rate
    spend: Spend | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """When the trial counts as a success: any or all comparisons of one analysis rejected."""

    quantifier: Literal["any", "all"]
    analysis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One change a scenario makes: a path, and a factor, a replacement value or a replacement hazard (one of three)."""

    path: tuple[str, ...]  # ("parameters", "EMAX") or ("conduct", "lost_to_follow_up", "lost", "hazard") …
    factor: float | None  # x 0.6
    value: float | None  # in the unit of what is replaced: a parameter's own unit, per day, days, a share
    text: str  # as written
    hazard: Expr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A set of truths to try the design against, and which comparisons are null in it."""

    name: str
    label: str
    overrides: tuple[Override, ...]
    null: tuple[str, ...]  # comparisons, in every analysis that makes them, or `COMPARISON of ANALYSIS`

    def is_null(self, analysis: str, comparison: str) -> bool:
        """Return whether a comparison of an analysis is declared null."""
        return comparison in self.nulls_of(analysis)

    def nulls_of(self, analysis: str) -> tuple[str, ...]:
        """Return the comparisons that are declared null in an analysis, whether or not it makes them."""
        named = (text.partition(" of ") for text in self.null)
        return tuple(comparison for comparison, of, name in named if not of or name == analysis)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """One dimension of the design space: a path into the protocol and the values it takes."""

    path: tuple[str, ...]
    values: tuple[str, ...]  # as written


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """Add trials until the largest Monte-Carlo standard error of the power is at most this."""

    power_standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulate:
    seed: int
    parameters: tuple[ParameterMode, ...]
    at_least: int
    at_most: int
    until: Until | None
    trials_per_draw: int = 1  # with uncertain parameters
    solver: Solver | None = None  # of courses that are not linear; None = by pilot


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How much patient-level data is stored: of the first so many trials of every cell."""

    patients_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A trial with nothing implied."""

    id: str
    title: str
    phase: str
    context_of_use: ContextOfUse
    patients: Patients
    arms: tuple[Arm, ...]
    randomise: Randomisation
    visits: tuple[Visit, ...]  # ascending
    assess: tuple[Assessment, ...]
    screening: str | None  # the visit at which eligibility is judged: the first before day 0
    conduct: Conduct
    cut_delay: float  # days from the last datum known to the analysis
    endpoints: tuple[Endpoint, ...]
    estimands: tuple[Estimand, ...]
    analyses: tuple[Analysis, ...]
    success: Success
    scenarios: tuple[Scenario, ...]
    vary: tuple[Variation, ...]
    simulate: Simulate
    keep: Keep
    digest: str  # SHA-256 of the resolved document
    rules: tuple[DosingRule, ...] = ()
    families: tuple[Family, ...] = ()
    lookouts: tuple[Lookout, ...] = ()
    follow_up: float = 0.0  # days for which events are looked for; 0 = up to the last visit
    milestones: tuple[Milestone, ...] = ()  # none: one look, after the last datum
    designs: tuple[Design, ...] = ()  # every point of `vary`, in order; empty in the protocol of a design

    @property
    def followed_until(self) -> float:
        """Return the day up to which patients are followed at least, be there anything measured or not."""
        assessed = {name for item in self.assess for name in item.visits}
        return self.follow_up or max((0.0, *(visit.at for visit in self.visits if visit.name not in assessed)))

    def rules_of(self, arm: Arm) -> tuple[DosingRule, ...]:
        """Return the rules of an arm, in its order."""
        return tuple(rule for name in arm.rules for rule in self.rules if rule.name == name)

    def visit(self, name: str) -> Visit:
        """Return the visit of that name."""
        return next(visit for visit in self.visits if visit.name == name)

    def endpoint(self, name: str) -> Endpoint:
        """Return the endpoint of that name."""
        return next(endpoint for endpoint in self.endpoints if endpoint.name == name)

    def analysis(self, name: str) -> Analysis:
        """Return the analysis of that name."""
        return next(analysis for analysis in self.analyses if analysis.name == name)

    def estimand(self, name: str) -> Estimand:
        """Return the estimand of that name."""
        return next(estimand for estimand in self.estimands if estimand.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One point of `vary`: a label and the protocol as it is at that point."""

    name: str
    label: str
    protocol: Protocol
