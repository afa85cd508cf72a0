"""A whole night, from frames to a result."""

from airglow.night.analyse import analyse_night
from airglow.night.folder import ANALYSED, analyse_folder
from airglow.night.frames import NightFrames, Progress, TimedFrame, read_night
from airglow.night.settings import AnalysisSettings

__all__ = [
    "ANALYSED",
    "AnalysisSettings",
    "NightFrames",
    "Progress",
    "TimedFrame",
    "analyse_folder",
    "analyse_night",
    "read_night",
]
