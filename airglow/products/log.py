"""The log of a night for people: what was done, what was left out and why, and a line per sample."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from airglow.model.files import write_whole
from airglow.model.inputs import InputFile
from airglow.model.result import Cause, NightResult, causes_in
from airglow.model.summary import count_levels, finite_median, number_text, summary
from airglow.model.winds import HorizontalWinds, SmoothWinds

_RULE = "-" * 78


def log_text(result: NightResult) -> str:
    """The log of a night.

    Parameters
    ----------
    result
        The night.

    Returns
    -------
    str
        Plain text: header, summary, notes, frames left out, causes of flags, samples, laser frames.
    """
    parts = (
        _header(result),
        _section("Notes", result.notes),
        _section("Frames that took no part", [f"{item.name}: {item.reason}" for item in result.rejections]),
        _section("Why samples are flagged", _cause_counts(result)),
        _section(
            "Sky samples (wind m/s away from the instrument, T in K, I in counts/s, cloud in C)",
            _sky_table(result),
        ),
        _section("Winds of cycles (over the site, m/s, eastward northward upward)", _cycle_table(result)),
        _section("Laser frames", _laser_table(result)),
        _section("Made from", _provenance(result)),
    )
    return "\n".join(parts)


def write_log(result: NightResult, path: Path | str) -> Path:
    """Write the log of a night (see `log_text`); whole or not at all.

    Parameters
    ----------
    result
        The night.
    path
        The file to be.

    Returns
    -------
    Path
        ``path``.
    """
    return write_whole(path, log_text(result))


def _header(result: NightResult) -> str:
    place = f"{result.site_name} ({result.site})" if result.site_name else result.site
    rows = [
        ("instrument", result.instrument),
        ("site", place),
        ("night of", f"{result.date} (local date on which it began)"),
        ("line", f"{result.wavelength_m * 1e9:.1f} nm, tag {result.tag}"),
    ]
    rows += [("result", "none: see the notes")] if _is_nothing(result) else _summary(result)
    lines = [f"{title:<23}{text}" for title, text in rows]
    return "\n".join([f"Night {result.stem}", _RULE, *lines, ""])


def _is_nothing(result: NightResult) -> bool:
    return not len(result.sky) and not len(result.laser)


def _summary(result: NightResult) -> list[tuple[str, str]]:
    sky, laser = result.sky, result.laser
    reference, parameters = result.doppler_reference, result.instrument_parameters
    night = summary(result)
    return [
        ("sky samples", f"{len(sky)}, wind {_levels(sky.wind_flag)}"),
        ("", f"temperature {_levels(sky.temperature_flag)}"),
        ("laser frames", f"{len(laser)}, {int(laser.used.sum())} used"),
        ("instrument parameters", f"from {parameters.source}: reflectivity {parameters.reflectivity:.4f}"),
        (
            "Doppler reference",
            f"{reference.value_mps:.2f} +/- {reference.error_mps:.2f} m/s, {reference.method}",
        ),
        ("zenith samples", str(reference.zenith_samples)),
        ("median wind error", number_text(night.median_wind_error_mps, 2, "m/s")),
        ("cycles", _cycle_summary(result.cycles)),
        ("smooth winds", _smooth_summary(result.smooth_winds)),
        ("median temperature", number_text(night.median_temperature_k, 1, "K")),
    ]


def _section(title: str, lines: Iterable[str]) -> str:
    return "\n".join([title, _RULE, *(list(lines) or ["none"]), ""])


def _levels(flag: np.ndarray) -> str:
    good, caution, bad = count_levels(flag)
    return f"{good} good, {caution} caution, {bad} bad"


def _cause_counts(result: NightResult) -> list[str]:
    counted = [(cause, int(((result.sky.causes >> cause.bit) & 1).sum())) for cause in Cause]
    return [
        f"{count:5d}  {cause.name.lower():<28}W{cause.wind} T{cause.temperature}  {cause.meaning}"
        for cause, count in counted
        if count
    ]


def _sky_table(result: NightResult) -> list[str]:
    sky = result.sky
    if not len(sky):
        return []
    head = (
        f"{'start (UTC)':<20}{'s':>4} {'direction':<16}{'wind':>8}{'+/-':>7}{'T':>8}{'+/-':>7}"
        f"{'I':>9}{'chi2':>7}{'cloud':>7} W T  causes"
    )
    lines = [head]
    for k, start in enumerate(sky.start_time.astype("datetime64[s]").astype(str)):
        causes = " ".join(cause.name.lower() for cause in causes_in(sky.causes[k]))
        lines.append(
            f"{start.replace('T', ' '):<20}{sky.exposure_s[k]:4.0f} {sky.direction[k]:<16}"
            f"{sky.line_of_sight_wind_mps[k]:8.1f}{sky.wind_error_mps[k]:7.1f}"
            f"{sky.temperature_k[k]:8.0f}{sky.temperature_error_k[k]:7.0f}{sky.intensity[k]:9.3f}"
            f"{sky.reduced_chi_square[k]:7.2f}{sky.sky_minus_ambient_mean_c[k]:7.1f}"
            f" {sky.wind_flag[k]} {sky.temperature_flag[k]}  {causes}".rstrip()
        )
    return lines


def _cycle_summary(cycles: HorizontalWinds) -> str:
    whole = [not reason for reason in cycles.reason]
    return (
        f"{len(cycles)} of look directions, {sum(whole)} with all components; "
        f"median errors {_component_errors(cycles)} m/s"
    )


def _smooth_summary(winds: SmoothWinds) -> str:
    left_out = f"; left out: {', '.join(winds.left_out)}" if winds.left_out else ""
    missing = f"; {winds.reason}" if winds.reason else ""
    return f"from {winds.samples} samples; errors {_component_errors(winds)} m/s{missing}{left_out}"


def _component_errors(winds: HorizontalWinds | SmoothWinds) -> str:
    errors = (winds.zonal_wind_error_mps, winds.meridional_wind_error_mps, winds.vertical_wind_error_mps)
    return ", ".join(f"{finite_median(each, np.nan):.1f}" for each in errors)


def _cycle_table(result: NightResult) -> list[str]:
    cycles = result.cycles
    if not len(cycles):
        return []
    lines = [
        f"{'middle (UTC)':<20}{'east':>8}{'+/-':>7}{'north':>8}{'+/-':>7}{'up':>7}{'+/-':>7}"
        f"{'n':>4}{'chi2':>7} W  why components are missing"
    ]
    for k, middle in enumerate(cycles.mid_time.astype("datetime64[s]").astype(str)):
        lines.append(
            f"{middle.replace('T', ' '):<20}"
            f"{cycles.zonal_wind_mps[k]:8.1f}{cycles.zonal_wind_error_mps[k]:7.1f}"
            f"{cycles.meridional_wind_mps[k]:8.1f}{cycles.meridional_wind_error_mps[k]:7.1f}"
            f"{cycles.vertical_wind_mps[k]:7.1f}{cycles.vertical_wind_error_mps[k]:7.1f}"
            f"{cycles.samples[k]:4d}{cycles.reduced_chi_square[k]:7.2f} {cycles.flag[k]}"
            f"  {cycles.reason[k]}".rstrip()
        )
    return [*lines, "", *textwrap.wrap(f"Assumed: {cycles.assumption}.", len(_RULE))]


def _laser_table(result: NightResult) -> list[str]:
    laser = result.laser
    if not len(laser):
        return []
    lines = [f"{'start (UTC)':<20}{'s':>4}{'gap (nm)':>16}{'+/-':>8}{'I':>9}{'chi2':>7}  used"]
    for k, start in enumerate(laser.start_time.astype("datetime64[s]").astype(str)):
        lines.append(
            f"{start.replace('T', ' '):<20}{laser.exposure_s[k]:4.0f}{laser.gap_m[k] * 1e9:16.3f}"
            f"{laser.gap_error_m[k] * 1e9:8.3f}{laser.intensity[k]:9.2f}"
            f"{laser.reduced_chi_square[k]:7.2f}  {'yes' if laser.used[k] else 'no'}"
        )
    return lines


def _provenance(result: NightResult) -> list[str]:
    made = result.provenance
    return [
        f"{'airglow':<20}{made.code_version}",
        f"{'settings':<20}{made.settings_hash}",
        f"{'input':<20}{made.input_hash}",
        f"{'manifest':<20}{made.manifest_hash or 'none'}",
        f"{'registry epoch':<20}{made.registry_epoch}",
        *_weather_files(made.weather_files),
        *(f"{'decided by hand':<20}{sentence}" for sentence in made.overrides),
    ]


def _weather_files(files: tuple[InputFile, ...]) -> list[str]:
    """A line for each file with its size and hash, or one that says that there was none."""
    texts = [
        f"{item.name}, {item.size:,} bytes, SHA-256 {item.sha256}" if item.sha256 else item.name
        for item in files
    ]
    return [f"{'weather files' if not k else '':<20}{text}" for k, text in enumerate(texts or ["none"])]
