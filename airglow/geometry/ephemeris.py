"""Where sun and moon stand: for quality checks, good to about a hundredth of a degree, from no file at all.

The positions are the series of the IAU's SOFA library (Earth: Bretagnon and others; Moon: Meeus 1998) by
way of ERFA, on which astropy's built-in ephemeris stands too. Called directly they cost 10 ms a night, where
astropy's coordinate frames cost seconds. Earth's rotation is taken from UTC alone (it is within 0.9 s of the
true one, 0.004 degrees), so nothing is ever downloaded and no date is too late. Elevations are geometric:
without refraction.
"""

from __future__ import annotations

from dataclasses import dataclass

import erfa
import numpy as np

from airglow.geometry.directions import unit_vectors

_LIGHT_AU_PER_DAY = erfa.DAYSEC / erfa.AULT
_AU_M = erfa.DAU


@dataclass(frozen=True)
class SunAndMoon:
    """Directions of sun and moon from a site at n times.

    Parameters
    ----------
    sun_elevation_deg
        Elevation of the sun, shape (n,).
    sun_azimuth_deg
        Azimuth of the sun east of north, 0 to 360, shape (n,).
    moon_elevation_deg
        Elevation of the moon, shape (n,).
    moon_azimuth_deg
        Azimuth of the moon east of north, 0 to 360, shape (n,).
    moon_illumination
        Part of the moon's disc that is lit, 0 new to 1 full, shape (n,).
    """

    sun_elevation_deg: np.ndarray
    sun_azimuth_deg: np.ndarray
    moon_elevation_deg: np.ndarray
    moon_azimuth_deg: np.ndarray
    moon_illumination: np.ndarray


def sun_and_moon(
    time: np.ndarray, latitude_deg: float, longitude_deg: float, altitude_m: float = 0.0
) -> SunAndMoon:
    """Sun and moon as seen from a site.

    Parameters
    ----------
    time
        datetime64, UTC, shape (n,) or a single one. NaT gives NaN.
    latitude_deg, longitude_deg, altitude_m
        Geodetic (WGS 84), east positive.

    Returns
    -------
    SunAndMoon
        Arrays of shape (n,). The moon's direction is topocentric.
    """
    time = np.atleast_1d(np.asarray(time, "datetime64[us]"))
    missing = np.isnat(time)
    utc1, utc2 = _julian_date(np.where(missing, np.datetime64("2000-01-01", "us"), time))
    tt2 = utc2 + (_tai_minus_utc_s(utc1 + utc2) + erfa.TTMTAI) / erfa.DAYSEC

    heliocentric, barycentric = erfa.epv00(utc1, tt2)
    moon_au = erfa.moon98(utc1, tt2)["p"]
    sun_au = _aberrated(-heliocentric["p"], barycentric["v"])

    to_earth_fixed = erfa.c2t00b(utc1, tt2, utc1, utc2, 0.0, 0.0)
    longitude, latitude = np.radians(longitude_deg), np.radians(latitude_deg)
    site_au = np.asarray(erfa.gd2gc(1, longitude, latitude, float(altitude_m))) / _AU_M
    to_horizon = _east_north_up(longitude, latitude)
    sun = (np.einsum("nij,nj->ni", to_earth_fixed, sun_au) - site_au) @ to_horizon.T
    moon = (np.einsum("nij,nj->ni", to_earth_fixed, moon_au) - site_au) @ to_horizon.T

    cos_phase = _cosine(-moon, sun - moon)  # at the moon, between the observer and the sun
    parts = [*_elevation_azimuth(sun), *_elevation_azimuth(moon), (1 + cos_phase) / 2]
    return SunAndMoon(*(np.where(missing, np.nan, part) for part in parts))


def moon_separation_deg(sky: SunAndMoon, azimuth_deg: np.ndarray, zenith_deg: np.ndarray) -> np.ndarray:
    """Angle between look directions and the moon, whether it is up or not.

    Parameters
    ----------
    sky
        Result of `sun_and_moon`, shape (n,).
    azimuth_deg, zenith_deg
        Look directions, shape (n,) or numbers; a negative zenith angle looks the other way.

    Returns
    -------
    ndarray
        Degrees, 0 to 180, shape (n,).
    """
    moon = unit_vectors(sky.moon_azimuth_deg, 90.0 - sky.moon_elevation_deg)
    look = unit_vectors(np.asarray(azimuth_deg, float), np.asarray(zenith_deg, float))
    moon, look = np.broadcast_arrays(moon, look)
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(moon, look), axis=-1), np.sum(moon * look, axis=-1)))


def _julian_date(time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Julian date in two parts (midnight and fraction of the day), so that microseconds survive."""
    day = time.astype("datetime64[D]")
    fraction = (time - day) / np.timedelta64(1, "D")
    return day.astype("int64") + 2440587.5, fraction


def _tai_minus_utc_s(julian_date: np.ndarray) -> np.ndarray:
    """Leap seconds by the table that comes with ERFA; its first and last values hold beyond it."""
    table = erfa.leap_seconds.get()
    first_day = np.array([erfa.cal2jd(row["year"], row["month"], 1)[1] for row in table]) + 2400000.5
    place = np.searchsorted(first_day, julian_date, "right") - 1
    return table["tai_utc"][np.clip(place, 0, None)]


def _aberrated(position_au: np.ndarray, velocity_au_per_day: np.ndarray) -> np.ndarray:
    """Apparent position of something at rest, for an observer with this velocity (20 arc seconds)."""
    distance = np.linalg.norm(position_au, axis=-1, keepdims=True)
    seen = position_au / distance + velocity_au_per_day / _LIGHT_AU_PER_DAY
    return seen / np.linalg.norm(seen, axis=-1, keepdims=True) * distance


def _east_north_up(longitude: float, latitude: float) -> np.ndarray:
    """Rows: east, north and up at a geodetic place, in Earth-fixed coordinates."""
    sin_lon, cos_lon = np.sin(longitude), np.cos(longitude)
    sin_lat, cos_lat = np.sin(latitude), np.cos(latitude)
    return np.array(
        [
            [-sin_lon, cos_lon, 0.0],
            [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
            [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
        ]
    )


def _elevation_azimuth(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    east, north, up = np.moveaxis(vector, -1, 0)
    return np.degrees(np.arctan2(up, np.hypot(east, north))), np.degrees(np.arctan2(east, north)) % 360.0


def _cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
