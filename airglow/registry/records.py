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
    """A look direction with a name.

    Parameters
    ----------
    name
        Name, such as ``North``.
    azimuth_deg
        Azimuth east of north, 0 to 360.
    zenith_deg
        Zenith angle, not negative.
    """

    name: str
    azimuth_deg: float
    zenith_deg: float


@dataclass(frozen=True)
class Site:
    """A place, and the clock of the computers there.

    Parameters
    ----------
    key
        Key, such as ``uao``.
    name
        Name in words.
    network
        Network that the site belongs to; None if it belongs to none.
    latitude_deg
        Geodetic latitude, north positive.
    longitude_deg
        Longitude, east positive.
    altitude_m
        Height above sea level.
    database_site_id
        Number of the site in the website's database; None if it has none.
    directions
        Look directions that have a name there.
    clocks
        Time zones of the camera computer's clock, each with the local date from which it holds (None:
        always).
    fringe_fraction
        Part of the first fringe that is used, for small sensors.
    single_fringe
        True if the sensor has one fringe only.
    madrigal_kinst
        Madrigal's code of the instrument at the site; None if it has none.
    """

    key: str
    name: str
    network: str | None
    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    database_site_id: int | None
    directions: tuple[Direction, ...]
    clocks: tuple[tuple[dt.date | None, str], ...]
    fringe_fraction: float = 1.0
    single_fringe: bool = False
    madrigal_kinst: int | None = None

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
    """The annuli of a ring profile, and those of them that are used.

    Parameters
    ----------
    count
        Number of annuli of a ring profile.
    first
        Index of the first annulus that is used.
    stop
        Index one past the last annulus that is used.
    """

    count: int
    first: int
    stop: int


@dataclass(frozen=True)
class Optics:
    """What the instrument was built with.

    Parameters
    ----------
    focal_length_m
        Focal length of the lens before the camera.
    pixel_size_m
        Size of one pixel without binning.
    nominal_gap_m
        Gap between the etalon's plates, as the maker states it.
    laser_wavelength_m
        Wavelength of the laser.
    red_line_wavelength_m
        Rest wavelength of the red line.
    green_line_wavelength_m
        Rest wavelength of the green line; None if the instrument does not observe it.
    many_fringes
        True if the image has many fringes; it is read by the legacy product alone.
    estimate_blur
        True if the blur is a free parameter of the laser fits.
    """

    focal_length_m: float
    pixel_size_m: float
    nominal_gap_m: float
    laser_wavelength_m: float
    red_line_wavelength_m: float
    green_line_wavelength_m: float | None
    many_fringes: bool
    estimate_blur: bool

    def plate_scale_rad_per_pixel(self, binning: int) -> float:
        """Angle per pixel that a pixel's size and the focal length give, for pixels of this binning.

        Parameters
        ----------
        binning
            Pixels of the sensor in one pixel of the frame, along one axis.

        Returns
        -------
        float
        """
        return self.pixel_size_m * binning / self.focal_length_m

    def line_wavelength_m(self, tag: str) -> float:
        """Wavelength of the sky line that a tag means.

        Parameters
        ----------
        tag
            ``X``, ``XR`` or ``XG``.

        Returns
        -------
        float

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
    """Limits of red-line intensity and background that raise flags, in the units of `SkySamples`.

    Parameters
    ----------
    sky_intensity_flag1
        Intensity below which a sample has at least flag 1.
    sky_intensity_flag2
        Intensity below which a sample has flag 2.
    sky_background_flag1
        Background above which a sample has at least flag 1; None if there is no limit.
    """

    sky_intensity_flag1: float
    sky_intensity_flag2: float
    sky_background_flag1: float | None


@dataclass(frozen=True)
class DatabaseIds:
    """Numbers of this instrument's products in the website's database; None where it has none.

    Parameters
    ----------
    winds
        Red-line winds.
    temperatures
        Red-line temperatures.
    green_winds
        Green-line winds.
    green_temperatures
        Green-line temperatures.
    diagnostics
        Diagnostic plots.
    """

    winds: int | None
    temperatures: int | None
    green_winds: int | None
    green_temperatures: int | None
    diagnostics: int | None


@dataclass(frozen=True)
class Deployment:
    """The time that an instrument is at a site.

    Parameters
    ----------
    site
        Key of the site.
    start
        First local date.
    stop
        Last local date; None if the instrument is still there.
    """

    site: str
    start: dt.date
    stop: dt.date | None

    def includes(self, date: dt.date) -> bool:
        """Whether the instrument was at the site on that local date.

        Parameters
        ----------
        date
            Local date on which a night begins.

        Returns
        -------
        bool
        """
        return self.start <= date and (self.stop is None or date <= self.stop)

    def overlaps(self, first: dt.date | None, last: dt.date | None) -> bool:
        """Whether it shares a date with a span, both ends included (None: without end).

        Parameters
        ----------
        first, last
            First and last local date of the span; None if it has no such end.

        Returns
        -------
        bool
        """
        return (last is None or self.start <= last) and (
            first is None or self.stop is None or first <= self.stop
        )


@dataclass(frozen=True)
class BadPeriod:
    """Nights whose flag an operator has raised by hand.

    Parameters
    ----------
    quantity
        ``wind`` or ``temperature``.
    start
        Local date of the first night.
    stop
        Local date of the last night.
    flag
        Least flag of the samples of these nights.
    """

    quantity: str
    start: dt.date
    stop: dt.date
    flag: int


@dataclass(frozen=True)
class Instrument:
    """An instrument as it was on one date.

    Parameters
    ----------
    key
        Key, such as ``minime05``.
    epoch_from
        Local date from which these values hold; None if they always have.
    annuli
        Annuli of its ring profiles.
    optics
        What it was built with.
    default_parameters
        Its parameters as last known, in pixels of 2 x 2 binning, for nights without a usable laser.
    default_center_px
        Column and row of the ring centre, in the same binning.
    default_laser_intensity
        Intensity of the laser in counts.
    default_laser_background
        Background of the laser frames in counts.
    quality
        Limits that raise flags.
    expected_tags
        Tags of the sky frames that it takes.
    send_to_madrigal
        True if its nights are sent to Madrigal.
    database_ids
        Numbers of its products in the website's database.
    bad_periods
        Nights whose flags were raised by hand.
    azimuth_sign_flipped_before
        Local date before which the azimuth of headers has the wrong sign; None if it never had.
    """

    key: str
    epoch_from: dt.date | None
    annuli: Annuli
    optics: Optics
    default_parameters: InstrumentParameters
    default_center_px: tuple[float, float]
    default_laser_intensity: float
    default_laser_background: float
    quality: QualityLimits
    expected_tags: tuple[str, ...]
    send_to_madrigal: bool
    database_ids: DatabaseIds
    bad_periods: tuple[BadPeriod, ...]
    azimuth_sign_flipped_before: dt.date | None

    def flag_by_hand(self, quantity: str, date: dt.date) -> int:
        """Highest manual flag of ``wind`` or ``temperature`` on a night; 0 when there is none.

        Parameters
        ----------
        quantity
            ``wind`` or ``temperature``.
        date
            Local date on which the night began.

        Returns
        -------
        int
        """
        flags = [p.flag for p in self.bad_periods if p.quantity == quantity and p.start <= date <= p.stop]
        return max(flags, default=0)


@dataclass(frozen=True)
class Registry:
    """All sites and instruments.

    Parameters
    ----------
    sites
        Sites by key.
    deployments
        Where each instrument was and when, by its key.
    epochs
        Each instrument by its key, once for each span in which its values hold, in the order of
        ``epoch_from``.
    """

    sites: Mapping[str, Site]
    deployments: Mapping[str, tuple[Deployment, ...]]
    epochs: Mapping[str, tuple[Instrument, ...]]

    @property
    def instrument_keys(self) -> tuple[str, ...]:
        """Keys of all instruments, in the order of the file."""
        return tuple(self.epochs)

    def site(self, key: str) -> Site:
        """The site with this key.

        Parameters
        ----------
        key
            Key of the site.

        Returns
        -------
        Site

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

        Parameters
        ----------
        key
            Key of the instrument.
        date
            Local date on which a night begins.

        Returns
        -------
        Instrument

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
        """Whether the instrument was at the site on that local date.

        Parameters
        ----------
        instrument
            Key of the instrument.
        site
            Key of the site.
        date
            Local date on which a night begins.

        Returns
        -------
        bool
        """
        return any(d.site == site and d.includes(date) for d in self.deployments.get(instrument, ()))

    def instruments_at(self, site: str, date: dt.date) -> tuple[str, ...]:
        """Keys of the instruments at a site on a local date.

        Parameters
        ----------
        site
            Key of the site.
        date
            Local date on which a night begins.

        Returns
        -------
        tuple[str, ...]
        """
        return tuple(key for key in self.epochs if self.is_deployed(key, site, date))
