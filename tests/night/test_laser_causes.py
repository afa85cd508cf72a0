"""Nights whose lasers are too few to tell how fast the gap moves, or fitted poorly."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from results import example_result

from airglow.etalon import LaserState, measure_state
from airglow.etalon.state import _courses_at_rates
from airglow.gp import fit_course
from airglow.model.result import Cause
from airglow.night import samples
from airglow.night.instrument import _causes_of
from airglow.night.self_checks import SelfChecks
from airglow.rings import RingProfile
from airglow.winds.clouds_by_data import Clouds
from airglow.winds.doppler_reference import SampleReference
from airglow.winds.scattered_clouds import no_clouds
from tests.etalon.test_laser_errors import COUNTS, LASER_M, PARAMETERS, SIGMA, WIDTH_PX2, S

GAP_M = 0.015
PER_NM_MPS = 299792458.0 * 1e-9 / GAP_M
MID_S = np.linspace(100.0, 15500.0, 60)
FIT_ERROR_MPS, VERTICAL_MPS = 1.0, 6.0

NOTHING_FOUND = SelfChecks(
    Clouds(np.zeros(60, bool), np.zeros(60), ()), no_clouds(60), None, np.zeros(60, bool)
)


def settling_nm(time_s):
    return 44.0 * np.exp(-time_s / 5400.0)


def steady_nm(time_s):
    return 0.4 * np.sin(time_s / 6000.0)


def reference_errors(gap_nm, laser_s, seed):
    """What the reference leaves of the gap's course, and its stated errors."""
    random, laser_s = np.random.default_rng(seed), np.array(laser_s)
    measured = gap_nm(laser_s) + random.normal(0, 0.015, laser_s.size)
    measured -= np.median(measured)
    error = np.full(laser_s.size, 0.015)
    state = LaserState(
        parameters=None,
        reduced_chi_square=1.0,
        fringes_left=0.0,
        shape=None,
        fits=(),
        used=np.ones(laser_s.size, bool),
        gap_nm=fit_course(laser_s, measured, error, natural_rate=1.0),
        median_gap_m=GAP_M,
        other_courses=_courses_at_rates(laser_s, measured, error),
    )
    zenith = np.arange(60) % 5 == 0
    true_mps = -gap_nm(MID_S) * PER_NM_MPS  # a wider gap shows more phase, as light from nearer does
    wind = random.normal(0, np.where(zenith, VERTICAL_MPS, 60.0))
    # The gap's course has been taken out of velocities.
    taken_mps = -(state.gap_m(MID_S)[0] - GAP_M) * 1e9 * PER_NM_MPS
    sky = replace(
        example_result(60, 0).sky,
        line_of_sight_wind_mps=true_mps - taken_mps + wind + random.normal(0, FIT_ERROR_MPS, 60),
        wind_fit_error_mps=np.full(60, FIT_ERROR_MPS),
        zenith_deg=np.where(zenith, 0.0, 45.0),
        sky_minus_ambient_mean_c=np.full(60, -30.0),
    )
    found = samples.find_doppler_reference(sky, MID_S, SimpleNamespace(lasers=state), NOTHING_FOUND)
    return found.value_mps - (true_mps - taken_mps), np.hypot(found.error_mps, found.calibration_error_mps)


@pytest.mark.parametrize("gap_nm", [settling_nm, steady_nm])
@pytest.mark.parametrize("laser_s", [(900.0, 7800.0, 15000.0), (900.0, 15000.0), (900.0,)])
def test_winds_are_right_within_their_errors_whatever_the_gap_does(gap_nm, laser_s):
    found = [reference_errors(gap_nm, laser_s, seed) for seed in range(12)]
    off, stated = (np.array(each) for each in zip(*found, strict=True))
    assert np.sqrt(np.mean(off**2)) < 8.0
    assert 0.3 < np.sqrt(np.mean((off / stated) ** 2)) < 1.3
    assert np.mean(np.abs(off) > 4.0 * stated) == 0.0


def test_a_wider_gap_adds_to_velocities(monkeypatch):
    """A gap that is wider by 1 nm than it was taken for hides 20 m/s of a line that goes away."""

    def state(gap_nm):
        at = np.array([100.0, 8000.0, 15500.0])
        course = fit_course(at, np.full(3, gap_nm), np.full(3, 0.01), natural_rate=1.0)
        return LaserState(None, 1.0, 0.0, None, (), np.ones(3, bool), course, GAP_M, ((0.0, course),))

    taken, other = state(0.0), state(1.0)
    given = []

    def told(_, velocity, *others):
        given.append(velocity)
        return SampleReference("by hand", np.zeros(60), np.zeros(60), 8.0, 3)

    monkeypatch.setattr(samples, "reference_over_gap", told)
    sky = replace(example_result(60, 0).sky, line_of_sight_wind_mps=np.full(60, 7.0))
    lasers = replace(taken, other_courses=other.other_courses)
    found = samples.find_doppler_reference(sky, MID_S, SimpleNamespace(lasers=lasers), NOTHING_FOUND)
    np.testing.assert_allclose(given[0], 7.0 + PER_NM_MPS, rtol=1e-3)
    np.testing.assert_allclose(found.value_mps, -PER_NM_MPS, rtol=1e-3)


def test_a_gap_that_hardly_moves_keeps_the_errors_small():
    _, stated = reference_errors(steady_nm, (900.0, 7800.0, 15000.0), 1)
    assert np.median(stated) < 7.0


@pytest.mark.parametrize(("highest", "poor"), [(np.inf, False), (0.6, True), (0.98, False)])
def test_lasers_with_cut_tops_are_fitted_poorly(highest, poor):
    """As by a sensor that saturates below the converter's ceiling, where no pile-up tells."""
    random = np.random.default_rng(4)
    cut = np.minimum(COUNTS, 300.0 + highest * (COUNTS.max() - 300.0))
    data = [RingProfile(S, cut + random.normal(0, 0.1 * SIGMA), 0.1 * SIGMA, WIDTH_PX2) for _ in range(5)]
    state = measure_state(
        data, 1800.0 * np.arange(5), LASER_M, PARAMETERS, estimate_blur=True, lasers_together=3
    )
    assert (Cause.POOR_LASER_FIT in _causes_of(SimpleNamespace(rings=data), state)) == poor
    assert not poor or state.fringes_left > 3e-3


@pytest.mark.parametrize(("number", "few"), [(3, True), (4, False)])
def test_fewer_than_four_lasers_are_few(number, few):
    random = np.random.default_rng(3)
    data = [RingProfile(S, COUNTS + random.normal(0, SIGMA), SIGMA, WIDTH_PX2) for _ in range(number)]
    state = measure_state(
        data, 1800.0 * np.arange(number), LASER_M, PARAMETERS, estimate_blur=False, lasers_together=1
    )
    causes = _causes_of(SimpleNamespace(rings=data), state)
    assert (Cause.FEW_LASERS in causes) == few
    assert bool(state.other_courses) == few
