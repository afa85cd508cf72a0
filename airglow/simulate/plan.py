"""When each exposure of a simulated night begins, and where it looks."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np

from airglow.model.errors import BadInput
from airglow.registry import Direction, Site

DARK_ELEVATION_DEG = -8.0
SHORTEST_EXPOSURE_S = 20.0
TURN_S = (5.0, 11.0)  # reading out and turning the mirror: shortest and longest
LASER_ZENITH_DEG, LASER_AZIMUTH_DEG = 180.0, 87.0  # where the mirror looks during laser exposures
CYCLE = ("Zenith", "North", "East", "South", "West")


@dataclass(frozen=True)
class Exposure:
    """One exposure to be: tag ``L`` for the laser, else that of the sky line.

    Angles are as the instrument writes them: a negative zenith angle looks the other way.
    """

    tag: str
    start: dt.datetime
    exposure_s: float
    direction: str
    azimuth_deg: float
    zenith_deg: float

    @property
    def middle(self) -> dt.datetime:
        """Mid-exposure, UTC."""
        return self.start + dt.timedelta(seconds=self.exposure_s / 2)

    @property
    def end(self) -> dt.datetime:
        """End of the exposure, UTC."""
        return self.start + dt.timedelta(seconds=self.exposure_s)


def sun_elevation_deg(site: Site, when: dt.datetime) -> float:
    """Elevation of the sun's centre, good to a few hundredths of a degree between 1950 and 2050.

    The low-precision formula of the Astronomical Almanac; no refraction.
    """
    days = (when - dt.datetime(2000, 1, 1, 12, tzinfo=dt.UTC)).total_seconds() / 86_400
    mean_anomaly = math.radians(357.528 + 0.985_600_3 * days)
    longitude = math.radians(
        280.460 + 0.985_647_4 * days + 1.915 * math.sin(mean_anomaly) + 0.020 * math.sin(2 * mean_anomaly)
    )
    obliquity = math.radians(23.439 - 0.000_000_4 * days)
    right_ascension = math.atan2(math.cos(obliquity) * math.sin(longitude), math.cos(longitude))
    declination = math.asin(math.sin(obliquity) * math.sin(longitude))
    sidereal_h = 18.697_374_558 + 24.065_709_824_419_08 * days
    hour_angle = math.radians(15 * sidereal_h + site.longitude_deg) - right_ascension
    latitude = math.radians(site.latitude_deg)
    return math.degrees(
        math.asin(
            math.sin(latitude) * math.sin(declination)
            + math.cos(latitude) * math.cos(declination) * math.cos(hour_angle)
        )
    )


def local_time(site: Site, date: dt.date, hour: float) -> dt.datetime:
    """UTC of a local hour (24 is the midnight that ends the date) of a night, by the site's clock."""
    local = dt.datetime.combine(date, dt.time()) + dt.timedelta(hours=hour)
    return local.replace(tzinfo=site.clock(date)).astimezone(dt.UTC)


def darkness(site: Site, date: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """First and last minute (UTC) of a night, local noon to local noon, with the sun below -8 degrees.

    Raises
    ------
    BadInput
        When the sun does not go so deep.
    """
    # The clock of some sites is set to UTC: the sun's own noon is what divides nights there.
    noon = dt.datetime.combine(date, dt.time(12), tzinfo=dt.UTC) - dt.timedelta(hours=site.longitude_deg / 15)
    minutes = [noon + dt.timedelta(minutes=minute) for minute in range(24 * 60)]
    dark = [minute for minute in minutes if sun_elevation_deg(site, minute) < DARK_ELEVATION_DEG]
    if not dark:
        raise BadInput(
            f"{site.key} {date}",
            f"the sun never goes below {DARK_ELEVATION_DEG:g} degrees",
            "Choose another date",
        )
    return dark[0], dark[-1]


def plan_night(
    site: Site,
    date: dt.date,
    tags: tuple[str, ...],
    sky_frames: int,
    laser_at: tuple[float, ...],
    sky_exposure_s: float,
    laser_exposure_s: float,
    rng: np.random.Generator,
    directions: tuple[str, ...] = CYCLE,
) -> tuple[Exposure, ...]:
    """Lay out a night's exposures one after the other from dusk.

    Parameters
    ----------
    site, date
        Where, and the local date on which the night begins.
    tags
        Sky lines; each look direction is exposed in all of them before the mirror moves on.
    sky_frames
        Number of sky frames of each tag.
    laser_at
        When laser frames are taken, as fractions (0 to 1) of the sequence of sky frames.
    sky_exposure_s, laser_exposure_s
        Exposures; that of the sky is shortened when the night is too short for all frames.
    rng
        Source of chance (the turning times).
    directions
        Cycle of look directions by name; names that the site lacks are left out.

    Returns
    -------
    tuple of Exposure
        In the order of time.

    Raises
    ------
    BadInput
        When the frames do not fit into the night at all, or the site has none of the directions.
    """
    dusk, dawn = darkness(site, date)
    known = {direction.name: direction for direction in site.directions}
    cycle = [known[name] for name in directions if name in known]
    if not cycle:
        raise BadInput(site.key, f"none of the look directions {', '.join(directions)} is in the registry")
    sky_total = sky_frames * len(tags)
    spare_s = (dawn - dusk).total_seconds() - len(laser_at) * (laser_exposure_s + TURN_S[1])
    fitting_s = math.floor(spare_s / sky_total - TURN_S[1]) if sky_total else sky_exposure_s
    if fitting_s < SHORTEST_EXPOSURE_S:
        raise BadInput(
            f"{site.key} {date}",
            f"{sky_total} sky and {len(laser_at)} laser frames do not fit into the night",
            "Ask for fewer frames",
        )
    exposure_s = float(min(sky_exposure_s, fitting_s))
    laser_before = sorted(round(fraction * sky_total) for fraction in laser_at)

    planned: list[Exposure] = []
    clock = dusk + dt.timedelta(seconds=float(rng.uniform(0, 20)))

    def take(tag: str, seconds: float, direction: str, azimuth_deg: float, zenith_deg: float) -> None:
        nonlocal clock
        planned.append(Exposure(tag, clock, seconds, direction, azimuth_deg, zenith_deg))
        pause_s = seconds + float(rng.uniform(*TURN_S))
        clock += dt.timedelta(milliseconds=round(1000 * pause_s))

    clock = clock.replace(microsecond=clock.microsecond // 1000 * 1000)
    for number in range(sky_total + 1):
        for _ in range(laser_before.count(number)):
            take("L", laser_exposure_s, "Laser", LASER_AZIMUTH_DEG, LASER_ZENITH_DEG)
        if number < sky_total:
            direction = cycle[number // len(tags) % len(cycle)]
            azimuth_deg, zenith_deg = as_pointed(direction)
            take(tags[number % len(tags)], exposure_s, direction.name, azimuth_deg, zenith_deg)
    return tuple(planned)


def as_pointed(direction: Direction) -> tuple[float, float]:
    """Azimuth and signed zenith angle as the mirrors are driven: west is azimuth 90, zenith -45."""
    if direction.azimuth_deg >= 180 and direction.zenith_deg > 0:
        return direction.azimuth_deg - 180, -direction.zenith_deg
    return direction.azimuth_deg, direction.zenith_deg


def evenly(count: int) -> tuple[float, ...]:
    """Fractions of a night for so many laser frames, both ends included."""
    return tuple(np.linspace(0, 1, count).tolist()) if count > 1 else (0.0,) * count
