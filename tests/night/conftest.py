"""Simulated nights, made once for all tests of a process, and their truth."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from known import known_registry

from airglow.night import AnalysisSettings, NightRequest, analyse_night, read_night
from airglow.simulate import read_truth, simulate_night
from airglow.simulate.folder import write_night
from airglow.weather import read_folder

CONFIG = Path(__file__).parents[2] / "airglow/data"
DATE = dt.date(2026, 5, 11)


@pytest.fixture(scope="session")
def registry():
    return known_registry()


@pytest.fixture
def wanted_night(registry):
    """A night to be analysed, of which there are no frames."""
    return NightRequest(registry.instrument("minime05", DATE), registry.site("uao"), DATE, "XR")


class Night:
    """A simulated night on disk, its analysis and its truth in the order of the analysis."""

    def __init__(self, simulated, folder, tag):
        self.simulated, self.folder, self.tag = simulated, folder, tag
        self.instrument, self.site = simulated.instrument, simulated.site
        self.all_truth = {frame.name: frame for frame in read_truth(folder / "truth.csv")}

    def analyse(self, frames=None, clouds=True):
        request = self.request()
        weather = read_folder(self.folder / "clouds", self.site) if clouds else None
        return analyse_night(request, read_night(frames or self.folder / "frames", request), weather)

    def request(self, tag=None, **settings):
        return NightRequest(self.instrument, self.site, DATE, tag or self.tag, AnalysisSettings(**settings))

    def truth(self, names, quantity):
        return np.array([getattr(self.all_truth[name], quantity) for name in names])

    def wind_errors(self, result):
        return result.sky.line_of_sight_wind_mps - self.truth(result.sky.name, "los_wind_mps")

    def temperature_errors(self, result):
        return result.sky.temperature_k - self.truth(result.sky.name, "temperature_k")


@pytest.fixture(scope="session")
def make_night(registry, tmp_path_factory):
    """Simulate a night once, under a name made of what it is."""
    made = {}

    def make(scenario="nominal", instrument="minime05", tag="XR", sky_frames=30, laser_frames=10, **options):
        key = (scenario, instrument, tag, sky_frames, laser_frames, *sorted(map(str, options.items())))
        if key not in made:
            folder = tmp_path_factory.mktemp(scenario)
            night = simulate_night(
                registry.instrument(instrument, DATE),
                registry.site("uao"),
                DATE,
                scenario,
                (tag,),
                seed=11,
                sky_frames=sky_frames,
                laser_frames=laser_frames,
                **options,
            )
            write_night(night, folder)
            made[key] = Night(night, folder, tag)
        return made[key]

    return make


@pytest.fixture(scope="session")
def nominal(make_night):
    night = make_night()
    return night, night.analyse()
