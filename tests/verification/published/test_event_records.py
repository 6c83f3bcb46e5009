"""Event records against what other programs gave for the same: NONMEM's own output, and published curves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trialsim

HERE = Path(__file__).parent
NONMEM = json.loads((HERE / "nonmem_event_scenarios.json").read_text(encoding="utf-8"))
CURVES = json.loads((HERE / "compartment_curves.json").read_text(encoding="utf-8"))
ITEMS = ("time", "amt", "rate", "evid", "cmt", "ii", "addl", "ss", "lagt", "bioav", "dur2")


def data_set(scenario: dict[str, Any]) -> str:
    """Return a scenario as a file; at one time its doses come before its observations."""
    rows = [(event["time"], 0, [event[item] for item in ITEMS]) for event in scenario["events"]]
    rows += [(time, 1, [time, 0, 0, 0, 0, 0, 0, 0, ".", ".", "."]) for time in NONMEM["times"]]
    lines = [",".join(map(str, (scenario["id"], *items))) for _, _, items in sorted(rows, key=lambda row: row[:2])]
    return "\n".join([",".join(("ID", *ITEMS)), *lines]) + "\n"


@pytest.mark.parametrize("scenario", NONMEM["scenarios"], ids=lambda scenario: f"nmtest-{scenario['id']}")
def test_the_output_of_nonmem(scenario: dict[str, Any], tmp_path: Path) -> None:
    """NONMEM 7.4.3 printed five digits; a bound of 1e-4 sees any of them but the last."""
    path = tmp_path / "data.csv"
    path.write_text(data_set(scenario), encoding="utf-8")
    simulated = trialsim.simulate_events(HERE / "one_compartment.yaml", path)
    assert simulated.failures == ()
    frame = simulated.frame
    seen = frame.loc[frame["evid"] == 0, "IPRED"].to_numpy()
    np.testing.assert_allclose(seen, scenario["cp"], rtol=NONMEM["tolerance"], atol=1e-7)


COMPARTMENTS = """
language: cohort 1
id: compartments
title: Compartments with every way in
context_of_use: Comparison with published curves.
time: h
parameters:
  ka: {{typical: 1 1/h}}
  dur: {{typical: 1 h}}
  CL: {{typical: 1 L/h}}
  V1: {{typical: 1 L}}
{parameters}
dynamics:
  depot: {{rate: -ka * depot, receives: [{{drug: x, route: oral}}], unit: mg}}
  central:
    rate: ka * depot - CL / V1 * central{exchange}
    receives: [{{drug: x, route: iv}}, {{drug: x, route: zero_order, duration: dur}}]
    unit: mg
{others}
measures:
  conc: {{is: central / V1, unit: mg/L, error: {{proportional: 10%}}}}
"""


def compartments(n: int) -> str:
    """Return a cohort of n compartments."""
    others = range(2, n + 1)
    flow = {i: f"Q{i} / V1 * central - Q{i} / V{i} * c{i}" for i in others}
    return COMPARTMENTS.format(
        parameters="\n".join(f"  V{i}: {{typical: 1 L}}\n  Q{i}: {{typical: 1 L/h}}" for i in others),
        exchange="".join(f" - ({flow[i]})" for i in others),
        others="\n".join(f"  c{i}: {{rate: {flow[i]}, unit: mg}}" for i in others),
    )


@pytest.mark.long
@pytest.mark.parametrize("n", [1, 2, 3])
def test_published_curves(n: int, tmp_path: Path) -> None:
    """The curves of pmxTools for n compartments: one individual a curve, its parameters from a file."""
    curves = [curve for curve in CURVES["curves"] if curve["name"].startswith(str(n))]
    assert len(curves) >= 4
    names = ["ka", "dur", "CL", "V1", *(f"{letter}{i}" for i in range(2, n + 1) for letter in "VQ")]
    records, parameters = ["ID,TIME,AMT,RATE,CMT,II,SS"], [",".join(("ID", *names))]
    for i, curve in enumerate(curves):
        given = {"Q2": curve["parameters"].get("Q"), "V1": curve["parameters"].get("V"), **curve["parameters"]}
        parameters.append(",".join([str(i), *(str(given.get(name, 1)) for name in names)]))
        state, rate = ("depot", 0) if "ka" in given else ("central", -2 if "dur" in given else 0)
        records.append(f"{i},0,{given['dose']},{rate},{state},{given.get('tau', 0)},{int('tau' in given)}")
        records += [f"{i},{time},.,.,.,.,." for time in range(0, 25, 3)]
    for name, lines in (("records.csv", records), ("parameters.csv", parameters), ("cohort.yaml", [compartments(n)])):
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    frame = trialsim.simulate_events(
        tmp_path / "cohort.yaml", tmp_path / "records.csv", individuals=tmp_path / "parameters.csv"
    ).frame
    for i, curve in enumerate(curves):
        seen = frame.loc[(frame["ID"] == i) & frame["AMT"].isna(), "IPRED"].to_numpy()
        np.testing.assert_allclose(
            seen, curve["concentrations"], rtol=CURVES["tolerance"], atol=1e-12, err_msg=curve["name"]
        )
