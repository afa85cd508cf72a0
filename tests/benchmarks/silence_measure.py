"""One simulated night's results less the truth, and what comes of several."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from airglow.model.errors import NotAnalysable
from airglow.model.result import Cause, NightResult
from airglow.night import AnalysisSettings, NightRequest, analyse_night, read_night
from airglow.simulate import SimulatedNight
from airglow.simulate.foreign import free_spectral_range_m
from airglow.weather import read_folder
from tests.benchmarks.compare import rms
from tests.benchmarks.silence_nights import MadeNight

SILENT_SIGMAS = 4.0
OLD_CAUSES = (1 << 24) - 1  # bits of the causes from before the data were asked against themselves
COMPONENTS = ("zonal", "meridional", "vertical")

OH_ORDERS_OFF = 0.12  # of the hydroxyl line in the registry, from the sky line


@dataclass(frozen=True)
class Errors:
    """Estimates less truth (n,), their stated standard errors (n,) and flags (n,)."""

    error: np.ndarray
    sigma: np.ndarray
    flag: np.ndarray

    @property
    def silent(self) -> np.ndarray:
        """Bool (n,): off by more than four stated errors, and not flagged; what is not given is not off."""
        return (self.flag == 0) & (np.abs(self.error) > SILENT_SIGMAS * self.sigma)

    @property
    def scores(self) -> np.ndarray:
        """Errors over stated errors, where both are given."""
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = self.error / self.sigma
        return scores[np.isfinite(scores)]

    @property
    def given(self) -> np.ndarray:
        """Bool (n,): both are given."""
        return np.isfinite(self.error) & np.isfinite(self.sigma)


@dataclass(frozen=True)
class Measured:
    """What a night came to.

    Parameters
    ----------
    seed
        Of the night.
    failure
        Why there is no analysis; empty if there is one.
    wind
        Line-of-sight winds with all their errors.
    wind_about_mean
        The same about their weighted mean, with the errors of fit and calibration; scaled for the freedom
        that the mean takes.
    temperature
        Temperatures.
    causes
        (n,) masks of causes.
    reference_off_mps, reference_error_mps
        Mean error of the winds, and the stated error of the Doppler reference.
    bound
        Least errors of wind (m/s) and temperature (K).
    cycles, smooth
        Zonal, meridional and vertical winds by cycle and smooth in time.
    chi_square
        Median reduced chi-square of laser and sky fits.
    """

    seed: int
    failure: str = ""
    wind: Errors | None = None
    wind_about_mean: Errors | None = None
    temperature: Errors | None = None
    causes: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))
    reference_off_mps: float = np.nan
    reference_error_mps: float = np.nan
    bound: tuple[float, float] = (np.nan, np.nan)
    cycles: tuple[Errors, ...] = ()
    smooth: tuple[Errors, ...] = ()
    chi_square: tuple[float, float] = (np.nan, np.nan)


def measure(made: MadeNight) -> Measured:
    """Analyse a night as ``airglow analyze`` does, and set it against its truth.

    Parameters
    ----------
    made
        The night.

    Returns
    -------
    Measured
    """
    night, seed = made.night, made.night.seed
    try:
        result = analyse(night, made.row.tag, made.folder, made.row.oh_known)
    except NotAnalysable as why:
        return Measured(seed, failure=f"{why.state}: {why.reason}")
    truth = {frame.name: frame for frame in night.frames}
    true = [truth[name] for name in result.sky.name]
    sky = result.sky
    wind_error = sky.line_of_sight_wind_mps - np.array([frame.los_wind_mps for frame in true])
    temperature_error = sky.temperature_k - np.array([frame.temperature_k for frame in true])
    lasers = result.laser.reduced_chi_square
    lasers = lasers[np.isfinite(lasers)]
    cycles, smooth = horizontal(result, night, made.row.tag)
    return Measured(
        seed=seed,
        wind=Errors(wind_error, sky.wind_error_mps, sky.wind_flag),
        wind_about_mean=about_mean(
            wind_error, np.hypot(sky.wind_fit_error_mps, sky.wind_calibration_error_mps), sky.wind_flag
        ),
        temperature=Errors(temperature_error, sky.temperature_error_k, sky.temperature_flag),
        causes=sky.causes,
        reference_off_mps=float(np.nanmean(wind_error)),
        reference_error_mps=result.doppler_reference.error_mps,
        bound=(made.wind_bound_mps, made.temperature_bound_k),
        cycles=cycles,
        smooth=smooth,
        chi_square=(
            float(np.median(lasers)) if lasers.size else np.nan,
            float(np.median(sky.reduced_chi_square)),
        ),
    )


def analyse(night: SimulatedNight, tag: str, folder: Path, oh_known: bool = True) -> NightResult:
    """The result of a night on disk, with the settings that come with airglow.

    The registry knows one hydroxyl line: the one that is there, or on a night without any one at its place;
    or it knows none.
    """
    instrument, orders_off = night.instrument, night.scenario.oh_orders_off or OH_ORDERS_OFF
    line_m = instrument.optics.line_wavelength_m(tag)
    oh_m = line_m + orders_off * free_spectral_range_m(line_m, instrument.optics.nominal_gap_m)
    instrument = replace(
        instrument, optics=replace(instrument.optics, oh_wavelengths_m=(oh_m,) if oh_known else ())
    )
    request = NightRequest(instrument, night.site, night.date, tag, AnalysisSettings())
    with threadpool_limits(limits=1):
        return analyse_night(
            request, read_night(folder / "frames", request), read_folder(folder / "clouds", night.site)
        )


def about_mean(error: np.ndarray, sigma: np.ndarray, flag: np.ndarray) -> Errors:
    """Errors about their weighted mean, scaled for the freedom that it takes."""
    given = np.isfinite(error) & np.isfinite(sigma) & (sigma > 0)
    weight = np.where(given, 1.0 / np.where(given, sigma, 1.0) ** 2, 0.0)
    mean = np.sum(weight * np.where(given, error, 0.0)) / max(weight.sum(), 1e-300)
    number = int(given.sum())
    return Errors((error - mean) * np.sqrt(number / max(number - 1, 1)), sigma, flag)


def horizontal(
    result: NightResult, night: SimulatedNight, tag: str
) -> tuple[tuple[Errors, ...], tuple[Errors, ...]]:
    """Zonal, meridional and vertical winds over the site, of cycles and smooth, less the truth."""
    layer = night.atmosphere.layers["green" if tag == "XG" else "red"]

    def of(winds: object, time: np.ndarray, flag: np.ndarray) -> tuple[Errors, ...]:
        found = []
        for k, name in enumerate(COMPONENTS):
            # Where each component of a cycle belongs to a time of its own.
            own = getattr(winds, f"{name}_time", time)
            true = np.array([layer.wind_mps(night.hours(utc(when)))[k] for when in own])
            error = getattr(winds, f"{name}_wind_mps") - true
            found.append(Errors(error, getattr(winds, f"{name}_wind_error_mps"), flag))
        return tuple(found)

    smooth, cycles = result.smooth_winds, result.cycles
    unflagged = np.zeros(len(smooth), np.int8)
    zonal, meridional, vertical = of(cycles, cycles.mid_time, cycles.flag)
    # The part of the Doppler reference is common to the cycles of a night, and set against the samples.
    own = np.sqrt(cycles.vertical_wind_error_mps**2 - cycles.vertical_wind_reference_error_mps**2)
    return (
        (zonal, meridional, about_mean(vertical.error, own, vertical.flag)),
        of(smooth, smooth.time, getattr(smooth, "flag", unflagged)),
    )


def utc(when: np.datetime64) -> dt.datetime:
    """An aware time."""
    return when.astype("datetime64[us]").item().replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Total:
    """What several nights of a row came to; ``nights`` are those that were analysed, one or more."""

    nights: Sequence[Measured]

    def pooled(self, name: str) -> Errors:
        """Errors of one kind (`Measured`), of all nights together."""
        several = [getattr(night, name) for night in self.nights]
        return joined(several)

    def component(self, name: str, k: int) -> Errors:
        """Errors of one component of the winds over the site."""
        return joined([getattr(night, name)[k] for night in self.nights])

    def silent_share(self, name: str) -> float:
        """Part of the samples of all nights."""
        return float(np.mean(self.pooled(name).silent))

    def most_silent(self, name: str) -> int:
        """Samples of the night with the most."""
        return max(int(getattr(night, name).silent.sum()) for night in self.nights)

    def silent_winds(self, name: str) -> float:
        """Part of the winds over the site of which a component is silently wrong."""
        night_by_night = [
            np.any([each.silent for each in getattr(night, name)], axis=0) for night in self.nights
        ]
        found = np.concatenate(night_by_night)
        return float(np.mean(found)) if found.size else 0.0

    def share_with(self, causes: int) -> float:
        """Part of the samples that have one of these causes."""
        return float(np.mean((np.concatenate([night.causes for night in self.nights]) & causes) != 0))

    @property
    def flagged(self) -> float:
        """Part of the samples whose wind or temperature is flagged."""
        wind, temperature = self.pooled("wind").flag, self.pooled("temperature").flag
        return float(np.mean((wind > 0) | (temperature > 0)))

    def names_of_causes(self, least: float = 0.02) -> str:
        """Causes that at least this part of the samples have, with their part in per cent."""
        shares = {cause.name: self.share_with(cause.mask) for cause in Cause}
        return ", ".join(f"{name} {100 * share:.0f}" for name, share in shares.items() if share >= least)


def joined(several: Sequence[Errors]) -> Errors:
    """Several, one after the other."""
    return Errors(
        *(np.concatenate([getattr(e, part) for e in several]) for part in ("error", "sigma", "flag"))
    )


def spread(errors: Errors, unflagged: bool = False) -> float:
    """RMS of the scores, of all or of those that are not flagged; NaN without any."""
    if unflagged:
        keep = errors.flag == 0
        errors = Errors(errors.error[keep], errors.sigma[keep], errors.flag[keep])
    return rms(errors.scores) if errors.scores.size else np.nan


def stated_over_true(errors: Errors) -> float:
    """Median stated error over the true RMS."""
    given = errors.given
    return float(np.median(errors.sigma[given]) / rms(errors.error[given])) if given.any() else np.nan
