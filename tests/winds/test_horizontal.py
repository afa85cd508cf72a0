"""Winds over the site from lines of sight, against winds that are known."""

import dataclasses
import time

import numpy as np
import pytest

from airglow.model.result import BAD, CAUTION, GOOD, Cause
from airglow.winds.horizontal import horizontal_winds
from airglow.winds.rests_on import worst_of_samples

from .made_winds import CARDINAL, LATITUDE_DEG, LONGITUDE_DEG, Waves, make_winds, waves

CV = ("CV_ANN_UAO_1", "CV_ANN_UAO_2")
NONE = np.zeros(0)
NAMES = ("zonal", "meridional", "vertical")


def winds_of(made, **changes):
    sky = dataclasses.replace(made.sky, **changes)
    return horizontal_winds(sky, made.laser_time, LATITUDE_DEG, LONGITUDE_DEG, 600.0)


def values(winds):
    return np.stack([getattr(winds, f"{name}_wind_mps") for name in NAMES], axis=1)


def errors(winds):
    return np.stack([getattr(winds, f"{name}_wind_error_mps") for name in NAMES], axis=1)


def truth(made, winds):
    """Of each component at its own time, (n, 3)."""
    times = [getattr(winds, f"{name}_time", getattr(winds, "time", None)) for name in NAMES]
    return np.stack([made.truth(time)[:, k] for k, time in enumerate(times)], axis=1)


def steady(zonal=100.0, meridional=-50.0, vertical=0.0):
    return tuple(Waves(mean, NONE, NONE, NONE) for mean in (zonal, meridional, vertical))


def scores(nights, **options):
    """(estimate - truth) / error of cycles and of smooth winds, (n, 3) each, and their (n,) chi-squares."""
    found = ([], [])
    together = ([], [])
    for seed in range(nights):
        made = make_winds(seed, **options)
        for k, winds in enumerate(winds_of(made)):
            off, covariance = values(winds) - truth(made, winds), winds.covariance_m2s2
            found[k].append(off / errors(winds))
            together[k].append(np.einsum("ni,nij,nj->n", off, np.linalg.inv(covariance), off))
    return *(np.concatenate(part) for part in found), *(np.concatenate(part) for part in together)


@pytest.mark.parametrize(
    ("nights", "options"),
    [
        (12, {}),
        (20, {"directions": (*CARDINAL, *CV), "frames": 63}),
        (12, {"noise_mps": 8.0}),
        (12, {"slope": 0.8}),
        (12, {"gradient_per_s": 4e-5}),
    ],
    ids=["cardinal", "with common volumes", "dim", "rough winds", "gradients"],
)
def test_errors_are_true(nights, options):
    cycles, smooth, cycles_together, smooth_together = scores(nights, **options)
    for found in (cycles, smooth):
        spread = np.sqrt(np.mean(found**2, axis=0))
        assert np.all(spread[:2] > 0.8), spread
        assert np.all(spread < 1.25), spread
        assert 0.85 < np.sqrt(np.mean(found[:, :2] ** 2)) < 1.15
        # Most of this error is that of the Doppler reference, for vertical winds that last; these do not.
        assert spread[2] > 0.1, spread
    for together in (cycles_together, smooth_together):
        assert 1.2 < np.mean(together) < 3.7  # three components: 2 to 3 if the covariance is right


@pytest.mark.parametrize("vertical_mps", [3.0, 8.0, 15.0])
def test_vertical_winds_of_cycles_are_true_about_the_mean_of_the_night(vertical_mps):
    """Less the part that the Doppler reference makes, which all cycles of a night have in common."""
    found = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        wind = (*steady()[:2], waves(random, 0.0, vertical_mps, 0.4, 3.0, 8))
        made = make_winds(seed, wind=wind)
        cycles, _ = winds_of(made)
        off = cycles.vertical_wind_mps - made.truth(cycles.vertical_time)[:, 2]
        own = np.sqrt(cycles.vertical_wind_error_mps**2 - cycles.vertical_wind_reference_error_mps**2)
        found.append((off - off.mean()) / own)
    spread = np.sqrt(np.mean(np.square(found)) * len(cycles) / (len(cycles) - 1))
    assert 0.85 < spread < 1.2, spread


def test_what_the_reference_makes_of_a_vertical_wind_is_as_it_is_weighted():
    made = make_winds(3, noise_mps=0.1)
    cycles, _ = winds_of(made, wind_reference_error_mps=np.full(60, 10.0))
    shifted, _ = winds_of(
        made,
        wind_reference_error_mps=np.full(60, 10.0),
        line_of_sight_wind_mps=made.sky.line_of_sight_wind_mps + 10.0,
    )
    moved = shifted.vertical_wind_mps - cycles.vertical_wind_mps
    np.testing.assert_allclose(cycles.vertical_wind_reference_error_mps, moved, rtol=0.2)
    assert 10.0 < np.median(cycles.vertical_wind_reference_error_mps) < 14.0


def test_smooth_winds_are_nearer_to_the_truth_than_cycles():
    off_cycles, off_smooth = [], []
    for seed in range(8):
        made = make_winds(seed, frames=180, step_s=190.0)
        cycles, smooth = winds_of(made)
        off_cycles.append((values(cycles) - truth(made, cycles))[:, :2])
        off_smooth.append((values(smooth) - made.truth(smooth.time))[:, :2])
    rms = [np.sqrt(np.mean(np.concatenate(off) ** 2)) for off in (off_cycles, off_smooth)]
    assert rms[0] < 2.6
    assert rms[1] < 1.4


def test_components_of_a_cycle_have_times_of_their_own():
    """East and west are taken after the middle of the cycle; a wind that changes by 50 m/s an hour tells."""
    steep = Waves(0.0, np.array([200.0]), np.array([24.0]), np.array([-np.pi / 2]))
    off, off_at_mid_time, after_s = [], [], []
    for seed in range(6):
        made = make_winds(seed, frames=30, wind=(steep, *steady(vertical=0.0)[1:]), with_zero=False)
        cycles, _ = winds_of(made)
        after_s.append((cycles.zonal_time - cycles.mid_time) / np.timedelta64(1, "s"))
        off.append((values(cycles) - truth(made, cycles))[:, 0])
        off_at_mid_time.append((values(cycles) - made.truth(cycles.mid_time))[:, 0])
    assert 50.0 < np.mean(after_s) < 250.0
    assert abs(np.mean(off)) < 0.5
    assert np.mean(off_at_mid_time) > 1.0


def test_the_round_earth_is_allowed_for():
    # With the angles at the site a wind of 100 m/s would come out as 96.
    made = make_winds(1, noise_mps=0.02, wind=steady(), with_zero=False)
    calibration = made.sky.wind_calibration_error_mps * 0.0
    sky = dataclasses.replace(made.sky, wind_calibration_error_mps=calibration)
    cycles, smooth = horizontal_winds(sky, made.laser_time, LATITUDE_DEG, LONGITUDE_DEG, 600.0)
    for winds in (cycles, smooth):
        np.testing.assert_allclose(values(winds)[:, :2], [[100.0, -50.0]] * len(winds), atol=1.2)
        assert np.abs(values(winds)[:, :2].mean(axis=0) - [100.0, -50.0]).max() < 0.3


def test_times_and_counts_are_those_of_the_samples():
    made = make_winds(2, frames=30)
    cycles, smooth = winds_of(made)
    assert len(cycles) == 6
    np.testing.assert_array_equal(cycles.start_time, made.sky.start_time[::5])
    np.testing.assert_array_equal(cycles.stop_time, made.sky.start_time[4::5] + np.timedelta64(180, "s"))
    np.testing.assert_array_equal(cycles.mid_time, made.sky.mid_time[2::5])
    np.testing.assert_array_equal(cycles.samples, 5)
    np.testing.assert_array_equal(cycles.directions, 5)
    assert cycles.reason == ("",) * 6
    assert smooth.reason == ""
    assert smooth.samples == 30
    minutes = smooth.time.astype("datetime64[m]").astype(int)
    assert np.all(smooth.time == smooth.time.astype("datetime64[m]"))
    assert np.all(minutes % 10 == 0)
    assert np.all(np.diff(minutes) == 10)
    assert smooth.time[0] <= made.sky.mid_time[0] < smooth.time[1]
    assert smooth.time[-2] < made.sky.mid_time[-1] <= smooth.time[-1]


def test_same_samples_same_winds():
    made = make_winds(4, frames=30)
    for one, other in zip(winds_of(made), winds_of(made), strict=True):
        np.testing.assert_array_equal(values(one), values(other))
        np.testing.assert_array_equal(one.covariance_m2s2, other.covariance_m2s2)


def test_an_error_of_the_zero_is_common_to_all_samples():
    made = make_winds(3)
    without, _ = winds_of(made, wind_reference_error_mps=np.zeros(60))
    with_it, _ = winds_of(made, wind_reference_error_mps=np.full(60, 10.0))
    # It cancels between opposite directions, and goes into the vertical wind as it is.
    np.testing.assert_allclose(with_it.zonal_wind_error_mps, without.zonal_wind_error_mps, rtol=0.1)
    np.testing.assert_allclose(with_it.meridional_wind_error_mps, without.meridional_wind_error_mps, rtol=0.1)
    assert np.all(with_it.vertical_wind_error_mps**2 > without.vertical_wind_error_mps**2 + 5.0**2)
    # As an error of each sample's own it would go into the horizontal wind with all its weight.
    own, _ = winds_of(made, wind_fit_error_mps=np.hypot(made.sky.wind_fit_error_mps, 10.0))
    assert np.all(own.zonal_wind_error_mps > 2 * with_it.zonal_wind_error_mps)


@pytest.mark.parametrize("size_mps", [60.0, 300.0, -4000.0])
def test_an_outlier_is_left_out_and_named(size_mps):
    made = make_winds(5)
    odd = made.sky.line_of_sight_wind_mps.copy()
    odd[27] += size_mps
    cycles, smooth = winds_of(made, line_of_sight_wind_mps=odd)
    assert smooth.left_out == (made.sky.name[27],)
    assert cycles.samples[5] == 4
    off = values(smooth) - made.truth(smooth.time)
    assert np.abs(off / errors(smooth)).max() < 4
    assert np.all(np.abs(values(cycles) - made.truth(cycles.mid_time)) < 4.5 * errors(cycles))


def test_several_outliers_do_not_hide_each_other():
    made = make_winds(6)
    odd = made.sky.line_of_sight_wind_mps.copy()
    outliers = [10, 15, 22, 23, 47]
    odd[outliers] += [250.0, 250.0, -180.0, 400.0, 90.0]
    _, smooth = winds_of(made, line_of_sight_wind_mps=odd)
    assert set(smooth.left_out) == {made.sky.name[k] for k in outliers}


def test_no_sample_of_honest_nights_is_called_an_outlier():
    left_out = [winds_of(make_winds(seed, slope=0.8))[1].left_out for seed in range(20)]
    assert sum(map(len, left_out)) <= 1


def test_bad_samples_take_no_part_and_those_of_caution_flag_their_cycle():
    made = make_winds(7, frames=30)
    flag, causes = made.sky.wind_flag.copy(), made.sky.causes.copy()
    flag[[7, 12]] = CAUTION, BAD
    causes[7], causes[12] = Cause.CLOUDY.mask, Cause.OVERCAST.mask
    nonsense = made.sky.line_of_sight_wind_mps.copy()
    nonsense[12] = -777.0
    cycles, smooth = winds_of(made, wind_flag=flag, causes=causes, line_of_sight_wind_mps=nonsense)
    assert cycles.flag.tolist() == [GOOD, CAUTION, GOOD, GOOD, GOOD, GOOD]
    assert cycles.causes.tolist() == [0, Cause.CLOUDY.mask, 0, 0, 0, 0]
    assert cycles.samples.tolist() == [5, 5, 4, 5, 5, 5]
    assert smooth.left_out == ()  # no outlier: it was never used
    assert np.isfinite(values(cycles)).all()


def test_a_component_that_a_cycle_does_not_tell_is_missing_with_the_reason():
    made = make_winds(8, frames=30)
    flag = made.sky.wind_flag.copy()
    flag[[12, 14]] = BAD  # east and west of the third cycle
    flag[15:20] = BAD  # all of the fourth
    flag[[21, 22, 23, 24]] = BAD  # all but the zenith of the fifth
    cycles, smooth = winds_of(made, wind_flag=flag)
    assert cycles.reason == (
        "",
        "",
        "too few directions for the zonal wind",
        "no usable sample",
        "too few directions for the zonal and meridional wind",
        "",
    )
    given = np.isfinite(values(cycles))
    assert given.tolist() == [
        [True, True, True],
        [True, True, True],
        [False, True, True],
        [False, False, False],
        [False, False, True],
        [True, True, True],
    ]
    np.testing.assert_array_equal(np.isfinite(errors(cycles)), given)
    covariance = cycles.covariance_m2s2
    assert np.isnan(covariance[2, 0]).all()
    assert np.isnan(covariance[2, :, 0]).all()
    assert np.isfinite(covariance[2, 1:, 1:]).all()
    assert cycles.flag.tolist() == [GOOD, GOOD, GOOD, BAD, GOOD, GOOD]
    assert np.isfinite(values(smooth)).all()
    gap, before = (np.argmin(np.abs(smooth.time - cycles.mid_time[k])) for k in (3, 0))
    assert smooth.zonal_wind_error_mps[gap] > 1.5 * smooth.zonal_wind_error_mps[before]


def test_zenith_alone_gives_the_vertical_wind_alone():
    made = make_winds(9, directions=("Zenith",))
    cycles, smooth = winds_of(made)
    for winds in (cycles, smooth):
        assert np.isnan(values(winds)[:, :2]).all()
        off = values(winds)[:, 2] - made.truth(winds.mid_time if winds is cycles else winds.time)[:, 2]
        assert np.sqrt(np.mean((off / errors(winds)[:, 2]) ** 2)) < 1.3
    assert set(cycles.reason) == {"too few directions for the zonal and meridional wind"}
    assert smooth.reason == "no direction tells the zonal and meridional wind"
    assert np.all(np.diff(cycles.start_time) <= np.timedelta64(35, "m"))


def test_two_common_volumes_and_the_zenith_give_everything():
    made = make_winds(10, directions=("Zenith", *CV))
    cycles, smooth = winds_of(made)
    assert len(cycles) == 20
    for winds, at in ((cycles, cycles.mid_time), (smooth, smooth.time)):
        assert np.isfinite(values(winds)).all()
        assert np.sqrt(np.mean(((values(winds) - made.truth(at)) / errors(winds)) ** 2)) < 1.3


def test_where_the_zero_follows_the_zenith_no_vertical_wind_is_given():
    found = []
    for seed in range(8):
        made = make_winds(seed, noise_mps=3.0)
        # The zenith vanishes: its wind is in the Doppler reference, which is subtracted from all directions.
        vertical = made.truth(made.sky.mid_time)[:, 2]
        cycles, smooth = winds_of(
            made,
            line_of_sight_wind_mps=made.sky.line_of_sight_wind_mps - vertical,
            wind_reference_error_mps=np.full(60, 4.0),
            causes=np.full(60, Cause.ZENITH_REFERENCE.mask, np.uint32),
        )
        for winds in (cycles, smooth):
            assert np.isnan(winds.vertical_wind_mps).all()
        assert "follows the zenith" in smooth.reason
        assert all("follows the zenith" in reason for reason in cycles.reason)
        found.append(((values(smooth) - made.truth(smooth.time)) / errors(smooth))[:, :2])
    assert 0.6 < np.sqrt(np.mean(np.concatenate(found) ** 2)) < 1.2


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_an_empty_night_and_nearly_empty_ones(frames):
    cycles, smooth = winds_of(make_winds(0, frames=frames))
    assert len(cycles) == min(frames, 1)
    assert (len(smooth) > 0) == (frames > 0)
    for winds in (cycles, smooth):  # first the zenith, then to the north
        assert np.isnan(winds.zonal_wind_mps).all()
        assert np.isfinite(winds.meridional_wind_mps).all() == (frames != 1)
        assert np.isfinite(winds.vertical_wind_mps).all()
    if not frames:
        assert smooth.reason == "no usable sample"
        assert smooth.covariance_m2s2.shape == (0, 3, 3)


def test_a_night_of_bad_samples_only():
    made = make_winds(0, frames=20)
    cycles, smooth = winds_of(made, wind_flag=np.full(20, BAD, np.int8))
    assert cycles.reason == ("no usable sample",) * 4
    assert cycles.flag.tolist() == [BAD] * 4
    assert np.isnan(values(cycles)).all()
    assert len(smooth) == 0
    assert smooth.reason == "no usable sample"


def test_samples_that_are_not_numbers_take_no_part():
    made = make_winds(11, frames=30)
    hurt = {
        name: getattr(made.sky, name).copy()
        for name in ("line_of_sight_wind_mps", "wind_fit_error_mps", "pierce_zenith_deg")
    }
    for k, name in enumerate(hurt):
        hurt[name][5 + k] = np.nan
    cycles, smooth = winds_of(made, **hurt)
    assert smooth.samples == 27
    assert cycles.samples.tolist() == [5, 2, 5, 5, 5, 5]
    assert np.isfinite(values(smooth)).all()


def test_a_full_night_is_quick():
    made = make_winds(0, frames=180, step_s=190.0)
    used = []
    for _ in range(3):
        begin = time.process_time()
        winds_of(made)
        used.append(time.process_time() - begin)
    assert min(used) < 1.0  # twenty times what it takes


def under_clouds(made, begin, end, cover=0.8):
    """The samples with clouds that mix the light of the whole sky, and the cause that tells."""
    sky, inside = made.sky, np.zeros(len(made.sky), bool)
    inside[begin:end] = True
    return {
        "line_of_sight_wind_mps": np.where(inside, 1.0 - cover, 1.0) * sky.line_of_sight_wind_mps,
        "causes": np.where(inside, np.uint32(Cause.CLOUD_BY_THE_DATA.mask), np.uint32(0)),
        "wind_flag": np.where(inside, np.int8(CAUTION), np.int8(GOOD)),
    }


def test_clouds_do_not_pull_smooth_winds_nor_hide_in_cycles():
    scores, off = ([], []), []
    for seed in range(15):
        made = make_winds(seed)
        found = winds_of(made, **under_clouds(made, 20, 40))
        for k, winds in enumerate(found):
            error = (values(winds) - truth(made, winds))[:, :2]
            scores[k].append(error / errors(winds)[:, :2])
        off.append(error)
    assert np.sqrt(np.mean(np.square(off))) < 20.0
    for score in scores:
        assert 0.5 < np.sqrt(np.mean(np.concatenate(score) ** 2)) < 1.5


def test_smooth_winds_have_flag_and_causes_of_the_samples_they_rest_on():
    made = make_winds(12)
    _, smooth = winds_of(made, **under_clouds(made, 20, 40))
    begin, end = made.sky.mid_time[[20, 39]]
    inside = (smooth.time >= begin) & (smooth.time <= end)
    far = (smooth.time < begin - np.timedelta64(40, "m")) | (smooth.time > end + np.timedelta64(40, "m"))
    assert inside.sum() > 6
    assert far.sum() > 6
    assert np.all(smooth.flag[inside] == CAUTION)
    assert np.all(smooth.causes[inside] == Cause.CLOUD_BY_THE_DATA.mask)
    assert np.all(smooth.flag[far] == GOOD)
    assert not smooth.causes[far].any()


def test_one_flagged_sample_flags_the_times_beside_it():
    made = make_winds(13, frames=30)
    flag, causes = made.sky.wind_flag.copy(), made.sky.causes.copy()
    flag[12], causes[12] = CAUTION, Cause.DIM_LINE.mask
    _, smooth = winds_of(made, wind_flag=flag, causes=causes)
    after = np.searchsorted(smooth.time, made.sky.mid_time[12])
    assert CAUTION in smooth.flag[after - 1 : after + 1]
    assert smooth.flag[0] == GOOD
    assert (smooth.flag == CAUTION).sum() <= 5


def test_nothing_is_doubtful_where_no_sample_is():
    _, smooth = winds_of(make_winds(14, directions=("Zenith",), frames=20))
    assert not smooth.flag.any()
    assert not smooth.causes.any()


def test_samples_of_two_causes_that_count_only_together_leave_no_flag_without_a_cause():
    flags = np.array([CAUTION, GOOD, GOOD, CAUTION, CAUTION], np.int8)
    causes = np.array([Cause.DIM_LINE.mask, 0, 0, Cause.CLOUDY.mask, Cause.UNKNOWN_WIDTH.mask], np.uint32)
    flags[4] = GOOD  # its cause is one of the temperature alone
    weight = np.zeros((2, 3, 5))
    weight[0, 0] = [0.25, 0.1, 0.1, -0.3, 0.25]
    weight[1, 0] = [0.2, 0.3, 0.3, 0.2, 0.0]
    flag, told = worst_of_samples(flags, causes, np.arange(5.0), np.array([1.5, 1.5]), weight)
    np.testing.assert_array_equal(flag, [CAUTION, GOOD])
    np.testing.assert_array_equal(told, [Cause.CLOUDY.mask, 0])
