"""The gap over a night from laser fits: orders, odd frames, drift."""

import numpy as np
import pytest

from airglow.etalon import measure_state
from airglow.etalon.state import _one_order
from airglow.rings import RingProfile

from .test_laser_errors import COUNTS, GAP_M, LASER_M, PARAMETERS, PHASE, SIGMA, WIDTH_PX2, S, counts_of


def test_gaps_come_to_one_order():
    """A gap is known but for halves of a wavelength."""
    true = GAP_M + 1e-9 * np.array([120.0, 131.0, 140.0, 152.0, 160.0, np.nan, 90.0])
    orders = np.array([0, 1, 0, -1, 0, 0, 2])
    trusted = np.array([True] * 6 + [False])
    found = _one_order(true + orders * LASER_M / 2.0, LASER_M, trusted)
    np.testing.assert_allclose(found, true, rtol=0, atol=1e-15)


def test_a_frame_that_fits_badly_weighs_less_and_one_of_another_gap_is_out():
    random, drift = np.random.default_rng(2), 0.2e-9  # per frame
    by_gap = (counts_of(PHASE + 1e-3) - counts_of(PHASE - 1e-3)) / 2e-3 * 4.0 * np.pi / LASER_M
    data = []
    for number in range(12):
        noise = random.normal(0, 1.0, S.size)
        noise *= np.sqrt({4: 7.0}.get(number, 1.0) / np.mean(noise**2))
        off = drift * (number - 5.5) + {8: 1.0e-9}.get(number, 0.0)
        data.append(RingProfile(S, COUNTS + off * by_gap + noise * SIGMA, SIGMA, WIDTH_PX2))
    times = 1800.0 * np.arange(12)
    state = measure_state(data, times, LASER_M, PARAMETERS, estimate_blur=False, lasers_together=2)
    assert list(np.flatnonzero(~state.used)) == [8]
    assert state.fits[4].gap_error_m == pytest.approx(np.sqrt(7.0) * state.fits[5].gap_error_m, rel=0.1)
    gap, error = state.gap_m(times)
    np.testing.assert_allclose(gap - GAP_M, drift * (np.arange(12) - 5.5), atol=3 * error.max())
    assert error.max() < drift
    covariance = state.gap_covariance_m2(times)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), error, rtol=1e-6)
