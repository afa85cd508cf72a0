"""A whole night, from frames to a result."""

from airglow.model.at_first_use import from_modules
from airglow.night.no_result import no_result
from airglow.night.request import NightRequest
from airglow.night.settings import AnalysisSettings

_HOMES = {
    "NightFrames": "frames",
    "Progress": "frames",
    "ReducedNight": "reduce",
    "TimedFrame": "gate",
    "FittedNight": "fitted",
    "admit": "gate",
    "analyse_folder": "folder",
    "analyse_frames": "folder",
    "analyse_night": "analyse",
    "analyse_profile_file": "folder",
    "analyse_profiles": "analyse",
    "finish_fits": "folder",
    "finish_night": "analyse",
    "fit_night": "analyse",
    "read_fits": "fitted_file",
    "read_night": "frames",
    "read_profiles": "profile_input",
    "reduce_night": "reduce",
    "refresh_fits": "folder",
    "write_fits": "fitted_file",
}
"""The rest and its modules, imported at first use: a step without an analysis needs no fits."""

__all__ = ["AnalysisSettings", "NightRequest", "no_result", *_HOMES]

__getattr__ = from_modules(__name__, _HOMES)
