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
    """What the analysis of a night is told; the defaults are those that are in use."""

    highest_sun_deg: float = -6.0  # sky frames with the sun above this are not used
    dimmest_laser_range: float = 13.0  # counts between the 5th and 95th percentile of a laser frame
    camera_off_c: float = -10.0  # a sky frame warmer than this was taken with the cooler off
    camera_off_fraction: float = 0.9  # of the sky frames, that make a night without analysis
    shape_lasers: int = 8  # laser frames that are fitted together for the instrument's parameters
    red_emission_height_m: float = 250e3  # of the 630.0 nm airglow, above the ellipsoid
    green_emission_height_m: float = 97e3  # of the 557.7 nm airglow
    smooth_wind_step_s: float = 600.0  # between the times of the smooth winds

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> AnalysisSettings:
        """Settings from a configuration's section.

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
        """SHA-256 of the settings, for provenance."""
        values = {name: float(value) for name, value in asdict(self).items()}  # -6 is -6.0
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
