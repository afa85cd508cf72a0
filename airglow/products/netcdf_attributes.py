"""What the netCDF file says of itself as a whole: CF-1.11 and ACDD-1.3, and where it comes from.

``date_created`` is the end of the newest exposure in the file, not the time of writing: the same input, code
and settings must give the same file to the byte, so that a repeated analysis can be seen to have changed
nothing. When a file was made is written beside it, in the index of published products (``made_at``) and in
the database. Neither an address nor a licence is known to the analysis: none is made up.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from airglow.model.result import NightResult, end_exposure

STANDARD_NAMES = "CF Standard Name Table v93"


def global_attributes(result: NightResult, file_format: int) -> dict[str, Any]:
    """Attributes of the file.

    Parameters
    ----------
    result
        The night.
    file_format
        Version of the file's layout, for `read_netcdf`.

    Returns
    -------
    dict
        Name to value, in the order in which they are written.
    """
    return (
        _description(result)
        | _people(result)
        | _coverage_in_space(result)
        | _coverage_in_time(result)
        | _identity(result)
        | {"airglow_format": np.int32(file_format)}
    )


def _place(result: NightResult) -> str:
    return result.site_name or result.site


def _description(result: NightResult) -> dict[str, Any]:
    line = f"{result.wavelength_m * 1e9:.1f} nm airglow"
    night = f"the night that began on {result.date} (local date)"
    if len(result.sky):
        summary = (
            f"Line-of-sight winds and temperatures from the {line}, measured by a Fabry-Perot interferometer "
            f"during {night}, and the wind over the site that follows from them, with the laser frames, the "
            "ring profiles and the instrument parameters they rest on."
        )
    else:
        reason = " ".join(result.notes)
        summary = f"No winds or temperatures from the {line} came of {night}. {reason}".strip()
    return {
        "Conventions": "CF-1.11, ACDD-1.3",
        "featureType": "timeSeries",
        "title": (
            f"Thermospheric winds and temperatures, {result.instrument} at {_place(result)}, {result.date}"
        ),
        "summary": summary,
        "keywords": (
            "thermosphere, upper atmosphere, neutral wind, neutral temperature, airglow, "
            "Fabry-Perot interferometer, Doppler shift"
        ),
        "id": result.stem,
        "naming_authority": "airglow",
        "source": f"ground-based Fabry-Perot interferometer {result.instrument}",
        "platform": f"ground station {_place(result)}",
        "history": f"airglow {result.provenance.code_version}: analysed from the frames of the night",
        "processing_level": (
            "line-of-sight winds and temperatures of single exposures (level 1); "
            "winds over the site in the groups cycles and smooth_winds (level 2)"
        ),
        "standard_name_vocabulary": STANDARD_NAMES,
        "references": "Harding, Gehrels & Makela (2014), Applied Optics 53, 666",
        "comment": (
            "Samples of flag 0 are good, 1 are to be used with caution, 2 are bad; flag_causes names every "
            "reason. Latitude, longitude and altitude are those of the site, pierce_latitude, "
            "pierce_longitude and pierce_height those of the air that was measured. date_created is the "
            "end of the newest exposure: the file depends on its input, the code and the settings alone, not "
            "on when it was written."
        ),
    }


def _people(result: NightResult) -> dict[str, Any]:
    operators = f"operators of {result.instrument} at {_place(result)}"
    return {
        "project": "airglow",
        "institution": _place(result),
        "creator_name": operators,
        "creator_type": "group",
        "creator_institution": _place(result),
        "publisher_name": operators,
        "publisher_type": "group",
        "license": f"No licence is stated here: ask the {operators}.",
        "acknowledgement": f"Please name the {operators}, and the program airglow.",
    }


def _coverage_in_space(result: NightResult) -> dict[str, Any]:
    """From the site and the points that were looked at."""
    sky = result.sky
    latitude = _extent(result.site_latitude_deg, sky.pierce_latitude_deg)
    longitude = _extent(result.site_longitude_deg, sky.pierce_longitude_deg)
    height = _extent(result.site_altitude_m, sky.pierce_height_m)
    if latitude[0] == latitude[1] and longitude[0] == longitude[1]:
        bounds = f"POINT ({latitude[0]:.4f} {longitude[0]:.4f})"
    else:
        (south, north), (west, east) = latitude, longitude
        corners = ((south, west), (south, east), (north, east), (north, west), (south, west))
        bounds = f"POLYGON (({', '.join(f'{lat:.4f} {lon:.4f}' for lat, lon in corners)}))"
    return {
        "geospatial_bounds": bounds,
        "geospatial_bounds_crs": "EPSG:4326",
        "geospatial_bounds_vertical_crs": "EPSG:4979",
        "geospatial_lat_min": latitude[0],
        "geospatial_lat_max": latitude[1],
        "geospatial_lat_units": "degrees_north",
        "geospatial_lon_min": longitude[0],
        "geospatial_lon_max": longitude[1],
        "geospatial_lon_units": "degrees_east",
        "geospatial_vertical_min": height[0],
        "geospatial_vertical_max": height[1],
        "geospatial_vertical_units": "m",
        "geospatial_vertical_positive": "up",
    }


def _extent(site: float, points: np.ndarray) -> tuple[float, float]:
    values = np.append(points[np.isfinite(points)], site)
    return float(values.min()), float(values.max())


def _coverage_in_time(result: NightResult) -> dict[str, Any]:
    starts, lengths = (
        np.concatenate([getattr(table, name) for table in (result.sky, result.laser)])
        for name in ("start_time", "exposure_s")
    )
    if not starts.size:
        following = dt.datetime.combine(result.date + dt.timedelta(days=1), dt.time())
        return {"date_created": f"{following.isoformat()}Z"}
    begin, end = starts.min(), end_exposure(starts, lengths).max()
    attributes = {
        "date_created": f"{end.astype('datetime64[s]')}Z",
        "time_coverage_start": f"{begin.astype('datetime64[ms]')}Z",
        "time_coverage_end": f"{end.astype('datetime64[ms]')}Z",
        "time_coverage_duration": _iso_duration(end - begin),
    }
    if len(result.sky) > 1:
        attributes["time_coverage_resolution"] = _iso_duration(np.median(np.diff(result.sky.mid_time)))
    return attributes


def _iso_duration(length: np.timedelta64) -> str:
    return f"PT{round(length / np.timedelta64(1, 's'))}S"


def _identity(result: NightResult) -> dict[str, Any]:
    """Which night, and what made the file: what a reader of files looks for by name."""
    provenance = result.provenance
    return {
        "instrument": result.instrument,
        "site": result.site,
        "site_name": result.site_name,
        "site_timezone": result.site_timezone,
        "date": result.date.isoformat(),
        "tag": result.tag,
        "wavelength_m": float(result.wavelength_m),
        "product_version": provenance.code_version,
        "code_version": provenance.code_version,
        "settings_hash": provenance.settings_hash,
        "registry_epoch": provenance.registry_epoch,
        "input_hash": provenance.input_hash,
        "manifest_hash": provenance.manifest_hash,
        # Nights of which nothing was decided by hand have no such attribute.
        **({"overrides": "\n".join(provenance.overrides)} if provenance.overrides else {}),
    }
