import numpy as np
import pytest

from trialsim.cohort.correlations import cholesky, correlation_matrix, impossible_set, possible_range
from trialsim.cohort.model import Correlation


def pairs(**values):
    return [Correlation(first=key.split("_")[0], second=key.split("_")[1], value=v) for key, v in values.items()]


def test_the_matrix_holds_declared_pairs_and_zeros():
    assert correlation_matrix("abc", pairs(c_a=0.3)) == [[1, 0, 0.3], [0, 1, 0], [0.3, 0, 1]]


def test_the_factor_is_numpys():
    matrix = correlation_matrix("abcd", pairs(a_b=0.5, b_c=-0.3, a_d=0.7, c_d=0.1))
    lower = cholesky(matrix)
    filled = np.array([row + [0.0] * (4 - len(row)) for row in lower])
    np.testing.assert_allclose(filled, np.linalg.cholesky(np.array(matrix)), atol=1e-15)


def test_rows_do_not_depend_on_what_follows():
    four = cholesky(correlation_matrix("abcd", pairs(a_b=0.5, b_c=-0.3, a_d=0.7)))
    three = cholesky(correlation_matrix("abc", pairs(a_b=0.5, b_c=-0.3)))
    assert four[:3] == three


def test_two_scores_that_are_one_have_no_factor():
    assert cholesky([[1.0, 1.0], [1.0, 1.0]]) is None


def test_the_range_of_an_entry_is_where_the_matrix_turns_singular():
    matrix = correlation_matrix("abc", pairs(a_b=0.8, b_c=0.9, a_c=0.0))
    low, high = possible_range(matrix, 0, 2)
    # 0.8 * 0.9 -+ sqrt((1 - 0.64)(1 - 0.81)): by hand
    assert (low, high) == pytest.approx((0.72 - 0.2615339366, 0.72 + 0.2615339366), abs=1e-9)
    for bound in (low, high):
        matrix[0][2] = matrix[2][0] = bound
        assert np.linalg.eigvalsh(np.array(matrix))[0] == pytest.approx(0.0, abs=1e-12)


def test_no_range_is_given_where_the_other_entries_are_impossible():
    matrix = correlation_matrix("abcd", pairs(a_b=0.9, a_c=0.9, b_c=-0.9, c_d=0.1))
    assert possible_range(matrix, 2, 3) is None


def test_the_smallest_impossible_set_is_found():
    matrix = correlation_matrix("abcd", pairs(b_c=0.9, b_d=0.9, c_d=-0.9))
    assert impossible_set(matrix) == (1, 2, 3)
    assert impossible_set(correlation_matrix("abc", [])) == ()


def test_a_large_impossible_matrix_is_answered_at_once():
    names = [f"n{i}" for i in range(60)]
    chain = [Correlation(first=a, second=b, value=0.9) for a, b in zip(names[:40], names[1:41], strict=True)]
    assert impossible_set(correlation_matrix(names, chain)) == tuple(range(41))
