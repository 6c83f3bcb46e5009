"""The whole course of one patient, slowly and plainly: the definition of right for `trialsim.dynamics`.

One patient at a time, scipy between one instant and the next, and at every instant this order: parameters change,
samples, events, readings, rules, what ends and arrives and is taken, samples that are wanted after the dose.
Nothing is shared with the kernels but the model's own classes.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from tests.reference.plain_doses import Dose, UnderWay, changes_of, stopped, taken
from tests.reference.plain_expressions import needed, value
from tests.reference.plain_path import (
    N_LOOKS,
    Stretch,
    before_anything,
    breakpoints,
    known_names,
    over_piece,
    stretches,
    together,
)
from tests.reference.plain_patient import MOVED_BACK, NO_LINE, RUNNING, Course, Decision, Line, Patient
from tests.reference.plain_rules import (
    NOTHING_FIRES,
    NOTHING_IS_KNOWN,
    as_read,
    decided,
    names_for,
    standing_of,
)
from tests.reference.plain_steady import starts_of, steady
from trialsim.dynamics.doses import PUMP, PUMP_OFF, RESET, RESET_AND_DOSE, STEADY, STEADY_ADDED, STEADY_WITH
from trialsim.dynamics.model import Action, CourseModel, Functional


def plain_course(model: CourseModel, patient: Patient, method: str = "DOP853") -> Course:
    """Return the course of one patient."""
    follower = _Follower(model, patient, method)
    while follower.goes_on:
        follower.do_what_is_due()
        if follower.goes_on:
            follower.go_to_the_next_instant()
    return follower.course


class _Follower:
    """Follows one patient from instant to instant."""

    def __init__(self, model: CourseModel, patient: Patient, method: str) -> None:
        self.model, self.patient, self.method = model, patient, method
        self.t, self.goes_on = patient.begin, True
        self.n_hazards, n_events = len(model.hazards), len(model.hazards) + len(model.triggers)
        self.parameters = dict(zip(model.parameters, patient.parameters, strict=True))
        self.y = np.append(starts_of(model, self.parameters), np.zeros(self.n_hazards))
        dormant = patient.dormant or (False,) * len(patient.lines)
        self.lines = [Line(doses=list(doses), begun=None if asleep else 0.0)
                      for doses, asleep in zip(patient.lines, dormant, strict=True)]
        self.under_way: list[UnderWay] = []
        self.thresholds = [list(each) for each in patient.thresholds]
        self.was_below = [False] * len(model.triggers)
        self.happening: set[int] = set()
        self.standings = [standing_of(rule) for rule in model.rules]
        self.known: list[tuple[float, int, float, float]] = []
        self.history: list[Stretch] = []
        # The path begins with what is taken at the beginning: what was there before is no part of it.
        self.so_far = {f.name: before_anything(f.kind) for f in model.functionals}
        self.course = Course(outputs=[[math.nan] * len(model.outputs) for _ in patient.samples],
                             event_times=[math.inf] * (n_events + model.n_notes))
        self.course_stops = patient.stops_dosing or (False,) * n_events
        self.course_ends = patient.ends_course or (False,) * n_events

    # At one instant.

    def do_what_is_due(self) -> None:
        for time, row in self.patient.changes:
            if time == self.t:
                self.parameters = dict(zip(self.model.parameters, row, strict=True))
        self.sample(wanted_after=False)
        self.look_at_triggers()
        self.let_events_happen(ask_others=True)
        if not self.goes_on:
            return
        self.take_what_is_due()
        # A dose may have lifted a trigger over zero: that event is of this instant, too.
        while self.goes_on and self.look_at_triggers():
            self.let_events_happen(ask_others=False)
            if self.goes_on:
                self.take_what_is_due()
        if self.goes_on:
            self.sample(wanted_after=True)

    def sample(self, *, wanted_after: bool) -> None:
        after = self.patient.after or (False,) * len(self.patient.samples)
        for s, time in enumerate(self.patient.samples):
            if time == self.t and after[s] == wanted_after:
                names = known_names(self.model, self.parameters, self.t, self.y, self.functionals_now())
                self.course.outputs[s] = [float(names[output]) for output in self.model.outputs]

    def let_events_happen(self, *, ask_others: bool) -> None:
        """Events, readings, rules; `ask_others`: rules that were not asked by an event, and readings, as well."""
        happening, self.happening = self.happening, set()
        for event in sorted(happening):
            self.course.happenings.append((event, self.t))
            self.course.event_times[event] = min(self.course.event_times[event], self.t)
            if self.course_stops[event]:
                self.stop_dosing()
            if self.course_ends[event]:
                self.goes_on = False
        if self.t >= self.patient.horizon:
            self.goes_on = False
        if not self.goes_on:
            return
        if ask_others:
            self.read()
        for r, rule in enumerate(self.model.rules):
            is_asked = r < len(self.patient.checks) and bool(self.patient.checks[r])
            by_event = is_asked and any(event in rule.on_events for event in happening)
            by_time = ask_others and r < len(self.patient.checks) and self.t in self.patient.checks[r]
            by_dose = ask_others and any(dose.check == r + 1 for line in self.lines for dose in line.due_by(self.t))
            if self.goes_on and (by_event or by_time or by_dose):
                self.ask(r)

    def stop_dosing(self) -> None:
        """Nothing is taken any more; what was swallowed arrives, pumps stand still. Dormant lines sleep on."""
        self.stop_lines([l for l, line in enumerate(self.lines) if line.begun is not None])
        self.under_way = [stopped(what, self.t) for what in self.under_way]

    def stop_lines(self, lines: list[int]) -> None:
        for l in lines:
            self.lines[l].is_stopped = True
        self.under_way = [stopped(what, self.t) if what.line in lines else what for what in self.under_way]

    # Readings and rules.

    def read(self) -> None:
        for reading in self.patient.readings:
            if reading.time == self.t:
                signal = self.model.signals[reading.signal]
                names = known_names(self.model, self.parameters, self.t, self.y)
                read = as_read(signal, float(value(signal.value, names)), reading.luck)
                self.known.append((reading.time + reading.delay, reading.signal, read, reading.time))

    def ask(self, r: int) -> None:
        rule, standing = self.model.rules[r], self.standings[r]
        seen = {signal.name: math.nan for signal in self.model.signals}
        # Readings of one signal come in the order in which they were made: the last one known is the newest.
        for s, signal in enumerate(self.model.signals):
            read = [(time, what) for known_at, which, what, time in self.known if which == s and known_at <= self.t]
            if len(read) > signal.intervals:
                seen[signal.name] = read[-1][1] if signal.intervals == 0 else slope(read[-signal.intervals - 1 :])
        names = {**self.parameters, "t": self.t,
                 **{f.name: self.functional_now(f) for f in self.model.functionals if f.over is None}}
        branch = decided(rule, standing, seen, names)
        if branch not in (NOTHING_FIRES, NOTHING_IS_KNOWN):
            for action in rule.branches[branch].actions:
                self.act(r, action, names_for(standing, seen, names))
        self.course.decisions.append(
            Decision(time=self.t, rule=r, branch=branch, level=standing.level, seen=seen))

    def act(self, r: int, action: Action, names: dict[str, float]) -> None:
        rule, standing = self.model.rules[r], self.standings[r]
        number = float(value(action.value, names)) if action.value is not None else 0.0
        lines = [self.lines[l] for l in action.lines]
        match action.kind:
            case "stop":
                self.stop_lines(list(action.lines))
            case "hold" | "resume":
                for line in lines:
                    line.is_held = action.kind == "hold"
            case "level_up" | "level_down" | "level_to":
                steps = {"level_up": standing.level + 1, "level_down": standing.level - 1, "level_to": int(number)}
                standing.level = max(0, min(len(rule.ladder) - 1, steps[action.kind]))
                for line in lines:
                    line.amount = float(value(rule.ladder[standing.level], self.parameters))
            case "delay":
                if not number > 0.0:
                    self.course.status, self.goes_on = MOVED_BACK, False
                    return
                for line in lines:
                    line.shift += number
            case "amount":
                for line in lines:
                    line.amount = number
            case "rate" | "give":
                self.let_in(action, number, names)
            case "start":
                for line in lines:
                    if line.begun is None:
                        line.begun = self.t
            case "leave":
                self.goes_on = False
            case "note":
                event = len(self.course.event_times) - len(self.model.rules) + r
                self.course.happenings.append((event, self.t))
                self.course.event_times[event] = min(self.course.event_times[event], self.t)

    def let_in(self, action: Action, number: float, names: dict[str, float]) -> None:
        """Give a dose of a rule's own, or change the inflow through an inlet, which nothing else ends."""
        assert action.inlet is not None
        if action.kind == "give":
            duration = float(value(action.duration, names)) if action.duration is not None else 0.0
            self.take(Dose(time=self.t, inlet=action.inlet, amount=number, duration=duration), NO_LINE)
            return
        if action.step > 0.0:
            number = math.floor(number / action.step + 0.5) * action.step
        number = min(max(number, action.least), action.most)
        runs = not action.lines
        for line in (self.lines[l] for l in action.lines):
            if line.begun is not None and not line.is_stopped and not line.is_held and line.doses:
                line.amount = number
                runs = runs or line.n_past > 0
        if runs:
            self.pump(action.inlet, number)

    def pump(self, inlet_number: int, number: float) -> None:
        """Let this rate of an inlet's pump run, and enter as far as it is available, until it is changed."""
        inlet = Dose(time=self.t, inlet=inlet_number, amount=1.0, rate=1.0)
        share = taken(self.model, self.parameters, inlet, RUNNING, self.t).amount
        ever = replace(taken(self.model, self.parameters, inlet, RUNNING, self.t), rate=number * share, amount=0.0,
                       end=math.inf)
        # The old inflow runs until the new one arrives, whatever the lag was when the old one began.
        self.under_way = [
            stopped(replace(what, lag=ever.lag), self.t) if what.line == RUNNING and what.inlet == inlet_number
            else what for what in self.under_way]
        self.course.doses.append((self.t, RUNNING, replace(inlet, amount=0.0, rate=number)))
        if number > 0.0:
            self.under_way.append(ever)

    # What ends, arrives and is taken.

    def take_what_is_due(self) -> None:
        self.under_way = [what for what in self.under_way if what.is_bolus or what.end > self.t]
        self.let_arrive()
        for l, line in enumerate(self.lines):
            while line.due() <= self.t:
                dose = line.doses.pop(0)
                line.n_past += 1
                if line.is_held:
                    continue
                if dose.kind in (PUMP, PUMP_OFF):
                    rate = dose.rate if line.amount is None else line.amount
                    self.pump(dose.inlet, rate if dose.kind == PUMP else 0.0)
                    continue
                if line.amount is not None:
                    dose = replace(dose, amount=line.amount)
                self.take(dose, l)

    def take(self, dose: Dose, line: int) -> None:
        n = len(self.model.states)
        if dose.kind in (RESET, RESET_AND_DOSE):
            self.y[:n] = starts_of(self.model, self.parameters)
            self.under_way = []
        if dose.kind in (STEADY, STEADY_ADDED):
            parts = [dose]
            for other in self.lines[line].doses:
                if other.kind != STEADY_WITH or other.time != dose.time:
                    break
                parts.append(other if self.lines[line].amount is None else replace(other, amount=dose.amount))
            y, still = steady(self.model, self.parameters, parts, line, self.t, self.method)
            self.y[:n] = y + (self.y[:n] if dose.kind == STEADY_ADDED else 0.0)
            self.under_way = still + (self.under_way if dose.kind == STEADY_ADDED else [])
        for_ever = dose.kind in (STEADY, STEADY_ADDED) and dose.interval == 0.0
        if dose.kind != RESET and not for_ever:
            self.under_way.append(taken(self.model, self.parameters, dose, line, self.t))
        if dose.kind != RESET:
            self.course.doses.append((self.t, line, dose))
        self.let_arrive()

    def let_arrive(self) -> None:
        for what in self.under_way:
            if what.is_bolus and what.start <= self.t:
                self.y[what.state] += what.amount
        self.under_way = [what for what in self.under_way if not (what.is_bolus and what.start <= self.t)]

    # From one instant to the next.

    def go_to_the_next_instant(self) -> None:
        patient = self.patient
        times = [patient.horizon, *patient.samples, *(time for time, _ in patient.changes),
                 *(time for times in patient.checks for time in times if time < math.inf),
                 *(reading.time for reading in patient.readings),
                 *(line.due() for line in self.lines), *changes_of(self.under_way),
                 *breakpoints(self.model, self.parameters)]
        until = min(time for time in times if time > self.t)
        for stretch in stretches(self.model, self.parameters, self.under_way, self.t, until, self.y, self.method):
            found = self.first_event(stretch)
            if found:
                stretch = replace(stretch, end=min(found.values()))
                self.happening = {event for event, time in found.items() if time == stretch.end}
            self.history.append(stretch)
            for f in self.model.functionals:
                piece = over_piece(f, stretch, stretch.begin, stretch.end)
                self.so_far[f.name] = together(f.kind, self.so_far[f.name], piece)
            self.t, self.y = stretch.end, np.array(stretch.path(stretch.end))
            if found:
                break
        for event in self.happening:
            if event < self.n_hazards:
                self.thresholds[event].pop(0)
                self.y[len(self.model.states) + event] = 0.0
                if not self.model.hazards[event].recurrent:
                    self.thresholds[event] = []

    def first_event(self, stretch: Stretch) -> dict[int, float]:
        """Return when hazards and triggers are reached within a step, by event."""
        found, n = {}, len(self.model.states)
        for h in range(self.n_hazards):
            limit = self.thresholds[h][0] if self.thresholds[h] else math.inf
            reached = stretch.path(stretch.end)[n + h]
            if limit < math.inf and abs(reached - limit) <= 1e-13 * limit:
                # A rounding away from the end of a step is the end.
                found[h] = stretch.end
            elif reached > limit:
                found[h] = brentq(lambda s, at=n + h, limit=limit: stretch.path(s)[at] - limit, stretch.begin,
                                  stretch.end, xtol=1e-14, rtol=1e-14)
        grid = np.linspace(stretch.begin, stretch.end, N_LOOKS + 1)
        for k in range(len(self.model.triggers)):
            if self.course.event_times[self.n_hazards + k] < math.inf:
                continue
            for a, b in zip(grid[:-1], grid[1:], strict=True):
                if self.excess(k, stretch, a) < 0.0 <= self.excess(k, stretch, b):
                    found[self.n_hazards + k] = brentq(lambda s, k=k: self.excess(k, stretch, s), a, b, xtol=1e-14,
                                                       rtol=1e-14)
                    break
        return found

    def excess(self, k: int, stretch: Stretch, s: float) -> float:
        names, excess = stretch.names(s), self.model.triggers[k].excess
        for f in self.model.functionals:
            if f.name in needed(excess):
                names[f.name] = self.finished(f, stretch, s)
        return float(value(excess, names))

    def look_at_triggers(self) -> bool:
        """Note which triggers stand above zero that were below before, for a jump; return whether there are any."""
        asked = frozenset().union(*(needed(trigger.excess) for trigger in self.model.triggers))
        more = {f.name: self.functional_now(f) for f in self.model.functionals if f.name in asked}
        names = known_names(self.model, self.parameters, self.t, self.y, more)
        for k, trigger in enumerate(self.model.triggers):
            event = self.n_hazards + k
            is_above = float(value(trigger.excess, names)) >= 0.0
            if is_above and self.was_below[k] and self.course.event_times[event] == math.inf:
                self.happening.add(event)
            self.was_below[k] = not is_above
        return bool(self.happening)

    # Functionals.

    def finished(self, f: Functional, stretch: Stretch, s: float) -> float:
        """Return a functional since the course began up to a time in a step not yet in the history."""
        total = together(f.kind, self.so_far[f.name], over_piece(f, stretch, stretch.begin, s))
        return self.as_said(f, total, float(value(f.of, stretch.names(s))), s - self.patient.begin)

    def functionals_now(self) -> dict[str, float]:
        """Return all functionals; the highest and the lowest know what a dose has just done."""
        return {f.name: self.functional_now(f) for f in self.model.functionals}

    def functional_now(self, f: Functional) -> float:
        now = float(value(f.of, known_names(self.model, self.parameters, self.t, self.y)))
        if f.over is None:
            return self.as_said(f, self.so_far[f.name], now, self.t - self.patient.begin)
        since = max(self.patient.begin, self.t - f.over)
        total = before_anything(f.kind)
        for stretch in self.history:
            if stretch.end > since:
                total = together(f.kind, total, over_piece(f, stretch, since, self.t))
        return self.as_said(f, total, now, self.t - since)

    @staticmethod
    def as_said(f: Functional, total: float, now: float, length: float) -> float:
        if f.kind == "share":
            return total / length if length > 0.0 else float(now >= 0.0)
        return total if f.kind == "integral" else together(f.kind, total, now)


def slope(read: list[tuple[float, float]]) -> float:
    """Return the least-squares slope of values over their times."""
    times, values = zip(*read, strict=True)
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    above = sum((time - middle) * (what - mean) for time, what in read)
    return above / sum((time - middle) ** 2 for time in times)
