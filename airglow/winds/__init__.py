"""Doppler reference, line-of-sight winds, and quality flags with their reasons."""

from airglow.model.at_first_use import from_modules

_HOMES = {
    "FlagInputs": "flags",
    "SampleReference": "doppler_reference",
    "flag_levels": "flags",
    "flag_samples": "flags",
    "horizontal_winds": "horizontal",
    "reference_from_zenith": "doppler_reference",
    "reference_in_time": "doppler_reference",
    "reference_over_gap": "doppler_reference",
}
__all__ = [*_HOMES]

__getattr__ = from_modules(__name__, _HOMES)
