"""Which frames are of a night: by their headers alone, and in whole nights on disk."""

import datetime as dt
import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest

from airglow.frames import Frame, FrameHeader
from airglow.model.errors import MachineError, NotAnalysable
from airglow.model.result import BAD, Cause
from airglow.night import admit, analyse_night, profiles, read_night
from airglow.night.gate import night_span

from .conftest import DATE

NOON = dt.datetime(2026, 5, 11, 17, 52, 38, tzinfo=dt.UTC)  # mean sun over 88.159 degrees west, by hand


def header(start_utc, name=None, tag="XR", zenith_deg=0.0, **more):
    name = name or f"UAO_{tag}_{start_utc:%Y%m%d_%H%M%S}.hdf5"
    return FrameHeader(
        name=name,
        tag=tag,
        exposure_s=240.0,
        azimuth_deg=0.0,
        zenith_deg=zenith_deg,
        local_start=(start_utc - dt.timedelta(hours=5)).replace(tzinfo=None),
        **more,
    )


def picture(start_utc, seed, **more):
    plain = header(start_utc, **more)
    image = np.random.default_rng(seed).poisson(100.0, (64, 64)).astype("u2")
    return Frame(**{**plain.__dict__, "image": image})


def test_a_night_is_from_local_noon_to_noon(wanted_night, registry):
    begins, ends = night_span(wanted_night.site, DATE)
    assert abs((begins - NOON).total_seconds()) < 1.0
    assert ends - begins == dt.timedelta(days=1)
    # Kwajalein's clock shows UTC, but its noon is that of 167 degrees east.
    begins, _ = night_span(registry.site("kwj"), DATE)
    assert begins.hour == 0
    seconds = (-3600, -2, 2, 86398, 86402, 90000)
    frames = [
        header(NOON + dt.timedelta(seconds=s), f"UAO_XR_20260511_00000{k}.hdf5")
        for k, s in enumerate(seconds)
    ]
    admitted = admit(frames, wanted_night)
    assert [t.frame.name[-6] for t in admitted.frames] == ["2", "3"]
    assert all("not within the night of 2026-05-11" in rejection.reason for rejection in admitted.rejections)


@pytest.mark.parametrize("tag", ["XR", "L"])
@pytest.mark.parametrize("year", [1, 1970, 2000, 2025, 2027, 9999])
def test_a_clock_that_was_never_set_is_of_no_night(wanted_night, tag, year):
    good = header(NOON + dt.timedelta(hours=9))
    lost = replace(
        header(NOON, "UAO_XR_20260511_230000.hdf5", tag), local_start=dt.datetime(year, 1, 1, 0, 1)
    )
    admitted = admit([good, lost], wanted_night)
    assert [t.frame for t in admitted.frames] == [good]
    (rejection,) = admitted.rejections
    assert rejection.name == lost.name
    assert "not within the night" in rejection.reason


@pytest.mark.parametrize("angle", [85.1, 90.0, -90.0, 135.0, -180.007, 359.0])
def test_looks_at_the_horizon_and_below_are_not_used(wanted_night, angle):
    admitted = admit([header(NOON + dt.timedelta(hours=9), zenith_deg=angle)], wanted_night)
    assert not admitted.frames
    assert f"zenith angle {angle:g} degrees" in admitted.rejections[0].reason
    assert admit([header(NOON + dt.timedelta(hours=9), zenith_deg=84.9)], wanted_night).frames
    assert admit([header(NOON + dt.timedelta(hours=9), zenith_deg=angle, tag="L")], wanted_night).frames
    assert admit([header(NOON + dt.timedelta(hours=9), zenith_deg=np.nan, tag="L")], wanted_night).frames


def test_one_exposure_under_two_names_counts_once(wanted_night):
    start = NOON + dt.timedelta(hours=9)
    first = picture(start, 1)
    again = replace(first, name="UAO_XR_20260512_030000__20260512.hdf5")
    moved = replace(
        again, name="UAO_XR_20260512_040000.hdf5", local_start=first.local_start.replace(minute=1)
    )
    other = picture(start + dt.timedelta(minutes=5), 2)
    admitted = admit([again, other, first, moved], wanted_night)
    assert [t.frame.name for t in admitted.frames] == [first.name, other.name]
    assert {r.reason for r in admitted.rejections} == {f"the same exposure as {first.name}"}


@pytest.mark.parametrize("after_s", [0, 1, 100, 237])
def test_two_exposures_at_once_are_both_not_believed(wanted_night, after_s):
    start = NOON + dt.timedelta(hours=9)
    later = picture(start + dt.timedelta(seconds=after_s), 2, name="UAO_XR_20260512_030001.hdf5")
    fine = [picture(start + dt.timedelta(minutes=5 * k), 2 + k) for k in range(1, 13)]
    admitted = admit([picture(start, 1), later, *fine[1:]], wanted_night)
    assert [t.frame.name for t in admitted.frames] == [frame.name for frame in fine[1:]]
    assert all("overlaps with UAO_XR" in r.reason for r in admitted.rejections)
    # Where exposures overlap all night it is their lengths that are wrong, and no frame's own clock.
    long = [replace(frame, exposure_s=400.0) for frame in fine]
    admitted = admit(long, wanted_night)
    assert len(admitted.frames) == 12
    assert "12 of 12 frames overlap by their headers" in admitted.notes[0]


@pytest.mark.parametrize("minutes", [-50, -20, 20, 45, 200])
def test_a_frame_whose_name_contradicts_its_header_is_not_believed(wanted_night, minutes):
    """Also where it comes to lie between others; and one whose header is a copy of its neighbour's."""
    start = NOON + dt.timedelta(hours=9)
    frames = [picture(start + dt.timedelta(minutes=9 * k), k) for k in range(12)]
    moved = frames[5].local_start + dt.timedelta(minutes=minutes)
    admitted = admit([*frames[:5], replace(frames[5], local_start=moved), *frames[6:]], wanted_night)
    assert len(admitted.frames) == 11
    assert f"tells a time {abs(minutes)} minutes" in admitted.rejections[0].reason
    stale = replace(frames[5], local_start=frames[4].local_start)
    admitted = admit([*frames[:5], stale, *frames[6:]], wanted_night)
    assert {t.frame.name for t in admitted.frames} == {f.name for f in frames} - {stale.name}


def test_names_of_another_zone_or_of_a_clock_that_was_set_are_no_contradiction(wanted_night):
    start = NOON + dt.timedelta(hours=9)
    frames = [picture(start + dt.timedelta(minutes=9 * k), k) for k in range(12)]
    elsewhere = [replace(f, name=f.name.replace("_2026", "_2027")) for f in frames]
    assert len(admit(elsewhere, wanted_night).frames) == 12
    hour = dt.timedelta(hours=1)
    set_back = [replace(f, local_start=f.local_start - hour) if k > 9 else f for k, f in enumerate(frames)]
    assert all("name" not in r.reason for r in admit(set_back, wanted_night).rejections)


def test_of_copies_the_one_that_can_be_used_counts(wanted_night):
    start = NOON + dt.timedelta(hours=9)
    others = [picture(start + dt.timedelta(minutes=5 * k), 9 + k) for k in range(6)]
    good = picture(start + dt.timedelta(minutes=40), 1)
    for bad in (
        replace(good, name="UAO_XR_20260512_000000.hdf5", local_start=dt.datetime(1970, 1, 1)),
        replace(good, name="UAO_XR_20260512_000000.hdf5", zenith_deg=180.0),
        replace(good, name="UAO_L_20260512_000000.hdf5", tag="L"),
    ):
        admitted = admit([bad, good, *others], wanted_night)
        assert good.name in {t.frame.name for t in admitted.frames}
        (rejection,) = admitted.rejections
        assert (rejection.name, rejection.reason) == (bad.name, f"the same exposure as {good.name}")


def test_utc_decides_and_a_contradiction_is_told(wanted_night):
    start = NOON + dt.timedelta(hours=9)
    agrees = header(start, utc_start=start + dt.timedelta(seconds=2))
    later = start + dt.timedelta(minutes=10)
    contradicts = replace(header(later + dt.timedelta(hours=5), header(later).name), utc_start=later)
    admitted = admit([agrees, contradicts], wanted_night)
    assert [t.start.item() for t in admitted.frames] == [
        (start + dt.timedelta(seconds=2)).replace(tzinfo=None),
        later.replace(tzinfo=None),
    ]
    (note,) = admitted.notes
    assert "+5.00 h off the UTC" in note
    assert contradicts.name in note
    assert agrees.name not in note


def test_remarks_of_headers_are_told(wanted_night):
    start = NOON + dt.timedelta(hours=9)
    frames = [
        header(start + dt.timedelta(minutes=5 * k), remarks=("Humidity (%) is '--', not a number",))
        for k in range(5)
    ]
    (note,) = admit(frames, wanted_night).notes
    assert note.startswith("Humidity (%) is '--', not a number: passed over in the header of UAO_XR_")
    assert note.endswith("and 2 more.")


@pytest.fixture
def frames(nominal, tmp_path):
    return shutil.copytree(nominal[0].folder / "frames", tmp_path / "frames")


def skies(frames):
    return sorted(frames.glob("*_XR_*"))


def set_header(path, **values):
    with h5py.File(path, "r+") as file:
        file["image"].attrs.update(values)


def test_x_frames_count_where_xr_is_expected(nominal, frames):
    night, usual = nominal
    for path in skies(frames):
        path.rename(path.with_name(path.name.replace("_XR_", "_X_")))
    result = night.analyse(frames)
    assert result.stem.endswith("_xr")
    np.testing.assert_array_equal(result.sky.line_of_sight_wind_mps, usual.sky.line_of_sight_wind_mps)
    assert "30 X frames count as XR: the same line." in result.notes
    for path in frames.glob("*_X_*"):
        path.rename(path.with_name(path.name.replace("_X_", "_XG_")))
    with pytest.raises(NotAnalysable, match="no XR frame in this night: there are 10 of L, 30 of XG"):
        read_night(frames, night.request())


ODD_IMAGES = {
    "zeros": lambda image, random: np.zeros_like(image),
    "constant": lambda image, random: np.full_like(image, 700),
    "saturated": lambda image, random: np.full_like(image, 65535),
    "one pixel": lambda image, random: np.where(np.arange(image.size).reshape(image.shape) == 999, 65535, 0),
    "noise": lambda image, random: random.integers(0, 65535, image.shape),
    "dark": lambda image, random: random.normal(300.0, 2.0, image.shape),
    "stripes": lambda image, random: np.tile(np.arange(image.shape[1]) % 2 * 1000, (image.shape[0], 1)),
    "huge": lambda image, random: random.normal(0.0, 1e8, image.shape),
    "negative": lambda image, random: -image.astype(float),
    "upside down": lambda image, random: 65535 - image.astype(float),
    "off centre": lambda image, random: np.roll(image, (200, 150), (0, 1)),
}


@pytest.mark.parametrize(
    "part", [0, pytest.param(1, marks=pytest.mark.long), pytest.param(2, marks=pytest.mark.long)]
)
def test_no_image_costs_the_night(nominal, frames, part):
    """Sky and laser frames with images that are none: they are bad, and the others as they were."""
    night, usual = nominal
    lasers = sorted(frames.glob("*_L_*"))
    names = set()
    for seed, odd in enumerate(list(ODD_IMAGES)[part::3]):
        for path in (skies(frames)[4 + 7 * seed], lasers[2 + 2 * seed]):
            names.add(path.name)
            with h5py.File(path, "r+") as file:
                values = dict(file["image"].attrs)
                image = ODD_IMAGES[odd](file["image"][()], np.random.default_rng(seed))
                del file["image"]
                file["image"] = image
                file["image"].attrs.update(values)
    result = night.analyse(frames)
    odd_sky = np.isin(result.sky.name, list(names))
    there = [usual.sky.name.index(name) for name in np.array(result.sky.name)[~odd_sky]]
    assert len(there) == 30 - len(names) // 2
    change = result.sky.line_of_sight_wind_mps[~odd_sky] - usual.sky.line_of_sight_wind_mps[there]
    assert np.abs(change / usual.sky.wind_error_mps[there]).max() < 1.0
    assert np.all(result.sky.wind_flag[odd_sky] == BAD)
    assert np.all(result.sky.temperature_flag[odd_sky] == BAD)
    assert not result.laser.used[np.isin(result.laser.name, list(names))].any()
    told = {*result.sky.name, *result.laser.name, *(rejection.name for rejection in result.rejections)}
    assert names <= told


def test_whatever_goes_wrong_with_a_frame_is_its_own(nominal, frames, monkeypatch):
    """An error that nobody thought of."""
    night, _ = nominal
    real, calls = profiles.reduce_frame, []

    def fails_once(*arguments):
        calls.append(arguments)
        if len(calls) == 5:
            raise IndexError("nobody thought of this")
        return real(*arguments)

    monkeypatch.setattr(profiles, "reduce_frame", fails_once)
    result = night.analyse(frames)
    (rejection,) = result.rejections
    assert "cannot be reduced to a ring profile: IndexError: nobody thought of this" in rejection.reason
    assert len(result.sky) == 29
    calls.clear()
    monkeypatch.setattr(profiles, "reduce_frame", lambda *_: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(MachineError, match="out of memory"):
        night.analyse(frames)


def test_a_folder_that_cannot_be_read_is_no_night_without_frames(nominal, tmp_path):
    with pytest.raises(MachineError, match="No such file or directory"):
        read_night(tmp_path / "gone", nominal[0].request())


def test_frames_in_doubt_are_flagged_and_lasers_in_doubt_not_used(nominal):
    night, _ = nominal
    request = night.request()
    read = read_night(night.folder / "frames", request)
    doubtful = replace(
        read, sky=(*read.sky[:7], *(replace(t, in_doubt=True) for t in read.sky[7:9]), *read.sky[9:])
    )
    result = analyse_night(request, doubtful, None)
    holds = (result.sky.causes & np.uint32(Cause.TIME_IN_DOUBT.mask)) != 0
    assert np.flatnonzero(holds).tolist() == [7, 8]
    assert set(result.sky.wind_flag[7:9]) == set(result.sky.temperature_flag[7:9]) == {BAD}
    # 2026-11-01: Chicago's clock shows 01:00 to 02:00 twice; a laser and a sky frame there, and nothing else.
    november = replace(request, date=dt.date(2026, 10, 31))
    twice = dt.datetime(2026, 11, 1, 1, 20)
    alone = [
        replace(
            header(NOON, f"UAO_{tag}_20261101_012000.hdf5", tag), local_start=twice.replace(minute=minute)
        )
        for tag, minute in (("L", 20), ("XR", 30))
    ]
    admitted = admit(alone, november)
    assert [(t.frame.tag, t.in_doubt) for t in admitted.frames] == [("XR", True)]
    assert (
        "2 frames were taken in the hour that the clock (America/Chicago) showed twice" in admitted.notes[0]
    )
    assert admitted.rejections[0].name.startswith("UAO_L")
