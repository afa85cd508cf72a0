"""What older code calls ``site`` and ``instrument``: facts of the registry under their older names."""

from __future__ import annotations

from typing import Any

import numpy as np

from airglow.model.result import NightResult
from airglow.products.legacy_parameters import older_parameters
from airglow.registry import Instrument, Site


def site_dictionary(result: NightResult, site: Site | None = None) -> dict[str, Any]:
    """The ``site`` dictionary.

    Parameters
    ----------
    result
        The night.
    site
        Of the registry; without it ``Directions`` are those in which the night looked.

    Returns
    -------
    dict
        ``Location`` is latitude, longitude (degrees) and altitude (m).
    """
    known: dict[str, Any] = {
        "Location": (result.site_latitude_deg, result.site_longitude_deg, result.site_altitude_m),
        "Name": result.site_name,
        "Abbreviation": result.site,
        "Timezone": result.site_timezone,
        "share": False,
        "Directions": _directions_seen(result),
    }
    if site is not None:
        known |= {
            "Network": site.network,
            "sql_id": site.database_site_id,
            "Directions": {d.name: {"az": d.azimuth_deg, "ze": d.zenith_deg} for d in site.directions},
        }
    return known


def _directions_seen(result: NightResult) -> dict[str, dict[str, float]]:
    sky = result.sky
    names = np.array(sky.direction, object)
    return {
        name: {
            "az": float(sky.azimuth_deg[np.flatnonzero(names == name)[0]]),
            "ze": float(sky.zenith_deg[np.flatnonzero(names == name)[0]]),
        }
        for name in sorted(set(sky.direction) - {"Unknown"})
    }


def instrument_dictionary(result: NightResult, instrument: Instrument | None = None) -> dict[str, Any]:
    """The ``instrument`` dictionary.

    Parameters
    ----------
    result
        The night.
    instrument
        Of the registry, as of the date; without it the dictionary holds what was found on the night.

    Returns
    -------
    dict
        Lengths in m; ``default_params`` in the older convention (`airglow.products.legacy_parameters`).
    """
    known: dict[str, Any] = {
        "name": result.instrument,
        "Abbreviation": result.instrument,
        "lam0": result.wavelength_m,
    }
    return known | (_from_registry(instrument) if instrument is not None else _from_night(result))


def _from_night(result: NightResult) -> dict[str, Any]:
    counts = np.concatenate([result.sky_profiles.counts, result.laser_profiles.counts])
    used = np.flatnonzero(np.isfinite(counts).any(axis=0))
    gaps = np.concatenate([result.sky.gap_m, result.laser.gap_m])
    center = (_median(result.sky.center_x_px), _median(result.sky.center_y_px))
    return {
        "N": counts.shape[1],
        "N0": int(used[0]) if used.size else 0,
        "N1": int(used[-1]) + 1 if used.size else 0,
        "nominal_t": _median(gaps),
        "default_params": {
            **older_parameters(result.instrument_parameters),
            "I": 1.0,
            "B": 0.0,
            "center": center,
        },
    }


def _median(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


def _from_registry(instrument: Instrument) -> dict[str, Any]:
    optics, defaults, ids = instrument.optics, instrument.default_parameters, instrument.database_ids
    periods: dict[str, list] = {"wind": [], "temperature": []}
    for period in instrument.bad_periods:
        periods[period.quantity].append((period.start, period.stop, period.flag))
    return {
        "N": instrument.annuli.count,
        "N0": instrument.annuli.first,
        "N1": instrument.annuli.stop,
        "focal_length": optics.focal_length_m,
        "pix_size": optics.pixel_size_m,
        "lam_laser": optics.laser_wavelength_m,
        "lam0": optics.red_line_wavelength_m,
        "lam0_gl": optics.green_line_wavelength_m,
        "nominal_t": optics.nominal_gap_m,
        "default_params": {
            **older_parameters(defaults),
            "I": instrument.default_laser_intensity,
            "B": instrument.default_laser_background,
            "center": instrument.default_center_px,
        },
        "many_fringes": optics.many_fringes,
        "skyI_quality_thresh": [
            instrument.quality.sky_intensity_flag1,
            instrument.quality.sky_intensity_flag2,
        ],
        "skyB_quality_thresh": instrument.quality.sky_background_flag1,
        "bad_wind_dates": periods["wind"],
        "bad_temperature_dates": periods["temperature"],
        "send_to_madrigal": instrument.send_to_madrigal,
        "sql_winds_id": ids.winds,
        "sql_temperatures_id": ids.temperatures,
        "sql_diagnostics_id": ids.diagnostics,
    }
