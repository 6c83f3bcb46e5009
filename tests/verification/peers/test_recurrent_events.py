"""Recurrent events against R's coxph with a cluster for every patient."""

import json
from pathlib import Path

import numpy as np
import pytest

from trialsim.analysis.comparisons import OK, TOO_FEW_EVENTS, TOO_FEW_PATIENTS
from trialsim.analysis.recurrent_events import recurrent_events

RECORD = json.loads((Path(__file__).parent / "recurrent_events.json").read_text())
DATA = [name for name in RECORD if name != "source"]


def patients(name):
    told = RECORD[name]["patients"]
    arm, stratum = (np.array([each[k] for each in told]) for k in (0, 1))
    days = np.concatenate([np.array(each[3], dtype=float) for each in told])
    return days, np.cumsum([0, *(len(each[3]) for each in told)]), np.array([each[2] for each in told]), arm, stratum


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("kind", ["plain", "stratified"])
def test_the_ratio_of_rates_and_both_errors_are_those_of_r(name, kind):
    days, divided, ends, arm, stratum = patients(name)
    estimate, model, robust = RECORD[name]["found"][kind]
    n_strata = 2 if kind == "stratified" else 0
    of = (days, divided, ends, arm, [0, arm.size], stratum, n_strata, [(1, 0)], -1, 0.025)
    for variance, se in (("model", model), ("robust", robust)):
        found = recurrent_events(*of, variance=variance)
        assert found.status[0, 0] == OK
        assert (found.estimate[0, 0], found.se[0, 0]) == pytest.approx((estimate, se), rel=1e-8)


def test_the_order_of_events_and_what_is_after_the_end_do_not_matter():
    days, divided, ends, arm, stratum = patients("made")
    of = (arm, [0, arm.size], stratum, 2, [(1, 0)], -1, 0.025)
    once = recurrent_events(days, divided, ends, *of)
    parts = [np.concatenate([days[a:b][::-1], [e + 1.0]]) for a, b, e in zip(divided, divided[1:], ends, strict=False)]
    again = recurrent_events(np.concatenate(parts), divided + np.arange(divided.size), ends, *of)
    assert (again.estimate[0, 0], again.se[0, 0]) == (once.estimate[0, 0], once.se[0, 0])


def test_no_events_and_no_patients_have_their_reasons():
    ends, arm = np.full(20, 10.0), np.repeat([0, 1], 10)
    of = (None, 0, [(1, 0), (2, 0)], -1, 0.025)
    found = recurrent_events([3.0, 4.0], [0] * 1 + [1] + [2] * 19, ends, arm, [0, 20], *of)
    assert found.status.tolist() == [[TOO_FEW_EVENTS, TOO_FEW_PATIENTS]]


def test_the_robust_test_holds_its_level_where_patients_differ_and_the_other_does_not():
    rng = np.random.default_rng(12)
    trials, size = 400, 120
    n = trials * size
    arm = np.tile(np.repeat([0, 1], size // 2), trials)
    ends = rng.uniform(0.5, 1.5, n)
    count = rng.poisson(2.0 * ends * rng.gamma(0.5, 2.0, n))
    divided = np.concatenate([[0], np.cumsum(count)])
    days = rng.random(divided[-1]) * np.repeat(ends, count)
    of = (days, divided, ends, arm, np.arange(0, n + 1, size), None, 0, [(1, 0)], -1, 0.05)
    robust, model = (recurrent_events(*of, variance=v).p_value < 0.05 for v in ("robust", "model"))
    assert 0.02 < robust.mean() < 0.095  # 0.05, and 4 standard errors
    assert model.mean() > 0.12
