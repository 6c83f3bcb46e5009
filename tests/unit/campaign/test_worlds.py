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
    parameter = EVERYTHING.parameters[0]
    halved = Override(path=("parameters", parameter.name), factor=0.5, value=None, text="x 0.5")
    slower = Override(path=("conduct", "accrual", "rate"), factor=0.25, value=None, text="x 0.25")
    made = protocol(modes=("typical", "uncertain"))
    made = replace(made, scenarios=(made.scenarios[0], replace(made.scenarios[1], overrides=(halved, slower))))
    larger = replace(made, patients=replace(made.patients, randomised=900))
    plan = campaign_plan(made, EVERYTHING, [Design(name="larger", label="", protocol=larger)])
    worlds_of_plan = [*map(worlds(plan, EVERYTHING), range(4))]
    assert [(w.scenario, w.mode, w.design, w.protocol.conduct.accrual.rate) for w in worlds_of_plan] == [
        ("expected", "typical", "larger", 1.0),
        ("expected", "uncertain", "larger", 1.0),
        ("no_effect", "typical", "larger", 0.25),
        ("no_effect", "uncertain", "larger", 0.25),
    ]
    assert {w.protocol.patients.randomised for w in worlds_of_plan} == {900}
    typicals = [w.cohort.parameters[0].typical for w in worlds_of_plan]
    assert typicals == [parameter.typical, parameter.typical, parameter.typical * 0.5, parameter.typical * 0.5]
    assert worlds_of_plan[2].overrides == (halved, slower)
    assert pickle.loads(pickle.dumps(worlds_of_plan[2])) == worlds_of_plan[2]
