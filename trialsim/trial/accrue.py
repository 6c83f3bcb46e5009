"""When patients come: the days on which a trial's patients are randomised, and where."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.streams import exponentials, uniforms
from trialsim.protocol.model import Accrual
from trialsim.trial.keys import gap_key, site_key

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def arrival_times(accrual: Accrual, seed: int, trials: Ints, patients: Ints, per_trial: int) -> Floats:
    """Return each patient's day of randomisation since the first site opened, ascending within a trial.

    Patients come as a Poisson process whose rate climbs linearly from zero to `rate` over `ramp_up` days and
    stays there: unit-exponential gaps, one a candidate, are summed up and mapped through the inverse of the
    expected number Λ(t) = rate t² / (2 ramp_up) up to ramp_up, then rate (t - ramp_up / 2)
    (Çinlar 1975, Introduction to Stochastic Processes, section 4.7). Rows are trials of `per_trial` patients.
    """
    gaps = exponentials(seed, gap_key(), trials, patients)
    expected = np.cumsum(gaps.reshape(-1, per_trial), axis=1).reshape(-1)  # one after the other, in order
    rate, ramp = accrual.rate, accrual.ramp_up
    during = np.sqrt(2.0 * ramp * expected / rate)
    return np.where(expected < rate * ramp / 2.0, during, expected / rate + ramp / 2.0)


def sites(accrual: Accrual, seed: int, trials: Ints, patients: Ints) -> Ints:
    """Return each patient's site, counted from 1; every site is as likely."""
    drawn = uniforms(seed, site_key(), trials, patients) * accrual.sites
    return np.minimum(drawn.astype(np.int64), accrual.sites - 1) + 1
