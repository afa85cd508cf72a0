"""Kernels against the general Matern function, and their derivatives against differences."""

import numpy as np
import pytest
from scipy.special import gamma, kv

from airglow.gp import KERNELS, MATERN

DISTANCE = np.array([1e-3, 0.1, 0.5, 1.0, 2.0, 5.0])


@pytest.mark.parametrize("nu", [1.5, 2.5])
def test_matern_functions_are_those_of_the_general_formula(nu):
    x = np.sqrt(2 * nu) * DISTANCE
    general = 2 ** (1 - nu) / gamma(nu) * x**nu * kv(nu, x)
    np.testing.assert_allclose(MATERN[nu](DISTANCE)[0], general, rtol=1e-10)


def test_the_squared_exponential_is_the_limit_of_large_nu():
    nu = 60.0
    x = np.sqrt(2 * nu) * DISTANCE[1:5]
    general = 2 ** (1 - nu) / gamma(nu) * x**nu * kv(nu, x)
    np.testing.assert_allclose(KERNELS[2](DISTANCE[1:5])[0], general, atol=0.01)


@pytest.mark.parametrize("kernel", KERNELS)
def test_derivatives_are_those_by_the_logarithm_of_the_length(kernel):
    step = 1e-5
    longer, shorter = (kernel(DISTANCE * np.exp(-h))[0] for h in (step, -step))
    np.testing.assert_allclose(kernel(DISTANCE)[1], (longer - shorter) / (2 * step), rtol=1e-6, atol=1e-9)
    assert [float(part[0]) for part in kernel(np.zeros(1))] == [1.0, 0.0]
