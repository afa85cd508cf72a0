"""From the series of temperature loggers to those of probes, by the place where they are."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from airglow.model.temperatures import (
    DOME,
    ETALON_INSIDE,
    ETALON_OUTSIDE,
    INSIDE,
    ProbeTemperatures,
)
from airglow.weather.series import TemperatureSeries

_PLACE_OF_VALUE = {"dome": DOME, "inside": INSIDE, "etalon_box": ETALON_INSIDE}
# A file of one value does not say where its probe is. The network's computers number loggers by their place.
_PLACE_OF_LOGGER = {"templ00": ETALON_INSIDE, "templ01": ETALON_OUTSIDE}


def probes_of(
    series: Iterable[TemperatureSeries], begin: np.datetime64, end: np.datetime64
) -> tuple[ProbeTemperatures, ...]:
    """Samples of each probe in a span of time.

    Parameters
    ----------
    series
        One per logger, as `read_folder` gives them.
    begin, end
        The span, UTC.

    Returns
    -------
    tuple of ProbeTemperatures
        Without samples that are none; probes without any sample are left out. No two have one name.
    """
    probes: list[ProbeTemperatures] = []
    names: set[str] = set()
    for each in series:
        within = (each.time >= begin) & (each.time <= end)
        suffix = each.logger.lower()
        for value, temperature_c in each.values_c.items():
            seen = within & np.isfinite(temperature_c)
            if not seen.any():
                continue
            name = _PLACE_OF_VALUE.get(value) or _PLACE_OF_LOGGER.get(suffix, suffix)
            if name in names:
                name = _other_name(f"{name}_{suffix}", names)
            names.add(name)
            probes.append(ProbeTemperatures(name, each.logger, each.time[seen], temperature_c[seen]))
    return tuple(probes)


def _other_name(name: str, taken: set[str]) -> str:
    """The name, numbered if a logger that changed its kind has it already."""
    number = 2
    found = name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
