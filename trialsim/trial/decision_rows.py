"""The table of decisions: each time a rule was asked, what it saw and what it did, nothing included."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.units import quantity_text
from trialsim.protocol.decision_model import DosingRule
from trialsim.trial.batch import Batch, words
from trialsim.trial.decided import Decided
from trialsim.trial.setup import Setup

NOTHING_KNOWN = "nothing: a value is not known"
NOTHING = "nothing"


def decision_rows(setup: Setup, batch: Batch, told: Decided) -> dict[str, Any]:
    """Return every decision about patients in the arm they are in, until they are lost."""
    clock = setup.calendar.clock
    days, who = clock.days(told.decisions[:, 1]), told.at[told.decisions[:, 0].astype(np.int64)]
    seen = days < batch.lost_at[who]
    rows, days, who = told.decisions[seen], days[seen], who[seen]
    which = rows[:, 2].astype(np.int64)
    rules = [each.rule for each in setup.ruling.rules]
    n = rows.shape[0]
    texts, added = [], set[tuple[int, ...]]()
    for patient, k, branch in zip(who.tolist(), which.tolist(), rows[:, 3].astype(np.int64).tolist(), strict=True):
        texts.append(_texts(rules[k], branch, is_again=(patient, k, branch) in added))
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
        "values": words([_values(setup, rules[k], row) for k, row in zip(which.tolist(), rows, strict=True)],
                        np.arange(n)),
    }  # fmt: skip


def _texts(rule: DosingRule, branch: int, is_again: bool) -> tuple[str, str]:
    """Return the condition of the step that was done, and what was done; doses are added once."""
    if branch < 0:
        return "", NOTHING if branch == -1 else NOTHING_KNOWN
    step = rule.steps[branch]
    acts = [f"{act.text} (added before)" if is_again and act.kind == "add" else act.text for act in step.acts]
    return step.when_text or "otherwise", ", ".join(acts)


def _values(setup: Setup, rule: DosingRule, row: NDArray[np.float64]) -> str:
    """Return what a rule saw, every value with its unit."""
    units = {measure.name: measure.unit for measure in setup.cohort.measures}
    texts = []
    for own, measure in rule.watch:
        value = float(row[5 + setup.ruling.measures.index(measure)])
        texts.append(f"{own} = {quantity_text(value, units[measure]) if value == value else 'not known'}")
    return ", ".join(texts)
