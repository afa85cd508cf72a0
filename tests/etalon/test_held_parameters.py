"""Parameters that are given and not fitted."""

import dataclasses

import numpy as np
import pytest

from airglow.etalon import measure_state, refine_parameters_on_sky
from airglow.etalon.parameters import fit_parameters
from airglow.model.errors import NotAnalysable

from .test_etalon import GAP_M, LASER_M, PARAMETERS, PHASE, laser, night_of_lasers

ALL = ("plate_scale_rad_per_pixel", "reflectivity", "blur_px", "gap_variance", "gap_third_moment")


@pytest.fixture(scope="module")
def lasers():
    return [laser(GAP_M + 1e-9 * k, k) for k in range(3)]


@pytest.mark.parametrize(
    "held", [("reflectivity",), ("blur_px",), ("gap_variance", "gap_third_moment"), ALL], ids=str
)
def test_what_is_held_stays_to_the_last_digit_and_the_rest_is_fitted(lasers, held):
    fit = fit_parameters(lasers, LASER_M, PARAMETERS, held=held).parameters
    for name in held:
        assert getattr(fit, name) == getattr(PARAMETERS, name), name
    free = [name for name in ALL if name not in held]
    assert all(getattr(fit, name) != getattr(PARAMETERS, name) for name in free)
    assert np.isnan(fit.reflectivity_error) == ("reflectivity" in held)
    assert np.isnan(fit.plate_scale_error_rad_per_pixel) == ("plate_scale_rad_per_pixel" in held)
    assert fit.plate_scale_rad_per_pixel == pytest.approx(PARAMETERS.plate_scale_rad_per_pixel, rel=1e-4)
    assert fit.reflectivity == pytest.approx(PARAMETERS.reflectivity, abs=0.01)


def test_the_rest_makes_up_for_a_reflectivity_that_is_too_high(lasers):
    """Blur and gap make up for a reflectivity that is too high, as far as they can."""
    high = dataclasses.replace(PARAMETERS, reflectivity=PARAMETERS.reflectivity + 0.01)
    free = fit_parameters(lasers, LASER_M, PARAMETERS)
    fit = fit_parameters(lasers, LASER_M, high, held=("reflectivity",))
    assert fit.parameters.reflectivity == high.reflectivity
    assert fit.reduced_chi_square > free.reduced_chi_square
    assert np.sqrt(np.abs(fit.shape.noise[1, 1])) < 1e-6 * free.parameters.reflectivity_error

    assert fit.parameters.blur_px[0] > free.parameters.blur_px[0] + 0.01
    assert fit.parameters.gap_variance > free.parameters.gap_variance


def test_a_plate_scale_that_is_held_is_not_looked_for(lasers):
    """A wrong one explains no fringes: there is no measurement then, and no other plate scale is tried."""
    alpha = PARAMETERS.plate_scale_rad_per_pixel
    data, times = night_of_lasers(3)
    off = dataclasses.replace(PARAMETERS, plate_scale_rad_per_pixel=1.01 * alpha)
    options = {"estimate_blur": True, "lasers_together": 3, "other_plate_scales": (alpha,)}
    right = measure_state(data, times, LASER_M, off, **options)
    assert right.parameters.plate_scale_rad_per_pixel == pytest.approx(alpha, rel=1e-4)
    with pytest.raises(NotAnalysable, match="of the fringes of every laser frame"):
        measure_state(data, times, LASER_M, off, **options, held=("plate_scale_rad_per_pixel",))


def test_parameters_are_held_on_sky_frames_too():
    wide = dataclasses.replace(PARAMETERS, reflectivity=0.7, gap_variance=0.3 / PHASE**2)
    data = [laser(GAP_M, seed, amplitude=5.0, parameters=wide) for seed in range(6)]
    start = dataclasses.replace(wide, gap_variance=0.0, reflectivity=0.72)
    free = refine_parameters_on_sky(data, LASER_M, start, 0.3)
    held = refine_parameters_on_sky(data, LASER_M, start, 0.3, held=("reflectivity",))
    assert free.parameters.reflectivity != 0.72
    assert held.parameters.reflectivity == 0.72
    assert held.width_error_rad2 < free.width_error_rad2
