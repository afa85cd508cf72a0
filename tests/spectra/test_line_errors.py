"""Line fits against fringes by quadrature: values, stated errors, and the Cramér-Rao bound."""

import dataclasses

import numpy as np
import pytest

from airglow.etalon import FringeTables, central_phase, fringes
from airglow.gp import Regression
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from airglow.spectra import (
    DifferentialNonlinearity,
    SkyLine,
    first_harmonic,
    fit_line,
    network_intensity_scale,
    pixel_variance,
)
from airglow.spectra.line import fit_line_in_all
from airglow.spectra.line_errors import inverse_of_two
from airglow.spectra.line_model import LineModel
from tests.fringe_model import BOLTZMANN, LIGHT_SPEED_MPS, OXYGEN_KG, bounds, fringes_on_annuli, illumination

RED_M, GAP_M = 6.3e-7, 1.5e-2
PHASE = central_phase(GAP_M, RED_M)
WIDTH_PX2 = 256.0**2 / 500
S = (np.arange(230) + 0.5) * WIDTH_PX2  # further out the quadrature would need more points
PARAMETERS = InstrumentParameters(8.83e-5, 0.6, (0.12, -0.06), (1.2, 0.16, -0.04), 256.0, GAP_M)
LINE = SkyLine(RED_M, 800.0)
LIGHT = illumination(S, PARAMETERS)
TRUE = {"velocity": 80.0, "temperature": 900.0, "intensity": 30.0, "continuum": 3.0, "bias": 300.0}
STEPS = {"velocity": 0.5, "temperature": 1.0, "intensity": 0.1, "continuum": 0.1, "bias": 0.1}
DRAWS = 400


def counts_of(parameters=PARAMETERS, **changes):
    of = TRUE | changes
    light = fringes_on_annuli(
        S, WIDTH_PX2, PHASE, parameters, velocity_mps=of["velocity"], temperature_k=of["temperature"]
    )
    return of["bias"] + illumination(S, parameters) * (of["intensity"] * light + of["continuum"])


COUNTS = counts_of()
SIGMA = np.sqrt((4.0 + 0.9 * (COUNTS - 300.0)) / 411)
DERIVATIVES = [
    (counts_of(**{name: TRUE[name] + step}) - counts_of(**{name: TRUE[name] - step})) / (2 * step)
    for name, step in STEPS.items()
]
DATA = RingProfile(S, COUNTS, SIGMA, WIDTH_PX2)
TABLES = FringeTables(PHASE, PARAMETERS, LINE.terms_needed(PHASE, 0.6))
NAMES = ("velocity_mps", "temperature_k", "intensity", "continuum", "bias")
ERRORS = ("velocity_error_mps", "temperature_error_k", "intensity_error", "continuum_error", "bias_error")
SCALE = np.array(
    [1.0, 1.0, LIGHT.mean(), LIGHT.mean(), 1.0]
)  # amplitudes are stated as means over the annuli


@pytest.fixture(scope="module")
def fits():
    random = np.random.default_rng(1)
    draws = [dataclasses.replace(DATA, counts=COUNTS + random.normal(0, SIGMA)) for _ in range(DRAWS)]
    return fit_line_in_all(draws, TABLES, LINE, [(60.0, 800.0)] * DRAWS)


def test_errors_are_the_scatter(fits):
    found = np.array([[getattr(fit, name) for name in NAMES] for fit in fits])
    error = np.array([[getattr(fit, name) for name in ERRORS] for fit in fits])
    z = (found - np.array(list(TRUE.values())) * SCALE) / error
    np.testing.assert_allclose(np.std(z, axis=0), 1.0, atol=0.1)  # 400 tell it to 3.5 %
    np.testing.assert_allclose(np.mean(z, axis=0), 0.0, atol=0.15)


def test_errors_are_the_cramer_rao_bound(fits):
    expected = bounds(DERIVATIVES, SIGMA) * SCALE
    stated = np.median([[getattr(fit, name) for name in ERRORS] for fit in fits], axis=0)
    np.testing.assert_allclose(stated, expected, rtol=0.03)
    assert fits[0].velocity_bound_mps == pytest.approx(expected[0], rel=0.05)
    assert fits[0].temperature_bound_k == pytest.approx(expected[1], rel=0.05)


def test_white_noise_has_the_chi_square_and_the_excess_of_white_noise(fits):
    assert np.mean([fit.reduced_chi_square for fit in fits]) == pytest.approx(1.0, abs=0.012)  # to 0.5 %
    excess = np.mean([[fit.velocity_excess, fit.temperature_excess] for fit in fits], axis=0)
    np.testing.assert_allclose(excess, 1.0, atol=0.08)  # of a dozen half fringes each: to 2 %


def test_values_without_noise_are_those_put_in():
    fit = fit_line(DATA, PHASE, PARAMETERS, LINE, -100.0)
    found = np.array([getattr(fit, name) for name in NAMES])
    np.testing.assert_allclose(found, np.array(list(TRUE.values())) * SCALE, rtol=3e-3)
    assert abs(fit.velocity_mps - 80.0) < 0.1


def test_derivatives_by_velocity_and_temperature_are_those_of_differences():
    instrument = fringes(S, WIDTH_PX2, PHASE, PARAMETERS, 30)
    model = LineModel([DATA], instrument, PARAMETERS, LINE)
    at = model.evaluate(np.arange(1), np.array([80.0]), np.array([900.0]))

    def made(velocity, temperature):
        return at.amplitudes[0, 0] * LIGHT * model.with_line(velocity, temperature).airy() / SIGMA

    by_velocity = (made(80.5, 900.0) - made(79.5, 900.0)) / 1.0
    by_temperature = (made(80.0, 900.5) - made(80.0, 899.5)) / 1.0
    for column, difference in zip(at.gradient[0].T, (by_velocity, by_temperature), strict=True):
        assert np.abs(column - difference).max() < 1e-5 * np.abs(difference).max()
    # What velocity and temperature do to residuals once the amplitudes have been fitted again.
    matrix = np.stack([LIGHT * model.with_line(80.0, 900.0).airy(), LIGHT, np.ones(S.size)], axis=1)
    matrix /= SIGMA[:, None]
    taken = matrix @ np.linalg.lstsq(matrix, at.gradient[0], rcond=None)[0]
    np.testing.assert_allclose(at.projected[0], at.gradient[0] - taken, atol=1e-6 * np.abs(at.gradient).max())


def test_the_inverse_of_two_unknowns_is_that_of_linear_algebra():
    matrices = np.array([[[4.0, 1.5], [1.5, 2.0]], [[1e8, -3e2], [-3e2, 1e-2]]])
    np.testing.assert_allclose(inverse_of_two(matrices)[0], np.linalg.inv(matrices), rtol=1e-9)


def test_the_linear_response_is_what_a_count_more_does():
    fit = fit_line(DATA, PHASE, PARAMETERS, LINE, 80.0)
    for annulus in (5, 60, 61, 150):
        moved = []
        for by in (0.02, -0.02):
            counts = COUNTS + by * (np.arange(S.size) == annulus)
            more = fit_line(dataclasses.replace(DATA, counts=counts), PHASE, PARAMETERS, LINE, 80.0)
            moved.append(np.array([more.velocity_mps, more.temperature_k]))
        expected = (moved[0] - moved[1]) / 0.04
        largest = np.abs(fit.linear_response).max(axis=0)
        assert np.all(np.abs(fit.linear_response[annulus] - expected) < 0.02 * largest)


@pytest.mark.parametrize("velocity", [-900.0, 80.0, 1200.0])
def test_the_first_harmonic_has_the_phase_of_the_shift(velocity):
    data = dataclasses.replace(DATA, counts=counts_of(velocity=velocity))
    phase = np.angle(first_harmonic(data, PHASE, PARAMETERS.plate_scale_rad_per_pixel))
    assert phase / PHASE * LIGHT_SPEED_MPS == pytest.approx(velocity, abs=100.0)


def test_the_width_of_a_line_is_that_of_atoms_in_thermal_motion():
    speed = np.sqrt(BOLTZMANN * 850.0 / OXYGEN_KG)
    assert LINE.phase_variance_rad2(PHASE, 850.0) == pytest.approx((PHASE * speed / LIGHT_SPEED_MPS) ** 2)


def test_the_networks_intensity_is_the_height_of_a_line_of_1000_kelvin():
    range_m = RED_M**2 / (2 * GAP_M)
    width_m = RED_M * np.sqrt(BOLTZMANN * 1000.0 / OXYGEN_KG) / LIGHT_SPEED_MPS
    wavelength = np.linspace(-20 * width_m, 20 * width_m, 4001)
    shape = np.exp(-0.5 * (wavelength / width_m) ** 2)
    # The light of a mean of 1 over four free spectral ranges, in one line.
    assert network_intensity_scale(RED_M, GAP_M) == pytest.approx(
        4 * range_m / np.trapezoid(shape, wavelength)
    )


def waves(cosines, sines, covariance=None):
    covariance = np.eye(8) if covariance is None else covariance
    return DifferentialNonlinearity(Regression(np.r_[cosines, sines], covariance, 0.0))


def test_waves_of_a_converter_are_damped_as_by_convolution_with_the_noise():
    cosines, sines = np.array([0.1, 0.0, -0.2, 0.05]), np.array([0.0, 0.15, 0.1, -0.1])
    mean = np.linspace(1200.0, 1216.0, 33)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    expected = 0.0
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        turns = (
            2 * np.pi * np.outer(mean + 1.1 * node, np.arange(1, 5)) / 16.0
        )  # one to four waves in 16 counts
        expected = expected + weight * (np.cos(turns) @ cosines + np.sin(turns) @ sines)
    found = waves(cosines, sines).added(mean, np.full(33, 1.1**2))
    np.testing.assert_allclose(found, expected, atol=1e-9)
    undamped = waves(cosines, sines).added(np.arange(1600) / 100.0, np.zeros(1600))
    assert waves(cosines, sines).amplitude_counts == pytest.approx(np.std(undamped))


def test_errors_left_by_the_waves_are_those_of_waves_drawn_from_their_covariance():
    random = np.random.default_rng(7)
    root = random.normal(0, 0.01, (8, 8))
    fit = fit_line(DATA, PHASE, PARAMETERS, LINE, 80.0)
    noise = np.full(S.size, 1.3)
    units = np.array([waves(each[:4], each[4:]).added(fit.model, noise) for each in np.eye(8)])
    moved = random.normal(0, 1.0, (4000, 8)) @ root.T @ (units @ fit.linear_response)
    left = waves(np.zeros(4), np.zeros(4), root @ root.T).errors_left(fit, noise)
    np.testing.assert_allclose(left, np.std(moved, axis=0), rtol=0.04)  # 4000 tell it to 1.1 %


def test_a_pixel_s_variance_is_that_of_the_mean_times_the_pixels_of_the_annulus():
    data = dataclasses.replace(DATA, sigma=SIGMA / 2.0)  # stated half of what it is
    fit = dataclasses.replace(fit_line(DATA, PHASE, PARAMETERS, LINE, 80.0), reduced_chi_square=4.0)
    inner, outer = S - WIDTH_PX2 / 2, S + WIDTH_PX2 / 2
    np.testing.assert_allclose(pixel_variance(data, fit), SIGMA**2 * np.pi * (outer - inner))
