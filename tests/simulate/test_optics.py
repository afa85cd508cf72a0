"""The optics against geometry and against sums so plain that they cannot share an error."""

import numpy as np
import pytest

from airglow.simulate.optics import (
    BOLTZMANN_J_PER_K,
    OXYGEN_MASS_KG,
    SPEED_OF_LIGHT_MPS,
    TABLE_STEP_PX,
    Optics,
    Spectrum,
    Spread,
    monochromatic,
    pixel_image,
    thermal_line,
)
from airglow.simulate.plates import Plates

GAP_M = 0.015
LASER_M = 632.8e-9
RED_M = 630.0e-9
ALPHA = 8.8e-5
PERFECT = Plates(0.87)


def optics(plates=PERFECT, sky_scale=1.0, focus_px=0.8, defocus_px=0.0, sharpest=0.5):
    spread = Spread(focus_px, defocus_px, sharpest, 250.0)
    return Optics(plates, ALPHA, sky_scale, spread, max_radius_px=250.0, corner_radius_px=260.0)


def radius_of_order(order, wavelength_m):
    """Radius (px) of a bright ring: 2 t cos(theta) = m lambda."""
    return np.tan(np.arccos(order * wavelength_m / (2 * GAP_M))) / ALPHA


def ring_radii(wavelength_m):
    """Radii (px) of the bright rings within 250 px, from the inside."""
    radii = radius_of_order(np.floor(2 * GAP_M / wavelength_m) - np.arange(30), wavelength_m)
    return radii[radii < 250]


def peaks(profile):
    """Radii of the maxima of a profile, by a parabola through five points."""
    middle = np.arange(2, profile.size - 2)
    top = middle[(profile[middle] > profile[middle - 1]) & (profile[middle] >= profile[middle + 1])]
    result = []
    for index in top:
        second, first, _ = np.polyfit(np.arange(-2, 3), profile[index - 2 : index + 3], 2)
        result.append((index - first / (2 * second)) * TABLE_STEP_PX)
    return np.array(result)


def test_rings_are_where_the_geometry_puts_them():
    found = peaks(optics().profile(monochromatic(LASER_M, 100.0), GAP_M))
    expected = ring_radii(LASER_M)
    expected = expected[(expected > 50) & (expected < 245)]
    found = found[(found > 50) & (found < 245)]
    assert found.size == expected.size > 8
    # A spread of 0.8 px in two dimensions pushes a ring of 50 px radius by less than 0.01 px.
    np.testing.assert_allclose(found, expected, atol=0.012)


@pytest.mark.parametrize("wind_mps", [-250.0, 120.0])
def test_a_doppler_shift_moves_the_rings_as_the_geometry_says(wind_mps):
    wavelengths = RED_M, RED_M * (1 + wind_mps / SPEED_OF_LIGHT_MPS)
    orders = np.floor(2 * GAP_M / RED_M) - np.arange(1, 12)
    expected = [radius_of_order(orders, wavelength_m) for wavelength_m in wavelengths]
    found = []
    for wind, radii in zip((0.0, wind_mps), expected, strict=True):
        tops = peaks(optics().profile(thermal_line(RED_M, wind, 700.0, 1.0), GAP_M))
        found.append(tops[np.abs(tops[:, None] - radii).argmin(axis=0)])
    still, moving = found
    np.testing.assert_allclose(moving - still, expected[1] - expected[0], rtol=0.03)
    assert np.all(np.sign(moving - still) == -np.sign(wind_mps))  # away: to the red, rings shrink


def test_a_line_has_the_moments_of_its_physics():
    line = thermal_line(RED_M, 75.0, 900.0, 0.3, 0.02)
    mean = (line.weight * line.wavelength_m).sum() / line.weight.sum()
    variance = (line.weight * (line.wavelength_m - mean) ** 2).sum() / line.weight.sum()
    assert line.weight.sum() == pytest.approx(0.3)
    assert line.continuum == 0.02
    assert (mean / RED_M - 1) * SPEED_OF_LIGHT_MPS == pytest.approx(75.0, abs=1e-3)
    speed2 = variance / mean**2 * SPEED_OF_LIGHT_MPS**2
    assert speed2 == pytest.approx(BOLTZMANN_J_PER_K * 900.0 / OXYGEN_MASS_KG, rel=1e-4)


def test_heat_flattens_the_rings_and_keeps_the_light():
    cool, hot = (optics().profile(thermal_line(RED_M, 0.0, t, 1.0), GAP_M) for t in (400.0, 1200.0))
    outer = slice(int(80 / TABLE_STEP_PX), int(245 / TABLE_STEP_PX))
    assert np.ptp(hot[outer]) < 0.8 * np.ptp(cool[outer])
    # Over whole orders the mean of the fringes is the intensity: radii of two bright rings, in r^2.
    rings = ring_radii(RED_M)
    radii = np.arange(cool.size) * TABLE_STEP_PX
    whole = (radii > rings[2]) & (radii < rings[-1])
    for profile in (cool, hot):
        assert np.average(profile[whole], weights=radii[whole]) == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("radius_px", [0.0, 3.0, 41.0, 173.5])
def test_light_is_spread_in_two_dimensions(radius_px):
    plates = Plates(0.87, bow_m=9e-9, edge_m=2e-8)
    shape = optics(plates, focus_px=0.9, defocus_px=0.8, sharpest=0.4)
    width = np.sqrt(0.9**2 + 0.8**2 * ((radius_px / 250) ** 2 - 0.4) ** 2)
    step = 0.05
    offset = np.arange(-14 * width, 14 * width, step)
    x, y = radius_px + offset[:, None], offset[None, :]
    weight = (1 + (offset[:, None] ** 2 + offset[None, :] ** 2) / (2 * width) ** 2) ** -4.0
    cosine = 1 / np.sqrt(1 + (ALPHA * np.hypot(x, y)) ** 2)
    # The plates' transmission is looked up between points that are dense over one order.
    points = np.linspace(0, np.pi, 4001)
    table = plates.airy(points, LASER_M)
    light = 100 * np.interp((2 * np.pi * GAP_M * cosine / LASER_M) % np.pi, points, table)
    expected = (weight * light).sum() / weight.sum()
    profile = shape.profile(monochromatic(LASER_M, 100.0), GAP_M)
    assert profile[round(radius_px / TABLE_STEP_PX)] == pytest.approx(expected, rel=5e-4)


def test_mirrors_move_the_rings_of_other_colours_alone():
    """A phase of reflection that changes with wavelength acts as a gap that differs between lines."""
    slope = -0.016  # rad per nm; of half the phase between beams
    coated = optics(Plates(0.87, mirror_phase_rad_per_nm=slope, reference_wavelength_m=LASER_M))
    bare = optics()
    laser, sky = monochromatic(LASER_M, 1.0), thermal_line(RED_M, 0.0, 700.0, 1.0)
    np.testing.assert_array_equal(coated.profile(laser, GAP_M), bare.profile(laser, GAP_M))
    gap_m = GAP_M + slope * -2.8 * RED_M / (2 * np.pi)
    as_gap = bare.profile(sky, gap_m)
    np.testing.assert_allclose(coated.profile(sky, GAP_M), as_gap, atol=2e-3 * np.ptp(as_gap))
    assert np.abs(bare.profile(sky, GAP_M) - as_gap).max() > 0.03 * np.ptp(as_gap)


def test_light_of_the_sky_has_a_plate_scale_of_its_own():
    shape = optics(sky_scale=1 - 4e-4)
    laser = monochromatic(LASER_M, 1.0)
    sky = Spectrum(laser.wavelength_m, laser.weight)
    of_laser, of_sky = (peaks(shape.profile(light, GAP_M)) for light in (laser, sky))
    ratio = of_sky[of_sky > 100] / of_laser[of_laser > 100]
    np.testing.assert_allclose(ratio, 1 + 4e-4, atol=5e-5)


def test_pixels_have_an_area():
    profile = optics(focus_px=0.55).profile(monochromatic(LASER_M, 100.0), GAP_M)
    center = (31.37, 28.81)
    image = pixel_image(profile, (64, 64), center)
    inside = (np.arange(25) + 0.5) / 25 - 0.5
    radii = np.arange(profile.size) * TABLE_STEP_PX
    for row, column in ((28, 31), (3, 60), (50, 12), (0, 0)):
        x, y = column + inside - center[0], row + inside - center[1]
        mean = np.interp(np.hypot(x[None, :], y[:, None]), radii, profile).mean()
        assert image[row, column] == pytest.approx(mean, rel=5e-4)


def test_a_frame_without_binning_holds_the_binned_frame():
    profile = optics().profile(monochromatic(LASER_M, 100.0), GAP_M)
    binned = pixel_image(profile, (60, 60), (30.2, 27.9))
    single = pixel_image(profile, (120, 120), (60.9, 56.3), (0.5, 0.5))
    np.testing.assert_allclose(single.reshape(60, 2, 60, 2).mean(axis=(1, 3)), binned, rtol=1e-3)
