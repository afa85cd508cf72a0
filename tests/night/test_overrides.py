"""Decisions by hand on a night whose laser drifts by 60 m/s, each against what must come of it."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from results import example_result
from scipy import optimize

from airglow.model.errors import NotAnalysable
from airglow.model.result import Cause
from airglow.night import NightRequest, analyse_night, analyse_profiles, read_night
from airglow.night.by_hand import flags_by_hand, notes_by_hand, without_named
from airglow.night.reduce import reduce_night
from airglow.registry.overrides import FlagByHand, LeftOut, NightOverrides, Override, PinnedParameters, Span
from airglow.simulate import SCENARIOS, read_truth, simulate_night
from airglow.simulate.folder import write_night
from airglow.weather import read_folder

from .conftest import DATE

DRIFT_MPS = 60.0
ALL_NIGHT = Span()


class Night:
    """A night on disk, its ring profiles, and what its analysis comes to with decisions by hand."""

    def __init__(self, registry, folder):
        self.folder, self.site = folder, registry.site("uao")
        self.instrument = registry.instrument("minime05", DATE)
        scenario = replace(SCENARIOS["nominal"], name="drifting-laser", laser_drift_mps=DRIFT_MPS)
        options = {"seed": 5, "sky_frames": 20, "laser_frames": 6}
        write_night(simulate_night(self.instrument, self.site, DATE, scenario, ("XR",), **options), folder)
        self.truth = {frame.name: frame for frame in read_truth(folder / "truth.csv")}
        self.weather = read_folder(folder / "clouds", self.site)
        self.profiles = reduce_night(self.request(), read_night(folder / "frames", self.request()))
        self.usual = self.analyse()

    def request(self, **decided):
        entries = (Override(DATE, DATE, "it is so", "A. Scientist", **decided),) if decided else ()
        return NightRequest(replace(self.instrument, overrides=entries), self.site, DATE, "XR")

    def analyse(self, **decided):
        """From the same profiles."""
        return analyse_profiles(self.request(**decided), self.profiles, self.weather)

    def analyse_frames(self, **decided):
        request = self.request(**decided)
        return analyse_night(request, read_night(self.folder / "frames", request), self.weather)

    def wind_errors(self, result):
        return result.sky.line_of_sight_wind_mps - [self.truth[n].los_wind_mps for n in result.sky.name]


@pytest.fixture(scope="module")
def night(registry, tmp_path_factory):
    return Night(registry, tmp_path_factory.mktemp("overrides"))


def change_over_night(result, values):
    """Of values, from the first laser to the last, by a straight line."""
    hours = (result.sky.mid_time - result.sky.mid_time[0]) / np.timedelta64(1, "h")
    lasers = result.laser.mid_time
    return np.polyfit(hours, values, 1)[0] * ((lasers[-1] - lasers[0]) / np.timedelta64(1, "h"))


def holds(result, cause):
    return (result.sky.causes & np.uint32(cause.mask)) != 0


def test_the_laser_as_reference_leaves_its_drift_in_the_winds(night):
    result = night.analyse(doppler_reference="laser")
    off = night.wind_errors(result)
    assert abs(change_over_night(result, off)) == pytest.approx(DRIFT_MPS, abs=6.0)
    assert np.ptp(result.sky.doppler_reference_mps) == 0.0
    zenith = result.sky.zenith_deg < 1.0
    assert abs(result.sky.line_of_sight_wind_mps[zenith].mean()) < 5.0  # which it vanishes in, on the whole
    assert result.doppler_reference.method == "zenith mean, gap from laser"
    assert not holds(result, Cause.ZENITH_REFERENCE).any()


def test_the_zenith_as_reference_takes_the_drift_of_the_laser_out(night):
    result = night.analyse(doppler_reference="zenith")
    off = night.wind_errors(result)
    assert abs(change_over_night(result, off)) < 0.25 * DRIFT_MPS
    assert np.sqrt(np.mean((off / result.sky.wind_error_mps) ** 2)) < 1.5
    assert result.doppler_reference.method == "zenith in time"
    assert holds(result, Cause.ZENITH_REFERENCE).all()
    assert (result.sky.wind_flag >= 1).all()
    assert np.isnan(result.smooth_winds.vertical_wind_mps).all()
    assert any("Decided by hand: Doppler reference zenith: it is so" in note for note in result.notes)
    np.testing.assert_array_equal(result.sky.temperature_k, night.usual.sky.temperature_k)


def test_the_zenith_as_reference_is_told_where_nobody_looked_up(night):
    request = night.request(doppler_reference="zenith")
    aside = [k for k, each in enumerate(night.profiles.sky.frames) if each.frame.zenith_deg > 1.0]
    sky = night.profiles.sky
    fewer = replace(
        sky,
        frames=tuple(sky.frames[k] for k in aside),
        centers=tuple(sky.centers[k] for k in aside),
        rings=tuple(sky.rings[k] for k in aside),
        mid_time_s=sky.mid_time_s[aside],
    )
    result = analyse_profiles(request, replace(night.profiles, sky=fewer), night.weather)
    assert any("zenith, decided by hand, is not to be had" in note for note in result.notes)
    assert holds(result, Cause.NO_ZENITH).all()


def test_frames_left_out_by_name_and_time_take_no_part_and_say_why(night):
    names, lasers = night.usual.sky.name, night.usual.laser.name
    start = night.usual.laser.start_time
    begin = start[1].item().replace(tzinfo=dt.UTC) + dt.timedelta(seconds=1)  # within its exposure
    span = Span(begin, start[3].item().replace(tzinfo=dt.UTC))  # which ends as the fourth begins
    none = LeftOut("UAO_X_1999*", ALL_NIGHT, "")
    left_out = (LeftOut(names[4], ALL_NIGHT, ""), LeftOut("", span, "laser"), none)
    result = night.analyse_frames(left_out=left_out)
    assert result.sky.name == tuple(name for name in names if name != names[4])
    assert result.laser.name == (lasers[0], *lasers[3:])
    reason = "left out by hand: it is so (A. Scientist)"
    rejected = {each.name: each.reason for each in result.rejections}
    assert rejected == dict.fromkeys((names[4], lasers[1], lasers[2]), reason)
    told = [note for note in result.notes if note.startswith("No frame")]
    assert len(told) == 1
    assert told[0].startswith("No frame is named UAO_X_1999*: ")
    assert len(result.provenance.overrides) == 3
    assert result.provenance.settings_hash != night.usual.provenance.settings_hash


def test_a_span_without_frames_is_told(night):
    first = night.usual.sky.start_time[0].item().replace(tzinfo=dt.UTC)
    span = Span(first - dt.timedelta(hours=2), first - dt.timedelta(hours=1))
    request = night.request(left_out=(LeftOut("", span, ""),))
    read = read_night(night.folder / "frames", request)
    assert (len(read.sky), len(read.laser), read.rejections) == (20, 6, ())
    assert [note for note in read.notes if "to be left out: frames from" in note]


def test_names_of_other_lines_are_no_error_and_kinds_are_told_apart(night):
    tags = {"UAO_L_1.hdf5": "L", "UAO_XR_1.hdf5": "XR", "UAO_XG_1.hdf5": "XG"}
    found = {}
    for pattern, only in (("*_1*", "laser"), ("*_1*", "sky"), ("*XG*", ""), ("*XG*", "laser")):
        rejections, notes = without_named(tags, night.request(left_out=(LeftOut(pattern, ALL_NIGHT, only),)))
        found[pattern, only] = [each.name for each in rejections], len(notes)
    assert found == {
        ("*_1*", "laser"): (["UAO_L_1.hdf5"], 0),
        ("*_1*", "sky"): (["UAO_XR_1.hdf5"], 0),
        ("*XG*", ""): ([], 0),
        ("*XG*", "laser"): ([], 1),
    }


def test_a_night_that_is_left_out_as_a_whole_has_no_result(night):
    request = night.request(left_out=(LeftOut("*", ALL_NIGHT, "sky"),))
    with pytest.raises(
        NotAnalysable, match=r"no XR frame .* can be used: .* left out by hand: it is so"
    ) as outcome:
        read_night(night.folder / "frames", request)
    assert outcome.value.state == "no frames"
    assert len(outcome.value.rejections) == 20


def kelvin_by_harmonics(reflectivity, assumed, temperature_k):
    """Temperature of a fringe if another reflectivity is assumed, by least squares over its harmonics.

    Harmonics of an Airy function go as R^k, and a thermal line lowers them by exp(-k^2 q T).
    """
    phase, mass_kg = 4 * np.pi * 0.015 / 6.3e-7, 15.999 * 1.66054e-27
    per_kelvin = phase**2 * 1.380649e-23 / (2 * mass_kg * 299792458.0**2)
    k = np.arange(1, 12)
    seen = reflectivity**k * np.exp(-(k**2) * per_kelvin * temperature_k)

    def left(kelvin):
        model = assumed**k * np.exp(-(k**2) * per_kelvin * kelvin)
        return np.sum((seen - model * (seen @ model) / (model @ model)) ** 2)

    return optimize.minimize_scalar(left, bounds=(100.0, 2000.0), method="bounded").x


def test_temperatures_follow_a_reflectivity_that_is_given(night):
    found = night.usual.instrument_parameters
    every = PinnedParameters(
        plate_scale_rad_per_pixel=found.plate_scale_rad_per_pixel,
        reflectivity=found.reflectivity,
        blur_px=found.blur_px,
        gap_variance_m2=found.gap_variance_m2,
        gap_third_moment_m3=found.gap_third_moment_m3,
    )
    same = night.analyse(parameters=every)
    lower = night.analyse(parameters=replace(every, reflectivity=found.reflectivity - 0.01))
    assert lower.instrument_parameters.reflectivity == found.reflectivity - 0.01
    assert lower.instrument_parameters.blur_px == found.blur_px
    assert lower.instrument_parameters.source.endswith(
        "; by hand: plate scale, reflectivity, blur, gap moments"
    )
    assert np.median(same.sky.temperature_k - night.usual.sky.temperature_k) == pytest.approx(0.0, abs=1.0)
    typical = float(np.median(same.sky.temperature_k))
    expected = kelvin_by_harmonics(found.reflectivity, found.reflectivity - 0.01, typical) - typical
    moved = np.median(lower.sky.temperature_k - same.sky.temperature_k)
    assert expected < -10.0
    assert moved == pytest.approx(expected, rel=0.25)


def test_flags_are_raised_by_time_and_direction_and_never_lowered(night):
    sky = night.usual.sky
    stop = sky.start_time[7].item().replace(tzinfo=dt.UTC)
    span = Span(stop - dt.timedelta(days=1), stop)
    of_north, early_bad = FlagByHand(1, 0, ALL_NIGHT, "North"), FlagByHand(0, 2, span, "")
    result = night.analyse(flags=(of_north, early_bad, FlagByHand(2, 0, span, "North")))
    north, early = np.array(sky.direction) == "North", np.arange(20) < 7
    assert (north & early).any()
    assert (north & ~early).any()
    wind = np.where(north, np.where(early, 2, 1), 0)
    np.testing.assert_array_equal(result.sky.wind_flag, np.maximum(sky.wind_flag, wind))
    np.testing.assert_array_equal(result.sky.temperature_flag, np.where(early, 2, sky.temperature_flag))
    np.testing.assert_array_equal(holds(result, Cause.WIND_BAD_BY_HAND), north & early)
    np.testing.assert_array_equal(holds(result, Cause.WIND_CAUTION_BY_HAND), north & ~early)
    np.testing.assert_array_equal(holds(result, Cause.TEMPERATURE_BAD_BY_HAND), early)
    np.testing.assert_array_equal(result.sky.line_of_sight_wind_mps, sky.line_of_sight_wind_mps)


def test_a_flag_for_no_sample_is_told():
    sky = example_result(12, 0).sky
    entry = Override(DATE, DATE, "it is so", flags=(FlagByHand(1, 0, ALL_NIGHT, "Nowhere"),))
    overrides = NightOverrides((entry,))
    assert not flags_by_hand(sky, overrides)[0].any()
    assert list(notes_by_hand(sky, overrides)) == [
        "Decided by hand: flag wind caution, direction Nowhere: it is so.",
        "No sample is there to be flagged: flag wind caution, direction Nowhere (it is so).",
    ]


def test_a_night_of_which_nothing_is_decided_is_as_before(night):
    """Also if there are decisions for the next one."""
    tomorrow = Override(DATE + dt.timedelta(days=1), None, "it is so", doppler_reference="zenith")
    request = NightRequest(replace(night.instrument, overrides=(tomorrow,)), night.site, DATE, "XR")
    result = analyse_profiles(request, night.profiles, night.weather)
    assert result.provenance == night.usual.provenance
    assert result.provenance.overrides == ()
    assert result.notes == night.usual.notes
