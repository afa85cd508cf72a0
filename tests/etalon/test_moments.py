"""Gaps that differ over the plates, by evidence: against exact odds, draws, and lasers with and without."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from airglow.etalon import fit_parameters
from airglow.etalon.moments import covariance_of_both, odds_of_moments
from airglow.etalon.shape import GAP_VARIANCE
from airglow.rings import RingProfile
from tests.fringe_model import fringes_on_annuli, illumination

from .test_laser_errors import LASER_M, PARAMETERS, PHASE, SIGMA, WIDTH_PX2, S

WIDTHS = np.array([50.0, 50.0, 3.0, 2.0])


def linear_fit(design, data, width):
    """The least-squares fit of a linear model whose unknowns have priors about zero."""
    jacobian = np.vstack([design, np.diag(1.0 / width)])
    x = np.linalg.solve(jacobian.T @ jacobian, design.T @ data)
    residual = np.concatenate([design @ x - data, x / width])
    priors = {place: (0.0, each) for place, each in enumerate(width)}
    answer = SimpleNamespace(x=x, jac=jacobian, cost=0.5 * residual @ residual)
    return SimpleNamespace(priors=priors), answer


@pytest.mark.parametrize("size", [0.0, 0.5, 2.0])
def test_odds_are_those_of_the_exact_evidences_where_all_is_linear(size):
    random = np.random.default_rng(1)
    design = random.normal(size=(12, 4)) * 0.3
    data = design @ np.array([1.0, -2.0, size, -size]) + random.normal(size=12)
    without = np.where(np.arange(4) < 2, WIDTHS, 1e-4)

    def evidence(width):
        covariance = np.eye(12) + design @ np.diag(width**2) @ design.T
        return stats.multivariate_normal.logpdf(data, np.zeros(12), covariance)

    found = odds_of_moments(linear_fit(design, data, WIDTHS), linear_fit(design, data, without), 1.0)
    assert np.log(found) == pytest.approx(evidence(WIDTHS) - evidence(without), abs=0.01)


def test_the_covariance_is_that_of_the_mixture():
    random = np.random.default_rng(2)
    taken, other, apart = np.diag([1.0, 4.0]), np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([3.0, -1.0])
    draws = np.concatenate(
        [
            random.multivariate_normal([0, 0], taken, 70000),
            random.multivariate_normal(apart, other, 30000),
        ]
    )
    expected = draws.T @ draws / len(draws)  # about what is taken
    np.testing.assert_allclose(covariance_of_both(taken, other, apart, 0.3), expected, atol=0.06)


def lasers(scale, gaps, number=2):
    """Laser profiles whose errors are so many times the usual."""
    random, profiles = np.random.default_rng(3), []
    light = fringes_on_annuli(S, WIDTH_PX2, PHASE, PARAMETERS, gaps=gaps)
    counts = 300.0 + illumination(S, PARAMETERS) * (60.0 * light + 5.0)
    for _ in range(number):
        profiles.append(RingProfile(S, counts + random.normal(0, scale * SIGMA), scale * SIGMA, WIDTH_PX2))
    return profiles


NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
UNEVEN = (0.3 * NODES, WEIGHTS / WEIGHTS.sum())


@pytest.mark.parametrize(("gaps", "there"), [(((0.0,), (1.0,)), False), (UNEVEN, True)])
def test_moments_are_taken_where_lasers_show_them(gaps, there):
    found = fit_parameters(lasers(0.2, gaps), LASER_M, PARAMETERS)
    variance = found.parameters.gap_variance * PHASE**2
    assert variance > -1e-4  # what no plates have
    assert (variance > 0.02) == there
    assert variance == pytest.approx(0.09 if there else 0.0, abs=0.03)


def test_moments_that_are_not_taken_leave_an_error_where_lasers_are_dim():
    dim, bright = (
        fit_parameters(lasers(scale, ((0.0,), (1.0,))), LASER_M, PARAMETERS) for scale in (30.0, 1.0)
    )
    errors = [np.sqrt(each.shape.noise[GAP_VARIANCE, GAP_VARIANCE]) * PHASE**2 for each in (dim, bright)]
    assert abs(dim.parameters.gap_variance * PHASE**2) < 0.03
    assert errors[0] > 0.01
    assert errors[1] < 1e-3
