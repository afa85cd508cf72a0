"""Plates: what their surface adds up to, against formulas for simple shapes."""

import numpy as np
import pytest

from airglow.simulate.plates import PHASES, Plates

LASER_M = 632.8e-9
FLAT = Plates(0.8)
UNEVEN = Plates(0.8, bow_m=8e-9, edge_m=25e-9, tilt_m=5e-9, ripple_m=2e-9, ripple_seed=3)


def test_perfect_plates_transmit_the_airy_function():
    phase = np.arange(PHASES) * np.pi / PHASES
    value, rise = FLAT.table(LASER_M)
    expected = (1 - 0.8**2) / (1 - 2 * 0.8 * np.cos(2 * phase) + 0.8**2)  # sum over reflections, squared
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(value + rise, np.roll(expected, -1), rtol=1e-12)


@pytest.mark.parametrize(
    ("plates", "second", "third"),
    [
        (Plates(0.8, bow_m=8e-9), 64 / 12, 0.0),  # evenly from 0 to 8 nm
        (Plates(0.8, tilt_m=8e-9), 64 / 4, 0.0),
        (Plates(0.8, ripple_m=2e-9, ripple_seed=1), 4.0, None),
        (Plates(0.8, edge_m=9e-9), 81 * (1 / 17 - 1 / 81), 729 * (1 / 25 - 3 / (9 * 17) + 2 / 729)),
        (Plates(0.8, bow_m=-9e-9, tilt_m=4e-9), 81 / 12 + 4, 9 * 16 / 8),
    ],
    ids=["bow", "tilt", "ripples", "edge", "bow and tilt"],
)
def test_moments_of_the_gap_follow_from_the_shape(plates, second, third):
    """Integrals over a round plate, in nm; the elements are good to a per cent."""
    assert plates.gap_moment(1) == pytest.approx(0, abs=1e-20)
    assert plates.gap_moment(2) * 1e18 == pytest.approx(second, rel=0.01)
    if third is not None:
        assert plates.gap_moment(3) * 1e27 == pytest.approx(third, rel=0.02, abs=1e-9)


def test_the_table_is_the_sum_over_all_elements():
    value, _ = UNEVEN.table(LASER_M)
    slow = UNEVEN.airy(np.arange(0, PHASES, 8) * np.pi / PHASES, LASER_M)
    np.testing.assert_allclose(value[::8], slow, atol=1e-3 * slow.max())
    assert np.mean(value) == pytest.approx(1.0, rel=1e-6)
    assert value.max() < 0.95 * FLAT.table(LASER_M)[0].max()


def test_a_fringe_of_uneven_plates_leans_to_one_side():
    """Turned edges are places of a wider gap: the fringe has a tail at smaller phases."""
    value, _ = UNEVEN.table(LASER_M)
    top = int(np.argmax(value))
    reach = np.arange(200, 2000)
    left, right = value[(top - reach) % PHASES], value[(top + reach) % PHASES]
    assert np.all(left > right)


def test_reflectivity_and_phase_depend_on_the_colour():
    plates = Plates(
        0.8, reflectivity_per_nm=1e-4, mirror_phase_rad_per_nm=-0.02, mirror_phase_rad_per_nm2=1e-4
    )
    assert plates.reflectivity_at(632.8e-9) == pytest.approx(0.8)
    assert plates.reflectivity_at(557.7e-9) == pytest.approx(0.8 - 75.1e-4)
    assert plates.mirror_phase_rad(632.8e-9) == 0
    assert plates.mirror_phase_rad(622.8e-9) == pytest.approx(0.2 + 0.01)
    # A lower reflectivity is a lower contrast.
    green, laser = (np.ptp(plates.table(wavelength_m)[0]) for wavelength_m in (557.7e-9, 632.8e-9))
    assert green < 0.97 * laser
