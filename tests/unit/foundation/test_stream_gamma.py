"""Chi-square numbers by key have their distribution, and depend on nothing but their key."""

import numpy as np
import pytest
from scipy import stats

from trialsim.foundation.stream_gamma import chi_square
from trialsim.foundation.streams import label

LABELS = label("test", "chi square"), label("test", "attempt")


@pytest.mark.parametrize("df", [1.0, 2.0, 7.5, 150.0])
def test_they_are_chi_square(df):
    drawn = np.array([chi_square(7, *LABELS, 3, i, df) for i in range(20_000)])
    # A wrong shape by 3% moves the mean of 20,000 numbers by more than four standard errors.
    assert stats.kstest(drawn, stats.chi2(df).cdf).pvalue > 1e-4
    assert drawn.mean() == pytest.approx(df, abs=4.0 * np.sqrt(2.0 * df / drawn.size))


def test_they_are_keyed():
    assert chi_square(7, *LABELS, 3, 5, 4.0) == chi_square(7, *LABELS, 3, 5, 4.0)
    assert chi_square(7, *LABELS, 3, 5, 4.0) != chi_square(7, *LABELS, 4, 5, 4.0)
    assert chi_square(7, *LABELS, 3, 5, 4.0) != chi_square(8, *LABELS, 3, 5, 4.0)
