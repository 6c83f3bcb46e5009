"""The drug that a document plans is what a calendar says, walked hour by hour; and all of it is in the schedule."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.protocol.documents import FULL, cohort
from tests.unit.trial.worlds import dosing, patients_of, pressure_world
from trialsim.protocol.dosing_model import WEEKDAYS, Adherence
from trialsim.protocol.dosing_times import planned_days, weekdays_of
from trialsim.protocol.model import Arm
from trialsim.protocol.read import protocol_from
from trialsim.trial.adhere import intake
from trialsim.trial.schedules import schedule_under
from trialsim.trial.setup import setup_of

LINE = "{drug: X, amount: 0.25 mg/kg, route: oral, every: 24 h, for: 12 weeks}"
BEFORE = FULL.replace("after_dose: [0 h, 2 h]", "after_dose: [0 h]")
MONDAY = datetime(2024, 1, 1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Plan = dict[str, Any]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Return what a line says of its times, in whole hours and days."""
    every = draw(st.sampled_from([4, 6, 8, 12, 24, 36, 48, 72]))
    plan: Plan = {"every": every, "start": draw(st.integers(0, 60)), "on_for": None, "on_days": (), "days": ()}
    plan |= {"until": None, "times": None, "length": None}
    if draw(st.booleans()):
        plan["length"] = length = draw(st.integers(2, 28))
        if draw(st.booleans()):
            plan["on_for"] = draw(st.integers(1, length))
        else:
            plan["on_days"] = tuple(sorted(draw(st.sets(st.integers(1, length), min_size=1, max_size=4))))
    if draw(st.booleans()):
        plan["days"] = tuple(sorted(draw(st.sets(st.sampled_from(WEEKDAYS), min_size=3)), key=WEEKDAYS.index))
        plan["day_0"] = draw(st.sampled_from(["weekday", *WEEKDAYS]))
    if draw(st.booleans()):
        plan["until"] = 35 + draw(st.integers(0, 35))
    else:
        plan["times"] = draw(st.integers(1, 12))
    return plan


def text_of(plan: Plan) -> str:
    """Return the plan as a dosing line of a document."""
    words = [f"every: {plan['every']} h", f"start: hour {plan['start']}"]
    words += [f"until: day {plan['until']}"] if plan["until"] else [f"times: {plan['times']}"]
    if plan["length"]:
        on = f"on_for: {plan['on_for']} days" if plan["on_for"] else f"on_days: {list(plan['on_days'])}"
        words.append(f"cycle: {{length: {plan['length']} days, {on}}}")
    if plan["days"]:
        words += [f"days: [{', '.join(plan['days'])}]", f"day_0: {plan['day_0']}"]
    return f"{{drug: X, amount: 0.25 mg/kg, route: oral, {', '.join(words)}}}"


def walked(plan: Plan, weekday: int) -> list[float]:
    """Return the hours since randomisation of all doses, by walking a calendar hour by hour."""
    day_0 = MONDAY + weekday * DAY
    begin = day_0 + plan["start"] * HOUR
    end = day_0 + plan["until"] * DAY if plan["until"] else begin + 400 * DAY
    now, doses = begin, []
    while now < end and len(doses) < (plan["times"] or 1e9):
        since = now - begin
        is_on = True
        if plan["length"]:
            since %= timedelta(days=plan["length"])
            if plan["on_for"]:
                is_on = since < timedelta(days=plan["on_for"])
            else:
                is_on = since // DAY + 1 in plan["on_days"]
                since %= DAY
        is_on &= not plan["days"] or now.strftime("%a").lower() in plan["days"]
        if is_on and since % (plan["every"] * HOUR) == timedelta(0):
            doses.append((now - day_0) / HOUR)
        now += HOUR
    return doses


def all_walked(plan: Plan) -> dict[int, list[float]]:
    """Return the doses for every day of the week that day 0 may be."""
    day_0 = plan.get("day_0", "mon")
    weekdays = range(5) if day_0 == "weekday" else [WEEKDAYS.index(day_0) if plan["days"] else 0]
    return {weekday: walked(plan, weekday) for weekday in weekdays}


def is_enough(plan: Plan, expected: dict[int, list[float]]) -> bool:
    """Return whether there are doses for everybody; else the document is refused."""
    return all(expected.values()) and all(len(doses) >= (plan["times"] or 0) for doses in expected.values())


@settings(max_examples=80, deadline=None, derandomize=True)
@given(plan=plans())
def test_what_a_document_plans_is_what_a_calendar_says(plan: Plan) -> None:
    expected = all_walked(plan)
    assume(is_enough(plan, expected))
    line = protocol_from(BEFORE.replace(LINE, text_of(plan)), cohort()).arms[2].dosing[0]
    assert weekdays_of(line.when) == tuple(expected)
    for weekday, hours in expected.items():
        days = planned_days(line.when, weekday)
        assert [round(day * 86400) for day in days] == [round(hour * 3600) for hour in hours]


@settings(max_examples=15, deadline=None, derandomize=True)
@given(plan=plans(), amount=st.sampled_from([5.0, 12.5]))
def test_all_the_drug_that_is_planned_is_in_the_schedule(plan: Plan, amount: float) -> None:
    expected = all_walked(plan)
    assume(is_enough(plan, expected))
    when = protocol_from(BEFORE.replace(LINE, text_of(plan)), cohort()).arms[2].dosing[0].when
    weekdays = weekdays_of(when)
    world = pressure_world(30)
    lines = (replace(dosing(amount), when=when), dosing(1.0, None, None, start=3.0))
    arms = (world.protocol.arms[0], Arm(name="a", label="", dosing=lines), world.protocol.arms[2])
    setup = setup_of(replace(world, protocol=replace(world.protocol, arms=arms)))
    n = 40
    who = patients_of({"weight": np.full(n, 70.0), "sex": np.zeros(n)})
    everything = Adherence(takes=1.0, between_patients_sd=0.0)
    own = intake(setup.dosing, everything, 1, who.trials, who.patients, np.ones(n))
    schedule = schedule_under(setup, 1, own, who)
    for i in range(n):
        given = slice(schedule.offsets[i], schedule.offsets[i + 1])
        hours = expected[weekdays[own.weekday[i]]]
        assert schedule.amount[given].sum() == amount * len(hours) + 1.0
        days = np.sort(np.concatenate((np.array(hours) / 24.0, [3.0])))
        np.testing.assert_allclose(setup.calendar.clock.days(schedule.time[given]), days, atol=1e-9)
