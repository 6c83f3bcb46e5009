"""When a cell has enough trials."""

from __future__ import annotations

import itertools
from math import sqrt

import pytest

from tests.unit.campaign.fakes import fake_plan
from trialsim.campaign.stopping import CellTrials, rate_standard_error
from trialsim.store.marker import Marker

REJECTED = (9, 12, 10, 11, 14, 10, 9, 12, 11, 10)  # of 20 trials each


def cell(**changes):
    return fake_plan(**{"randomised": 1000, "at_least": 60, "at_most": 200, "until": 0.05} | changes).cells[0]


def marker(number, rejected=None, failed=0):
    count = REJECTED[number] if rejected is None else rejected
    return Marker(
        number=number,
        first=20 * number,
        stop=20 * (number + 1),
        files=(),
        rejections=(("primary", "low vs placebo", 0), ("primary", "high vs placebo", count)),
        failed=failed,
    )


def stop_of(markers, **changes):
    trials = CellTrials(cell(**changes))
    for each in markers:
        trials.record(each)
    return trials.n_parts


def test_none_of_n_has_a_standard_error():
    assert rate_standard_error(0, 100) == sqrt(2 / 104 * (102 / 104) / 104)
    assert rate_standard_error(0, 100) == pytest.approx(rate_standard_error(100, 100), rel=1e-12)


def test_the_largest_error_of_a_cell_decides_at_the_first_boundary_that_is_good_enough():
    # after 80 trials 42 reject: sqrt(44/84 * 40/84 / 84) = 0.0545; after 100, 56: 0.0489
    assert stop_of([marker(i) for i in range(4)]) is None
    assert stop_of([marker(i) for i in range(5)]) == 5


def test_the_order_in_which_parts_finish_does_not_matter():
    for order in itertools.islice(itertools.permutations(range(7)), 0, 5040, 97):
        assert stop_of([marker(i) for i in order]) == 5


def test_a_part_that_is_missing_holds_the_decision():
    assert stop_of([marker(i) for i in (0, 1, 2, 4, 5, 6, 7, 8, 9)]) is None


def test_not_before_at_least():
    assert stop_of([marker(i, 0) for i in range(2)]) is None
    assert stop_of([marker(i, 0) for i in range(3)]) == 3


def test_at_most_ends_it_whatever_the_error():
    assert stop_of([marker(i) for i in range(10)], until=0.001) == 10


def test_without_until_every_part_is_wanted():
    trials = CellTrials(cell(until=None))
    assert [trials.next_part() for _ in range(11)] == [*range(10), None]


def test_trials_that_failed_do_not_count_as_evidence():
    # five whole parts suffice; if half of each fails, their rates are known less well
    assert stop_of([marker(i, REJECTED[i] // 2, failed=10) for i in range(5)]) is None


def test_parts_already_done_are_not_asked_for():
    trials = CellTrials(cell())
    trials.record(marker(0))
    trials.record(marker(2))
    assert [trials.next_part() for _ in range(3)] == [1, 3, 4]


def test_what_is_expected_follows_the_error():
    trials = CellTrials(cell(at_most=2000))
    assert (trials.trials_at_most(), trials.trials_expected()) == (2000, 2000)
    for i in range(3):
        trials.record(marker(i))
    # 60 trials, 31 reject: standard error 0.0624, so 60 * (0.0624 / 0.05)^2 = 93.6 trials, five parts
    assert (trials.trials_at_most(), trials.trials_expected()) == (2000, 100)
    for i in range(3, 5):
        trials.record(marker(i))
    assert (trials.trials_at_most(), trials.trials_expected()) == (100, 100)


def test_what_is_computed_beyond_the_stop_does_not_count():
    trials = CellTrials(cell())
    for i in range(7):
        trials.record(marker(i))
    assert (trials.n_done, trials.counted()) == (140, 100)
