"""The answers for a simulated night against its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from airglow.model.result import NightResult
from airglow.night import AnalysisSettings, NightRequest, analyse_night, read_night
from airglow.weather import read_folder
from tests.benchmarks.nights import BenchmarkNight

OWN_LINE_ONLY = 0.0  # a cloud's light has no one wind: samples with any of it are not compared


@dataclass(frozen=True)
class Comparison:
    """One night's samples less their truth, in the order of time; ``counted`` are those that are compared."""

    night: BenchmarkNight
    result: NightResult
    counted: np.ndarray  # bool
    hours: np.ndarray  # mid-exposure, from local midnight
    wind_error_mps: np.ndarray  # the mean over the counted samples not yet removed
    wind_sigma_mps: np.ndarray  # fit and calibration
    temperature_error_k: np.ndarray
    temperature_sigma_k: np.ndarray

    @property
    def zero_error_mps(self) -> float:
        """How far the night's zero is from the truth."""
        return float(np.mean(self.wind_error_mps[self.counted]))

    @property
    def wind_deviation_mps(self) -> np.ndarray:
        """Errors of the counted winds with their mean removed."""
        return self.wind_error_mps[self.counted] - self.zero_error_mps

    @property
    def wind_scores(self) -> np.ndarray:
        """Errors of the counted winds over their sigma, about their best mean, one freedom lost to it."""
        error, sigma = self.wind_error_mps[self.counted], self.wind_sigma_mps[self.counted]
        weight = 1.0 / sigma**2
        mean = (weight @ error) / weight.sum()
        return (error - mean) / sigma * np.sqrt(error.size / max(error.size - 1, 1))

    @property
    def temperature_scores(self) -> np.ndarray:
        """Errors of the counted temperatures over their sigma."""
        return (self.temperature_error_k / self.temperature_sigma_k)[self.counted]


def compare(made: BenchmarkNight) -> Comparison:
    """Analyse a night and set it against its truth."""
    night = made.night
    settings = AnalysisSettings()
    request = NightRequest(night.instrument, night.site, night.date, made.tag, settings)
    with threadpool_limits(limits=1):
        frames = read_night(made.frames, request)
        result = analyse_night(request, frames, read_folder(made.clouds, night.site))
    truth = {frame.name: frame for frame in night.frames}
    true = [truth[name] for name in result.sky.name]
    hours = np.array([night.hours(frame.middle_utc) for frame in true])
    scattered = np.array([frame.scattered_fraction for frame in true])
    sky = result.sky
    return Comparison(
        night=made,
        result=result,
        counted=(scattered <= OWN_LINE_ONLY) & ~_straddled(made, hours),
        hours=hours,
        wind_error_mps=sky.line_of_sight_wind_mps - np.array([frame.los_wind_mps for frame in true]),
        wind_sigma_mps=np.hypot(sky.wind_fit_error_mps, sky.wind_calibration_error_mps),
        temperature_error_k=sky.temperature_k - np.array([frame.temperature_k for frame in true]),
        temperature_sigma_k=sky.temperature_error_k,
    )


def _straddled(made: BenchmarkNight, hours: np.ndarray) -> np.ndarray:
    """Samples between the two lasers on either side of a jump."""
    night = made.night
    laser_hours = np.array([night.hours(frame.middle_utc) for frame in night.frames if frame.tag == "L"])
    straddled = np.zeros(hours.shape, bool)
    for jump, *_ in night.truth.jumps:
        before = laser_hours[laser_hours < jump].max(initial=-np.inf)
        after = laser_hours[laser_hours >= jump].min(initial=np.inf)
        straddled |= (hours > before) & (hours < after)
    return straddled


def rms(values: Sequence[float] | np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def spread_about_zero(scores: np.ndarray) -> float:
    """Root mean square of scores: 1 where errors are true."""
    return rms(scores) if scores.size else np.nan
