"""The registry: sites, where instruments were, and each instrument as of a date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from airglow.model.errors import RegistryError
from airglow.registry.instrument import Instrument


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
