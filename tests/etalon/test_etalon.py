"""The fringe series against brute force, and laser fits against truth."""

import dataclasses

import numpy as np
import pytest
from scipy import special

from airglow.etalon import (
    central_phase,
    fit_laser,
    fit_parameters,
    fringes,
    measure_state,
    refine_parameters_on_sky,
    relative_illumination,
    start_from_fringes,
    terms_needed,
)
from airglow.etalon.laser import start_phase
from airglow.model.errors import NotAnalysable
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile

LASER_M = 6.328e-7
GAP_M = 1.5e-2
WIDTH_PX2 = 256.0**2 / 500
S = (np.arange(500) + 0.5) * WIDTH_PX2
PARAMETERS = InstrumentParameters(8.83e-5, 0.86, (0.12, -0.06), (1.2, 0.16, -0.04), 256.0, GAP_M)
PHASE = central_phase(GAP_M, LASER_M)


def airy(parameters=PARAMETERS, phase=PHASE, s=S):
    return fringes(s, WIDTH_PX2, phase, parameters, terms_needed(parameters.reflectivity)).airy()


def test_blur_is_two_dimensional_also_at_the_centre():
    # Mean of the sharp fringes over a Gaussian in the plane: Rice distribution of the radius.
    sigma = 2.0
    parameters = dataclasses.replace(PARAMETERS, reflectivity=0.6, blur_px=(sigma, 0.0, 0.0))
    variance = sigma**2 + 1 / 12
    radius = np.linspace(0, 60, 24001)
    phi = PHASE / np.sqrt(1 + parameters.plate_scale_rad_per_pixel**2 * radius**2)
    sharp = 1 + 2 * sum(0.6**k * np.cos(k * phi) for k in range(1, 40))
    for centre_px in (0.0, 3.0, 30.0):
        weight = radius / variance * np.exp(-((radius - centre_px) ** 2) / (2 * variance))
        weight *= special.ive(0, radius * centre_px / variance)
        brute = np.trapezoid(weight * sharp, radius)
        made = fringes(np.array([centre_px**2]), 1e-6, PHASE, parameters, 40).airy()[0]
        assert made == pytest.approx(brute, rel=2e-3)


def laser(gap_m=GAP_M, seed=0, amplitude=60.0, bias=300.0, parameters=PARAMETERS):
    phase = central_phase(gap_m, LASER_M)
    light = relative_illumination(parameters, S) * (amplitude * airy(parameters, phase) + 5.0)
    sigma = np.sqrt((4 + light) / 411)
    counts = bias + light + np.random.default_rng(seed).normal(0, sigma)
    return RingProfile(S, counts, sigma, WIDTH_PX2)


def test_start_needs_no_luck():
    data = laser(GAP_M + 70e-9)
    alpha, phase = start_from_fringes(data, PHASE, PARAMETERS.plate_scale_rad_per_pixel * 1.08)
    assert alpha == pytest.approx(PARAMETERS.plate_scale_rad_per_pixel, rel=2e-3)
    assert abs(np.angle(np.exp(1j * (phase - central_phase(GAP_M + 70e-9, LASER_M))))) < 0.5


def test_parameters_and_gaps_are_recovered_within_their_errors():
    gaps = GAP_M + 1e-9 * np.array([0.0, 3.0, -60.0, 100.0])
    start = InstrumentParameters(8.7e-5, 0.7, (0.0, 0.0), (1.0, 0.0, 0.0), 256.0, GAP_M)
    scores = {"alpha": [], "reflectivity": []}
    for seed in range(3):
        data = [laser(gap, 10 * seed + k) for k, gap in enumerate(gaps)]
        fit = fit_parameters(data, LASER_M, start)
        assert fit.reduced_chi_square == pytest.approx(1.0, abs=0.15)
        off = fit.parameters.plate_scale_rad_per_pixel - PARAMETERS.plate_scale_rad_per_pixel
        scores["alpha"].append(off / fit.parameters.plate_scale_error_rad_per_pixel)
        scores["reflectivity"].append(
            (fit.parameters.reflectivity - 0.86) / fit.parameters.reflectivity_error
        )
        for each, gap in zip(data, gaps, strict=True):
            phase = start_phase(each, PHASE, fit.parameters.plate_scale_rad_per_pixel)
            one = fit_laser(each, LASER_M, phase, fit.parameters)
            assert abs(one.gap_m - gap) < 0.05e-9  # the parameters' error moves all gaps of a seed together
    assert max(np.abs(scores["alpha"])) < 3.5
    assert max(np.abs(scores["reflectivity"])) < 3.5


def test_state_follows_the_gap_and_drops_a_laser_of_another_kind():
    times = np.arange(12) * 1800.0
    gaps = GAP_M + 1e-9 * (2.0 * np.sin(times / 6000) + times / 9000)
    data = [laser(gap, k) for k, gap in enumerate(gaps)]
    doubled = dataclasses.replace(data[5], counts=data[5].counts + laser(GAP_M + 100e-9, 99).counts - 300)
    data[5] = doubled
    state = measure_state(data, times, LASER_M, PARAMETERS, estimate_blur=True, lasers_together=4)
    assert list(np.flatnonzero(~state.used)) == [5]
    value, error = state.gap_m(times)
    offset = value - gaps
    assert np.std(offset) < 0.05e-9
    assert np.delete(error, 5).max() < 0.1e-9
    assert error[5] < 0.5e-9


def test_no_laser_is_an_outcome():
    with pytest.raises(NotAnalysable, match="no laser"):
        measure_state([], np.array([]), LASER_M, PARAMETERS, estimate_blur=True, lasers_together=4)


def night_of_lasers(number=6):
    times = np.arange(number) * 1800.0
    return [laser(GAP_M + 1e-9 * k, k) for k in range(number)], times


@pytest.mark.parametrize("wrong", [2.0, 0.5])
def test_a_wrong_plate_scale_is_mended_by_another_start(wrong):
    data, times = night_of_lasers()
    alpha = PARAMETERS.plate_scale_rad_per_pixel
    start = dataclasses.replace(PARAMETERS, plate_scale_rad_per_pixel=alpha * wrong)
    options = {"estimate_blur": True, "lasers_together": 3}
    state = measure_state(data, times, LASER_M, start, **options, other_plate_scales=(alpha * 1.01,))
    assert state.used.all()
    assert state.parameters.plate_scale_rad_per_pixel == pytest.approx(alpha, rel=2e-4)
    assert state.reduced_chi_square == pytest.approx(1.0, abs=0.2)
    found = np.array([fit.gap_m for fit in state.fits])
    assert np.std(found - GAP_M - 1e-9 * np.arange(6)) < 0.05e-9


@pytest.mark.parametrize("other", [0.5, 0.95, 1.15, 2.0])
def test_another_start_changes_nothing_where_the_first_is_right(other):
    data, _ = night_of_lasers(2)
    alone = fit_parameters(data, LASER_M, PARAMETERS)
    alpha = PARAMETERS.plate_scale_rad_per_pixel * other
    assert fit_parameters(data, LASER_M, PARAMETERS, other_plate_scales=(alpha,)) == alone


@pytest.mark.parametrize("wrong", [0.7, 1.4, 2.0, 4.0])
def test_fits_that_explain_no_fringes_are_no_fits(wrong):
    data, times = night_of_lasers(3)
    start = dataclasses.replace(
        PARAMETERS, plate_scale_rad_per_pixel=PARAMETERS.plate_scale_rad_per_pixel * wrong
    )
    with pytest.raises(NotAnalysable, match="reduced chi-square") as outcome:
        measure_state(data, times, LASER_M, start, estimate_blur=True, lasers_together=3)
    assert outcome.value.state == "laser fit failed"


def test_a_bright_laser_with_uneven_light_is_still_a_fit():
    """A chi-square in the tens, as of real frames: a slow unevenness of a few per cent of the fringes."""
    data, times = night_of_lasers()
    uneven = 2.0 * np.sin(S / 9000.0)
    data = [dataclasses.replace(each, counts=each.counts + uneven) for each in data]
    fit = fit_laser(data[0], LASER_M, start_phase(data[0], PHASE, 8.83e-5), PARAMETERS)
    assert fit.reduced_chi_square > 10
    assert fit.fringes_left < 0.05
    state = measure_state(data, times, LASER_M, PARAMETERS, estimate_blur=True, lasers_together=3)
    assert state.used.all()


@pytest.mark.parametrize(
    "amplitude", [60.0, 200.0]
)  # 200: the brightest, with which the fit of the parameters begins
def test_a_laser_frame_of_something_else_takes_no_part(amplitude):
    data, times = night_of_lasers()
    coarse = dataclasses.replace(PARAMETERS, plate_scale_rad_per_pixel=5e-5)
    data[2] = laser(GAP_M, 50, amplitude=amplitude, parameters=coarse)
    state = measure_state(data, times, LASER_M, PARAMETERS, estimate_blur=True, lasers_together=6)
    assert list(np.flatnonzero(~state.used)) == [2]
    assert state.parameters.reflectivity == pytest.approx(0.86, abs=0.01)
    others = [fit.gap_m - GAP_M - 1e-9 * k for k, fit in enumerate(state.fits) if k != 2]
    assert np.std(others) < 0.05e-9


def test_a_sky_fit_that_explains_no_fringes_is_an_outcome():
    """A blurred line stands for the sky's; its plate scale is half of what is expected."""
    wide = dataclasses.replace(PARAMETERS, reflectivity=0.7, gap_variance=0.3 / PHASE**2)
    data = [laser(GAP_M, seed, amplitude=5.0, parameters=wide) for seed in range(6)]
    start = dataclasses.replace(wide, gap_variance=0.0)
    fit = refine_parameters_on_sky(data, LASER_M, start, 0.3)
    assert fit.reduced_chi_square == pytest.approx(1.0, abs=0.15)
    for wrong in (0.5, 0.7, 1.4, 2.0):
        alpha = PARAMETERS.plate_scale_rad_per_pixel
        off = dataclasses.replace(start, plate_scale_rad_per_pixel=alpha * wrong)
        with pytest.raises(NotAnalysable) as outcome:
            refine_parameters_on_sky(data, LASER_M, off, 0.3)
        assert outcome.value.state == "sky fit failed"
        mended = refine_parameters_on_sky(data, LASER_M, off, 0.3, (alpha * 1.02,))
        assert mended.parameters.plate_scale_rad_per_pixel == pytest.approx(alpha, rel=1e-3)
