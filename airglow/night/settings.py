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
    """What the analysis of a night is told; the defaults are those of ``airglow/data/config.yaml``.

    Attributes
    ----------
    highest_sun_deg
        Sky frames with the sun above this are not used.
    dimmest_laser_range
        Counts between the 5th and 95th percentile of a laser frame; dimmer ones are not used.
    camera_off_c
        A sky frame with the CCD warmer than this was taken with the cooler off.
    camera_off_fraction
        Of the sky frames: more of them than this with the cooler off make a night without analysis.
    shape_lasers
        Laser frames that are fitted together for the instrument's shape.
    red_emission_height_m, green_emission_height_m
        Of the 630.0 nm and the 557.7 nm airglow, above the ellipsoid.
    smooth_wind_step_s
        Between the times of the smooth winds.
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
        """SHA-256 of the settings, for provenance."""
        values = {name: float(value) for name, value in asdict(self).items()}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
