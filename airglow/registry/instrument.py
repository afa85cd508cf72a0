"""An instrument as it was on one date, by the registry."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from airglow.model.errors import RegistryError
from airglow.model.instrument import InstrumentParameters
from airglow.model.tags import GREEN_TAG
from airglow.registry.overrides import Override


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
    oh_wavelengths_m
        Of hydroxyl lines that may pass the filters. What counts is the ratio to the sky line's wavelength:
        where that one is rounded (630.0 for 630.0304 nm), these are to be made smaller by the same factor.
    """

    focal_length_m: float
    pixel_size_m: float
    nominal_gap_m: float
    laser_wavelength_m: float
    red_line_wavelength_m: float
    green_line_wavelength_m: float | None
    many_fringes: bool
    estimate_blur: bool
    oh_wavelengths_m: tuple[float, ...] = ()

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
    overrides
        What was decided by hand, for nights of any date.
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
    overrides: tuple[Override, ...] = ()

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
