"""Read the registry's files, validate them, and merge epochs."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airglow.model.errors import RegistryError
from airglow.model.instrument import InstrumentParameters
from airglow.model.names import INSTRUMENT
from airglow.registry.checks import (
    check_deployments,
    check_gone,
    check_instrument,
    check_madrigal,
    check_numbers,
)
from airglow.registry.instrument import (
    Annuli,
    BadPeriod,
    DatabaseIds,
    Instrument,
    Optics,
    QualityLimits,
)
from airglow.registry.layers import merged
from airglow.registry.load_overrides import read_overrides
from airglow.registry.records import Deployment, Direction, Registry, Site


def load_registry(
    sites: Path | Sequence[Path],
    instruments: Path | Sequence[Path],
    overrides: Sequence[Path] = (),
) -> Registry:
    """Read and validate the registry.

    Parameters
    ----------
    sites, instruments
        A YAML file each, or several, of which a later one changes what it names in the earlier ones.
    overrides
        YAML files of what was decided by hand, which hold together.

    Returns
    -------
    Registry

    Raises
    ------
    RegistryError
        If a file cannot be read or is wrong; the message names the file, the entry and the reason.
    """
    known_sites, site_files = _read(sites, "sites.schema.yaml")
    known_sites = {key: _site(key, entry, site_files[key]) for key, entry in known_sites.items()}
    entries, files = _read(instruments, "instruments.schema.yaml")
    deployments: dict[str, tuple[Deployment, ...]] = {}
    epochs: dict[str, tuple[Instrument, ...]] = {}
    for key, entry in entries.items():
        path = files[key]
        if re.fullmatch(INSTRUMENT, key) is None:
            raise RegistryError(f"{path}: {key}: is no name of an instrument. Name it like minime05")
        deployments[key] = tuple(Deployment(**d) for d in entry["deployments"])
        for deployment in deployments[key]:
            if deployment.site not in known_sites:
                where = " or ".join(sorted({str(file) for file in site_files.values()}))
                raise RegistryError(f"{path}: {key}: deployed at {deployment.site}, which is not in {where}")
        epochs[key] = _epochs(key, entry, path)
        check_deployments(key, deployments[key], path)
        check_madrigal(key, epochs[key], deployments[key], known_sites, path, site_files)
    for key, by_hand in read_overrides(overrides, deployments, known_sites).items():
        epochs[key] = tuple(replace(epoch, overrides=by_hand) for epoch in epochs[key])
    return Registry(sites=known_sites, deployments=deployments, epochs=epochs)


def _read(paths: Path | Sequence[Path], schema_name: str) -> tuple[dict[str, Any], dict[str, Path]]:
    """Entries by their key, and the last file that says something of each."""
    from airglow.registry.yaml_files import problem_of, read_schema, read_yaml

    paths = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    content: Any = {}
    files: dict[str, Path] = {}
    for path in paths:
        layer = read_yaml(path)
        if layer is None and path != paths[0]:
            continue  # a file of the operator's in which nothing stands changes nothing
        if not isinstance(layer, dict):
            raise RegistryError(f"{path}: top level: holds no entries. Give entries by their key")
        check_gone(layer, path)
        content = merged(content, layer)
        files |= dict.fromkeys(layer, path)
    problem = problem_of(content, read_schema(Path(__file__).with_name(schema_name)))
    if problem is not None:
        path = files[problem.absolute_path[0]] if problem.absolute_path else paths[-1]
        where = ": ".join(str(step) for step in problem.absolute_path) or "top level"
        raise RegistryError(f"{path}: {where}: {problem.message}")
    for key, entry in content.items():
        check_numbers(entry, files[key], (key,))
    return content, files


def _starts_in_order(key: str, starts: list[dt.date | None], path: Path) -> None:
    if starts[0] is not None:
        raise RegistryError(f"{path}: {key}: the first entry must hold from null (always)")
    later = starts[1:]
    if None in later or later != sorted(set(later)):
        raise RegistryError(f"{path}: {key}: 'from' dates must be ascending")


def _site(key: str, entry: Mapping[str, Any], path: Path) -> Site:
    clocks = tuple((c["from"], c["timezone"]) for c in entry["clock_timezones"])
    _starts_in_order(key, [start for start, _ in clocks], path)
    for _, zone in clocks:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise RegistryError(f"{path}: {key}: unknown time zone {zone!r}") from error
    directions = tuple(
        Direction(name, *normalise_direction(d["azimuth_deg"], d["zenith_deg"]))
        for name, d in entry["directions"].items()
    )
    if not any(d.name == "Zenith" for d in directions):
        raise RegistryError(f"{path}: {key}: directions lack Zenith, which gives the Doppler reference")
    plain = {k: v for k, v in entry.items() if k not in ("clock_timezones", "directions")}
    return Site(key=key, directions=directions, clocks=clocks, **plain)


def normalise_direction(azimuth_deg: float, zenith_deg: float) -> tuple[float, float]:
    """Write a look direction with a zenith angle that is not negative.

    Parameters
    ----------
    azimuth_deg, zenith_deg
        East of north; a negative zenith angle looks the other way.

    Returns
    -------
    azimuth_deg, zenith_deg
        Azimuth in 0 to 360, zenith angle not negative.
    """
    if zenith_deg < 0:
        return (azimuth_deg + 180.0) % 360.0, -zenith_deg
    return azimuth_deg % 360.0, float(zenith_deg)


def _epochs(key: str, entry: Mapping[str, Any], path: Path) -> tuple[Instrument, ...]:
    _starts_in_order(key, [epoch["from"] for epoch in entry["epochs"]], path)
    bad_periods = tuple(BadPeriod(**period) for period in entry.get("bad_periods", ()))
    merged: dict[str, Any] = {}
    result = []
    for epoch in entry["epochs"]:
        merged = _overlay(merged, epoch)
        try:
            made = _instrument(key, merged, bad_periods, entry.get("azimuth_sign_flipped_before"))
        except (KeyError, TypeError) as error:
            raise RegistryError(f"{path}: {key}: epoch from {epoch['from']} lacks {error}") from error
        check_instrument(made, path)
        result.append(made)
    return tuple(result)


def _overlay(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Merge what a later epoch lists into what held before, section by section."""
    result = dict(base)
    for name, value in change.items():
        both = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = {**result[name], **value} if both else value
    return result


def _instrument(
    key: str,
    epoch: Mapping[str, Any],
    bad_periods: tuple[BadPeriod, ...],
    azimuth_sign_flipped_before: dt.date | None,
) -> Instrument:
    defaults = epoch["default_parameters"]
    quality = epoch["quality"]
    return Instrument(
        key=key,
        epoch_from=epoch["from"],
        annuli=Annuli(**epoch["annuli"]),
        optics=Optics(
            **{**epoch["optics"], "oh_wavelengths_m": tuple(epoch["optics"].get("oh_wavelengths_m", ()))}
        ),
        default_parameters=_default_parameters(defaults, epoch["optics"]["nominal_gap_m"]),
        default_center_px=tuple(defaults["center_px"]),
        default_laser_intensity=defaults["intensity"],
        default_laser_background=defaults["background"],
        # .inf in the files means that no limit has been settled: nothing is flagged as too dim by it.
        quality=QualityLimits(**quality),
        expected_tags=tuple(epoch["expected_tags"]),
        send_to_madrigal=epoch["send_to_madrigal"],
        database_ids=DatabaseIds(**epoch["database_ids"]),
        bad_periods=bad_periods,
        azimuth_sign_flipped_before=azimuth_sign_flipped_before,
    )


def _default_parameters(defaults: Mapping[str, Any], nominal_gap_m: float) -> InstrumentParameters:
    """Convert from what the network's code has always used, which the files hold.

    There falloff is a series in x = pi r / r_max, and blur exp(-(d / b)^2) with b = b0 + b1 cos x + b2 sin x,
    which is sqrt(2) standard deviations.
    """
    falloff, blur = defaults["falloff"], defaults["blur"]
    return InstrumentParameters(
        plate_scale_rad_per_pixel=defaults["magnification_rad_per_pixel"],
        reflectivity=defaults["reflectivity"],
        falloff=(math.pi * falloff[0], math.pi**2 * falloff[1]),
        blur_px=tuple(b / math.sqrt(2.0) for b in (blur[0], blur[2], blur[1])),
        max_radius_px=math.nan,
        nominal_gap_m=nominal_gap_m,
    )
