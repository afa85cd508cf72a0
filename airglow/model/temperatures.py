"""Temperatures at the site over a night, by temperature loggers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

DOME, INSIDE = "dome", "inside"
ETALON_INSIDE, ETALON_OUTSIDE = "etalon_inside", "etalon_outside"
PLACES: Mapping[str, str] = {
    DOME: "in the dome",
    INSIDE: "inside the building",
    ETALON_INSIDE: "inside the etalon's box",
    ETALON_OUTSIDE: "outside the etalon's box",
}
"""Where a probe is, in words, by its name. Other names may follow it (`ProbeTemperatures`)."""


@dataclass(frozen=True)
class ProbeTemperatures:
    """Samples of one probe of a temperature logger, sorted by time.

    Parameters
    ----------
    probe
        A key of `PLACES`, with the logger's name behind it if another probe has that; of a place that is not
        known the logger's name alone.
    logger
        Name of the logger, as its files begin: ``TempL00``.
    time
        (n,) datetime64[us], UTC.
    temperature_c
        (n,) Celsius.
    """

    probe: str
    logger: str
    time: np.ndarray
    temperature_c: np.ndarray

    def __len__(self) -> int:
        return len(self.time)

    @property
    def place(self) -> str:
        """Where the probe is, in words."""
        known = (words for name, words in PLACES.items() if self.probe.startswith(name))
        return next(known, "at a place that is not known")
