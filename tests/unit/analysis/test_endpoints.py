"""Endpoints from values and baselines."""

from __future__ import annotations

import numpy as np
import pytest

from trialsim.analysis.endpoints import endpoint_values, failures_imputed

NAN = float("nan")
VALUES = np.array([80.0, 140.0, NAN, 120.0, -1.0])
BASELINE = np.array([100.0, 140.0, 100.0, 0.0, 100.0])


@pytest.mark.parametrize(
    ("derive", "threshold", "expected"),
    [
        ("value", (), [80.0, 140.0, NAN, 120.0, -1.0]),
        ("change_from_baseline", (), [-20.0, 0.0, NAN, 120.0, -101.0]),
        ("percent_change_from_baseline", (), [-20.0, 0.0, NAN, NAN, -101.0]),
        ("log_ratio_to_baseline", (), [np.log(0.8), 0.0, NAN, NAN, NAN]),
        ("below", (140.0,), [1.0, 0.0, NAN, 1.0, 1.0]),
        ("above", (80.0,), [0.0, 1.0, NAN, 1.0, 0.0]),
        ("within", (80.0, 130.0), [1.0, 0.0, NAN, 1.0, 0.0]),
    ],
)
def test_each_derivation(derive, threshold, expected):
    np.testing.assert_allclose(endpoint_values(derive, VALUES, BASELINE, threshold), expected, rtol=1e-15)


def test_a_missing_baseline_makes_a_change_missing_and_a_value_not():
    missing = np.full(5, NAN)
    assert np.isnan(endpoint_values("change_from_baseline", VALUES, missing, ())).all()
    np.testing.assert_array_equal(endpoint_values("value", VALUES, missing, ()), VALUES)


def test_what_needs_a_baseline_says_so():
    with pytest.raises(ValueError, match="^change_from_baseline needs a baseline$"):
        endpoint_values("change_from_baseline", VALUES, None, ())
    with pytest.raises(ValueError, match="^no endpoint is derived as 'ratio'$"):
        endpoint_values("ratio", VALUES, BASELINE, ())


def test_missing_counts_as_failure_only_where_it_may():
    met = np.array([1.0, NAN, NAN, 0.0])
    imputed = failures_imputed(met, np.array([True, True, False, True]))
    np.testing.assert_array_equal(imputed, [1.0, 0.0, NAN, 0.0])
