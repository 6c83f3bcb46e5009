"""The world of a cell: the scenario's truth in the cohort, its conduct in the protocol, the design's own protocol."""

from __future__ import annotations

import pickle
from dataclasses import replace

from tests.unit.campaign.fakes import protocol
from tests.unit.cohort.populations import EVERYTHING
from trialsim.campaign.plan import campaign_plan
from trialsim.campaign.worlds import worlds
from trialsim.protocol.model import Design, Override


def test_a_world_has_the_scenarios_truth_and_conduct_and_the_designs_protocol():
    name = EVERYTHING.parameters[0].name
    halved = Override(path=("parameters", name), factor=0.5, value=None, text="x 0.5")
    made = protocol(modes=("typical", "uncertain"))
    made = replace(made, scenarios=(made.scenarios[0], replace(made.scenarios[1], overrides=(halved,))))
    larger = replace(made, patients=replace(made.patients, randomised=900))
    plan = campaign_plan(made, EVERYTHING, [Design(name="larger", label="", protocol=larger)])

    def with_conduct(design, scenario):
        return replace(design, title=f"{design.patients.randomised} patients, {scenario.name}")

    world_of = worlds(plan, EVERYTHING, None, with_conduct)
    told = [(w.scenario, w.mode, w.design, w.protocol.title) for w in map(world_of, range(4))]
    assert told == [
        ("expected", "typical", "larger", "900 patients, expected"),
        ("expected", "uncertain", "larger", "900 patients, expected"),
        ("no_effect", "typical", "larger", "900 patients, no_effect"),
        ("no_effect", "uncertain", "larger", "900 patients, no_effect"),
    ]
    typical = EVERYTHING.parameters[0].typical
    assert [world_of(i).cohort.parameters[0].typical for i in (0, 2)] == [typical, typical * 0.5]
    assert world_of(2).overrides == (halved,)
    assert pickle.loads(pickle.dumps(world_of(2))) == world_of(2)
