"""A drift that all directions share, against nights whose drift is known."""

from __future__ import annotations

import numpy as np
import pytest

from airglow.winds.common_drift import SIZES_MPS, find_common_drift
from airglow.winds.doppler_reference import reference_over_gap

from .made_skies import make_sky

NIGHTS = 30
GAP_MPS = 0.3  # what the lasers leave open


def drift_of(seed: int, gap_mps: float = GAP_MPS, **options):
    made, _, rounds = make_sky(seed, **options)
    time_s = (made.sky.mid_time - made.sky.mid_time[0]) / np.timedelta64(1, "s")
    covariance = gap_mps**2 * np.exp(-np.abs(time_s[:, None] - time_s[None, :]) / 1800.0)
    return made, time_s, covariance, find_common_drift(rounds, time_s, covariance)


@pytest.mark.parametrize(
    "options",
    [{}, {"slope": 0.8}, {"gradient_per_s": 4e-5}, {"noise_mps": 8.0}, {"cover": 0.8}],
    ids=["clear", "rough winds", "gradients", "dim", "clouds"],
)
def test_nights_without_a_drift_are_left_alone(options):
    assert np.mean([drift_of(seed, **options)[3] is not None for seed in range(NIGHTS)]) < 0.02


def test_a_drift_is_found_and_its_size_told():
    found = [drift_of(seed, drift_mps=-30.0)[3] for seed in range(NIGHTS)]
    assert np.mean([drift is not None for drift in found]) > 0.95
    assert {drift.size_mps for drift in found if drift} <= set(SIZES_MPS[1:3])


def test_what_the_lasers_leave_open_is_no_drift():
    assert np.mean([drift_of(seed, 30.0, drift_mps=30.0)[3] is not None for seed in range(10)]) == 0.0


def test_the_reference_follows_the_drift_with_true_errors():
    scores, off = [], []
    for seed in range(NIGHTS):
        made, time_s, covariance, drift = drift_of(seed, drift_mps=30.0)
        sky = made.sky
        reference = reference_over_gap(
            time_s,
            sky.line_of_sight_wind_mps,
            sky.wind_fit_error_mps,
            covariance + drift.covariance_mps2(time_s),
            sky.zenith_deg < 3,
        )
        true = 30.0 * (np.linspace(0.0, 1.0, time_s.size) - 0.5)
        error = reference.value_mps - true
        scores.append((error - error.mean()) / reference.calibration_error_mps)
        off.append(error - error.mean())
    assert np.sqrt(np.mean(np.square(off))) < 3.0  # 9 without
    # Wide, since vertical winds of 8 m/s are expected, and there are 3.
    assert 0.3 < np.sqrt(np.mean(np.square(scores))) < 1.2


def test_few_rounds_tell_no_drift():
    assert drift_of(1, frames=20, drift_mps=80.0)[3] is None
