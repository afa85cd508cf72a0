"""A whole night, from frames to a result."""

from airglow.night.analyse import analyse_night, analyse_profiles
from airglow.night.folder import analyse_folder, analyse_frames, analyse_profile_file
from airglow.night.frames import NightFrames, Progress, read_night
from airglow.night.gate import TimedFrame, admit
from airglow.night.no_result import no_result
from airglow.night.profile_input import read_profiles
from airglow.night.reduce import ReducedNight, reduce_night
from airglow.night.request import NightRequest
from airglow.night.settings import AnalysisSettings

__all__ = [
    "AnalysisSettings",
    "NightFrames",
    "NightRequest",
    "Progress",
    "ReducedNight",
    "TimedFrame",
    "admit",
    "analyse_folder",
    "analyse_frames",
    "analyse_night",
    "analyse_profile_file",
    "analyse_profiles",
    "no_result",
    "read_night",
    "read_profiles",
    "reduce_night",
]
