"""A night as rows of our tables: plain Python values, None for what does not exist."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from airglow.model.errors import CatalogueError
from airglow.model.outcomes import outcome_reason
from airglow.model.result import GOOD, LaserSamples, NightResult, SkySamples

Row = dict[str, Any]
ANALYSED = "analysed"

SKY_VALUES = (
    "exposure_s",
    "direction",
    "azimuth_deg",
    "zenith_deg",
    "pierce_latitude_deg",
    "pierce_longitude_deg",
    "pierce_height_m",
    "pierce_azimuth_deg",
    "pierce_zenith_deg",
    "line_of_sight_wind_mps",
    "wind_error_mps",
    "wind_fit_error_mps",
    "wind_calibration_error_mps",
    "wind_reference_error_mps",
    "wind_bound_mps",
    "temperature_k",
    "temperature_error_k",
    "temperature_bound_k",
    "intensity",
    "intensity_error",
    "background",
    "background_error",
    "ccd_bias",
    "ccd_bias_error",
    "reduced_chi_square",
    "doppler_reference_mps",
    "gap_m",
    "center_x_px",
    "center_y_px",
    "ccd_temperature_c",
    "sky_minus_ambient_mean_c",
    "sky_minus_ambient_max_c",
    "sky_minus_ambient_min_c",
    "sun_elevation_deg",
    "moon_elevation_deg",
    "moon_separation_deg",
    "moon_illumination",
    "wind_flag",
    "temperature_flag",
    "causes",
)
LASER_VALUES = (
    "exposure_s",
    "gap_m",
    "gap_error_m",
    "intensity",
    "background",
    "reduced_chi_square",
    "center_x_px",
    "center_y_px",
    "ccd_temperature_c",
    "used",
)
WIND_VALUES = (
    "mid_time",
    "zonal_wind_mps",
    "zonal_wind_error_mps",
    "meridional_wind_mps",
    "meridional_wind_error_mps",
    "vertical_wind_mps",
    "vertical_wind_error_mps",
    "zonal_meridional_covariance_m2s2",
    "zonal_vertical_covariance_m2s2",
    "meridional_vertical_covariance_m2s2",
)
CYCLE_VALUES = (
    "start_time",
    "stop_time",
    *WIND_VALUES,
    "reduced_chi_square",
    "samples",
    "directions",
    "flag",
    "causes",
    "reason",
)
WIND_MODEL_VALUES = (
    "samples",
    "horizontal_spread_mps",
    "horizontal_time_s",
    "horizontal_length_m",
    "vertical_spread_mps",
    "vertical_time_s",
    "vertical_length_m",
    "smoothness",
    "excess_noise",
)


@dataclass(frozen=True)
class NightRows:
    """What is to be written of a night: the rows of every table, in the order in which they are written."""

    instrument: str
    site: str
    date: dt.date
    tables: Mapping[str, list[Row]]
    analysed: tuple[NightResult, ...] = field(repr=False, default=())

    @property
    def name(self) -> str:
        """As in ``minime05_uao_20250429``."""
        return f"{self.instrument}_{self.site}_{self.date:%Y%m%d}"


def night_rows(
    results: Sequence[NightResult],
    outcomes: Sequence[Mapping[str, Any]],
    products: Sequence[Mapping[str, Any]],
    manifest_sha256: str | None,
) -> NightRows:
    """Turn results and outcomes of all tags of a night into rows.

    Parameters
    ----------
    results
        One for each tag that was analysed.
    outcomes
        One for each tag: ``instrument``, ``site``, ``date`` (YYYYMMDD), ``tag``, ``state``, ``reason``, and
        ``products``, names of files. A tag without a result may have a ``code_version``; an earlier result
        that was kept has ``kept`` (see `airglow.pipeline.kept`) and its own ``manifest_sha256``.
    products
        What is known of those files: ``tag``, ``name``, and where they are ``key``, ``size``, ``sha256``.
    manifest_sha256
        Of the manifest of the frames that were analysed.

    Raises
    ------
    CatalogueError
        If these are not the results of these outcomes, or not of one night.
    """
    nights = {(o["instrument"], o["site"], o["date"]) for o in outcomes}
    nights |= {(r.instrument, r.site, f"{r.date:%Y%m%d}") for r in results}
    if len(nights) != 1:
        raise CatalogueError(f"one night at a time, not {len(nights)}: {sorted(nights)}; nothing was changed")
    instrument, site, date = nights.pop()
    name = f"{instrument}_{site}_{date}"
    by_tag = {result.tag: result for result in results}
    tags = [outcome["tag"] for outcome in outcomes]
    analysed = [outcome["tag"] for outcome in outcomes if outcome["state"] == ANALYSED]
    if len(set(tags)) != len(tags) or len(by_tag) != len(results):
        raise CatalogueError(f"{name}: a tag is there twice; nothing was changed")
    if set(analysed) != by_tag.keys():
        raise CatalogueError(
            f"{name}: analysed are {sorted(analysed)}, but there are results of {sorted(by_tag)}; "
            "nothing was changed"
        )
    local_date = dt.datetime.strptime(date, "%Y%m%d").date()
    tables: dict[str, list[Row]] = {
        "fpi_night": [],
        "fpi_sky_sample": [],
        "fpi_laser_sample": [],
        "fpi_cycle_wind": [],
        "fpi_smooth_wind": [],
        "fpi_wind_model": [],
        "fpi_rejection": [],
        "fpi_product": [],
    }
    for outcome in outcomes:
        tag = outcome["tag"]
        result = by_tag.get(tag)
        key = {"site": site, "local_date": local_date, "instrument": instrument, "tag": tag}
        night = _night(result) if result else _no_night(outcome)
        outcome_columns = {
            "state": outcome["state"],
            "reason": outcome_reason(outcome),
            "manifest_sha256": outcome.get("manifest_sha256", manifest_sha256),
        }
        tables["fpi_night"].append({**key, **outcome_columns, **night})
        tables["fpi_product"] += [{**key, **row} for row in _products(outcome, products)]
        if result is None:
            continue
        for table, rows in _tables(result).items():
            tables[table] += [{**key, **row} for row in rows]
    return NightRows(instrument, site, local_date, tables, tuple(by_tag[tag] for tag in analysed))


_COUNTS = ("sky_frames", "laser_frames", "rejected_frames", "good_winds", "good_temperatures")


def exposures_span(result: NightResult) -> tuple[dt.datetime, dt.datetime] | None:
    """Start of the first sky exposure and end of the last one, UTC without a zone; None without samples."""
    sky = result.sky
    if not len(sky):
        return None
    length_us = np.round(np.asarray(sky.exposure_s, float) * 1e6).astype("timedelta64[us]")
    start = np.asarray(sky.start_time, "datetime64[us]")
    return start.min().item(), (start + length_us).max().item()


def _no_night(outcome: Mapping[str, Any]) -> Row:
    """What is known of a night and tag that was not analysed."""
    return {**dict.fromkeys(_COUNTS, 0), "code_version": outcome.get("code_version")}


def _tables(result: NightResult) -> dict[str, list[Row]]:
    """What a result has of each table that lies below the night."""
    return {
        "fpi_sky_sample": _samples(result.sky, SKY_VALUES),
        "fpi_laser_sample": _samples(result.laser, LASER_VALUES),
        "fpi_cycle_wind": _numbered("cycle_number", _rows(result.cycles, CYCLE_VALUES)),
        "fpi_smooth_wind": _rows(result.smooth_winds, WIND_VALUES[1:], mid_time=result.smooth_winds.time),
        "fpi_wind_model": [_wind_model(result)],
        "fpi_rejection": _numbered(
            "rejection_number", [{"frame": each.name, "reason": each.reason} for each in result.rejections]
        ),
    }


def _night(result: NightResult) -> Row:
    sky, provenance = result.sky, result.provenance
    parameters, reference = result.instrument_parameters, result.doppler_reference
    first, last = exposures_span(result) or (None, None)
    values = {
        "sky_frames": len(sky),
        "laser_frames": len(result.laser),
        "rejected_frames": len(result.rejections),
        "good_winds": int(np.count_nonzero(np.asarray(sky.wind_flag) == GOOD)),
        "good_temperatures": int(np.count_nonzero(np.asarray(sky.temperature_flag) == GOOD)),
        "first_start": first,
        "last_stop": last,
        "wavelength_m": result.wavelength_m,
        "median_wind_error_mps": _median(sky.wind_error_mps),
        "median_temperature_k": _median(sky.temperature_k),
        "median_temperature_error_k": _median(sky.temperature_error_k),
        "doppler_reference_method": reference.method,
        "doppler_reference_mps": reference.value_mps,
        "doppler_reference_error_mps": reference.error_mps,
        "vertical_wind_spread_mps": reference.vertical_wind_spread_mps,
        "zenith_samples": reference.zenith_samples,
        "instrument_parameters_source": parameters.source,
        "plate_scale_rad_per_pixel": parameters.plate_scale_rad_per_pixel,
        "plate_scale_error_rad_per_pixel": parameters.plate_scale_error_rad_per_pixel,
        "reflectivity": parameters.reflectivity,
        "reflectivity_error": parameters.reflectivity_error,
        "code_version": provenance.code_version,
        "settings_hash": provenance.settings_hash,
        "registry_epoch": provenance.registry_epoch,
        "input_hash": provenance.input_hash,
        "weather_files": ", ".join(provenance.weather_files),
    }
    return {name: _plain(value) for name, value in values.items()}


def _wind_model(result: NightResult) -> Row:
    cycles, smooth = result.cycles, result.smooth_winds
    return {
        "cycle_winds": len(cycles),
        "cycle_assumption": cycles.assumption,
        "smooth_winds": len(smooth),
        "smooth_assumption": smooth.assumption,
        "smooth_reason": smooth.reason,
        "left_out": ", ".join(smooth.left_out),
        **{name: _plain(getattr(smooth, name)) for name in WIND_MODEL_VALUES},
    }


def _samples(samples: SkySamples | LaserSamples, names: Sequence[str]) -> list[Row]:
    """Rows of a table of samples."""
    rows = _rows(samples, names, frame=samples.name, start_time=samples.start_time, mid_time=samples.mid_time)
    return _numbered("sample_number", rows)


def _rows(table: Any, names: Sequence[str], **more: Sequence[Any]) -> list[Row]:
    """Rows of columns, all of one length: those of a table of a result, and more by name."""
    columns = more | {name: getattr(table, name) for name in names}
    lists = [_list(values) for values in columns.values()]
    return [dict(zip(columns, values, strict=True)) for values in zip(*lists, strict=True)]


def _list(values: Sequence[Any]) -> Sequence[Any]:
    """A column as plain values; times to the microsecond."""
    if not isinstance(values, np.ndarray):
        return values
    values = values.astype("datetime64[us]") if values.dtype.kind == "M" else values
    return [_plain(value) for value in values.tolist()]


def _numbered(column: str, rows: Sequence[Row]) -> list[Row]:
    return [{column: number, **row} for number, row in enumerate(rows)]


def _products(outcome: Mapping[str, Any], products: Sequence[Mapping[str, Any]]) -> list[Row]:
    known = {product["name"]: product for product in products if product["tag"] == outcome["tag"]}
    rows = []
    for name in outcome.get("products", ()):
        product = known.get(name, {})
        row = {"object_key": product.get("key"), "size_bytes": product.get("size")}
        rows.append({"name": name, **row, "sha256": product.get("sha256")})
    return rows


def _median(values: np.ndarray) -> float | None:
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    return float(np.median(finite)) if finite.size else None


def _plain(value: Any) -> Any:
    """A value as the database takes it: Python's own types, None for NaN and infinity."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
