import mpmath
import pytest

from trialsim.cohort.spreads import coefficient_of_variation, log_sd


@pytest.mark.parametrize("cv", [0.0, 1e-6, 0.05, 0.28, 0.6, 1.0, 3.0])
def test_the_sd_of_the_log_is_correctly_rounded(cv):
    with mpmath.workdps(50):
        assert log_sd(cv) == float(mpmath.sqrt(mpmath.log(1 + mpmath.mpf(cv) ** 2)))


@pytest.mark.parametrize("cv", [0.05, 0.28, 1.5])
def test_the_way_back_leads_to_the_same_coefficient(cv):
    assert coefficient_of_variation(log_sd(cv)) == pytest.approx(cv, rel=1e-14)
