"""Settings of the analysis that an operator may change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from airglow.model.errors import BadInput
from airglow.registry.configuration import default


def _default(key: str) -> Any:
    """A field whose default is the value of the configuration that comes with airglow."""
    return field(default_factory=lambda: default("analysis", key))


@dataclass(frozen=True)
class AnalysisSettings:
    """What may be chosen of the analysis of a night; the defaults are those of ``airglow/data/config.yaml``.

    Parameters
    ----------
    highest_sun_deg
        Elevation of the sun above which sky frames are not used.
    dimmest_laser_range
        Least counts between the 5th and the 95th percentile of a laser frame that is used.
    camera_off_c
        Temperature of the CCD above which a sky frame was taken with the cooler off.
    camera_off_fraction
        Part of the sky frames taken with the cooler off that leaves a night without analysis.
    shape_lasers
        Number of laser frames that are fitted together for the instrument's parameters.
    red_emission_height_m
        Height of the 630.0 nm airglow above the ellipsoid.
    green_emission_height_m
        Height of the 557.7 nm airglow above the ellipsoid.
    smooth_wind_step_s
        Time between the smooth winds.
    """

    highest_sun_deg: float = _default("highest_sun_deg")
    dimmest_laser_range: float = _default("dimmest_laser_range")
    camera_off_c: float = _default("camera_off_c")
    camera_off_fraction: float = _default("camera_off_fraction")
    shape_lasers: int = _default("shape_lasers")
    red_emission_height_m: float = _default("red_emission_height_m")
    green_emission_height_m: float = _default("green_emission_height_m")
    smooth_wind_step_s: float = _default("smooth_wind_step_s")

    def __post_init__(self) -> None:
        for each in fields(self):
            if each.type == "float":  # YAML's -6 is -6.0 for a computation
                object.__setattr__(self, each.name, float(getattr(self, each.name)))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> AnalysisSettings:
        """Settings from a configuration's section.

        Parameters
        ----------
        values
            Settings by name; those left out have their defaults.

        Returns
        -------
        AnalysisSettings

        Raises
        ------
        BadInput
            If it has a key that does not exist.
        """
        names = [each.name for each in fields(cls)]
        unknown = set(values) - set(names)
        if unknown:
            known = ", ".join(names)
            raise BadInput("analysis settings", f"unknown {', '.join(sorted(unknown))}", f"Known: {known}")
        return cls(**values)

    def digest(self) -> str:
        """SHA-256 of the settings, for provenance.

        Returns
        -------
        str
        """
        values = {name: float(value) for name, value in asdict(self).items()}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
