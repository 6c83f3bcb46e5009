"""Numbers as a report writes them."""

from __future__ import annotations

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialsim.report.numbers import (
    Estimate,
    count,
    decimals_for,
    interval,
    length,
    listed,
    percentage,
    plain,
    share,
    significant,
    with_error,
)


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.83214, 0.0118, "83.2% ± 1.2"),
        (0.024, 0.0048, "2.4% ± 0.5"),
        (1.0, 0.0567, "100% ± 6"),
        (0.5, 0.0999, "50% ± 10"),
        (0.123456, 0.000123, "12.346% ± 0.012"),
    ],
)
def test_a_rate_keeps_the_digits_its_error_allows(value, error, text):
    assert spaced(percentage(Estimate(value, error))) == text


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(nan, nan), "–"),
        (Estimate(3.14159), "3.14"),
        (Estimate(0.0, 0.0), "0 (exactly)"),
        (Estimate(-0.04, 0.5), "0.0 ± 0.5"),
        (Estimate(-12.34, 0.5), "−12.3 ± 0.5"),
    ],
)
def test_numbers_without_an_error_and_below_zero(estimate, text):
    assert spaced(with_error(estimate)) == text


@given(st.floats(1e-9, 1e6), st.floats(-1e6, 1e6))
def test_rounding_costs_less_than_half_of_the_error(error, value):
    shown = plain(value, decimals_for(error)).replace("−", "-")
    assert abs(float(shown) - value) <= 0.5 * error * 1.01 + abs(value) * 1e-15


@given(st.floats(1e-6, 1e3))
def test_the_error_itself_is_shown_to_within_a_seventh(error):
    assert abs(float(plain(error, decimals_for(error))) / error - 1) < 1 / 7 or decimals_for(error) == 0


def test_other_ways_of_writing():
    assert interval(Estimate(0.5, 0.034, 0.433, 0.567), 100.0, "%") == "43.3% to 56.7%"
    assert spaced(length(Estimate(304.375, 3.04))) == "10.00 ± 0.10 months"
    assert spaced(length(Estimate(12.0, 0.5))) == "12.0 ± 0.5 days"
    assert [count(n, "trial") for n in (1, 1240, 12400)] == ["1 trial", "1240 trials", "12\u202f400 trials"]
    assert [share(0.025), share(1.0), significant(0.0), significant(143.0)] == ["2.5%", "100%", "0", "143"]
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a"]) == "a"
    assert listed(["slow, 1 mg", "slow, 2 mg"], "or") == "slow, 1 mg; or slow, 2 mg"
