"""A night that never was, with known truth, written exactly as an instrument writes it.

It shares no model code with the retrieval: the pixels are made by brute force (`airglow.simulate.optics`),
so that agreement between the two says something.
"""

from airglow.simulate.bound import frame_bound, night_bound
from airglow.simulate.camera import Camera
from airglow.simulate.files import write_frames, write_truth
from airglow.simulate.folder import NightFolder, write_night
from airglow.simulate.night import SimulatedNight, simulate_night
from airglow.simulate.packing import Upload, pack_upload, receipt_text
from airglow.simulate.scenario import SCENARIOS, Scenario, named_scenario
from airglow.simulate.sensors import CLOUD_KINDS, cloud_file_name, write_cloud_log, write_temperature_log
from airglow.simulate.truth import FrameTruth, read_truth

__all__ = [
    "CLOUD_KINDS",
    "SCENARIOS",
    "Camera",
    "FrameTruth",
    "NightFolder",
    "Scenario",
    "SimulatedNight",
    "Upload",
    "cloud_file_name",
    "frame_bound",
    "named_scenario",
    "night_bound",
    "pack_upload",
    "read_truth",
    "receipt_text",
    "simulate_night",
    "write_cloud_log",
    "write_frames",
    "write_night",
    "write_temperature_log",
    "write_truth",
]
