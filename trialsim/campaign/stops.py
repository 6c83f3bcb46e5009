"""Where trials stop and why: the probability of each decision, and the size and length of trials that come to it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from trialsim.campaign.averages import Averages
from trialsim.campaign.rows import Arrays, Row
from trialsim.protocol.model import Protocol

REASONS = {"success": "is stopped for success", "futility": "is stopped for futility", "end": "ends without success"}


def stop_rows(protocol: Protocol, trials: Arrays, average: Averages) -> Iterable[Row]:
    """Yield, of a protocol with several milestones, the shares of trials that stop at each, by reason, and their size.

    The shares over all milestones and reasons add up to 1. Means are of the trials that stop there.
    """
    if len(protocol.milestones) < 2:
        return
    last = protocol.milestones[-1].name
    for milestone in (each.name for each in protocol.milestones):
        here = trials["stopped_at"] == milestone
        shares = {"stops": (here, "share of trials that end at this milestone")}
        for reason in ("success", "futility", "end"):
            why = here & (trials["stopped_for"] == reason)
            if reason != "end" or milestone == last or why.any():
                meaning = f"share of trials of which this milestone decides: the trial {REASONS[reason]}"
                shares[f"stops_for_{reason}"] = (why, meaning)
        for quantity, (flags, meaning) in shares.items():
            yield Row(quantity, average.rate(np.asarray(flags), trials["trial"]), meaning, milestone=milestone)
        own = trials["trial"][here]
        patients, days = average.mean(trials["randomised"][here], own), average.mean(trials["duration"][here], own)
        of = "of trials that end at this milestone"
        yield Row("randomised_at_stop", patients, f"mean number randomised, {of}", milestone=milestone)
        yield Row("duration_at_stop", days, f"mean day of the last data cut, {of}", "day", milestone=milestone)
