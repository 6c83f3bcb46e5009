"""The plan: cells in order, parts of a fixed size, a digest of everything numbers depend on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.campaign.fakes import protocol
from tests.unit.cohort.populations import EVERYTHING
from trialsim.campaign.plan import campaign_plan, trials_per_part
from trialsim.protocol.model import Design


def plan(posterior=None, cohort=EVERYTHING, **changes):
    made = protocol(**changes)
    larger = replace(made, patients=replace(made.patients, randomised=3000))
    designs = (Design(name="base", label="", protocol=made), Design(name="larger", label="", protocol=larger))
    return campaign_plan(made, cohort, designs, posterior)


def test_cells_come_by_scenario_then_mode_then_design():
    cells = [tuple(cell.key.values.values()) for cell in plan(modes=("typical", "uncertain")).cells]
    assert cells == [
        ("expected", "typical", "base"),
        ("expected", "typical", "larger"),
        ("expected", "uncertain", "base"),
        ("expected", "uncertain", "larger"),
        ("no_effect", "typical", "base"),
        ("no_effect", "typical", "larger"),
        ("no_effect", "uncertain", "base"),
        ("no_effect", "uncertain", "larger"),
    ]


@pytest.mark.parametrize(("patients", "trials"), [(1, 100), (200, 100), (201, 50), (3000, 5), (10_000, 2), (90_000, 1)])
def test_a_part_is_a_round_number_of_trials(patients, trials):
    assert trials_per_part(patients) == trials


def test_parts_cover_every_trial_once():
    cell = plan(at_most=307).cells[0]
    assert [trial for number in range(cell.n_parts) for trial in cell.trials(number)] == list(range(307))
    assert cell.trials(cell.n_parts - 1) == range(300, 307)


def test_every_input_is_in_the_digest():
    other_cohort = replace(EVERYTHING, digest="0" * 64)
    plans = [plan(), plan(seed=8), plan(at_most=400), plan(posterior="p" * 64), plan(cohort=other_cohort), plan(keep=3)]
    assert len({each.digest for each in plans}) == len(plans)
    assert plan().digest == plan().digest


def test_covariates_and_parameters_become_columns_with_their_units():
    columns = {column.name: column for column in plan().patient_columns}
    assert set(columns) == {c.name for c in EVERYTHING.covariates} | {p.name for p in EVERYTHING.parameters}
    for covariate in EVERYTHING.covariates:
        assert columns[covariate.name].type == ("category" if covariate.categories else "float64")
    for parameter in EVERYTHING.parameters:
        assert columns[parameter.name].unit == parameter.unit.text
