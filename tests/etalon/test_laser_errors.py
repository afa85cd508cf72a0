"""Laser fits against fringes by quadrature: values, stated errors, and the Cramér-Rao bound."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from airglow.etalon import airy, central_phase, fit_laser, fit_linear, fringes, terms_needed
from airglow.etalon.airy import phase_and_beta
from airglow.etalon.derivatives import airy_derivatives
from airglow.etalon.joint_fit import ONE_GAP, JointProblem, common_width_error_rad2, fit_jointly, with_errors
from airglow.etalon.laser import start_phase
from airglow.etalon.misfit import fringes_left
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from tests.fringe_model import bounds, fringes_on_annuli, illumination

LASER_M, GAP_M = 6.328e-7, 1.5e-2
PHASE = central_phase(GAP_M, LASER_M)
WIDTH_PX2 = 256.0**2 / 500
S = (np.arange(230) + 0.5) * WIDTH_PX2  # further out the quadrature would need more points
PARAMETERS = InstrumentParameters(8.83e-5, 0.6, (0.12, -0.06), (1.2, 0.16, -0.04), 256.0, GAP_M)
SPREAD = dataclasses.replace(PARAMETERS, gap_variance=0.05 / PHASE**2, gap_third_moment=0.004 / PHASE**3)
DRAWS = 400


def counts_of(phase=PHASE, parameters=PARAMETERS, amplitude=60.0, continuum=5.0, bias=300.0):
    light = fringes_on_annuli(S, WIDTH_PX2, phase, parameters)
    return bias + illumination(S, parameters) * (amplitude * light + continuum)


COUNTS = counts_of()
SIGMA = np.sqrt((4.0 + 0.9 * (COUNTS - 300.0)) / 411)


def changed(step, **values):
    """Central difference of the counts by a field of the parameters, or one of its elements."""
    ((name, (index, h)),) = values.items()

    def moved(by):
        value = getattr(PARAMETERS, name)
        if index is not None:
            value = tuple(each + by * (k == index) for k, each in enumerate(value))
            return counts_of(parameters=dataclasses.replace(PARAMETERS, **{name: value}))
        return counts_of(parameters=dataclasses.replace(PARAMETERS, **{name: value + by}))

    return (moved(h) - moved(-h)) / (2 * h) * step


def test_the_series_is_the_airy_function_averaged_point_by_point():
    made = fringes(S, WIDTH_PX2, PHASE, PARAMETERS, terms_needed(0.6)).airy()
    np.testing.assert_allclose(made, fringes_on_annuli(S, WIDTH_PX2, PHASE, PARAMETERS), atol=2e-3)


def test_gaps_that_differ_over_the_plates_skew_the_fringes_their_own_way():
    share, size = 0.1, 0.1 / 0.9  # one part in ten is far on one side
    places, shares = 0.04 * np.array([1.0, -size]), (share, 1.0 - share)
    second = float(np.dot(shares, places**2))
    third = float(np.dot(shares, places**3))

    def both(sign):
        moments = {"gap_variance": second / PHASE**2, "gap_third_moment": sign * third / PHASE**3}
        made = fringes(S, WIDTH_PX2, PHASE, dataclasses.replace(PARAMETERS, **moments), 40).airy()
        return made, fringes_on_annuli(S, WIDTH_PX2, PHASE, PARAMETERS, gaps=(sign * places, shares))

    (right, exact_right), (left, exact_left) = both(1.0), both(-1.0)
    odd, exact_odd = right - left, exact_right - exact_left
    assert np.abs(odd - exact_odd).max() < 0.05 * np.abs(exact_odd).max()
    one, exact_one = fringes(S, WIDTH_PX2, PHASE, PARAMETERS, 40).airy(), both(0.0)[1]
    even, exact_even = right + left - 2 * one, exact_right + exact_left - 2 * exact_one
    assert np.abs(even - exact_even).max() < 0.05 * np.abs(exact_even).max()


@pytest.fixture
def all_terms(monkeypatch):
    """A step of a difference must not make a term come or go."""
    monkeypatch.setattr(airy, "_SMALLEST_TERM", 1e-290)


DERIVATIVES = ("central", "alpha", "log_reflectivity", "phase_variance", "phase_third_moment", 0, 1, 2)


@pytest.mark.parametrize("by", DERIVATIVES)
def test_derivatives_of_the_fringes_are_those_of_differences(by, all_terms):
    def made(h):
        alpha, blur = SPREAD.plate_scale_rad_per_pixel, list(SPREAD.blur_px)
        if isinstance(by, int):
            blur[by] += h
        at = PHASE + h * (by == "central")
        # Moments are held in radians.
        parameters = dataclasses.replace(
            SPREAD,
            plate_scale_rad_per_pixel=alpha * (1.0 + h * (by == "alpha")),
            reflectivity=SPREAD.reflectivity * np.exp(h * (by == "log_reflectivity")),
            blur_px=tuple(blur),
            gap_variance=(0.05 + h * (by == "phase_variance")) / at**2,
            gap_third_moment=(0.004 + h * (by == "phase_third_moment")) / at**3,
        )
        return fringes(S, WIDTH_PX2, at, parameters, 40).airy()

    step = 1e-6 if by == "alpha" else 1e-4
    difference = (made(step) - made(-step)) / (2 * step)
    at = airy_derivatives(fringes(S, WIDTH_PX2, PHASE, SPREAD, 40), S, WIDTH_PX2, PHASE, SPREAD)
    analytic = at.blur[:, by] if isinstance(by, int) else getattr(at, by)
    if by == "alpha":
        analytic = analytic * SPREAD.plate_scale_rad_per_pixel
    assert np.abs(analytic - difference).max() < 1e-5 * np.abs(difference).max()


@pytest.mark.parametrize("own", [None, np.array([0.3, 0.4])])
def test_the_jacobian_of_a_joint_fit_is_that_of_differences(own, all_terms):
    """Where the model meets the data: elsewhere the eliminated amplitudes add what the fit leaves out."""
    phases, profiles = PHASE + np.array([0.3, 1.2]), []
    for index, phase in enumerate(phases):
        variance = SPREAD.gap_variance + (0.0 if own is None else own[index] / PHASE**2)
        parameters = dataclasses.replace(SPREAD, gap_variance=variance)
        light = 60.0 * fringes(S, WIDTH_PX2, phase, parameters, 120).airy() + 5.0
        profiles.append(RingProfile(S, 300.0 + illumination(S, SPREAD) * light, SIGMA, WIDTH_PX2))
    problem = JointProblem(profiles, SPREAD, phases, PHASE, True, ONE_GAP, own)
    x = problem.start()
    assert np.abs(problem.residuals(x)[: 2 * S.size]).max() < 1e-4
    steps = np.full(x.size, 1e-4)
    steps[0] = 3e-3  # of the plate scale, in units of a ten-thousandth of it
    for column, step in zip(problem.jacobian(x).copy().T, np.diag(steps), strict=True):
        difference = (problem.residuals(x + step) - problem.residuals(x - step)) / (2 * step.sum())
        assert np.abs(column - difference).max() < 1e-5 * np.abs(difference).max()


def test_the_error_of_a_gap_is_its_scatter_and_the_bound():
    metres = LASER_M / (4.0 * np.pi)
    step = 1e-3
    by_phase = (counts_of(PHASE + step) - counts_of(PHASE - step)) / (2 * step)
    light = (COUNTS - 300.0) / 60.0
    bound = bounds([by_phase, light, illumination(S, PARAMETERS), np.ones(S.size)], SIGMA)[0] * metres
    random, scores, errors, squares = np.random.default_rng(1), [], [], []
    for _ in range(DRAWS):
        data = RingProfile(S, COUNTS + random.normal(0, SIGMA), SIGMA, WIDTH_PX2)
        fit = fit_laser(data, LASER_M, PHASE + 0.2, PARAMETERS)
        scores.append((fit.gap_m - GAP_M) / fit.gap_error_m)
        errors.append(fit.gap_error_m)
        squares.append(fit.reduced_chi_square)
    assert np.std(scores) == pytest.approx(1.0, abs=0.1)  # 400 tell it to 3.5 %
    assert abs(np.mean(scores)) < 0.15
    assert np.median(errors) == pytest.approx(bound, rel=0.05)
    assert np.mean(squares) == pytest.approx(1.0, abs=0.012)  # to 0.4 %; without lost freedom 1.6 % off


def test_a_fit_that_is_worse_than_its_noise_has_a_larger_error():
    data = RingProfile(S, COUNTS + np.random.default_rng(2).normal(0, SIGMA), SIGMA, WIDTH_PX2)
    right = fit_laser(data, LASER_M, PHASE, PARAMETERS)
    stated = fit_laser(dataclasses.replace(data, sigma=SIGMA / 3.0), LASER_M, PHASE, PARAMETERS)
    assert stated.reduced_chi_square == pytest.approx(9.0 * right.reduced_chi_square)
    assert stated.gap_m == pytest.approx(right.gap_m, abs=1e-15)
    scatter = right.gap_error_m * np.sqrt(right.reduced_chi_square / max(right.reduced_chi_square, 1.0))
    # White noise hangs together by chance only: the scatter between half fringes may say a little more.
    assert 0.99 * scatter < stated.gap_error_m < 1.4 * scatter


def test_what_hangs_together_over_half_a_fringe_is_in_the_error_of_the_gap():
    half_fringe = np.floor(phase_and_beta(S, PHASE, PARAMETERS.plate_scale_rad_per_pixel)[0] / np.pi)
    places = (half_fringe - half_fringe.min()).astype(int)
    scores, by_chi_square = [], []
    for seed in range(40):
        random = np.random.default_rng(seed)
        off = 3.0 * random.normal(size=places.max() + 1)[places] * SIGMA
        data = RingProfile(S, COUNTS + off + random.normal(0, SIGMA), SIGMA, WIDTH_PX2)
        fit = fit_laser(data, LASER_M, PHASE, PARAMETERS)
        bound = fit_laser(replaced(data, COUNTS), LASER_M, PHASE, PARAMETERS).gap_error_m
        scores.append((fit.gap_m - GAP_M) / fit.gap_error_m)
        by_chi_square.append((fit.gap_m - GAP_M) / (bound * np.sqrt(fit.reduced_chi_square)))
    assert np.std(scores) < 1.5
    assert np.std(by_chi_square) > 1.7


def replaced(data, counts):
    return dataclasses.replace(data, counts=counts)


def test_amplitude_and_background_are_those_of_the_light():
    fit = fit_laser(RingProfile(S, COUNTS, SIGMA, WIDTH_PX2), LASER_M, PHASE + 0.1, PARAMETERS)
    assert fit.gap_m == pytest.approx(GAP_M, abs=5e-12)
    assert fit.intensity == pytest.approx(60.0, rel=1e-3)
    assert fit.background == pytest.approx(300.0 + 5.0 * np.median(illumination(S, PARAMETERS)), abs=0.05)


def test_errors_of_the_parameters_are_the_bound():
    """Of plate scale and reflectivity, with everything else free, and the priors that the fit has."""
    data = [RingProfile(S, COUNTS + np.random.default_rng(3).normal(0, SIGMA), SIGMA, WIDTH_PX2)]
    priors = {0: (0.0, 1e6), 2: (0.0, 1e-4), 3: (0.0, 1e-4)}  # one gap; else free
    problem, answer = fit_jointly(data, PHASE, PARAMETERS, False, 40, priors=priors)
    found = with_errors(problem, answer, 1.0)
    step = 1e-3
    derivatives = [
        changed(1.0, plate_scale_rad_per_pixel=(None, 1e-10)),
        changed(1.0, reflectivity=(None, 1e-4)),
        *(changed(1.0, falloff=(k, 1e-4)) for k in range(2)),
        (counts_of(PHASE + step) - counts_of(PHASE - step)) / (2 * step),
        COUNTS - 300.0,
        np.ones(S.size),
        illumination(S, PARAMETERS),
    ]
    expected = bounds(derivatives, SIGMA)[:2]
    assert found.plate_scale_error_rad_per_pixel == pytest.approx(expected[0], rel=0.05)
    assert found.reflectivity_error == pytest.approx(expected[1], rel=0.05)
    assert abs(found.reflectivity - 0.6) < 4 * expected[1]
    twice = with_errors(problem, answer, 4.0)
    assert twice.reflectivity_error == pytest.approx(2.0 * found.reflectivity_error)


def test_the_error_of_all_widths_alike_is_that_of_their_mean():
    jacobian = np.random.default_rng(4).normal(0, 1.0, (40, 9 + 3 + 3))  # parameters, phases, widths
    problem = SimpleNamespace(shared=9, profiles=[None] * 3)
    covariance = np.linalg.inv(jacobian.T @ jacobian)
    mean = np.r_[np.zeros(12), np.full(3, 1.0 / 3.0)]
    expected = 0.01 * np.sqrt(mean @ covariance @ mean)  # stepped in units of 0.01 rad^2
    found = common_width_error_rad2(problem, SimpleNamespace(jac=jacobian))
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("by_rad", [1.2, -2.0])
def test_the_phase_to_begin_with_is_that_of_the_fringes(by_rad):
    data = RingProfile(S, counts_of(PHASE + by_rad), SIGMA, WIDTH_PX2)
    found = start_phase(data, PHASE, PARAMETERS.plate_scale_rad_per_pixel)
    assert found - PHASE == pytest.approx(by_rad, abs=0.3)  # as near as the fit needs it


@pytest.mark.parametrize("by_rad", [0.4, -1.5])
def test_shifted_fringes_are_those_of_the_other_gap(by_rad):
    near, other = (fringes(S, WIDTH_PX2, PHASE + by, SPREAD, 40) for by in (0.0, by_rad))
    shifted = near.shifted(by_rad)
    assert shifted.central == other.central
    np.testing.assert_allclose(shifted.phase, other.phase, rtol=0, atol=1e-9)
    np.testing.assert_allclose(shifted.airy(), other.airy(), atol=1e-4)
    nudged, turned = near.nudged(0.01 * by_rad).airy(), near.shifted(0.01 * by_rad).airy()
    np.testing.assert_allclose(nudged, turned, atol=1e-4)


def test_amplitudes_and_their_covariance_are_those_of_least_squares():
    templates = [np.cos(S / 3000.0), 1.0 + S / S.max(), np.ones(S.size)]
    fit = fit_linear(RingProfile(S, COUNTS, SIGMA, WIDTH_PX2), templates)
    matrix = np.stack(templates, axis=1) / SIGMA[:, None]
    amplitudes, *_ = np.linalg.lstsq(matrix, COUNTS / SIGMA, rcond=None)
    np.testing.assert_allclose(fit.amplitudes, amplitudes, rtol=1e-6)
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(matrix.T @ matrix), rtol=1e-6)


def test_the_part_of_the_fringes_that_is_left_is_counted_without_noise():
    wave, random = np.sin(S / 400.0), np.random.default_rng(6)
    sigma = np.full(S.size, 0.5)
    lefts = []
    for _ in range(50):
        data = RingProfile(S, 300.0 + 2.0 * wave + random.normal(0, sigma), sigma, WIDTH_PX2)
        lefts.append(fringes_left([data], [300.0 + 1.0 * wave]))
    # A model of half the fringes' height leaves a quarter of their power; noise adds 3 to powers of 2 and 8.
    assert np.mean(lefts) == pytest.approx(0.25, abs=0.01)
    assert fringes_left([data], [300.0 + 1.99 * wave]) == 0.0
