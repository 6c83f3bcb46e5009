"""Endpoints from measured values: what is made of a measurement and its baseline, one number a patient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.elementary import log_array

Floats = NDArray[np.float64]


def endpoint_values(derive: str, values: Floats, baseline: Floats | None, threshold: tuple[float, ...]) -> Floats:
    """Return the endpoint of each patient, in the measure's unit, percent, the log of a ratio, or 1 and 0.

    value: as measured · change_from_baseline: y - b · percent_change_from_baseline: 100 (y - b) / b ·
    log_ratio_to_baseline: log(y / b) · below: y < threshold · above: y > threshold · within: both bounds
    included. Missing where the value or the baseline is, where a percent change has a baseline of zero, and
    where a log ratio has a value or baseline that is not positive (an instrument's error can make it so).
    """
    if derive in ("value", "below", "above", "within"):
        return values.copy() if derive == "value" else _met(derive, values, threshold)
    if baseline is None:
        raise ValueError(f"{derive} needs a baseline")
    if derive == "change_from_baseline":
        return values - baseline
    if derive == "percent_change_from_baseline":
        return _where(baseline != 0.0, lambda y, b: 100.0 * (y - b) / b, values, baseline)
    if derive == "log_ratio_to_baseline":
        return _where((values > 0.0) & (baseline > 0.0), lambda y, b: log_array(y / b), values, baseline)
    raise ValueError(f"no endpoint is derived as {derive!r}")


def _met(derive: str, values: Floats, threshold: tuple[float, ...]) -> Floats:
    """Return 1 where the condition is met, 0 where not, missing where the value is."""
    if derive == "below":
        met = values < threshold[0]
    elif derive == "above":
        met = values > threshold[0]
    else:
        met = (values >= threshold[0]) & (values <= threshold[1])
    return np.where(np.isnan(values), np.nan, met.astype(np.float64))


def _where(defined: NDArray[np.bool_], derive: object, values: Floats, baseline: Floats) -> Floats:
    """Return the derived value where it is defined, missing elsewhere."""
    out = np.full(values.shape, np.nan)
    out[defined] = derive(values[defined], baseline[defined])  # type: ignore[operator]
    return out


def failures_imputed(values: Floats, may_fail: NDArray[np.bool_]) -> Floats:
    """Return a binary endpoint with 0 (not met) where it is missing and `may_fail` says that this counts as failure."""
    return np.where(np.isnan(values) & may_fail, 0.0, values)
