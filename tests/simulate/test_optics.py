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
    monochromatic,
    pixel_image,
    thermal_line,
)

GAP_M = 0.015
LASER_M = 632.8e-9
RED_M = 630.0e-9
ALPHA = 8.8e-5


def optics(reflectivity=0.87, falloff=(0.0, 0.0), blur_px=(0.8, 0.0, 0.0)):
    return Optics(reflectivity, ALPHA, falloff, blur_px, max_radius_px=250.0, corner_radius_px=260.0)


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
    # A blur of 0.8 px in two dimensions pushes a ring of 50 px radius by less than 0.01 px.
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
def test_the_blur_is_a_two_dimensional_one(radius_px):
    shape = optics(falloff=(0.1, -0.05), blur_px=(1.1, 0.3, -0.2))
    width = shape.blur_at(radius_px)
    step = 0.05
    offset = np.arange(-6.5 * width, 6.5 * width, step)
    x, y = radius_px + offset[:, None], offset[None, :]
    weight = np.exp(-0.5 * (offset[:, None] ** 2 + offset[None, :] ** 2) / width**2)
    radius = np.hypot(x, y)
    light = 100 * shape.airy(radius, LASER_M, GAP_M) * shape.falloff_at(radius)
    expected = (weight * light).sum() / weight.sum()
    profile = shape.profile(monochromatic(LASER_M, 100.0), GAP_M)
    assert profile[round(radius_px / TABLE_STEP_PX)] == pytest.approx(expected, rel=3e-4)


def test_pixels_have_an_area():
    profile = optics(blur_px=(0.5, 0.0, 0.0)).profile(monochromatic(LASER_M, 100.0), GAP_M)
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


def test_the_continuum_shows_the_falloff_alone():
    shape = optics(falloff=(0.12, -0.3))
    image = pixel_image(
        shape.profile(Spectrum(np.empty(0), np.empty(0), 2.0), GAP_M), (300, 300), (150.0, 149.0)
    )
    rows, columns = np.indices(image.shape)
    x = np.hypot(columns - 150.0, rows - 149.0) / 250.0
    outer = x > 0.1  # at the very centre the slope of the falloff has a kink, which the blur rounds
    np.testing.assert_allclose(image[outer], 2 * (1 + 0.12 * x - 0.3 * x**2)[outer], rtol=3e-4)
