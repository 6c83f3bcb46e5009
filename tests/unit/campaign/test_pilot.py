"""What a run will need, from its first part."""

from __future__ import annotations

import pytest

from tests.unit.campaign.fakes import PAPERS, fake_plan, fake_simulate, worlds_of
from trialsim.campaign.pilot import needs
from trialsim.campaign.run import run


class Ticking:
    """A clock by which simulating one trial takes a tenth of a second."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def simulate(self, world, trials, keep):
        self.now += 0.1 * len(trials)
        return fake_simulate(world, trials, keep)


def test_time_is_that_of_the_first_part_for_all_trials():
    clock, plan = Ticking(), fake_plan(at_most=300)
    told = needs(plan, worlds_of(plan), clock=clock, simulate=clock.simulate)
    assert told.trials == 600
    assert told.seconds == pytest.approx(60.0)
    assert needs(plan, worlds_of(plan), clock=clock, simulate=clock.simulate, workers=3).seconds == pytest.approx(20.0)
    assert told.memory > 10_000_000


def test_disk_is_near_what_the_run_takes(tmp_path):
    plan = fake_plan(at_most=300, keep=30, until=None)
    told = needs(plan, worlds_of(plan), clock=Ticking(), simulate=fake_simulate)
    result = run(plan, tmp_path / "run", PAPERS, worlds_of(plan), simulate=fake_simulate)
    used = sum(path.stat().st_size for path in result.folder.rglob("part-*.parquet"))
    assert used == pytest.approx(told.disk, rel=0.3)
