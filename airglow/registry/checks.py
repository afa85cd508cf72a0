"""What no schema tells: entries of the registry that cannot be; each function raises `RegistryError`."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from airglow.model.errors import RegistryError
from airglow.model.tags import GREEN_TAG
from airglow.registry.instrument import Instrument
from airglow.registry.records import Deployment, Site

_MAY_BE_INFINITE = ("sky_intensity_flag1", "sky_intensity_flag2")  # no limit has been settled

_GONE = {
    "fringe_fraction": "all annuli are used, since without those between the fringes winds and temperatures "
    "are no better (METHOD.md)",
    "plot_reference": "it chose the reference of a plot of older software, for all nights alike; nights "
    "whose Doppler reference is not to be the usual one have an entry in overrides.yaml",
    "single_fringe": "all fringes are used, since with one alone errors of winds are half as large again "
    "(METHOD.md)",
}
"""Keys of older files that mean nothing any more, and why."""


def check_gone(entries: Mapping[str, Any], path: Path) -> None:
    """Refuse keys that older files had, and say what became of them.

    Parameters
    ----------
    entries
        What a file holds, by the key of site or instrument.
    path
        The file.
    """
    for key, entry in entries.items():
        if not isinstance(entry, dict):
            continue
        epochs = entry.get("epochs")
        epochs = [epoch for epoch in epochs if isinstance(epoch, dict)] if isinstance(epochs, list) else []
        for name, why in _GONE.items():
            if any(name in keys for keys in (entry, *epochs)):
                raise RegistryError(f"{path}: {key}: {name} is gone: {why}. Delete the line")


def check_numbers(content: Any, path: Path, where: tuple[str, ...] = ()) -> None:
    """Refuse numbers that are none, which pass every limit of a schema.

    Parameters
    ----------
    content
        What was read of a file.
    path
        The file.
    where
        Keys that lead to ``content``.
    """
    if isinstance(content, dict):
        for key, value in content.items():
            check_numbers(value, path, (*where, str(key)))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            check_numbers(value, path, (*where, str(index)))
    elif isinstance(content, float) and not math.isfinite(content):
        if content > 0 and where[-1] in _MAY_BE_INFINITE:
            return
        raise RegistryError(f"{path}: {': '.join(where)}: {content} is no finite number")


def check_instrument(instrument: Instrument, path: Path) -> None:
    """Refuse an instrument, as of one epoch, that contradicts itself."""
    place = f"{path}: {instrument.key}: epoch from {instrument.epoch_from or 'null'}"
    annuli = instrument.annuli
    if not annuli.first < annuli.stop <= annuli.count:
        raise RegistryError(
            f"{place}: annuli: first {annuli.first}, stop {annuli.stop}, count {annuli.count}: "
            "first must be below stop, and stop not above count"
        )
    if GREEN_TAG in instrument.expected_tags and instrument.optics.green_line_wavelength_m is None:
        raise RegistryError(f"{place}: expects {GREEN_TAG}, but optics have no green_line_wavelength_m")
    for period in instrument.bad_periods:
        if period.stop < period.start:
            raise RegistryError(
                f"{path}: {instrument.key}: the bad period from {period.start} stops before it starts"
            )


def check_deployments(key: str, deployments: Sequence[Deployment], path: Path) -> None:
    """Refuse deployments of an instrument that run backwards, or that share a date."""
    for one in deployments:
        if one.stop is not None and one.stop < one.start:
            raise RegistryError(f"{path}: {key}: the deployment at {one.site} stops before it starts")
    for one, other in itertools.combinations(deployments, 2):
        if one.overlaps(other.start, other.stop):
            raise RegistryError(
                f"{path}: {key}: at {one.site} from {one.start} and at {other.site} from {other.start} "
                "on the same dates. Let one stop before the other starts"
            )


def check_madrigal(
    key: str,
    epochs: Sequence[Instrument],
    deployments: Sequence[Deployment],
    sites: Mapping[str, Site],
    instruments_path: Path,
    site_files: Mapping[str, Path],
) -> None:
    """Refuse an instrument that sends its nights to Madrigal from a site for which Madrigal has no code."""
    starts = [epoch.epoch_from for epoch in epochs]
    for epoch, following in itertools.zip_longest(epochs, starts[1:]):
        last = None if following is None else following - dt.timedelta(days=1)
        for deployment in deployments:
            if (
                epoch.send_to_madrigal
                and sites[deployment.site].madrigal_kinst is None
                and deployment.overlaps(epoch.epoch_from, last)
            ):
                raise RegistryError(
                    f"{instruments_path}: {key}: send_to_madrigal at {deployment.site}, which has no "
                    f"madrigal_kinst in {site_files[deployment.site]}. "
                    "Give the site its code, or set send_to_madrigal: false"
                )
