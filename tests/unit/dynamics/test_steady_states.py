"""Steady states of doses in parts and of doses through chains: where the same doses lead that are taken for long."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.reference.course_models import built
from trialsim.dynamics.courses import Tolerance, courses
from trialsim.dynamics.doses import DOSE, STEADY, STEADY_ADDED, STEADY_WITH, Schedule
from trialsim.dynamics.model import Transit
from trialsim.foundation.expression import Name

SINCE = np.array([0.0, 1.0, 3.5, 7.9, 8.0, 11.0, 20.0])
EXACT = Tolerance(relative=1e-11, absolute=1e-13)
# By a depot after a lag, over an estimated time, through a chain after a lag that is longer than the interval.
WAYS = (("depot", "lag", "1 - f"), ("cent", None, "f"), ("cent", "later", None))
NAMES = "ka vm km f lag dur later n mt"
VALUES = [0.7, 30.0, 20.0, 0.35, 0.6, 11.0, 9.1, 2.4, 1.5]


def in_parts(elimination):
    model = built("depot cent", NAMES, ("-ka * depot", f"ka * depot - {elimination}"), inlets=WAYS,
                  outputs="depot cent")
    depot, cent, chain = model.inlets
    return replace(model, inlets=(depot, replace(cent, duration=Name("dur")), replace(
        chain, transit=Transit(number=Name("n"), mean_time=Name("mt")))))


SATURABLE = in_parts("vm * cent / (km + cent)")
LINEAR_CHAIN = in_parts("0.1 * cent")
LINEAR = replace(LINEAR_CHAIN, inlets=LINEAR_CHAIN.inlets[:2])


def outputs(model, rows, after, values=VALUES):
    """Return outputs [samples, 2], and the status, of doses as rows (time, inlet, amount, kind, interval)."""
    columns = [np.array(column, dtype=float) for column in zip(*sorted(rows, key=lambda row: row[0]), strict=True)]
    names = ("time", "inlet", "amount", "kind", "interval")
    schedule = Schedule(offsets=np.array([0, len(rows)]), duration=np.zeros(len(rows)),
                        **dict(zip(names, columns, strict=True)))
    found = courses(model, np.array([values]), schedule, (after + SINCE)[None], np.zeros((1, 0)), [], [],
                    after + SINCE[-1] + 1.0, EXACT, sample_after=np.ones((1, SINCE.size), dtype=bool))
    return found.outputs[0], int(found.status[0])


def repeated(doses, interval, n):
    return [(interval * k, inlet, amount, DOSE, 0.0) for k in range(n) for inlet, amount in doses]


@pytest.mark.parametrize(("model", "doses", "interval"), [
    (SATURABLE, [(0, 100.0), (1, 100.0)], 8.0), (SATURABLE, [(2, 90.0)], 6.0),
    (SATURABLE, [(1, 60.0), (2, 50.0), (0, 40.0)], 6.0), (LINEAR, [(0, 100.0), (1, 100.0)], 8.0)])
def test_a_steady_state_is_where_repeated_doses_lead(model, doses, interval):
    """In parts that meet in what is saturable, so that no sum of steady states is theirs; through a chain, after a lag.

    The last of the repeated doses is the one that finds the steady state.
    """
    begins = [(0.0, inlet, amount, STEADY if k == 0 else STEADY_WITH, interval)
              for k, (inlet, amount) in enumerate(doses)]
    found, status = outputs(model, begins, 0.0)
    assert status == 0
    n = 120
    expected, status = outputs(model, repeated(doses, interval, n), interval * (n - 1))
    assert status == 0
    np.testing.assert_allclose(found, expected, rtol=2e-8, atol=1e-9)


@pytest.mark.long
def test_a_steady_state_is_added_to_what_is_on_its_way_through_a_chain():
    """The parts of what is added are one steady state too."""
    values = [*VALUES[:6], 0.5, *VALUES[7:]]
    before = (0.0, 2, 70.0, DOSE, 0.0)
    added, status = outputs(LINEAR_CHAIN, [before, (2.0, 2, 30.0, STEADY_ADDED, 6.0), (2.0, 0, 30.0, STEADY_WITH, 6.0)],
                            2.0, values)
    alone, others = (outputs(LINEAR_CHAIN, rows, 2.0, values) for rows in (
        [before], [(2.0, 2, 30.0, STEADY, 6.0), (2.0, 0, 30.0, STEADY_WITH, 6.0)]))
    assert (status, alone[1], others[1]) == (0, 0, 0)
    np.testing.assert_allclose(added, alone[0] + others[0], rtol=2e-8, atol=1e-9)


def test_more_doses_than_a_chain_has_room_for_have_no_steady_state():
    _, status = outputs(SATURABLE, [(0.0, 2, 1.0, STEADY, 0.4)], 0.0)
    assert status == 9
