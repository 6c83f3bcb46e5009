"""What all trials of a world share: the calendar, the course model, the dosing plans, the conditions of entry."""

from __future__ import annotations

from dataclasses import dataclass

from trialsim.cohort.closed_events import ClosedEvent, closed_events, moving, per
from trialsim.cohort.course_model import course_model, followed_events, parameter_columns
from trialsim.cohort.model import Cohort, Event, Measure
from trialsim.cohort.names import units_of, with_categories_coded
from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.stiff_system import Solver
from trialsim.dynamics.system import tier_of
from trialsim.foundation.expression import Expr, names_of, numeric
from trialsim.protocol.model import Protocol
from trialsim.trial.plan_doses import DosingPlan, dosing_plan
from trialsim.trial.randomize import strata_names
from trialsim.trial.ruled import Ruling, ruling, with_rules
from trialsim.trial.timetable import Timetable, timetable
from trialsim.trial.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A world made ready: everything that does not depend on a trial's number."""

    world: World
    calendar: Timetable
    model: CourseModel
    measures: tuple[Measure, ...]  # of the calendar, in its order
    constant_losses: tuple[tuple[str, Expr], ...]  # whose hazards no state or time enters, as numbers per unit of time
    closed: tuple[ClosedEvent, ...]  # own events whose times are found without a course
    dosing: DosingPlan
    ruling: Ruling
    strata: tuple[str, ...]
    entry: tuple[Expr, ...]  # conditions on covariates alone, as pure numbers
    entry_measured: tuple[Expr, ...]  # conditions that also need measures taken at screening
    solver: Solver = "explicit"  # of a model that is not linear; a pilot may choose the other

    @property
    def protocol(self) -> Protocol:
        """Return the protocol of this design."""
        return self.world.protocol

    @property
    def cohort(self) -> Cohort:
        """Return the cohort with the scenario's truth."""
        return self.world.cohort

    @property
    def is_adaptive(self) -> bool:
        """Return whether courses are followed step by step, because the model is not linear."""
        return tier_of(self.model)[0] == "adaptive"

    @property
    def events(self) -> tuple[str, ...]:
        """Return the intercurrent events, the first hazards of the model."""
        return tuple(event.name for event in self.protocol.conduct.intercurrent_events)

    @property
    def own_events(self) -> tuple[Event, ...]:
        """Return the cohort's own events: those of the model in its order, in which they are the last, then others."""
        by_name = {event.name: event for event in self.cohort.events}
        return (*self.followed_events, *(by_name[each.name] for each in self.closed))

    @property
    def followed_events(self) -> tuple[Event, ...]:
        """Return the cohort's own events that are in the model: hazards, then conditions on the course."""
        return followed_events(self.cohort, [each.name for each in self.closed])

    @property
    def has_course(self) -> bool:
        """Return whether anything has to be followed: else what is measured and what happens are closed forms."""
        model = self.model
        followed = (model.states, model.hazards, model.triggers, model.functionals, model.rules)
        return any(followed) or self.cohort.changes_in_time

    @property
    def ends_course(self) -> tuple[bool, ...]:
        """Return which events end a course: the model's, then those found without it."""
        first = (False,) * (len(self.events) + len(self.course_losses))
        return first + tuple(event.terminal for event in self.own_events)

    @property
    def losses(self) -> tuple[str, ...]:
        """Return the reasons for loss: by hazards, then by rules."""
        return (*(loss.name for loss in self.protocol.conduct.lost_to_follow_up), *self.ruling.leaving)

    @property
    def course_losses(self) -> tuple[str, ...]:
        """Return the reasons for loss that the course decides: the model's hazards after the intercurrent events."""
        constant = {name for name, _ in self.constant_losses}
        losses = (loss.name for loss in self.protocol.conduct.lost_to_follow_up)
        return tuple(name for name in losses if name not in constant)


def setup_of(world: World) -> Setup:
    """Return what all trials of a world share."""
    protocol, cohort = world.protocol, world.cohort
    calendar = timetable(protocol, cohort)
    conduct = protocol.conduct
    constant = [loss for loss in conduct.lost_to_follow_up if is_constant(loss.hazard, cohort)]
    varying = [loss for loss in conduct.lost_to_follow_up if loss not in constant]
    hazards = tuple((event.name, event.hazard) for event in conduct.intercurrent_events)
    hazards += tuple((loss.name, loss.hazard) for loss in varying)
    rules = ruling(protocol)
    outputs = tuple(dict.fromkeys((*calendar.measures, *rules.sensed)))
    asked = {event for rule in protocol.rules for event in rule.events}
    closed = closed_events(cohort, asked)
    outside = [each.name for each in closed]
    model = course_model(cohort, hazards, outputs, calendar.clock.shift_days, events=True, outside=outside)
    model = with_rules(model, rules, protocol, cohort, calendar.clock)
    by_name = {measure.name: measure for measure in cohort.measures}
    units = units_of(cohort)
    conditions = [
        numeric(with_categories_coded(condition, cohort.covariates), units, None, cohort.time)
        for condition in protocol.patients.eligible
    ]
    return Setup(
        world=world,
        calendar=calendar,
        model=model,
        measures=tuple(by_name[name] for name in calendar.measures),
        constant_losses=tuple(
            (loss.name, numeric(loss.hazard, units, per(cohort.time), cohort.time)) for loss in constant
        ),
        closed=closed,
        dosing=dosing_plan(protocol, model, calendar.clock),
        ruling=rules,
        strata=strata_names(protocol.randomise, cohort, conduct.accrual.sites),
        entry=tuple(condition for condition in conditions if not names_of(condition) & by_name.keys()),
        entry_measured=tuple(condition for condition in conditions if names_of(condition) & by_name.keys()),
    )


def is_constant(hazard: Expr, cohort: Cohort) -> bool:
    """Return whether a hazard depends on parameters and covariates alone.

    A loss at such a hazard needs no course: kept out of the model, it leaves the solver's steps, and so every
    patient's course, the same bits in scenarios that differ in it. What changes within a course is not constant.
    """
    return names_of(hazard) <= set(parameter_columns(cohort)) - changing(cohort)


def changing(cohort: Cohort) -> set[str]:
    """Return the parameters, covariates and inputs that change within a course, or from arm to arm."""
    return moving(cohort) | {each.name for each in cohort.inputs}
