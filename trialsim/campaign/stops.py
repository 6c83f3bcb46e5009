"""Where trials stop and why: the probability of each decision, and the size and length of trials that come to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from trialsim.campaign.figures import mean, rate
from trialsim.campaign.rows import Arrays, Row
from trialsim.protocol.model import Protocol

REASONS = {"success": "is stopped for success", "futility": "is stopped for futility", "end": "ends without success"}


def stop_rows(protocol: Protocol, trials: Arrays) -> Iterable[Row]:
    """Yield, of a protocol with several milestones, the shares of trials that stop at each, by reason, and their size.

    The shares over all milestones and reasons add up to 1. Means are of the trials that stop there.
    """
    if len(protocol.milestones) < 2:
        return
    last = protocol.milestones[-1].name
    for milestone in (each.name for each in protocol.milestones):
        here = trials["stopped_at"] == milestone
        yield stop_row("stops", here, "share of trials that end at this milestone", milestone)
        for reason in ("success", "futility", "end"):
            why = here & (trials["stopped_for"] == reason)
            if reason != "end" or milestone == last or why.any():
                meaning = f"share of trials of which this milestone decides: the trial {REASONS[reason]}"
                yield stop_row(f"stops_for_{reason}", why, meaning, milestone)
        patients = [float(value) for value in trials["randomised"][here]]
        days = [float(value) for value in trials["duration"][here]]
        yield Row("randomised_at_stop", mean(patients), "mean number randomised, of trials that end at this milestone",
                  milestone=milestone)  # fmt: skip
        yield Row("duration_at_stop", mean(days), "mean day of the last data cut, of trials that end at this milestone",
                  "day", milestone=milestone)  # fmt: skip


def stop_row(quantity: str, flags: np.ndarray[Any, Any], meaning: str, milestone: str) -> Row:
    return Row(quantity, rate(int(flags.sum()), len(flags)), meaning, milestone=milestone)
