"""The table of decisions: each time a rule was asked, what it saw and what it did, nothing included."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.dynamics.doses import PUMP
from trialsim.foundation.units import Quantity, quantity_text, unit
from trialsim.protocol.decision_model import Act, DosingRule
from trialsim.trial.batch import Batch, words
from trialsim.trial.decided import Decided
from trialsim.trial.plan_doses import inlets_of
from trialsim.trial.ruled import ArmRule
from trialsim.trial.setup import Setup

NOTHING_KNOWN = "nothing: a value is not known"
NOTHING = "nothing"


def decision_rows(setup: Setup, batch: Batch, told: Decided) -> dict[str, Any]:
    """Return every decision about patients in the arm they are in, until they are lost."""
    clock = setup.calendar.clock
    days, who = clock.days(told.decisions[:, 1]), told.at[told.decisions[:, 0].astype(np.int64)]
    # The decision by which a patient leaves is of the instant of the loss.
    seen = days <= batch.lost_at[who]
    rows, kept, days, who = told.decisions[seen], told.kept[seen], days[seen], who[seen]
    rates, inlets = set_rates(told), [inlet_of(setup, each) for each in setup.ruling.rules]
    which = rows[:, 2].astype(np.int64)
    rules = [each.rule for each in setup.ruling.rules]
    n = rows.shape[0]
    texts, added = [], set[tuple[int, ...]]()
    for patient, k, row in zip(who.tolist(), which.tolist(), rows, strict=True):
        branch, rate = int(row[3]), rates.get((int(row[0]), float(row[1]), inlets[k]))
        texts.append(_texts(rules[k], branch, (patient, k, branch) in added, rate))
        added.add((patient, k, branch))
    has_ladder = np.array([bool(rules[k].ladder) for k in which.tolist()], dtype=np.bool_)
    return {
        "trial": batch.patients.trials[who].astype(np.int32),
        "patient": batch.patients.patients[who].astype(np.int32),
        "time": days,
        "rule": words([rules[k].name for k in which.tolist()], np.arange(n)),
        "condition": words([condition for condition, _ in texts], np.arange(n)),
        "done": words([done for _, done in texts], np.arange(n)),
        "level": np.where(has_ladder, rows[:, 4] + 1.0, np.nan),
        "values": words(
            [_values(setup, k, row, own) for k, row, own in zip(which.tolist(), rows, kept, strict=True)], np.arange(n)
        ),
    }


def set_rates(told: Decided) -> dict[tuple[int, float, int], float]:
    """Return the rate that a pump was set to by position of the patient in `at`, the model's time, and inlet."""
    doses = told.doses[told.doses[:, 7] == PUMP]
    return {(int(row[0]), float(row[1]), int(row[3])): float(row[6]) for row in doses}


def inlet_of(setup: Setup, each: ArmRule) -> int:
    """Return the first inlet of the doses that a rule decides about, -1 if it decides about none."""
    lines = setup.protocol.arms[each.arm].dosing
    return inlets_of(lines[each.lines[0]], setup.model)[0] if each.lines else -1


def _texts(rule: DosingRule, branch: int, is_again: bool, rate: float | None) -> tuple[str, str]:
    """Return the condition of the step that was done, and what was done; doses are added once."""
    if branch < 0:
        return "", NOTHING if branch == -1 else NOTHING_KNOWN
    step = rule.steps[branch]
    acts = [f"{act.text} (added before)" if is_again and act.kind == "add" else _done(act, rate) for act in step.acts]
    return step.when_text or "otherwise", ", ".join(acts)


def _done(act: Act, rate: float | None) -> str:
    """Return what an action did; a rate as it was set, if anything was there to set."""
    if act.kind != "rate" or act.unit is None or act.told_in is None:
        return act.text
    if rate is None:
        return "rate (nothing runs in)"
    told = float(f"{Quantity(rate, act.unit).to(act.told_in):.12g}")
    return f"rate {quantity_text(told, act.told_in)}"


def _values(setup: Setup, k: int, row: NDArray[np.float64], kept: NDArray[np.float64]) -> str:
    """Return what a rule saw and what it remembers then, every value with its unit."""
    rule, signals = setup.ruling.rules[k].rule, [signal.name for signal in setup.ruling.signals]
    units = {measure.name: measure.unit for measure in setup.cohort.measures}
    seen = [(own, measure, units[measure]) for own, measure in rule.watch]
    for sensor in rule.sensors:
        of = units[sensor.measure]
        steepness = unit(f"{of.text or '1'}/{setup.cohort.time.text}")
        seen.append((sensor.name, sensor.signal_of(rule.name), of if sensor.slope_over is None else steepness))
    values = [(own, float(row[5 + signals.index(signal)]), of) for own, signal, of in seen]
    first = setup.ruling.kept_before(k)
    values += [(own.name, float(kept[first + j]), own.start.unit) for j, own in enumerate(rule.remember)]
    return ", ".join(
        f"{own} = {quantity_text(value, of) if value == value else 'not known'}" for own, value, of in values
    )
