"""Sun and moon against published positions, against astropy, and against a formula of their own."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pytest

from airglow.geometry import ephemeris
from airglow.geometry.ephemeris import moon_separation_deg, sun_and_moon

UAO = (40.167, -88.159, 200.0)


def at(*text: str) -> np.ndarray:
    return np.array(text, "datetime64[us]")


def almanac_sun_elevation_deg(when: np.datetime64, latitude_deg: float, longitude_deg: float) -> float:
    """The Astronomical Almanac's low-precision formulae (page C5): 0.01 degrees from 1950 to 2050."""
    n = (when - np.datetime64("2000-01-01T12:00:00", "us")) / np.timedelta64(1, "D")
    mean_longitude, anomaly = 280.460 + 0.9856474 * n, np.radians(357.528 + 0.9856003 * n)
    longitude = np.radians(mean_longitude + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 4e-7 * n)
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    sidereal_deg = 280.46062 + 360.98564737 * n
    hour_angle = np.radians(sidereal_deg + longitude_deg) - right_ascension
    latitude = np.radians(latitude_deg)
    return np.degrees(
        np.arcsin(
            np.sin(latitude) * np.sin(declination)
            + np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
        )
    )


def test_sun_declination_of_a_worked_example():
    """Meeus, Astronomical Algorithms, example 25.b: 1992-10-13 0h TD, apparent declination -7.783872."""
    sky = sun_and_moon(at("1992-10-12T23:59:00.816"), 90.0, 0.0)
    # At the pole the elevation is the declination, less the parallax of 8.8 arc seconds.
    assert sky.sun_elevation_deg[0] == pytest.approx(-7.783872 - 8.79 / 3600, abs=0.0005)


def test_moon_declination_and_light_of_a_worked_example():
    """Meeus, examples 47.a and 48.a: 1992-04-12 0h TD: declination 13.768368, parallax 0.991990, k 0.6786."""
    sky = sun_and_moon(at("1992-04-11T23:59:00.816"), 90.0, 0.0)
    parallax = np.degrees(np.arcsin(np.sin(np.radians(0.991990)) * np.cos(np.radians(13.768368))))
    assert sky.moon_elevation_deg[0] == pytest.approx(13.768368 - parallax, abs=0.01)
    assert sky.moon_illumination[0] == pytest.approx(0.6786, abs=0.005)


def test_the_moon_covered_the_sun_over_mexico():
    """NASA: greatest eclipse 2024-04-08 18:17:16 UT at 25.3 N 104.1 W, the sun 69.8 degrees high."""
    sky = sun_and_moon(at("2024-04-08T18:17:16"), 25.29, -104.14)
    separation = moon_separation_deg(sky, sky.sun_azimuth_deg, 90 - sky.sun_elevation_deg)
    assert sky.sun_elevation_deg[0] == pytest.approx(69.8, abs=0.1)
    assert separation[0] < 0.02
    assert sky.moon_illumination[0] < 1e-4


def test_full_and_new_moon_of_published_times():
    """USNO: full moon 2025-04-13 00:22, new moon 2025-04-27 19:31."""
    sky = sun_and_moon(at("2025-04-13T00:22", "2025-04-27T19:31"), *UAO)
    assert sky.moon_illumination[0] > 0.998
    assert sky.moon_illumination[1] < 0.002


def test_sunset_of_an_almanac():
    """Greenwich (51.48 N, 0), 2024-06-21: sunset 20:22 UT, the sun's centre 0.833 degrees below."""
    sky = sun_and_moon(at("2024-06-21T20:21:30"), 51.48, 0.0)
    assert sky.sun_elevation_deg[0] == pytest.approx(-0.833, abs=0.1)
    assert sky.sun_azimuth_deg[0] == pytest.approx(311, abs=1.5)


@pytest.mark.parametrize("latitude", [-66.0, -11.96, 0.0, 40.167, 78.0])
@pytest.mark.parametrize("day", ["1998-01-13", "2013-10-02", "2025-04-30", "2039-12-21"])
def test_sun_elevation_by_another_formula(latitude, day):
    when = np.datetime64(day, "us") + np.arange(24) * np.timedelta64(1, "h")
    sky = sun_and_moon(when, latitude, -88.159)
    other = [almanac_sun_elevation_deg(t, latitude, -88.159) for t in when]
    np.testing.assert_allclose(sky.sun_elevation_deg, other, atol=0.02)


def test_directions_agree_with_astropy():
    """Astropy is told that the Earth's rotation keeps to UTC, as here: 0.004 degrees less to doubt."""
    astropy_time = pytest.importorskip("astropy.time")
    from astropy.coordinates import AltAz, EarthLocation, get_body, get_sun
    from astropy.utils import iers

    when = np.datetime64("2025-04-30T01:00:00", "us") + np.arange(8) * np.timedelta64(90, "m")
    place = EarthLocation.from_geodetic(UAO[1], UAO[0], UAO[2])
    with (
        iers.conf.set_temp("auto_download", False),
        iers.conf.set_temp("iers_degraded_accuracy", "ignore"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        moment = astropy_time.Time(when, scale="utc")
        moment.delta_ut1_utc = 0.0
        frame = AltAz(obstime=moment, location=place)
        sun, moon = get_sun(moment).transform_to(frame), get_body("moon", moment, place).transform_to(frame)
    sky = sun_and_moon(when, *UAO)
    np.testing.assert_allclose(sky.sun_elevation_deg, sun.alt.deg, atol=3e-4)
    np.testing.assert_allclose(sky.sun_azimuth_deg, sun.az.deg, atol=3e-4)
    np.testing.assert_allclose(sky.moon_elevation_deg, moon.alt.deg, atol=5e-4)
    np.testing.assert_allclose(sky.moon_azimuth_deg, moon.az.deg, atol=1e-3)


def test_moon_separation():
    sky = sun_and_moon(at("2025-04-10T03:00"), *UAO)
    azimuth, zenith = sky.moon_azimuth_deg, 90 - sky.moon_elevation_deg
    np.testing.assert_allclose(moon_separation_deg(sky, azimuth, zenith), 0, atol=1e-6)
    np.testing.assert_allclose(moon_separation_deg(sky, azimuth + 180, -zenith), 0, atol=1e-6)
    np.testing.assert_allclose(moon_separation_deg(sky, 0.0, 0.0), zenith)
    np.testing.assert_allclose(moon_separation_deg(sky, azimuth, zenith + 40), 40)
    assert np.isnan(moon_separation_deg(sky, np.nan, 45.0)).all()


def test_leap_seconds_begin_with_their_day():
    """Bulletins C 49 and 52 of the IERS: TAI - UTC is 36 s from 2015-07-01 on, 37 s from 2017-01-01 on."""
    julian_date = np.array([2457203.5, 2457204.5, 2457753.5, 2457754.5, 2461000.5])
    np.testing.assert_array_equal(ephemeris._tai_minus_utc_s(julian_date - 1e-6), [35, 35, 36, 36, 37])
    np.testing.assert_array_equal(ephemeris._tai_minus_utc_s(julian_date + 1e-6), [35, 36, 36, 37, 37])


def test_any_date_without_a_warning_or_an_error():
    when = at("1955-01-01", "1985-06-01", "2045-01-01", "2090-07-01", "NaT")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sky = sun_and_moon(when, *UAO)
    assert np.isfinite(sky.sun_elevation_deg[:4]).all()
    assert np.isnan(sky.sun_elevation_deg[4])
    assert np.isnan(sky.moon_illumination[4])


def test_a_night_costs_next_to_nothing():
    when = np.datetime64("2025-04-30T01:00:00", "us") + np.arange(240) * np.timedelta64(150, "s")
    begin = time.process_time()
    sun_and_moon(when, *UAO)
    assert time.process_time() - begin < 0.5
