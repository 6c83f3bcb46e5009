"""A search against rates that are known: what it answers, how often it is wrong, what it refuses."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from tests.whole_runs import LIBRARY
from trialsim.campaign import search as searching
from trialsim.campaign.bench import Means
from trialsim.campaign.candidates import candidates
from trialsim.campaign.exact_rates import is_above, is_below, lower_bound, upper_bound
from trialsim.campaign.find import search_plan
from trialsim.campaign.power_curve import Point, power_curve
from trialsim.campaign.search import Question, Search, allotments, whole_parts
from trialsim.campaign.targets import targets
from trialsim.cohort.read import read_cohort
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.library import find
from trialsim.protocol.read import read_protocol

Z = stats.norm.isf(0.025)


def power(size, effect=0.5):
    """The power of a test of two normal means of known variance 1, with `size` patients in all."""
    return stats.norm.sf(Z - effect * sqrt(size) / 2)


def exact_size(level, effect=0.5):
    return (2 * (Z + stats.norm.ppf(level)) / effect) ** 2


class FakeBench:
    """Draws each trial's luck by seed and number: as in trials, larger designs succeed where smaller ones do."""

    effects = {"expected": 0.5, "smaller": 0.4}
    type_1 = 0.025

    def __init__(self, plan, layout, world_of, means):
        self.asked, self.designs, self.cells = {}, {}, ()

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        return None

    def run(self, design, asked, trials):
        self.run_all([(design, asked, trials)])

    def run_all(self, wanted):
        for design, asked, trials in wanted:
            self.designs[design.name] = design.protocol
            for target in asked:
                place = design.name, target
                self.asked[place] = max(trials, self.asked.get(place, 0))

    def trials(self, name, target):
        return self.asked.get((name, target), 0)

    def point(self, name, size, target):
        n = self.trials(name, target)
        luck = np.random.default_rng(self.designs[name].simulate.seed).random(n)
        rate = power(size, self.effects[target.scenario.name]) if target.is_floor else self.type_1
        return Point(size, int((luck < rate).sum()), n)


@pytest.fixture(scope="module")
def documents():
    protocol = read_protocol(find("protocols", "two-means", LIBRARY), LIBRARY)[0]
    return protocol, read_cohort(find("cohorts", "two-means", LIBRARY))[0]


@pytest.fixture
def ask(documents, monkeypatch, tmp_path):
    monkeypatch.setattr(searching, "Bench", FakeBench)
    monkeypatch.setattr(searching, "write_whole", lambda path, content: None)
    written = {}
    whole = searching.candidate_protocol

    def quick(protocol, cohort, over, asked, sizes, seed, trials):
        """Read a document once; other sizes and seeds are put into what was read, for speed."""
        from dataclasses import replace

        if "one" not in written:
            written["one"] = whole(protocol, cohort, over, asked, sizes, seed, trials)
        one = written["one"]
        own = replace(one, simulate=replace(one.simulate, seed=seed))
        design = replace(one.designs[0], name=f"randomised-{sizes[0]}", protocol=own)
        return replace(own, designs=(design,))

    monkeypatch.setattr(searching, "candidate_protocol", quick)

    def search(target, over, trials=1000, confidence=0.95, seed=1):
        from dataclasses import replace

        protocol, cohort = documents
        protocol = replace(protocol, simulate=replace(protocol.simulate, seed=seed))
        question = Question(
            protocol=protocol, cohort=cohort, targets=targets(target, protocol), over=candidates(over, protocol),
            trials=trials, confidence=confidence,
        )  # fmt: skip
        stages = []
        means = Means(on_stage=stages.append)
        plan = search_plan(question, None)
        return Search(question=question, plan=plan, folder=tmp_path, world_of=lambda cell: None, means=means), stages

    return search


def test_the_answer_is_shown_and_its_smaller_neighbour_is_not(ask):
    search, stages = ask("power >= 90% in expected; type_1 <= 2.5% in null", "patients.randomised: 100..800")
    found = search.found()
    (target,) = search.question.floors
    answer = found.of(found.size, target, found.sequence)
    smaller = found.of(found.smaller, target, found.sequence)
    assert found.smaller == found.size - 2
    assert answer.is_met and not smaller.is_met
    assert answer.point.trials == smaller.point.trials == 1000
    assert answer.seed == smaller.seed == found.seed
    searched = [o for o in found.observed if o.sequence == 0 and o.target == target]
    assert sum(o.point.trials for o in searched) <= 1000 + 300
    assert found.seed not in {o.seed for o in searched} and len({o.seed for o in searched}) == len(searched)
    near = sum(o.point.trials for o in searched if abs(o.point.size - exact_size(0.9)) < 40)
    assert near >= 400  # of the 800 that are not for both ends
    assert stages[0] == "search: 100 and 800 patients"


def test_a_design_that_does_not_do_is_an_answer_as_rarely_as_stated(ask):
    """At 80% confidence, answers below the exact size in at most a fifth of the searches."""
    n, wrong, sizes, hits = 150, 0, [], 0
    for seed in range(n):
        search, _ = ask("power >= 90% in expected", "patients.randomised: 100..800", 1000, 0.8, seed)
        found = search.found()
        wrong += power(found.size) < 0.9
        sizes.append(found.size)
        curve = next(iter(found.curves.values()))
        hits += abs(curve.size_at(0.9) - exact_size(0.9)) < 2 * curve.size_error(0.9)
    assert stats.binom.sf(wrong - 1, n, 0.2) > 1e-4
    assert wrong > 0  # the confidence is used, not given away
    # One error of the rate is 0.95%, and costs 5.7 patients.
    assert exact_size(0.9) < np.median(sizes) < exact_size(0.9) + 4 * 5.7
    assert stats.binom.cdf(hits, n, 0.954) > 1e-4


def test_more_trials_come_nearer(ask):
    sizes = []
    for trials in (500, 100_000):
        search, _ = ask("power >= 90% in expected", "patients.randomised: 100..800", trials, seed=2)
        sizes.append(search.found().size)
    assert 168 < exact_size(0.9) < 170 <= sizes[1] <= 172 < sizes[0]


def test_every_target_is_reached(ask):
    search, _ = ask("power >= 90% in expected; success >= 90% in smaller", "patients.randomised: 100..800", 2000)
    found = search.found()
    assert exact_size(0.9, 0.4) == pytest.approx(262.7, abs=0.1)
    assert 262.7 < found.size < 295
    easy = next(target for target in search.question.floors if target.scenario.name == "expected")
    spent = {
        target: sum(o.point.trials for o in found.observed if o.sequence == 0 and o.target == target)
        for target in search.question.floors
    }
    assert spent[easy] < 0.8 * max(spent.values())  # trials go to the target that decides


def test_where_the_smallest_does_it_is_the_answer(ask):
    search, _ = ask("power >= 90% in expected", "patients.randomised: 300..800")
    found = search.found()
    assert (found.size, found.smaller) == (300, None)


def refusal(search):
    with pytest.raises(TrialsimError) as caught:
        search.found()
    assert caught.value.exit_code == 1
    return f"{caught.value.slug}: {caught.value}"


def test_a_target_out_of_reach(ask):
    search, _ = ask("power >= 90% in expected", "patients.randomised: 20..100")
    assert refusal(search) == (
        "target-out-of-reach: power >= 90% in expected is out of reach: with 100 patients it is 70.0% of 100 trials\n"
        "  = about 166 patients by the curve through what was tried, far outside of it\n"
        "  = a wider range, a larger effect or a smaller target; trialsim run shows what the trials do"
    )
    assert {(o.point.size, o.verdict) for o in search.observed} == {(20, "missed"), (100, "missed")}


def test_a_target_that_cannot_be_shown(ask):
    search, _ = ask("power >= 90% in expected", "patients.randomised: 150..168")
    assert refusal(search) == (
        "target-not-shown: no size could be shown to reach power >= 90% in expected: with 168 patients it is 91.3% of "
        "1000 trials\n  = give more --trials, or a range that reaches further"
    )


def test_a_null_that_is_rejected_too_often(ask, monkeypatch):
    monkeypatch.setattr(FakeBench, "type_1", 0.06)
    search, _ = ask("power >= 90% in expected; type_1 <= 2.5% in null", "patients.randomised: 100..800")
    assert refusal(search) == (
        "null-rejected-too-often: type_1 <= 2.5% in null does not hold: with 800 patients it is 6.4% of 1000 trials\n"
        "  = more patients do not mend an analysis that rejects true nulls too often: another method, or a smaller "
        "alpha\n  = trialsim run shows whether the null is one in truth"
    )


def test_a_curve_through_many_points_is_theirs():
    sizes = (120, 150, 180, 220)
    points = [Point(size, round(1e6 * power(size)), 10**6) for size in sizes]
    curve = power_curve(points, 100, 800, 0.9)
    assert curve.size_at(0.9) == pytest.approx(exact_size(0.9), rel=2e-3)
    assert curve.rate(172) == pytest.approx(power(172), abs=2e-4)
    # Fisher's information of a probit regression, inverted by NumPy.
    x = np.array([curve.scaled(size) for size in sizes])
    z = curve.intercept + curve.slope * x
    weight = 1e6 * stats.norm.pdf(z) ** 2 / (stats.norm.cdf(z) * stats.norm.sf(z))
    information = np.array([[weight.sum(), (weight * x).sum()], [(weight * x).sum(), (weight * x * x).sum()]])
    expected = np.linalg.inv(information + np.eye(2) / 9)
    assert curve.covariance == pytest.approx((expected[0, 0], expected[0, 1], expected[1, 1]), rel=1e-3)


@pytest.mark.parametrize("hits", [(0, 200), (200, 200), (0, 0)])
def test_a_curve_is_finite_whatever_is_seen(hits):
    curve = power_curve([Point(100, hits[0], 200), Point(800, hits[1], 200)], 100, 800, 0.9)
    assert all(np.isfinite([curve.intercept, curve.slope, *curve.covariance]))
    assert 0 <= curve.rate(100) <= 1 and curve.rate_error(400) > 0


def test_bounds_are_exact():
    for hits, trials in ((0, 10), (7, 10), (10, 10), (9030, 10_000), (251, 10_000)):
        for error in (0.05, 0.001):
            assert lower_bound(hits, trials, error) == pytest.approx(
                stats.beta.ppf(error, hits, trials - hits + 1) if hits else 0.0, abs=1e-12
            )
            assert upper_bound(hits, trials, error) == pytest.approx(
                stats.beta.isf(error, hits + 1, trials - hits) if hits < trials else 1.0, abs=1e-12
            )
    assert is_above(9060, 10_000, 0.9, 0.05) and not is_above(9040, 10_000, 0.9, 0.05)
    assert is_below(8940, 10_000, 0.9, 0.05) and not is_below(8960, 10_000, 0.9, 0.05)
    assert not is_above(0, 0, 0.5, 0.05) and not is_below(0, 0, 0.5, 0.05)


def test_rounds_spend_everything_ever_more():
    assert list(allotments(9600)) == [300, 600, 1200, 2400, 5100]
    assert list(allotments(500)) == [500] and list(allotments(700)) == [300, 400] and list(allotments(0)) == []
    assert [whole_parts(n) for n in (1, 100, 101, 333.4)] == [100, 100, 200, 400]
