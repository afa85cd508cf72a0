"""The truth of a simulated night: what a retrieval should find."""

from __future__ import annotations

import csv
import datetime as dt
import math
from dataclasses import dataclass, fields
from pathlib import Path

from airglow.model.errors import BadInput

TRUTH_FILE = "truth.csv"


@dataclass(frozen=True)
class FrameTruth:
    """One frame: how it was taken and what was true in the middle of its exposure.

    Of laser frames the wind, the temperature and the true line of sight are NaN. Intensity and background
    are counts per pixel per second, averaged over a fringe order at the centre of the rings: what the
    line, and the continuum beside it, add to the frame's mean where the falloff is 1.

    Parameters
    ----------
    name
        File name.
    tag
        Tag of the frame.
    start_utc
        Start of the exposure, aware.
    exposure_s
        Length of the exposure.
    local_start
        Start by the computer's clock, without a zone.
    header_azimuth_deg
        Azimuth in the header.
    header_zenith_deg
        Zenith angle in the header, signed.
    direction
        Name of the look direction.
    intensity
        Intensity of the line.
    background
        Continuum beside it.
    gap_m
        Gap between the plates.
    center_x_px
        Column of the ring centre.
    center_y_px
        Row of the ring centre.
    ccd_bias
        Counts without light.
    sky_minus_ambient_c
        Temperature of the sky minus that of the air.
    ambient_c
        Temperature of the air.
    scattered_fraction
        Part of the light that comes from the whole sky, scattered by clouds, seen by the sensor or not.
    flaw
        Empty, ``truncated``, ``foreign`` or ``nan angle``.
    true_azimuth_deg
        Azimuth of the look direction, 0 to 360.
    true_zenith_deg
        Zenith angle of the look direction, 0 to 90.
    pierce_latitude_deg
        Latitude of the place where the line of sight meets the emission layer.
    pierce_longitude_deg
        Its longitude.
    pierce_azimuth_deg
        Azimuth of the line of sight there.
    pierce_zenith_deg
        Zenith angle of the line of sight there.
    los_wind_mps
        Line-of-sight wind, positive away from the instrument.
    zonal_mps
        Zonal wind at that place, positive eastward.
    meridional_mps
        Meridional wind at that place, positive northward.
    vertical_mps
        Vertical wind at that place, positive upward.
    temperature_k
        Temperature of the emitting gas at that place.
    """

    name: str
    tag: str
    start_utc: dt.datetime
    exposure_s: float
    local_start: dt.datetime
    header_azimuth_deg: float
    header_zenith_deg: float
    direction: str
    intensity: float
    background: float
    gap_m: float
    center_x_px: float
    center_y_px: float
    ccd_bias: float
    sky_minus_ambient_c: float
    ambient_c: float
    scattered_fraction: float
    flaw: str
    true_azimuth_deg: float = math.nan
    true_zenith_deg: float = math.nan
    pierce_latitude_deg: float = math.nan
    pierce_longitude_deg: float = math.nan
    pierce_azimuth_deg: float = math.nan
    pierce_zenith_deg: float = math.nan
    los_wind_mps: float = math.nan
    zonal_mps: float = math.nan
    meridional_mps: float = math.nan
    vertical_mps: float = math.nan
    temperature_k: float = math.nan

    @property
    def middle_utc(self) -> dt.datetime:
        """Mid-exposure, UTC."""
        return self.start_utc + dt.timedelta(seconds=self.exposure_s / 2)

    @property
    def end_utc(self) -> dt.datetime:
        """End of the exposure, UTC."""
        return self.start_utc + dt.timedelta(seconds=self.exposure_s)


def write_truth_table(frames: tuple[FrameTruth, ...], path: Path) -> None:
    """Write the truth of all frames as CSV, exact to the last bit of each number."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        names = [field.name for field in fields(FrameTruth)]
        writer.writerow(names)
        for frame in frames:
            writer.writerow([_as_text(getattr(frame, name)) for name in names])


def read_truth(path: Path | str) -> tuple[FrameTruth, ...]:
    """Read what `write_truth_table` wrote.

    Parameters
    ----------
    path
        The CSV file, or the directory that holds it.

    Returns
    -------
    tuple of FrameTruth
        In the order of time.

    Raises
    ------
    BadInput
        When the file has other columns.
    """
    path = Path(path)
    path = path / TRUTH_FILE if path.is_dir() else path
    kinds = {field.name: field.type for field in fields(FrameTruth)}
    with path.open(newline="") as stream:
        reader = csv.DictReader(stream)
        if reader.fieldnames != list(kinds):
            raise BadInput(path.name, "not a table of truth: its columns are others")
        return tuple(
            FrameTruth(**{name: _from_text(text, kinds[name]) for name, text in row.items()})
            for row in reader
        )


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


def _from_text(text: str, kind: str) -> object:
    if kind == "dt.datetime":
        return dt.datetime.fromisoformat(text)
    return float(text) if kind == "float" else text
