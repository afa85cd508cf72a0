"""A whole night: chance that repeats, and truth that is true."""

import ast
import datetime as dt
import math
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import airglow.simulate
from airglow.model.errors import BadInput, RegistryError
from airglow.simulate import SCENARIOS, frame_bound, named_scenario, night_bound
from airglow.simulate.files import frame_bytes
from airglow.simulate.instrument import sensible_rim
from airglow.simulate.optics import SPEED_OF_LIGHT_MPS, Spectrum

from .common import COARSE, SPRING, SPRING_2026


def test_it_shares_no_code_with_the_retrieval():
    allowed = ("airglow.model.errors", "airglow.model.names", "airglow.registry", "airglow.simulate")
    for path in Path(airglow.simulate.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("airglow") or name.startswith(allowed), f"{path.name}: {name}"


def test_nothing_of_the_retrieval_is_loaded_with_it():
    """Not by what it imports in turn either; and the retrieval does without the simulator."""
    rooms = ("etalon", "spectra", "rings", "geometry", "winds", "gp", "night", "frames")
    listing = "import sys; print([name for name in sys.modules if name.startswith('airglow.')])"
    script = "import airglow.simulate.night, airglow.simulate.bound; " + listing
    loaded = ast.literal_eval(subprocess.check_output([sys.executable, "-c", script], text=True))
    assert not [name for name in loaded if name.split(".")[1] in rooms]
    loaded = ast.literal_eval(
        subprocess.check_output([sys.executable, "-c", "import airglow.night.analyse; " + listing], text=True)
    )
    assert "airglow.etalon.airy" in loaded
    assert not [name for name in loaded if name.startswith("airglow.simulate")]


def test_the_same_seed_gives_the_same_bytes(draw):
    nights = [draw(camera=COARSE, seed=seed) for seed in (3, 3, 4)]
    first, again, other = ([frame_bytes(n, f, image) for f, image in n.images()] for n in nights)
    assert first == again
    assert all(a != b for a, b in zip(first, other, strict=True))
    # Any frame alone is the same as in its turn.
    assert nights[0].image(nights[0].frames[4]).tobytes() in first[4]


def test_both_formats_show_the_same_night(draw):
    hdf5, img = (draw(camera=COARSE, file_format=kind) for kind in ("hdf5", "img"))
    saved = hdf5.frames[3].local_start + dt.timedelta(seconds=hdf5.frames[3].exposure_s)
    assert hdf5.frames[3].name == f"UAO_XR_{saved:%Y%m%d_%H%M%S}.hdf5"
    assert img.frames[3].name == f"UAO_XR_{saved:%Y%m%d_%H%M%S}_004.img"
    np.testing.assert_array_equal(hdf5.image(hdf5.frames[2]), img.image(img.frames[2]))


def test_instruments_at_a_site_see_the_same_sky(draw):
    five, thirteen = (draw(date=SPRING_2026, instrument=key) for key in ("minime05", "minime13"))
    assert five.atmosphere == thirteen.atmosphere
    assert five.truth != thirteen.truth


def test_the_wind_is_projected_on_the_line_of_sight_where_it_meets_the_layer(draw):
    """On a sphere the law of sines gives the zenith angle there; the ellipsoid is near it."""
    night = draw(sky_frames=10, date=SPRING_2026)
    assert {frame.tag for frame in night.frames} == {"L", "XG", "XR"}
    for frame in night.frames:
        if frame.tag == "L":
            assert math.isnan(frame.los_wind_mps)
            continue
        height_km = 97.0 if frame.tag == "XG" else 250.0
        sine = math.sin(math.radians(frame.true_zenith_deg)) * 6371 / (6371 + height_km)
        assert frame.pierce_zenith_deg == pytest.approx(math.degrees(math.asin(sine)), abs=0.06)
        level = {
            "Zenith": 0.0,
            "North": frame.meridional_mps,
            "East": frame.zonal_mps,
            "South": -frame.meridional_mps,
            "West": -frame.zonal_mps,
        }[frame.direction]
        # East of the site the line of sight has turned to the south by a degree and a half.
        aslope = level * sine + frame.vertical_mps * math.sqrt(1 - sine**2)
        turned = abs(frame.meridional_mps * sine * math.sin(math.radians(2.0)))
        assert frame.los_wind_mps == pytest.approx(aslope, abs=turned + 0.15)
        low, high = (150, 320) if frame.tag == "XG" else (650, 1050)
        assert low < frame.temperature_k < high


def test_the_wind_is_that_of_the_place_and_of_its_own_sun(draw):
    night = draw(sky_frames=10)
    layer = night.atmosphere.layers["red"]
    for frame in night.frames:
        if frame.tag == "L":
            continue
        hours = night.hours(frame.middle_utc)
        moved = (frame.pierce_longitude_deg - night.site.longitude_deg) / 15
        moved -= layer.northward_h_per_deg * (frame.pierce_latitude_deg - night.site.latitude_deg)
        assert frame.zonal_mps == pytest.approx(layer.zonal_mps.at(hours + moved))
        assert frame.meridional_mps == pytest.approx(layer.meridional_mps.at(hours + moved))
        assert frame.temperature_k == pytest.approx(layer.temperature_k.at(hours + moved))
        assert (moved > 0.1) == (frame.direction == "East")
        assert (moved < -0.1) == (frame.direction == "West")


def test_truth_belongs_to_the_middle_of_the_exposure(draw):
    night = draw("drifting")
    frame = night.frames[3]
    assert frame.gap_m == night.truth.gap_at(night.hours(frame.start_utc) + frame.exposure_s / 7200)
    assert frame.start_utc == frame.local_start.replace(tzinfo=dt.UTC) + dt.timedelta(hours=5)


def test_the_instrument_is_near_its_defaults_but_not_the_same(draw, registry):
    for seed in range(5):
        truth = draw(seed=seed).truth
        known = registry.instrument("minime05", SPRING)
        plates = truth.optics.plates
        # Plates that are not flat need more of it for fringes as sharp as the registry's.
        assert 0 < plates.reflectivity - known.default_parameters.reflectivity < 0.06
        assert 2e-9 < math.sqrt(plates.gap_moment(2)) < 12e-9
        assert plates.gap_moment(3) > 0
        assert 0 < abs(truth.gap_at(0.0) - 0.015) < 200e-9
        assert 0 < math.dist(truth.center_at(0.0, "Zenith"), known.default_center_px) < 4
        assert truth.laser_wavelength_m != registry.instrument("minime05", SPRING).optics.laser_wavelength_m


def test_jumps_are_as_large_as_announced(draw):
    night = draw("jumps", sky_frames=20, laser_frames=6)
    calm = replace(night.truth, jumps=())
    middles = [night.hours(frame.middle_utc) for frame in night.frames]
    moved = [night.truth.gap_at(hours) - calm.gap_at(hours) for hours in middles]
    assert moved[0] == 0
    assert {round(abs(a - b) * 1e9, 6) for a, b in zip(moved[1:], moved[:-1], strict=True)} == {0.0, 3.0}
    hours = night.truth.jumps[0][0]
    before, after = (night.truth.center_at(hours + step, "Zenith") for step in (-1e-6, 1e-6))
    assert math.dist(before, after) == pytest.approx(0.7, abs=1e-3)


def test_clouds_mix_the_sky_and_take_light_away(draw):
    night = draw("clouds", sky_frames=60)
    cloudy = max((f for f in night.frames if f.tag == "XR"), key=lambda f: f.sky_minus_ambient_c)
    clear = min((f for f in night.frames if f.tag == "XR"), key=lambda f: f.sky_minus_ambient_c)
    assert cloudy.sky_minus_ambient_c > -10 > -30 > clear.sky_minus_ambient_c
    assert clear.scattered_fraction == 0 < 0.7 < cloudy.scattered_fraction
    line = night.spectrum(cloudy)
    direct = night.spectrum(clear)
    assert line.weight.size > direct.weight.size
    assert cloudy.intensity < 0.85 * clear.intensity
    assert cloudy.intensity == pytest.approx(line.weight.sum())


def test_moonlight_brings_stars_and_patterns(draw):
    night = draw("moonlight")
    frame = night.frames[1]
    assert np.std(night.truth.camera.column_pattern) == pytest.approx(0.8, rel=0.15)
    assert frame.background > 4 * frame.intensity
    even = replace(night, truth=replace(night.truth, illumination_tilt=(0.0, 0.0)))
    ratio = night.light(frame) / even.light(frame)
    corners = ratio[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert ratio[256, 256] == pytest.approx(1, abs=1e-3)
    assert 0.03 <= np.ptp(corners) <= 0.03 * math.sqrt(2) + 1e-9
    brightest = np.sort((night.image(frame) - night.light(frame)).ravel())[-100:]
    assert brightest[0] > 50  # hot pixels, stars, cosmic rays


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_every_scenario_can_be_drawn_as_it_stands(draw, name):
    green = name == "green"
    night = draw(
        name,
        date=SPRING_2026,
        instrument="minime13" if green else "minime05",
        sky_frames=None,
        laser_frames=None,
    )
    scenario = named_scenario(name)
    assert sum(f.tag == "L" for f in night.frames) == scenario.laser_frames
    assert sum(f.tag != "L" for f in night.frames) == scenario.sky_frames
    assert {f.tag for f in night.frames} - {"L"} == ({"XG"} if green else {"XR"})
    assert len({f.name for f in night.frames}) == len(night)
    assert [f.start_utc for f in night.frames] == sorted(f.start_utc for f in night.frames)


def test_local_time_repeats_when_the_clock_is_set_back(draw):
    night = draw(date=dt.date(2025, 11, 1), sky_frames=120, laser_frames=30)
    local = [frame.local_start for frame in night.frames]
    back = [b - a for a, b in pairwise(local) if b < a]
    assert len(back) == 1
    assert all(moment.fold == 0 for moment in local)
    assert len({frame.name for frame in night.frames}) == len(night)


def test_headers_of_old_frames_have_their_azimuth_flipped(draw):
    old, new = (
        draw(date=date, instrument="minime90", site="mrh")
        for date in (dt.date(2011, 6, 1), dt.date(2015, 6, 1))
    )
    for before, after in zip(old.frames[1:6], new.frames[1:6], strict=True):
        assert before.true_azimuth_deg == after.true_azimuth_deg
        assert before.header_azimuth_deg == -after.header_azimuth_deg


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"scenario": "sunny"}, BadInput),
        ({"file_format": "jpeg"}, BadInput),
        ({"sky_frames": 0, "laser_frames": 0}, BadInput),
        ({"tags": ("XG",)}, RegistryError),
    ],
)
def test_what_cannot_be_is_refused(draw, options, error):
    with pytest.raises(error):
        draw(**options)


def test_frames_hold_the_truth_and_the_bound_can_be_reached(draw):
    """One step of linear least squares on the pixels, from the truth: unbiased, with the bound's scatter."""
    night = draw("nominal", sky_frames=6, laser_frames=0)
    clean = replace(night.truth.camera, hot_pixels=None, cosmic_rays_per_s=0.0)
    night = replace(night, truth=replace(night.truth, camera=clean))
    optics, gain, faster_mps = night.truth.optics, clean.gain_e_per_count, 4.0
    rows, columns = np.indices((512, 512))
    pulls = []
    for frame in night.frames:
        center = (frame.center_x_px, frame.center_y_px)
        used = np.hypot(columns - center[0], rows - center[1]) < optics.max_radius_px
        light = night.light(frame)[used]
        still = night.spectrum(frame)
        moved = replace(still, wavelength_m=still.wavelength_m * (1 + faster_mps / SPEED_OF_LIGHT_MPS))
        slope = (night.light_of(frame, moved)[used] - light) / faster_mps
        noise = np.sqrt(light / gain + (clean.read_noise_e / gain) ** 2 + 1 / 12)
        design = np.stack([slope, light, np.ones_like(light)], axis=1) / noise[:, None]
        data = (night.image(frame)[used] - frame.ccd_bias - light) / noise
        pulls.append(np.linalg.lstsq(design, data, rcond=None)[0][0] / frame_bound(night, frame)[0])
    assert np.max(np.abs(pulls)) < 3.5
    assert 0.4 < np.sqrt(np.mean(np.square(pulls))) < 1.8


def test_nominal_and_dim_nights_have_the_brightness_that_was_meant(draw):
    """About 0.88 m/s and 3.1 K, and 5.2 m/s and 19 K, are what these nights are known for."""
    nominal, dim = (
        night_bound(draw(name, sky_frames=60, seed=1), "XR", every=14) for name in ("nominal", "dim")
    )
    assert nominal == (pytest.approx(0.88, rel=0.15), pytest.approx(3.1, rel=0.2))
    assert dim == (pytest.approx(5.2, rel=0.15), pytest.approx(19, rel=0.2))


def test_an_instrument_with_higher_limits_makes_more_counts_of_the_same_light(draw):
    five, thirteen = (
        draw(date=SPRING_2026, instrument=key, tags=("XR",)) for key in ("minime05", "minime13")
    )
    ratio = 3.0 / 0.4467
    assert thirteen.frames[1].intensity / five.frames[1].intensity == pytest.approx(ratio, rel=0.01)
    gains = [night.truth.camera.gain_e_per_count for night in (five, thirteen)]
    assert gains[0] / gains[1] == pytest.approx(ratio, rel=0.01)


def test_light_falls_off_towards_the_rim_as_the_registry_says(draw, registry):
    """And it is positive everywhere, whatever the registry says."""
    falloff = registry.instrument("minime05", SPRING).default_parameters.falloff
    for seed in range(5):
        truth = draw(seed=seed).truth
        middle, rim, corner = truth.vignetting.relative(np.array([0.0, truth.optics.max_radius_px, 360.0]))
        assert middle == 1
        assert rim == pytest.approx(1 + sum(falloff), abs=0.08)
        assert 0.1 < corner < rim
    for key in registry.instrument_keys:
        known = registry.instrument(key, SPRING_2026).default_parameters.falloff
        assert 0.33 < sensible_rim(known) <= 0.85


def test_illumination_is_centred_on_the_lens_and_not_on_the_rings(draw):
    night = draw(sky_frames=2, laser_frames=1)
    truth, (laser, sky) = night.truth, night.frames[:2]
    flat = Spectrum(np.empty(0), np.empty(0), 1.0)
    rows, columns = np.indices((512, 512))
    x, y = truth.vignetting.center_px
    assert 1 < math.dist((x, y), (laser.center_x_px, laser.center_y_px)) < 30
    of_sky, of_laser = (night.light_of(frame, flat) / frame.exposure_s for frame in (sky, laser))
    expected = truth.vignetting.relative(np.hypot(columns - x, rows - y))
    np.testing.assert_allclose(of_sky, expected, rtol=1e-9)
    # The laser's diffuser sends less light to the rim.
    assert np.all(of_laser <= of_sky * (1 + 1e-12))
    assert of_laser[0, 0] < 0.999 * of_sky[0, 0]


def test_a_laser_frame_has_no_bound_for_winds(draw):
    night = draw()
    with pytest.raises(BadInput, match="laser"):
        frame_bound(night, night.frames[0])


def test_the_bound_grows_with_the_root_of_a_bright_background(draw):
    """Where background makes all the noise, four times as much of it doubles the errors."""
    night = draw(sky_frames=2, laser_frames=0, camera=COARSE)
    frame = night.frames[1]
    once, four_times = (frame_bound(night, replace(frame, background=level)) for level in (1e3, 4e3))
    np.testing.assert_allclose(np.divide(four_times, once), 2.0, rtol=1e-3)
