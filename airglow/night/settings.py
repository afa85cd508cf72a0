"""Settings of the analysis that an operator may change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from airglow.model.errors import BadInput


@dataclass(frozen=True)
class AnalysisSettings:
    """What may be chosen of the analysis of a night.

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

    highest_sun_deg: float = -6.0
    dimmest_laser_range: float = 13.0
    camera_off_c: float = -10.0
    camera_off_fraction: float = 0.9
    shape_lasers: int = 8
    red_emission_height_m: float = 250e3
    green_emission_height_m: float = 97e3
    smooth_wind_step_s: float = 600.0

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
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            known = ", ".join(field.name for field in fields(cls))
            raise BadInput("analysis settings", f"unknown {', '.join(sorted(unknown))}", f"Known: {known}")
        return cls(**values)

    def digest(self) -> str:
        """SHA-256 of the settings, for provenance.

        Returns
        -------
        str
        """
        values = {name: float(value) for name, value in asdict(self).items()}  # -6 is -6.0
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
