"""The atmosphere over a site on one night: winds, temperatures, brightness and clouds, the same for all
instruments that look at it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from airglow.registry import Direction, Site
from airglow.simulate.optics import Spectrum, thermal_line
from airglow.simulate.scenario import Scenario
from airglow.simulate.series import SmoothSeries, random_series
from airglow.simulate.sightline import SightLine, sight_line

EARTH_MM_PER_DEG = 0.1112  # 1,000 km per degree of latitude
DEGREES_PER_HOUR = 15.0  # of longitude: winds follow the sun
NORTHWARD_SPREAD_H_PER_DEG = 0.03
CLEAR_SKY_MINUS_AMBIENT_C = -34.0
LEAST_SCATTERED = 1e-6  # parts of the light: less is left out, as on a clear night
SCATTERED_AROUND = tuple((azimuth, 55.0) for azimuth in range(0, 360, 60))  # where light in a cloud is from


@dataclass(frozen=True)
class Climate:
    """What an emission layer is like: means and spreads that the nights are drawn from."""

    altitude_km: float
    temperature_k: float
    temperature_rms_k: float
    temperature_per_hour_k: float
    zonal_mps: float
    meridional_mps: float
    wind_rms_mps: float
    wind_periods_h: tuple[float, float]
    brightness_rms: float  # of the logarithm


CLIMATES = {
    "red": Climate(250.0, 850.0, 35.0, -8.0, 40.0, -30.0, 45.0, (4.0, 16.0), 0.10),
    "green": Climate(97.0, 215.0, 14.0, 0.0, 5.0, 5.0, 40.0, (3.0, 12.0), 0.15),
}


@dataclass(frozen=True)
class Layer:
    """One emission line's layer over the night; each series is a function of hours from local midnight.

    The series are those over the site. Elsewhere in the layer all of it comes at another time: earlier in the
    east, as the sun does, and by ``northward_h_per_deg`` later for every degree of latitude to the north.
    """

    latitude_deg: float
    longitude_deg: float
    site_altitude_m: float
    altitude_km: float
    zonal_mps: SmoothSeries
    meridional_mps: SmoothSeries
    vertical_mps: SmoothSeries
    temperature_k: SmoothSeries
    log_brightness: SmoothSeries
    background: SmoothSeries
    northward_h_per_deg: float = 0.0
    wind_gradient_mps_per_mm: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def sight_line(self, azimuth_deg: float, zenith_deg: float) -> SightLine:
        """Where a line of sight from the site meets the layer, and how it runs there."""
        return sight_line(
            self.latitude_deg,
            self.longitude_deg,
            self.site_altitude_m,
            azimuth_deg,
            zenith_deg,
            1e3 * self.altitude_km,
        )

    def hours_at(self, hours: float, latitude_deg: float, longitude_deg: float) -> float:
        """When the site has what another place has at this time, in hours from local midnight."""
        east_deg = (longitude_deg - self.longitude_deg + 180) % 360 - 180
        north_deg = latitude_deg - self.latitude_deg
        return hours + east_deg / DEGREES_PER_HOUR - self.northward_h_per_deg * north_deg

    def wind_mps(
        self, hours: float, latitude_deg: float | None = None, longitude_deg: float | None = None
    ) -> tuple[float, float, float]:
        """Wind towards that place's own east, north and up; over the site if none is given."""
        east_mm = north_mm = 0.0
        if latitude_deg is not None and longitude_deg is not None:
            hours = self.hours_at(hours, latitude_deg, longitude_deg)
            east_mm, north_mm = self.megametres_off(latitude_deg, longitude_deg)
        zonal_east, zonal_north, meridional_east, meridional_north = self.wind_gradient_mps_per_mm
        return (
            self.zonal_mps.at(hours) + zonal_east * east_mm + zonal_north * north_mm,
            self.meridional_mps.at(hours) + meridional_east * east_mm + meridional_north * north_mm,
            self.vertical_mps.at(hours),
        )

    def megametres_off(self, latitude_deg: float, longitude_deg: float) -> tuple[float, float]:
        """How far a place is to the east and to the north of the site, on the Earth's surface (1,000 km)."""
        east_deg = (longitude_deg - self.longitude_deg + 180) % 360 - 180
        parallel = math.cos(math.radians((latitude_deg + self.latitude_deg) / 2))
        return EARTH_MM_PER_DEG * east_deg * parallel, EARTH_MM_PER_DEG * (latitude_deg - self.latitude_deg)

    def line_of_sight_mps(self, hours: float, azimuth_deg: float, zenith_deg: float) -> float:
        """Wind along a line of sight where it meets the layer, positive away from the instrument."""
        line = self.sight_line(azimuth_deg, zenith_deg)
        return line.wind_along_mps(*self.wind_mps(hours, line.latitude_deg, line.longitude_deg))

    def temperature_along_k(self, hours: float, azimuth_deg: float, zenith_deg: float) -> float:
        """Temperature where a line of sight meets the layer."""
        line = self.sight_line(azimuth_deg, zenith_deg)
        return self.temperature_k.at(self.hours_at(hours, line.latitude_deg, line.longitude_deg))

    def brightness(self, hours: float, azimuth_deg: float, zenith_deg: float) -> float:
        """Relative intensity: slow changes, and the longer way through the layer away from the zenith."""
        line = self.sight_line(azimuth_deg, zenith_deg)
        hours = self.hours_at(hours, line.latitude_deg, line.longitude_deg)
        return math.exp(self.log_brightness.at(hours)) / math.cos(math.radians(line.zenith_deg))


@dataclass(frozen=True)
class CloudBank:
    """Clouds that come and go: at ``hours`` from local midnight the sensor reads warmer by ``warmer_c``."""

    hours: float
    width_h: float
    warmer_c: float


@dataclass(frozen=True)
class UnseenBank:
    """As `airglow.simulate.scenario.UnseenClouds`; ``from_hours``, ``to_hours`` are from local midnight."""

    from_hours: float
    to_hours: float
    scattered: float
    transmission: float
    edge_h: float

    def cover(self, hours: float) -> float:
        """How far they are there: 0 to 1."""
        rise, fall = (math.tanh((hours - edge) / self.edge_h) for edge in (self.from_hours, self.to_hours))
        return 0.5 * (rise - fall)


@dataclass(frozen=True)
class Atmosphere:
    """All layers, the clouds below them, and the air at the ground."""

    layers: dict[str, Layer]
    cloud_banks: tuple[CloudBank, ...]
    unseen_banks: tuple[UnseenBank, ...]
    sky_wander_c: SmoothSeries
    ambient_c: SmoothSeries
    pressure_hpa: SmoothSeries
    humidity_percent: SmoothSeries
    oh_phase_rad: float  # of a hydroxyl line's swing, at local midnight

    def sky_minus_ambient_c(self, hours: float) -> float:
        """What a cloud sensor sees: about -34 under a clear sky, near 0 under a thick cloud."""
        banks = (b.warmer_c * math.exp(-0.5 * ((hours - b.hours) / b.width_h) ** 2) for b in self.cloud_banks)
        return CLEAR_SKY_MINUS_AMBIENT_C + self.sky_wander_c.at(hours) + sum(banks)

    def seen_fraction(self, hours: float) -> float:
        """Part of the light that clouds which the sensor sees have mixed: 0 clear, 0.9 overcast."""
        return min(0.9, max(0.0, (self.sky_minus_ambient_c(hours) + 27.0) / 25.0))

    def unseen_fraction(self, hours: float) -> float:
        """Part of the light that clouds which no sensor sees have mixed: 0 to 1."""
        return 1.0 - math.prod(1.0 - bank.scattered * bank.cover(hours) for bank in self.unseen_banks)

    def transmission(self, hours: float) -> float:
        """Brightness of the line under clouds that no sensor sees, over that without them."""
        return math.prod(1.0 - (1.0 - bank.transmission) * bank.cover(hours) for bank in self.unseen_banks)

    def scattered_fraction(self, hours: float) -> float:
        """Part of the line's light that clouds, seen or not, have mixed from the whole sky."""
        return 1.0 - (1.0 - self.seen_fraction(hours)) * (1.0 - self.unseen_fraction(hours))


def draw_atmosphere(
    site: Site, rng: np.random.Generator, scenario: Scenario, dusk_hours: float
) -> Atmosphere:
    """Draw the atmosphere over a site for one night.

    Parameters
    ----------
    site
        Where it is, and for the pressure at its altitude.
    rng
        Source of chance: give all instruments of the site the same.
    scenario
        How restless, moonlit and cloudy it is.
    dusk_hours
        When the dark begins, in hours from local midnight.

    Returns
    -------
    Atmosphere
    """
    layers = {}
    for line, climate in CLIMATES.items():
        background = scenario.background if line == "red" else scenario.green_background
        layers[line] = Layer(
            latitude_deg=site.latitude_deg,
            longitude_deg=site.longitude_deg,
            site_altitude_m=site.altitude_m,
            altitude_km=climate.altitude_km,
            zonal_mps=random_series(
                rng,
                climate.zonal_mps + scenario.extra_wind_mps[0],
                climate.wind_rms_mps,
                climate.wind_periods_h,
            ),
            meridional_mps=random_series(
                rng,
                climate.meridional_mps + scenario.extra_wind_mps[1],
                climate.wind_rms_mps,
                climate.wind_periods_h,
            ),
            vertical_mps=random_series(rng, 0.0, scenario.vertical_rms_mps, (0.4, 3.0), waves=8),
            temperature_k=random_series(
                rng,
                climate.temperature_k,
                climate.temperature_rms_k,
                (2.0, 10.0),
                climate.temperature_per_hour_k,
            ),
            log_brightness=random_series(rng, 0.0, climate.brightness_rms, (1.5, 8.0)),
            background=random_series(rng, background, 0.05 * background, (1.0, 6.0)),
            northward_h_per_deg=float(NORTHWARD_SPREAD_H_PER_DEG * rng.standard_normal()),
            wind_gradient_mps_per_mm=scenario.wind_gradient_mps_per_mm,
        )
    banks = tuple(
        CloudBank(dusk_hours + bank.hours_after_dusk, bank.width_h, bank.warmer_c)
        for bank in scenario.cloud_banks
    )
    unseen = tuple(
        UnseenBank(
            dusk_hours + bank.from_h, dusk_hours + bank.to_h, bank.scattered, bank.transmission, bank.edge_h
        )
        for bank in scenario.unseen_clouds
    )
    return Atmosphere(
        layers=layers,
        cloud_banks=banks,
        unseen_banks=unseen,
        sky_wander_c=random_series(rng, 0.0, 0.8, (0.5, 5.0)),
        ambient_c=random_series(rng, 14.0, 1.0, (6.0, 24.0), -0.6),
        pressure_hpa=random_series(rng, 1013.25 * math.exp(-site.altitude_m / 8400), 1.0, (6.0, 24.0)),
        humidity_percent=random_series(rng, 60.0, 5.0, (4.0, 24.0), 1.0),
        oh_phase_rad=float(rng.uniform(0, 2 * np.pi)),
    )


def sky_spectrum(
    atmosphere: Atmosphere,
    line: str,
    wavelength_m: float,
    hours: float,
    look: Direction,
    intensity: float,
) -> Spectrum:
    """The light of one look direction: the line along it, what clouds mix in, and the background.

    Parameters
    ----------
    atmosphere
        Where it comes from.
    line
        ``red`` or ``green``.
    wavelength_m
        Of the line at rest.
    hours
        From local midnight.
    look
        Azimuth, and zenith angle that is not negative.
    intensity
        Counts per pixel per second from a layer of brightness 1.

    Returns
    -------
    Spectrum
    """
    layer = atmosphere.layers[line]
    seen, unseen = atmosphere.seen_fraction(hours), atmosphere.unseen_fraction(hours)
    intensity *= atmosphere.transmission(hours)
    direct = thermal_line(
        wavelength_m,
        layer.line_of_sight_mps(hours, look.azimuth_deg, look.zenith_deg),
        layer.temperature_along_k(hours, look.azimuth_deg, look.zenith_deg),
        intensity * (1 - seen) * (1 - unseen) * layer.brightness(hours, look.azimuth_deg, look.zenith_deg),
        layer.background.at(hours) * (1 + seen),  # clouds also send back the lights of the ground
    )
    if seen == 0 and unseen < LEAST_SCATTERED:
        return direct
    light = direct
    for azimuth_deg, zenith_deg in SCATTERED_AROUND:
        # Half of what clouds scatter is lost upwards; what unseen ones lose is their transmission.
        share = (0.5 * seen + (1 - seen) * unseen) / len(SCATTERED_AROUND)
        light = light.plus(
            thermal_line(
                wavelength_m,
                layer.line_of_sight_mps(hours, azimuth_deg, zenith_deg),
                layer.temperature_along_k(hours, azimuth_deg, zenith_deg),
                intensity * share * layer.brightness(hours, azimuth_deg, zenith_deg),
            )
        )
    return light
