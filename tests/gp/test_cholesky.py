"""The one guard against singular matrices: what it leaves alone, what it mends, what it refuses."""

import numpy as np
import pytest

from airglow.gp import SingularCovariance, factorise
from airglow.gp.cholesky import LARGEST_JITTER


def covariance(n=8, seed=0):
    root = np.random.default_rng(seed).normal(0, 1, (n, n))
    return root @ root.T + np.eye(n)


def test_an_ordinary_covariance_is_left_alone():
    matrix, right = covariance(), np.arange(8.0)
    factor = factorise(matrix)
    assert factor.jitter == 0.0
    np.testing.assert_allclose(factor.lower @ factor.lower.T, matrix, rtol=1e-12)
    np.testing.assert_allclose(matrix @ factor.solve(right), right, atol=1e-11)
    np.testing.assert_allclose(factor.inverse(), np.linalg.inv(matrix), atol=1e-12)
    assert factor.log_determinant == pytest.approx(np.linalg.slogdet(matrix)[1])


def test_the_lower_triangle_is_enough():
    matrix = covariance()
    np.testing.assert_array_equal(factorise(np.tril(matrix)).lower, factorise(matrix).lower)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_a_singular_covariance_gets_a_jitter_that_knows_no_units(scale):
    matrix = scale * np.ones((5, 5))
    factor = factorise(matrix)
    assert 0.0 < factor.jitter <= LARGEST_JITTER
    assert factor.jitter == factorise(np.ones((5, 5))).jitter
    np.testing.assert_array_equal(matrix, scale)  # the matrix that was given stays
    np.testing.assert_allclose(factor.lower @ factor.lower.T, matrix * (1 + factor.jitter * np.eye(5)))


def test_a_pivot_of_rounding_counts_as_singular():
    # The factor of this one exists, and says that a variance of 1e-15 is known.
    matrix = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-15]])
    np.linalg.cholesky(matrix)
    assert factorise(matrix).jitter > 0.0


@pytest.mark.parametrize(
    "matrix",
    [
        [[1.0, 2.0], [2.0, 1.0]],
        [[1.0, 0.0], [0.0, 0.0]],
        [[1.0, 0.0], [0.0, -1.0]],
        [[1.0, 0.0], [np.nan, 1.0]],
        [[np.inf, 0.0], [0.0, 1.0]],
    ],
    ids=["indefinite", "zero", "negative", "NaN", "infinite"],
)
def test_what_is_no_covariance_is_refused(matrix):
    with pytest.raises(SingularCovariance):
        factorise(np.array(matrix))
