"""The records of the registry: what is known of sites and instruments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from airglow.model.errors import RegistryError
from airglow.model.instrument import InstrumentParameters

RED_TAGS = ("X", "XR")
GREEN_TAG = "XG"


@dataclass(frozen=True)
class Direction:
    """A look direction with a name, azimuth in 0 to 360 east of north, zenith angle not negative."""

    name: str
    azimuth_deg: float
    zenith_deg: float


@dataclass(frozen=True)
class Site:
    """A place, and the clock of the computers there."""

    key: str
    name: str
    network: str | None
    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    database_site_id: int | None
    directions: tuple[Direction, ...]
    clocks: tuple[tuple[dt.date | None, str], ...]  # from a date (None: always), a time zone
    fringe_fraction: float = 1.0  # part of the first fringe that is used, for small sensors
    single_fringe: bool = False
    madrigal_kinst: int | None = None  # Madrigal's code of the instrument at the site; None: it has none

    def noon(self, date: dt.date) -> dt.datetime:
        """Noon of a local date, between two nights.

        It is that of the mean sun at the site's longitude, since the clocks of some sites show UTC.

        Parameters
        ----------
        date
            Local date.

        Returns
        -------
        datetime
            Aware, UTC.
        """
        hours = 12.0 - self.longitude_deg / 15.0
        return dt.datetime.combine(date, dt.time(), dt.UTC) + dt.timedelta(hours=hours)

    def clock(self, date: dt.date) -> ZoneInfo:
        """Time zone of the camera computer's clock on a local date.

        Parameters
        ----------
        date
            Local date on which the night began.

        Returns
        -------
        ZoneInfo
        """
        name = next(zone for start, zone in reversed(self.clocks) if start is None or start <= date)
        return ZoneInfo(name)


@dataclass(frozen=True)
class Annuli:
    """Number of annuli in a ring profile, the first one used, and one past the last one used."""

    count: int
    first: int
    stop: int


@dataclass(frozen=True)
class Optics:
    """What the instrument was built with."""

    focal_length_m: float
    pixel_size_m: float
    nominal_gap_m: float
    laser_wavelength_m: float
    red_line_wavelength_m: float
    green_line_wavelength_m: float | None
    many_fringes: bool
    estimate_blur: bool

    def plate_scale_rad_per_pixel(self, binning: int) -> float:
        """Angle per pixel that a pixel's size and the focal length give, for pixels of this binning."""
        return self.pixel_size_m * binning / self.focal_length_m

    def line_wavelength_m(self, tag: str) -> float:
        """Wavelength of the sky line that a tag means.

        Raises
        ------
        RegistryError
            For the green tag, when the instrument has no green line.
        """
        if tag != GREEN_TAG:
            return self.red_line_wavelength_m
        if self.green_line_wavelength_m is None:
            raise RegistryError("tag XG: the registry has no green_line_wavelength_m for this instrument")
        return self.green_line_wavelength_m


@dataclass(frozen=True)
class QualityLimits:
    """Limits of red-line intensity and background that raise flags, in the units of `SkySamples`."""

    sky_intensity_flag1: float
    sky_intensity_flag2: float
    sky_background_flag1: float | None


@dataclass(frozen=True)
class DatabaseIds:
    """What the website's database calls this instrument's products."""

    winds: int | None
    temperatures: int | None
    green_winds: int | None
    green_temperatures: int | None
    diagnostics: int | None


@dataclass(frozen=True)
class Deployment:
    """An instrument at a site from one local date to another, both included (None: still there)."""

    site: str
    start: dt.date
    stop: dt.date | None

    def includes(self, date: dt.date) -> bool:
        """Whether the instrument was at the site on that local date."""
        return self.start <= date and (self.stop is None or date <= self.stop)

    def overlaps(self, first: dt.date | None, last: dt.date | None) -> bool:
        """Whether it shares a date with a span, both ends included (None: without end)."""
        return (last is None or self.start <= last) and (
            first is None or self.stop is None or first <= self.stop
        )


@dataclass(frozen=True)
class BadPeriod:
    """Nights, first and last included, whose flag is at least this."""

    quantity: str  # "wind" or "temperature"
    start: dt.date
    stop: dt.date
    flag: int


@dataclass(frozen=True)
class Instrument:
    """An instrument as it was on one date."""

    key: str
    epoch_from: dt.date | None
    annuli: Annuli
    optics: Optics
    default_parameters: InstrumentParameters  # as last known, in the registry's binning: nights without laser
    default_center_px: tuple[float, float]  # column and row, in the same binning
    default_laser_intensity: float  # counts
    default_laser_background: float  # counts
    quality: QualityLimits
    expected_tags: tuple[str, ...]
    plot_reference: str  # "laser" or "zenith"
    send_to_madrigal: bool
    database_ids: DatabaseIds
    bad_periods: tuple[BadPeriod, ...]
    azimuth_sign_flipped_before: dt.date | None

    def flag_by_hand(self, quantity: str, date: dt.date) -> int:
        """Highest manual flag of ``wind`` or ``temperature`` on a night; 0 when there is none."""
        flags = [p.flag for p in self.bad_periods if p.quantity == quantity and p.start <= date <= p.stop]
        return max(flags, default=0)


@dataclass(frozen=True)
class Registry:
    """All sites and instruments."""

    sites: Mapping[str, Site]
    deployments: Mapping[str, tuple[Deployment, ...]]
    epochs: Mapping[str, tuple[Instrument, ...]]  # in the order of epoch_from

    @property
    def instrument_keys(self) -> tuple[str, ...]:
        """Keys of all instruments, in the order of the file."""
        return tuple(self.epochs)

    def site(self, key: str) -> Site:
        """The site with this key.

        Raises
        ------
        RegistryError
            If there is none.
        """
        try:
            return self.sites[key]
        except KeyError:
            raise RegistryError(f"unknown site {key}: it is not in sites.yaml") from None

    def instrument(self, key: str, date: dt.date) -> Instrument:
        """The instrument with this key as it was on a local date.

        Raises
        ------
        RegistryError
            If there is none.
        """
        if key not in self.epochs:
            raise RegistryError(f"unknown instrument {key}: it is not in instruments.yaml")
        epochs = self.epochs[key]
        return next(e for e in reversed(epochs) if e.epoch_from is None or e.epoch_from <= date)

    def is_deployed(self, instrument: str, site: str, date: dt.date) -> bool:
        """Whether the instrument was at the site on that local date."""
        return any(d.site == site and d.includes(date) for d in self.deployments.get(instrument, ()))

    def instruments_at(self, site: str, date: dt.date) -> tuple[str, ...]:
        """Keys of the instruments at a site on a local date."""
        return tuple(key for key in self.epochs if self.is_deployed(key, site, date))
