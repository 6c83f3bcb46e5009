"""The plain course against what can be worked out by hand: the definition of right is itself right."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import gammainc

from tests.reference.course_models import built, formulas
from tests.reference.plain_course import plain_course
from tests.reference.plain_doses import Dose
from tests.reference.plain_patient import Patient
from tests.reference.plain_rules import Reading
from trialsim.dynamics.doses import DOSE, PUMP, PUMP_OFF, RESET, RESET_AND_DOSE, STEADY, STEADY_ADDED, STEADY_WITH
from trialsim.dynamics.model import Action, Branch, Functional, Hazard, Inlet, Rule, Signal, Transit, Trigger

KA, K = 1.1, 0.2


def parsed(text, names="depot cent ka k"):
    return formulas(names, text)[0]


def oral(**more):
    """Return depot and central compartment; inlets: 0 oral, 1 intravenous."""
    model = built("depot cent", "ka k", ("-ka * depot", "ka * depot - k * cent"), outputs="cent",
                  inlets=(("depot", None, None), ("cent", None, None)))
    return replace(model, **more)


def one(**more):
    """Return one compartment; inlet 0."""
    return replace(built("a", "k", ("-k * a",), inlets=(("a", None, None),)), **more)


def bateman(t, dose=100.0):
    return 0.0 if t <= 0 else dose * KA / (KA - K) * (math.exp(-K * t) - math.exp(-KA * t))


def infused(t, rate, lasts, k=K):
    """Return the amount in one compartment that is infused from 0 on."""
    on = min(max(t, 0.0), lasts)
    return rate / k * (1 - math.exp(-k * on)) * math.exp(-k * (t - on)) if t > 0 else 0.0


def outputs(model, **known):
    known.setdefault("parameters", (KA, K) if len(model.parameters) == 2 else (K,))
    return np.array(plain_course(model, Patient(**known)).outputs)[:, 0]


def course(model, **known):
    known.setdefault("parameters", (K,))
    known.setdefault("samples", (10.0,))
    return plain_course(model, Patient(**known))


def close(observed, expected):
    np.testing.assert_allclose(observed, expected, rtol=2e-10, atol=1e-11)


# Doses.

def test_oral_doses_are_superposed():
    doses = tuple(Dose(time=t, amount=100.0) for t in (0.0, 8.0, 16.0))
    samples = (0.0, 1.0, 8.0, 9.5, 16.0, 30.0)
    close(outputs(oral(), samples=samples, lines=(doses,)),
          [sum(bateman(t - d.time) for d in doses) for t in samples])


def test_lines_run_side_by_side_with_lag_and_bioavailability():
    model = one(parameters=("k", "lag", "f"), inlets=(
        Inlet(drug="x", route="a", state="a", lag=parsed("lag", "lag"), bioavailability=parsed("f", "f")),
        Inlet(drug="x", route="b", state="a")))
    found = outputs(model, parameters=(K, 1.5, 0.4), samples=(1.0, 1.5, 2.0, 7.0), after=(False, False, False, True),
                    lines=((Dose(time=0.0, amount=100.0),), (Dose(time=0.0, inlet=1, amount=10.0),
                                                             Dose(time=7.0, inlet=1, amount=3.0))))
    late = [0.0, 0.0, 40 * math.exp(-K * 0.5), 40 * math.exp(-K * 5.5) + 3]
    close(found, [10 * math.exp(-K * t) + more for t, more in zip((1, 1.5, 2, 7), late, strict=True)])


@pytest.mark.parametrize(("dose", "share", "rate", "lasts"), [
    (Dose(time=0.0, amount=100.0, duration=4.0), 0.5, 12.5, 4.0),
    (Dose(time=0.0, amount=100.0, rate=10.0), 0.5, 10.0, 5.0),
])
def test_bioavailability_changes_the_rate_of_an_infusion_by_duration_and_the_duration_of_one_by_rate(
        dose, share, rate, lasts):
    model = one(parameters=("k", "f"), inlets=(
        Inlet(drug="x", route="a", state="a", bioavailability=parsed("f", "f")),))
    samples = (1.0, 3.0, 4.5, 6.0, 11.0)
    close(outputs(model, parameters=(K, share), samples=samples, lines=((dose,),)),
          [infused(t, rate, lasts) for t in samples])


def test_an_inlet_says_how_long_or_how_fast():
    model = one(parameters=("k", "d", "r"), inlets=(
        Inlet(drug="x", route="a", state="a", duration=parsed("d", "d"), lag=parsed("d / 2", "d")),
        Inlet(drug="x", route="b", state="a", rate=parsed("r", "r"))))
    doses = ((Dose(time=0.0, amount=60.0), Dose(time=3.0, amount=60.0)), (Dose(time=1.0, inlet=1, amount=20.0),
             Dose(time=20.0, inlet=1, amount=20.0, duration=1.0)))
    samples = (2.5, 5.0, 8.0, 20.5, 22.0)
    close(outputs(model, parameters=(K, 3.0, 4.0), samples=samples, lines=doses),
          [infused(t - 1.5, 20, 3) + infused(t - 4.5, 20, 3) + infused(t - 1, 4, 5) + infused(t - 20, 20, 1)
           for t in samples])


def test_a_chain_of_any_length_without_elimination_is_an_incomplete_gamma():
    model = built("a", "n mtt", ("0",), inlets=(("a", None, None),))
    model = replace(model, inlets=(Inlet(drug="x", route="a", state="a", transit=Transit(
        number=parsed("n", "n"), mean_time=parsed("mtt", "mtt"))),))
    for n in (0.0, 3.4, 12.0):
        samples = (0.3, 2.0, 5.0, 9.0)
        expected = [100 * gammainc(n + 1, (n + 1) / 2.5 * t) + (40 * gammainc(n + 1, (n + 1) / 2.5 * (t - 4)) if t > 4
                                                               else 0.0) for t in samples]
        close(outputs(model, parameters=(n, 2.5), samples=samples,
                      lines=((Dose(time=0.0, amount=100.0), Dose(time=4.0, amount=40.0)),), horizon=9.0), expected)


def test_a_reset_forgets_what_is_under_way():
    model = one(starts=formulas("k", "5"))
    doses = (Dose(time=0.0, amount=100.0, duration=10.0), Dose(time=4.0, kind=RESET),
             Dose(time=7.0, amount=30.0, kind=RESET_AND_DOSE))
    found = outputs(model, samples=(3.0, 4.0, 4.0, 6.0, 9.0), after=(False, False, True, False, False), lines=(doses,))
    close(found, [5 * math.exp(-0.6) + infused(3, 10, 10), 5 * math.exp(-0.8) + infused(4, 10, 10), 5,
                  5 * math.exp(-0.4), 35 * math.exp(-0.4)])


def test_steady_state_of_boluses_with_a_lag_is_the_geometric_series():
    lagging = one(parameters=("k", "lag"), inlets=(
        Inlet(drug="x", route="a", state="a", lag=parsed("lag", "lag")),))
    for lag in (0.0, 2.0, 8.0, 19.0):
        tau = 8.0
        found = outputs(lagging, parameters=(K, lag), samples=(3.0, 3.0, 6.5, 40.0),
                        after=(False, True, False, False),
                        lines=((Dose(time=3.0, amount=50.0, kind=STEADY, interval=tau),),))
        # Doses were taken at 3 - 8 k; the last one is taken at 3.
        expected = [0.0] + [sum(50 * math.exp(-K * (t - 3 + tau * i - lag)) for i in range(300)
                                if t - 3 + tau * i - lag >= 0) for t in (3.0, 6.5, 40.0)]
        close(found, expected)


def test_steady_state_of_an_infusion_longer_than_the_interval():
    found = outputs(one(), samples=(0.0, 5.0, 30.0), after=(True, False, False),
                    lines=((Dose(time=0.0, amount=60.0, duration=10.0, kind=STEADY, interval=4.0),),))
    close(found, [sum(infused(t + 4 * i, 6, 10) for i in range(400)) for t in (0.0, 5.0, 30.0)])


def test_steady_state_is_what_many_repeated_doses_come_to_and_may_be_added():
    model = built("a", "vm km", ("-vm * a / (km + a)",), inlets=(("a", None, None),))
    steady = (Dose(time=0.0, amount=20.0, duration=1.0, kind=STEADY, interval=6.0),)
    repeated = tuple(Dose(time=6.0 * i, amount=20.0, duration=1.0) for i in range(120))
    known = {"parameters": (9.0, 10.0), "samples": (1.0, 4.0)}
    close(outputs(model, **known, lines=(steady,)),
          outputs(model, parameters=(9.0, 10.0), samples=(715.0, 718.0), lines=(repeated,)))
    parts = (Dose(time=0.0, amount=20.0, duration=1.0, kind=STEADY, interval=6.0),
             Dose(time=0.0, amount=9.0, kind=STEADY_WITH, interval=6.0))
    both = tuple(replace(dose, time=6.0 * i, kind=DOSE, interval=0.0) for i in range(120) for dose in parts)
    close(outputs(model, **known, lines=(parts,)),
          outputs(model, parameters=(9.0, 10.0), samples=(715.0, 718.0), lines=(both,)))
    added = (Dose(time=0.0, amount=7.0), Dose(time=2.0, amount=50.0, kind=STEADY_ADDED, interval=8.0))
    close(outputs(one(), samples=(5.0,), lines=(added,)),
          [7 * math.exp(-1.0) + 50 * math.exp(-0.6) / (1 - math.exp(-1.6))])


def test_a_constant_infusion_goes_on_until_a_reset():
    doses = (Dose(time=2.0, rate=3.0, kind=STEADY), Dose(time=10.0, kind=RESET))
    close(outputs(one(), samples=(2.0, 2.0, 9.0, 11.0), after=(False, True, False, False), lines=(doses,)),
          [0.0, 3 / K, 3 / K, 0.0])


# Parameters that change.

def test_parameters_change_by_steps_and_linearly():
    close(outputs(one(starts=formulas("k", "10")), samples=(2.0, 5.0), changes=((3.0, (0.5,)),)),
          [10 * math.exp(-0.4), 10 * math.exp(-0.6 - 1.0)])
    model = built("a", "x x_slope x_since", ("-(x + x_slope * (t - x_since)) * a",), starts=("10",))
    found = outputs(model, parameters=(0.1, 0.0, 0.0), samples=(2.0, 6.0), changes=((2.0, (0.1, 0.05, 2.0)),),
                    horizon=7.0)
    close(found, [10 * math.exp(-0.2), 10 * math.exp(-0.2 - 0.4 - 0.025 * 16)])


def test_lag_and_bioavailability_are_those_when_the_dose_was_taken():
    model = one(parameters=("k", "lag", "f"), inlets=(Inlet(
        drug="x", route="a", state="a", lag=parsed("lag", "lag"), bioavailability=parsed("f", "f")),))
    found = outputs(model, parameters=(0.0, 5.0, 0.5), samples=(4.9, 5.1, 6.0), changes=((1.0, (0.0, 2.0, 1.0)),),
                    lines=((Dose(time=0.0, amount=8.0), Dose(time=1.0, amount=1.0)),))
    close(found, [1.0, 5.0, 5.0])


def test_a_change_comes_before_the_sample_and_the_dose_at_its_instant():
    model = one(quantities=(("twice", parsed("2 * k * a", "a k")),), outputs=("twice",), starts=formulas("k", "1"))
    close(outputs(model, parameters=(0.0,), samples=(3.0,), changes=((3.0, (0.5,)),)), [1.0])


# Events.

def test_a_weibull_time_and_what_it_stops():
    model = one(hazards=(Hazard(name="death", rate=parsed("2 * t / 9", "a")),))
    found = course(model, thresholds=((0.7,),), ends_course=(True,), samples=(2.0, 3.0),
                   lines=((Dose(time=0.0, amount=10.0),),))
    assert found.event_times == pytest.approx([3 * math.sqrt(0.7)], rel=1e-11)
    close(found.outputs[0], [10 * math.exp(-0.4)])
    assert math.isnan(found.outputs[1][0])


def test_recurrent_events_take_one_threshold_each():
    model = one(hazards=(Hazard(name="seizure", rate=parsed("0.5 * a", "a"), recurrent=True),), rates=formulas("", "0"))
    found = course(model, thresholds=((1.0, 0.5, 2.0),), lines=((Dose(time=1.0, amount=2.0),),), horizon=10.0)
    assert [event for event, _ in found.happenings] == [0, 0, 0]
    assert [time for _, time in found.happenings] == pytest.approx([2.0, 2.5, 4.5], rel=1e-11)
    assert found.event_times == pytest.approx([2.0])


def test_stopping_dosing_ends_a_pump_and_lets_what_was_swallowed_arrive():
    model = built("a", "h lag", ("0",), inlets=(("a", "lag", None),), hazards={"stop": "h"})
    doses = (Dose(time=0.0, amount=80.0, duration=8.0), Dose(time=3.0, amount=1000.0), Dose(time=4.0, amount=1e5))
    found = outputs(model, parameters=(0.25, 1.5), samples=(5.0, 6.0, 20.0), thresholds=((1.0,),), stops_dosing=(True,),
                    lines=(doses,))
    close(found, [35 + 1000, 40 + 1000, 40 + 1000])


def test_logistic_growth_crosses_where_it_should_and_only_once():
    model = built("n", "r", ("r * n * (1 - n / 100)",), starts=("10",))
    model = replace(model, triggers=(Trigger(name="half", excess=parsed("n - 50", "n")),))
    found = course(model, parameters=(0.3,), horizon=40.0, samples=(40.0,))
    assert found.event_times == pytest.approx([math.log(9.0) / 0.3], rel=1e-10)
    assert len(found.happenings) == 1


def test_progression_from_the_lowest_size_so_far():
    model = built("n", "", ("if(t < 4, -0.2, 0.1) * n",), starts=("10",))
    model = replace(model, functionals=(Functional(name="nadir", kind="lowest", of=parsed("n", "n")),),
                    triggers=(Trigger(name="progression", excess=parsed("n - 1.2 * nadir", "n nadir")),))
    found = course(model, parameters=(), horizon=40.0, samples=(5.0,), ends_course=(True,))
    assert found.event_times == pytest.approx([4 + 10 * math.log(1.2)], rel=1e-9)


def test_a_dose_may_lift_a_trigger_over_zero():
    model = one(triggers=(Trigger(name="toxic", excess=parsed("a - 15", "a")),))
    found = course(model, lines=(tuple(Dose(time=t, amount=10.0) for t in (0.0, 1.0, 2.0)),), stops_dosing=(True,),
                   samples=(2.0,), horizon=5.0)
    assert found.event_times == [1.0]
    close(found.outputs[0], [(10 * math.exp(-K) + 10) * math.exp(-K)])


# What a path amounts to.

def test_functionals_of_a_dose_by_mouth():
    cent = parsed("cent")
    model = oral(functionals=(
        Functional(name="auc", kind="integral", of=cent), Functional(name="peak", kind="highest", of=cent),
        Functional(name="within", kind="share", of=parsed("min(cent - 20, 60 - cent)")),
        Functional(name="auc_4", kind="integral", of=cent, over=4.0),
        Functional(name="least_4", kind="lowest", of=cent, over=4.0)),
        quantities=(("double", parsed("2 * peak", "peak")),), outputs=("double",))
    model = replace(model, quantities=(
        *((f"q_{f.name}", parsed(f.name, f.name)) for f in model.functionals), *model.quantities),
        outputs=(*(f"q_{f.name}" for f in model.functionals), "double"))
    found = course(model, parameters=(KA, K), samples=(0.0, 1.0, 6.0), horizon=6.5,
                   lines=((Dose(time=0.0, amount=100.0),),))

    def auc(t):
        return 100 * KA / (KA - K) * ((1 - math.exp(-K * t)) / K - (1 - math.exp(-KA * t)) / KA)

    at_peak = math.log(KA / K) / (KA - K)
    crossings = [brentq(lambda t, level=level: bateman(t) - level, lo, hi, xtol=1e-15)
                 for level, lo, hi in ((20, 0, at_peak), (60, 0, at_peak), (60, at_peak, 6))
                 if (bateman(lo) - level) * (bateman(hi) - level) < 0]
    up_20, up_60, down_60 = crossings
    close(found.outputs[0], [0, 0, 0, 0, 0, 0])
    close(found.outputs[1], [auc(1), bateman(1), (min(up_60, 1) - up_20), auc(1), 0.0, 2 * bateman(1)])
    close(found.outputs[2], [auc(6), bateman(at_peak), (up_60 - up_20 + 6 - down_60) / 6, auc(6) - auc(2),
                             min(bateman(2), bateman(6)), 2 * bateman(at_peak)])


# Rules.

def ruled(*branches, signals=True, **more):
    """Return one compartment whose amount is read without error and known at once, with one rule."""
    rule = Rule(name="rule", branches=branches, **more)
    model = one(rules=(rule,), signals=(Signal(name="level_a", value=parsed("a", "a")),) if signals else ())
    return replace(model, rates=formulas("k", "0"))


def when(text, *actions, in_a_row=1, names="level_a level seen"):
    return Branch(when=parsed(text, names), actions=actions, in_a_row=in_a_row)


def act(kind, text=None, **more):
    return Action(kind=kind, value=None if text is None else parsed(text, "level_a level k"), lines=more.pop(
        "lines", (0,)), **more)


def read_at(*times, delay=0.0, luck=0.0):
    return tuple(Reading(signal=0, time=t, delay=delay, luck=luck) for t in times)


DAILY = tuple(Dose(time=float(t), amount=10.0, check=1) for t in range(6))


def test_a_rule_asked_before_doses_holds_and_resumes_them():
    model = ruled(when("level_a >= 20", act("hold")), when("level_a < 15", act("resume")))
    found = course(model, parameters=(K,), lines=(DAILY,), readings=read_at(*range(6)), samples=(5.5,))
    assert [time for time, _, _ in found.doses] == [0.0, 1.0]
    assert [d.branch for d in found.decisions] == [1, 1, 0, 0, 0, 0]
    assert found.outputs == [[20.0]]


def test_a_reading_counts_once_it_is_known_and_nothing_is_decided_before():
    model = ruled(when("level_a >= 20", act("stop")), when("level_a < 0", act("leave")))
    found = course(model, lines=(DAILY,), readings=read_at(0.0, 1.0, 2.0, delay=1.5), samples=(5.5,))
    assert [(d.time, d.branch) for d in found.decisions] == [(0.0, -2), (1.0, -2), (2.0, -1), (3.0, -1), (4.0, 0)]
    assert math.isnan(found.decisions[0].seen["level_a"])
    assert found.decisions[4].seen == {"level_a": 20.0}
    assert found.outputs == [[40.0]]


def test_the_error_of_a_reading_and_its_limit():
    model = ruled(when("level_a < 0", act("leave")))
    model = replace(model, signals=(Signal(name="level_a", value=parsed("a", "a"), additive=3.0, proportional=0.4,
                                           lloq=2.0),))
    found = course(model, lines=((Dose(time=0.0, amount=10.0),),), checks=((1.0, 2.0),), samples=(5.5,), readings=(
        Reading(signal=0, time=1.0, luck=0.5), Reading(signal=0, time=2.0, luck=-1.9)))
    assert [d.seen["level_a"] for d in found.decisions] == pytest.approx([12.5, 1.0], rel=1e-14)


def test_levels_are_clamped_and_set_the_amount():
    model = ruled(when("level_a < 70", act("level_up")), when("level_a >= 70", act("level_to", "0")),
                  ladder=formulas("k", "10", "20", "40 + 0 * k"))
    found = course(model, lines=(DAILY,), readings=read_at(*range(6)), samples=(5.5,))
    assert [dose.amount for _, _, dose in found.doses] == [20.0, 40.0, 40.0, 10.0, 10.0, 10.0]
    assert [d.level for d in found.decisions] == [1, 2, 2, 0, 0, 0]


def test_twice_in_a_row_and_what_is_remembered():
    model = ruled(when("level_a > 15 and seen >= 2", act("stop"), in_a_row=2), remembers=(
        ("seen", 0.0, parsed("seen + 1", "seen")),))
    found = course(model, lines=(DAILY,), readings=read_at(*range(6)), samples=(5.5,))
    assert [d.branch for d in found.decisions] == [-1, -1, -1, 0]
    assert [time for time, _, _ in found.doses] == [0.0, 1.0, 2.0]


def test_a_delay_moves_all_later_doses_and_never_backwards():
    model = ruled(when("level == 0", act("delay", "0.25")), signals=False)
    doses = (Dose(time=0.0, amount=1.0), Dose(time=1.0, amount=1.0), Dose(time=2.0, amount=1.0))
    found = course(model, lines=(doses,), checks=((0.5, 1.25),))
    assert [time for time, _, _ in found.doses] == [0.0, 1.5, 2.5]
    back = ruled(when("level == 0", act("delay", "-0.25")), signals=False)
    assert course(back, lines=(doses,), checks=((0.5,),)).status == 8


def test_amounts_rates_gifts_starts_and_leaving():
    def at(t, *actions):
        return Branch(when=parsed(f"t == {t}", ""), actions=actions)

    model = ruled(at(1, act("amount", "7")), at(2, act("rate", "4", inlet=0, lines=())),
                  at(3, act("rate", "2", inlet=0, lines=())),
                  at(4, act("rate", "0", inlet=0, lines=()), act("start", lines=(1,))),
                  at(5, act("give", "6", inlet=0, duration=parsed("2", ""))), at(8, act("leave")), signals=False)
    model = replace(model, rules=(replace(model.rules[0], branches=model.rules[0].branches),))
    lines = ((Dose(time=0.0, amount=1.0), Dose(time=1.0, amount=1.0)), (Dose(time=0.0, amount=100.0),
             Dose(time=0.5, amount=100.0)))
    found = course(model, lines=lines, dormant=(False, True), checks=((1.0, 2.0, 3.0, 4.0, 5.0, 8.0),),
                   samples=(0.5, 1.5, 2.5, 3.5, 4.25, 4.75, 6.0, 8.0, 9.0))
    amounts = [each[0] for each in found.outputs]
    assert amounts[:-1] == pytest.approx([1, 8, 10, 13, 114, 214, 217, 220], rel=1e-12)
    assert math.isnan(amounts[-1])
    assert [(time, line) for time, line, _ in found.doses] == [
        (0.0, 0), (1.0, 0), (2.0, -2), (3.0, -2), (4.0, -2), (4.0, 1), (4.5, 1), (5.0, -1)]


def test_a_line_runs_at_what_a_rule_has_set_from_its_beginning_to_its_end():
    def at(t, text, *more):
        return Branch(when=parsed(f"t == {t}", ""), actions=(
            act("rate", text, inlet=0, step=1.0, least=1.0, most=5.0), *more))

    model = ruled(at(0, "4.4"), at(3, "9"), at(4, "0.2", act("note", lines=())), at(7, "3"), signals=False)
    model = replace(model, parameters=("k", "f"), inlets=(
        Inlet(drug="x", route="a", state="a", bioavailability=parsed("f", "f")),))
    lines = ((Dose(time=1.0, rate=2.0, kind=PUMP), Dose(time=6.0, kind=PUMP_OFF)),)
    found = course(model, parameters=(0.0, 0.5), lines=lines, checks=((0.0, 3.0, 4.0, 7.0),),
                   samples=(1.0, 3.0, 4.0, 6.0, 9.0))
    # Half of 4 from 1 to 3, of 5 to 4, of 1 to 6; nothing after the end.
    assert [each[0] for each in found.outputs] == pytest.approx([0, 4, 6.5, 7.5, 7.5], rel=1e-12)
    assert [(time, dose.rate) for time, _, dose in found.doses] == [(1.0, 4.0), (3.0, 5.0), (4.0, 1.0), (6.0, 0.0)]
    assert found.event_times == [4.0]


def test_a_slope_is_that_of_the_last_readings_known():
    model = ruled(Branch(when=parsed("level_a > 1.4", "level_a"), actions=(act("note", lines=()),)))
    model = replace(model, signals=(replace(model.signals[0], intervals=2, spacing=1.0),))
    lines = (tuple(Dose(time=t, amount=a) for t, a in ((0.5, 1.0), (1.5, 1.0), (2.5, 3.0))),)
    found = course(model, lines=lines, readings=read_at(0.0, 1.0, 2.0, 3.0, delay=0.5), checks=((2.0, 2.6, 3.5),))
    # Read 0, 1, 2, 5: two of them known, then three, then the last three.
    assert [each.branch for each in found.decisions] == [-2, -1, 0]
    assert [each.seen["level_a"] for each in found.decisions[1:]] == pytest.approx([1.0, 2.0])


def test_a_rule_asked_on_an_event_starts_the_second_line():
    model = built("a", "h", ("0",), inlets=(("a", None, None),), hazards={"progression": "h"})
    model = replace(model, rules=(Rule(name="second line", on_events=(0,), branches=(
        Branch(when=None, actions=(Action(kind="start", lines=(1,)),)),)),))
    found = course(model, parameters=(0.5,), thresholds=((1.0,),), stops_dosing=(True,), dormant=(False, True),
                   lines=(tuple(Dose(time=t, amount=1.0) for t in (0.0, 1.5, 3.0)), (
                       Dose(time=0.5, amount=10.0),)), checks=((math.inf,),), samples=(2.25, 2.75, 4.0))
    assert found.outputs == [[2.0], [12.0], [12.0]]
    assert [(d.time, d.branch) for d in found.decisions] == [(pytest.approx(2.0, rel=1e-12), 0)]


def test_the_order_at_one_instant():
    model = one(hazards=(Hazard(name="stop", rate=parsed("k", "k")),), rates=formulas("k", "0"))
    found = course(model, parameters=(0.25,), lines=((Dose(time=0.0, amount=10.0), Dose(time=4.0, amount=1.0)),),
                   samples=(4.0, 4.0), after=(False, True), thresholds=((1.0,),), stops_dosing=(True,))
    assert found.event_times == [4.0]
    assert found.outputs == [[10.0], [10.0]]
    taken = course(model, parameters=(0.25,), lines=((Dose(time=0.0, amount=10.0), Dose(time=4.0, amount=1.0)),),
                   samples=(4.0, 4.0), after=(False, True), thresholds=((math.inf,),))
    assert taken.outputs == [[10.0], [11.0]]
