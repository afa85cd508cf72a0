"""A night that never was, with known truth, written exactly as an instrument writes it.

It shares no model code with the retrieval: the pixels are made by brute force (`airglow.simulate.optics`),
so that agreement between the two says something.
"""

from airglow.simulate.bound import frame_bound, night_bound
from airglow.simulate.camera import Camera
from airglow.simulate.files import write_frames, write_truth
from airglow.simulate.night import SimulatedNight, simulate_night
from airglow.simulate.scenario import SCENARIOS, Scenario, named_scenario
from airglow.simulate.truth import FrameTruth, read_truth

__all__ = [
    "SCENARIOS",
    "Camera",
    "FrameTruth",
    "Scenario",
    "SimulatedNight",
    "frame_bound",
    "named_scenario",
    "night_bound",
    "read_truth",
    "simulate_night",
    "write_frames",
    "write_truth",
]
