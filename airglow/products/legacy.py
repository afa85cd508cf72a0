"""The npz file that older reading code of the network opens: three pickled dictionaries.

``numpy.load(path, allow_pickle=True)`` gives ``FPI_Results``, ``site`` and ``instrument``, each an array of
no dimension around a dictionary (``.item()``, ``.reshape(-1)[0]`` or ``.ravel()[0]`` take it out). Names,
units, signs and types are those of old: starts of exposures as aware datetimes in the site's zone, winds in
m/s positive away from the instrument, intensities per second of exposure, lists where lists were. Three
things are as this analysis has them: ``sigma_LOSwind`` holds the error of the Doppler reference as well as
those of fit and calibration; failed fits are NaN, error included; sensors of which the night has nothing
(``Dome``, ``Inside``, ``EtalonInside``, ``EtalonOutside``) are None, and the samples of those that there are
count for a frame up to two of their cadences before and after it, since loggers are slow.

No class of this package is in the file, and nothing that ties it to a version of numpy. The same result gives
the same bytes.
"""

from __future__ import annotations

import datetime as dt
import io
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from airglow.model.files import written_whole
from airglow.model.result import NightResult, RingProfiles
from airglow.model.temperatures import DOME, ETALON_INSIDE, ETALON_OUTSIDE, INSIDE
from airglow.products.legacy_parameters import HELIUM_NEON_M, laser_parameters, reference_of, sky_parameters
from airglow.products.legacy_registry import instrument_dictionary, site_dictionary
from airglow.registry import Instrument, Site
from airglow.weather import summarise_values

_EPOCH = (1980, 1, 1, 0, 0, 0)  # of members of the zip: it has to say something
_PROBES = {
    "Dome": DOME,
    "Inside": INSIDE,
    "EtalonInside": ETALON_INSIDE,
    "EtalonOutside": ETALON_OUTSIDE,
}
_PROTOCOL = 4  # older ones forget which of two equal clock times in autumn is meant


def write_legacy(
    result: NightResult, path: Path | str, site: Site | None = None, instrument: Instrument | None = None
) -> Path:
    """Write a night as older code reads it; whole or not at all.

    Parameters
    ----------
    result
        The night.
    path
        The file to be.
    site, instrument
        Of the registry, as of the date. Without them their dictionaries hold what the result knows.

    Returns
    -------
    Path
        ``path``.
    """
    laser_m = instrument.optics.laser_wavelength_m if instrument is not None else HELIUM_NEON_M
    contents = {
        "FPI_Results": legacy_results(result, laser_m),
        "site": site_dictionary(result, site),
        "instrument": instrument_dictionary(result, instrument),
    }
    with written_whole(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, value in contents.items():
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            archive.writestr(member, _npy(value), zipfile.ZIP_DEFLATED, 6)
    return Path(path)


def legacy_results(result: NightResult, laser_m: float = HELIUM_NEON_M) -> dict[str, Any]:
    """What older code calls ``FPI_Results``.

    Parameters
    ----------
    result
        The night.
    laser_m
        Wavelength of the laser.

    Returns
    -------
    dict
        Arrays and lists with an entry per sky frame, or per fitted laser frame under ``laser_...``.
    """
    sky, laser = result.sky, result.laser
    fitted = np.flatnonzero(np.isfinite(laser.gap_m))
    sky_value, sky_stderr = sky_parameters(result)
    laser_value, laser_stderr = laser_parameters(result, fitted, laser_m)
    sky_fringes, sky_annuli = _fringes(result.sky_profiles, np.arange(len(sky)))
    laser_fringes, laser_annuli = _fringes(result.laser_profiles, fitted)
    return {
        "sky_times": local_times(sky.start_time, result.site_timezone),
        "sky_intT": _floats(sky.exposure_s),
        "sky_fns": list(sky.name),
        "sky_ccd_temperature": _floats(sky.ccd_temperature_c),
        "az": _floats(sky.azimuth_deg),
        "ze": _floats(sky.zenith_deg),
        "direction": list(sky.direction),
        "LOSwind": _floats(sky.line_of_sight_wind_mps),
        "sigma_LOSwind": _floats(sky.wind_error_mps),
        "sigma_fit_LOSwind": _floats(sky.wind_fit_error_mps),
        "sigma_cal_LOSwind": _floats(sky.wind_calibration_error_mps),
        "T": _floats(sky.temperature_k),
        "sigma_T": _floats(sky.temperature_error_k),
        "skyI": _floats(sky.intensity),
        "sigma_skyI": _floats(sky.intensity_error),
        "skyB": _floats(sky.background),
        "sigma_skyB": _floats(sky.background_error),
        "ccdB": _floats(sky.ccd_bias),
        "sigma_ccdB": _floats(sky.ccd_bias_error),
        "sky_chisqr": _floats(sky.reduced_chi_square),
        "sky_value": sky_value,
        "sky_stderr": sky_stderr,
        "sky_fringes": sky_fringes,
        "sky_annuli": sky_annuli,
        "wind_quality_flag": _floats(sky.wind_flag),
        "temp_quality_flag": _floats(sky.temperature_flag),
        "doppler_reference": _floats(sky.doppler_reference_mps),
        "reference": reference_of(result),
        "lam0": float(result.wavelength_m),
        "Clouds": {
            "mean": _floats(sky.sky_minus_ambient_mean_c),
            "max": _floats(sky.sky_minus_ambient_max_c),
            "min": _floats(sky.sky_minus_ambient_min_c),
        },
        **{key: _during_frames(result, probe) for key, probe in _PROBES.items()},
        "SVNRevision": result.provenance.code_version,
        "laser_times": local_times(laser.start_time[fitted], result.site_timezone),
        "laser_intT": _floats(laser.exposure_s[fitted]),
        "laser_fns": [laser.name[k] for k in fitted],
        "laser_ccd_temperature": _floats(laser.ccd_temperature_c[fitted]),
        "laser_chisqr": _floats(laser.reduced_chi_square[fitted]),
        "laser_value": laser_value,
        "laser_stderr": laser_stderr,
        "laser_fringes": laser_fringes,
        "laser_annuli": laser_annuli,
        "center_pixel": (
            np.stack([laser.center_x_px[fitted], laser.center_y_px[fitted]], axis=1) if fitted.size else None
        ),
    }


def local_times(times: np.ndarray, zone_name: str) -> np.ndarray:
    """Times as aware datetimes of a zone.

    Python counts the clock, not the time, between datetimes of one zone object. Times before and after a
    change of the clock have a zone object each, so that their difference is the time between them.

    Parameters
    ----------
    times
        datetime64, UTC.
    zone_name
        Such as ``America/Chicago``; an unknown one is taken as UTC.

    Returns
    -------
    ndarray
        Of objects.
    """
    zones: dict[dt.timedelta | None, dt.tzinfo] = {}
    local = []
    for moment in times.astype("datetime64[us]").astype(object):
        aware = moment.replace(tzinfo=dt.UTC).astimezone(_zone(zone_name))
        zone = zones.setdefault(aware.utcoffset(), aware.tzinfo)
        local.append(aware.replace(tzinfo=zone))
    return np.array(local, object)


def _during_frames(result: NightResult, probe: str) -> dict[str, np.ndarray] | None:
    """Temperatures of a probe during each sky frame; None if the night has none of it."""
    found = next((each for each in result.temperatures if each.probe == probe), None)
    if found is None:
        return None
    sky = result.sky
    summary = summarise_values(found.time, found.temperature_c, sky.start_time, sky.exposure_s)
    return {"mean": _floats(summary.mean), "max": _floats(summary.max), "min": _floats(summary.min)}


def _zone(name: str) -> dt.tzinfo:
    try:
        return ZoneInfo.no_cache(sys.intern(name))
    except (ZoneInfoNotFoundError, ValueError):
        return dt.UTC


def _floats(values: np.ndarray) -> np.ndarray:
    return np.array(values, float)


def _fringes(profiles: RingProfiles, index: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Counts and radii (pixels) of the annuli that are used in any of the frames, a row per frame."""
    counts, radius = profiles.counts[index], np.sqrt(profiles.radius_squared_px2[index])
    used = np.isfinite(counts).any(axis=0)
    return [_floats(row[used]) for row in counts], [_floats(row[used]) for row in radius]


def _npy(value: dict[str, Any]) -> bytes:
    """A file of numpy's own format around an array of no dimension that holds the dictionary."""
    buffer = io.BytesIO()
    array = np.array(_with_one_object_per_text(value), object)
    np.lib.format.write_array_header_1_0(buffer, np.lib.format.header_data_from_array_1_0(array))
    _Pickler(buffer, _PROTOCOL).dump(array)
    return buffer.getvalue()


def _with_one_object_per_text(value: Any) -> Any:
    """The same value. A pickle tells equal objects apart, and must not tell where a result was read from."""
    if isinstance(value, str):
        return sys.intern(str(value))
    if isinstance(value, dict):
        return {_with_one_object_per_text(k): _with_one_object_per_text(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_with_one_object_per_text(item) for item in value)
    return value


class _Pickler(pickle.Pickler):
    """Writes arrays as calls of ``numpy.array`` with a list: what every numpy of every version can make."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return np.array, (value.tolist(), value.dtype.name)
        return NotImplemented
