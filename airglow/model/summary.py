"""What a night comes to in a few numbers: each is defined once, for database, pages, logs and tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airglow.model.result import BAD, CAUTION, GOOD, NightResult, end_exposure

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class NightSummary:
    """Numbers of a night and tag.

    Medians run over all sky samples whose value is finite, whatever their flags: a night's typical value must
    not depend on which samples the flags leave. None where there is no such sample.

    Parameters
    ----------
    sky_frames, laser_frames
        Numbers of frames that were analysed.
    rejected_frames
        Number of frames that took no part.
    good_winds, good_temperatures
        Numbers of sky samples whose flag is 0.
    first_start, last_stop
        Start of the first sky exposure and end of the last one, UTC without a zone; None without samples.
    median_wind_error_mps, median_temperature_k, median_temperature_error_k
        Medians in m/s and K; None without a finite value.
    """

    sky_frames: int
    laser_frames: int
    rejected_frames: int
    good_winds: int
    good_temperatures: int
    first_start: dt.datetime | None
    last_stop: dt.datetime | None
    median_wind_error_mps: float | None
    median_temperature_k: float | None
    median_temperature_error_k: float | None


def summary(result: NightResult) -> NightSummary:
    """Sum up a night.

    Parameters
    ----------
    result
        The night.

    Returns
    -------
    NightSummary
        ``first_start`` and ``last_stop`` are the start of the first sky exposure and the end of the last.
    """
    sky = result.sky
    first, last = exposures_span(result) or (None, None)
    return NightSummary(
        sky_frames=len(sky),
        laser_frames=len(result.laser),
        rejected_frames=len(result.rejections),
        good_winds=count_levels(sky.wind_flag)[GOOD],
        good_temperatures=count_levels(sky.temperature_flag)[GOOD],
        first_start=first,
        last_stop=last,
        median_wind_error_mps=finite_median(sky.wind_error_mps),
        median_temperature_k=finite_median(sky.temperature_k),
        median_temperature_error_k=finite_median(sky.temperature_error_k),
    )


def count_levels(flag: np.ndarray) -> tuple[int, int, int]:
    """How many samples are good, to be used with caution, and bad.

    Parameters
    ----------
    flag
        (n,) levels.

    Returns
    -------
    tuple of int
    """
    import numpy as np

    good, caution, bad = (int(np.count_nonzero(np.asarray(flag) == level)) for level in (GOOD, CAUTION, BAD))
    return good, caution, bad


def exposures_span(result: NightResult) -> tuple[dt.datetime, dt.datetime] | None:
    """Start of the first sky exposure and end of the last one; None without samples.

    Parameters
    ----------
    result
        The night.

    Returns
    -------
    tuple of datetime or None
        Start and end, UTC without a zone.
    """
    import numpy as np

    sky = result.sky
    if not len(sky):
        return None
    start = np.asarray(sky.start_time, "datetime64[us]")
    return start.min().item(), end_exposure(start, sky.exposure_s).max().item()


def finite_median(values: np.ndarray, otherwise: float | None = None) -> float | None:
    """Median of the finite values.

    Parameters
    ----------
    values
        Any shape.
    otherwise
        What to return without a finite value.

    Returns
    -------
    float or None
    """
    import numpy as np

    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    return float(np.median(finite)) if finite.size else otherwise


def number_text(value: float | None, digits: int, unit: str) -> str:
    """A number of a summary for people.

    Parameters
    ----------
    value
        The number; None if it does not exist.
    digits
        How many to show after the point.
    unit
        What follows it.

    Returns
    -------
    str
        ``12.3 m/s``, or ``unknown``.
    """
    return "unknown" if value is None else f"{value:.{digits}f} {unit}"
