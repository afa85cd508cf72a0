"""What an instrument was really like on a simulated night: near what the registry says, but not the same."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from airglow.registry import Instrument
from airglow.simulate.camera import Camera, with_blemishes
from airglow.simulate.optics import SPEED_OF_LIGHT_MPS, Optics
from airglow.simulate.scenario import Scenario
from airglow.simulate.series import SmoothSeries, random_series

NANOMETRE = 1e-9

FAINTEST_RIM = 0.33  # some of the registry's entries make no sense: below this, take the usual falloff
USUAL_FALLOFF = np.array([-0.05, -0.3])

# Limits of intensity in the registry are in counts: an instrument whose limit is higher than that of minime05
# makes more counts of the same light.
USUAL_INTENSITY_LIMIT = 0.4467

# How far the instrument of a night is from what the registry says (standard deviations).
REFLECTIVITY_SPREAD = 0.006
PLATE_SCALE_SPREAD = 5e-4  # relative
FALLOFF_SPREAD = 0.02
BLUR_SPREAD = 0.03  # relative
CENTER_SPREAD_PX = 0.6
GAP_SPREAD_NM = 40.0
ZERO_SPREAD_MPS = 60.0  # the laser's wavelength is not known to better than this


@dataclass(frozen=True)
class InstrumentTruth:
    """What an instrument was really like on the night: ``hours`` below are from local midnight.

    ``zero_offset_mps`` says how far the laser's wavelength is from the registry's, as a velocity: a
    retrieval that trusts the registry finds every wind off by about this much. ``sensitivity`` is how many
    counts there are of light that gives one count in the camera of minime05.
    """

    optics: Optics
    camera: Camera
    sensitivity: float
    gap_m: SmoothSeries
    center_x_px: SmoothSeries
    center_y_px: SmoothSeries
    center_by_direction_px: dict[str, tuple[float, float]]
    jumps: tuple[tuple[float, float, float, float], ...]  # hours, gap m, x px, y px
    laser_wavelength_m: float
    zero_offset_mps: float
    laser_level: SmoothSeries
    illumination_tilt: tuple[float, float]  # relative, from edge to edge along x and y

    def gap_at(self, hours: float) -> float:
        """Gap (m), jumps included."""
        return self.gap_m.at(hours) + sum(jump[1] for jump in self.jumps if hours >= jump[0])

    def center_at(self, hours: float, direction: str) -> tuple[float, float]:
        """Ring centre x, y (px), jumps and look direction included."""
        dx, dy = self.center_by_direction_px.get(direction, (0.0, 0.0))
        past = [jump for jump in self.jumps if hours >= jump[0]]
        x = self.center_x_px.at(hours) + dx + sum(jump[2] for jump in past)
        y = self.center_y_px.at(hours) + dy + sum(jump[3] for jump in past)
        return x, y


def draw_instrument(
    instrument: Instrument,
    scenario: Scenario,
    camera: Camera,
    span_hours: tuple[float, float],
    rng: np.random.Generator,
) -> InstrumentTruth:
    """Draw what the instrument is really like: near what the registry says, but not the same.

    Parameters
    ----------
    instrument
        From the registry.
    scenario
        How it drifts and jumps, and how its sensor is blemished.
    camera
        Size, binning, noise, and the gain that it has in minime05.
    span_hours
        First and last exposure, in hours from local midnight.
    rng
        Source of chance.
    """
    defaults = instrument.default_parameters
    scale_x, scale_y = camera.pixel_scale
    center_x = (instrument.default_center_px[0] + CENTER_SPREAD_PX * rng.standard_normal()) / scale_x
    center_y = (instrument.default_center_px[1] + CENTER_SPREAD_PX * rng.standard_normal()) / scale_y
    right, bottom = camera.columns - 0.5, camera.rows - 0.5
    edges = (
        (center_x + 0.5) * scale_x,
        (right - center_x) * scale_x,
        (center_y + 0.5) * scale_y,
        (bottom - center_y) * scale_y,
    )
    optics = Optics(
        reflectivity=float(min(defaults.reflectivity + REFLECTIVITY_SPREAD * rng.standard_normal(), 0.97)),
        plate_scale_rad_per_pixel=float(
            defaults.plate_scale_rad_per_pixel * (1 + PLATE_SCALE_SPREAD * rng.standard_normal())
        ),
        falloff=_pair(sensible_falloff(defaults.falloff) + FALLOFF_SPREAD * rng.standard_normal(2)),
        blur_px=tuple(
            float(b) for b in np.array(defaults.blur_px) * (1 + BLUR_SPREAD * rng.standard_normal(3))
        ),
        max_radius_px=float(min(edges)),
        corner_radius_px=float(math.hypot(max(edges[:2]), max(edges[2:]))) + 5.0,
    )
    start, stop = span_hours
    turn = rng.uniform(0, 2 * np.pi)  # the way that the centre drifts
    drift = scenario.center_per_hour_px * np.array([np.cos(turn), np.sin(turn)])
    wander = scenario.center_wander_px
    shifts = scenario.center_by_direction_px * rng.standard_normal((len(scenario.directions), 2))
    jumps = []
    for fraction in scenario.jump_at:
        angle = rng.uniform(0, 2 * np.pi)
        gap_m = scenario.gap_jump_nm * NANOMETRE * rng.choice([-1.0, 1.0])
        away = scenario.center_jump_px * np.array([np.cos(angle), np.sin(angle)])
        jumps.append((start + fraction * (stop - start), float(gap_m), float(away[0]), float(away[1])))
    gap = random_series(
        rng,
        instrument.optics.nominal_gap_m + GAP_SPREAD_NM * NANOMETRE * rng.standard_normal(),
        scenario.gap_wander_nm * NANOMETRE,
        scenario.gap_periods_h,
        scenario.gap_per_hour_nm * NANOMETRE * rng.choice([-1.0, 1.0]),
    )
    zero_mps = float(ZERO_SPREAD_MPS * rng.standard_normal())
    tilt_angle = rng.uniform(0, 2 * np.pi)
    sensitivity = counts_per_usual_count(instrument)
    blemished = with_blemishes(
        replace(
            camera,
            cosmic_rays_per_s=scenario.cosmic_rays_per_s,
            gain_e_per_count=camera.gain_e_per_count / sensitivity,
        ),
        rng,
        scenario.hot_pixels,
        scenario.column_pattern_counts,
    )
    return InstrumentTruth(
        optics=optics,
        camera=blemished,
        sensitivity=sensitivity,
        gap_m=gap,
        center_x_px=random_series(rng, center_x, wander, (2.0, 8.0), drift[0]),
        center_y_px=random_series(rng, center_y, wander, (2.0, 8.0), drift[1]),
        center_by_direction_px={
            name: _pair(shift) for name, shift in zip(scenario.directions, shifts, strict=True)
        },
        jumps=tuple(jumps),
        laser_wavelength_m=instrument.optics.laser_wavelength_m * (1 + zero_mps / SPEED_OF_LIGHT_MPS),
        zero_offset_mps=zero_mps,
        laser_level=random_series(rng, 1.0, scenario.laser_wander, (0.5, 4.0)),
        illumination_tilt=_pair(
            scenario.illumination_tilt * np.array([np.cos(tilt_angle), np.sin(tilt_angle)])
        ),
    )


def counts_per_usual_count(instrument: Instrument) -> float:
    """How many counts an instrument makes of one count's light in minime05, by the registry's limits."""
    limit = instrument.quality.sky_intensity_flag1
    return max(1.0, limit / USUAL_INTENSITY_LIMIT) if math.isfinite(limit) else 1.0


def sensible_falloff(coefficients: tuple[float, float]) -> np.ndarray:
    """f0, f1 of the falloff as the registry has them, or usual ones where light would vanish within r_max."""
    x = np.linspace(0, 1, 50)
    illumination = 1 + coefficients[0] * x + coefficients[1] * x**2
    return np.array(coefficients) if illumination.min() > FAINTEST_RIM else USUAL_FALLOFF


def _pair(values: np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])
