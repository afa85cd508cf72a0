"""How an instrument is doing: a few numbers of each night that change only when something happens to it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from airglow.model.limits import CLOUDY_C, POOR_FIT_CHI_SQUARE, WARM_CCD_C
from airglow.model.result import ANALYSED, NightResult
from airglow.model.summary import finite_median


@dataclass(frozen=True)
class Quantity:
    """One of these numbers, and when it is out of the ordinary.

    ``least_spread`` is the standard deviation from night to night below which it is not taken to be, in the
    quantity's own unit or, if ``relative``, as a part of its median.
    """

    key: str
    title: str
    unit: str
    scale: float  # from the record's unit to the one shown
    digits: int
    least_spread: float  # in the record's unit
    relative: bool = False
    patience: int = 1  # nights outside the band in a row before it is an alarm
    limit: float = math.inf  # above it is an alarm whatever is usual; in the record's unit
    ends: tuple[float, float] = (-math.inf, math.inf)  # what it can be at all
    of_each_tag: bool = False  # else of the instrument, whatever line it looks at


QUANTITIES = (
    Quantity("gap_m", "Etalon gap", "nm", 1e9, 1, least_spread=2e-9),
    Quantity("center_x_px", "Ring centre, x", "px", 1.0, 2, least_spread=0.1),
    Quantity("center_y_px", "Ring centre, y", "px", 1.0, 2, least_spread=0.1),
    Quantity("laser_intensity", "Laser intensity", "counts/px/s", 1.0, 1, least_spread=0.05, relative=True),
    Quantity(
        "laser_chi_square",
        "Laser chi-square",
        "",
        1.0,
        2,
        least_spread=0.05,
        relative=True,
        limit=POOR_FIT_CHI_SQUARE,
    ),
    Quantity(
        "sky_chi_square",
        "Sky chi-square",
        "",
        1.0,
        2,
        least_spread=0.05,
        relative=True,
        limit=POOR_FIT_CHI_SQUARE,
        of_each_tag=True,
    ),
    Quantity("ccd_temperature_c", "CCD temperature", "°C", 1.0, 1, least_spread=0.5, limit=WARM_CCD_C),
    # A cloudy week is weather; a sensor that says the same for longer may be at fault.
    Quantity(
        "cloud_fraction", "Cloudy samples", "%", 100.0, 0, least_spread=0.05, patience=10, ends=(0.0, 1.0)
    ),
)


@dataclass(frozen=True)
class Series:
    """A quantity over the nights of an instrument at a site: n nights, oldest first."""

    quantity: Quantity
    tag: str  # "" for what is the instrument's own
    values: np.ndarray  # (n,) in the record's unit, NaN where a night has none

    @property
    def title(self) -> str:
        """``Sky chi-square XR``."""
        return f"{self.quantity.title} {self.tag}".strip()


def health_of(result: NightResult) -> dict[str, float | None]:
    """Numbers of a night by the key of their `Quantity`; None where the night does not tell.

    Those of the laser are medians over the frames that took part in the gap, or over all if none did.
    """
    sky, laser = result.sky, result.laser
    used = laser.used if laser.used.any() else np.ones(len(laser), bool)
    clouds = sky.sky_minus_ambient_mean_c[np.isfinite(sky.sky_minus_ambient_mean_c)]
    ccd = sky.ccd_temperature_c if np.isfinite(sky.ccd_temperature_c).any() else laser.ccd_temperature_c
    return {
        "gap_m": finite_median(laser.gap_m[used]),
        "center_x_px": finite_median(laser.center_x_px[used]),
        "center_y_px": finite_median(laser.center_y_px[used]),
        "laser_intensity": finite_median(laser.intensity[used]),
        "laser_chi_square": finite_median(laser.reduced_chi_square[used]),
        "sky_chi_square": finite_median(sky.reduced_chi_square),
        "ccd_temperature_c": finite_median(ccd),
        "cloud_fraction": float(np.mean(clouds > CLOUDY_C)) if clouds.size else None,
    }


def series_of(records: Iterable[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[Series]]:
    """An instrument's numbers over its nights.

    Parameters
    ----------
    records
        Of one instrument at one site, oldest first.

    Returns
    -------
    nights : list
        The records that have numbers: a night that could not be analysed says nothing of the instrument.
    series : list of Series
        In the order of `QUANTITIES`, and of the tags.
    """
    nights = [r for r in records if any(tag["state"] == ANALYSED for tag in r["tags"].values())]
    tags = sorted({name for r in nights for name, tag in r["tags"].items() if tag.get("health")})
    series = []
    for quantity in QUANTITIES:
        for name in tags if quantity.of_each_tag else [""]:
            values = [_value(night, quantity.key, [name] if name else tags) for night in nights]
            series.append(Series(quantity, name, np.array(values, float)))
    return nights, series


def _value(night: Mapping[str, Any], key: str, tags: list[str]) -> float:
    for name in tags:
        value = (night["tags"].get(name, {}).get("health") or {}).get(key)
        if value is not None:
            return value
    return math.nan
