"""What an instrument was really like on a simulated night: near what the registry says, but not the same."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from airglow.registry import Instrument
from airglow.simulate.camera import Camera, with_blemishes
from airglow.simulate.optics import SPEED_OF_LIGHT_MPS, Optics, Spread
from airglow.simulate.plates import NANOMETRE, Plates
from airglow.simulate.scenario import Scenario
from airglow.simulate.series import SmoothSeries, random_series
from airglow.simulate.vignetting import Vignetting, shift_for

FAINTEST_RIM = 0.33  # some of the registry's entries make no sense: below this, take the usual illumination
USUAL_RIM = 0.65
BRIGHTEST_RIM = 0.85  # a stop that cuts nothing would be no stop

# Limits of intensity in the registry are in counts: an instrument whose limit is higher than that of minime05
# makes more counts of the same light.
USUAL_INTENSITY_LIMIT = 0.4467

# How far the instrument of a night is from what the registry says (standard deviations).
REFLECTIVITY_SPREAD = 0.006
PLATE_SCALE_SPREAD = 5e-4  # relative
RIM_SPREAD = 0.02
BLUR_SPREAD = 0.03  # relative
CENTER_SPREAD_PX = 0.6
GAP_SPREAD_NM = 40.0
ZERO_SPREAD_MPS = 60.0  # the laser's wavelength is not known to better than this

# What the registry has no word for: smallest and largest, or mean and standard deviation. The gap over real
# plates (minime90) has a second moment of some 50 nm^2 and a third of some 1,000 nm^3.
BOW_NM, EDGE_NM, TILT_NM, RIPPLE_NM = (2.0, 8.0), (18.0, 36.0), (1.0, 6.0), (1.5, 3.0)
REFLECTIVITY_PER_NM_SPREAD = 2e-5  # of broad-band coatings
MIRROR_PHASE_RAD_PER_NM = (-0.016, 0.005)  # light goes about a micrometre into each coating
MIRROR_PHASE_SPREAD_RAD_PER_NM2 = 5e-5
SKY_SCALE = (1 - 4e-4, 0.5e-4)  # as three real nights of minime90 and one of minime05 have it
DEFOCUS, SHARPEST = (0.8, 1.5), (0.25, 0.6)  # in widths of the spread; in r^2 / r_max^2
LEAST_SPREAD_PX = 0.55  # below this the optics' steps would no longer be fine enough
LENS_ANGLE_RAD, STOP, AXIS_SPREAD = (0.10, 0.20), (1.03, 1.25), 0.03  # the last in r_max
DIFFUSER_POWER = (0.0, 2.0)
HARMONIC = 2.0  # of the Airy series: a sky line shows little beyond it


@dataclass(frozen=True)
class InstrumentTruth:
    """What an instrument was really like on the night: ``hours`` below are from local midnight.

    ``zero_offset_mps`` says how far the laser's wavelength is from the registry's, as a velocity: a
    retrieval that trusts the registry finds every wind off by about this much. ``sensitivity`` is how many
    counts there are of light that gives one count in the camera of minime05.
    """

    optics: Optics
    vignetting: Vignetting
    camera: Camera
    sensitivity: float
    gap_m: SmoothSeries
    center_x_px: SmoothSeries
    center_y_px: SmoothSeries
    center_by_direction_px: dict[str, tuple[float, float]]
    gap_settles_m: float
    gap_settles_h: float
    jumps: tuple[tuple[float, float, float, float], ...]  # hours, gap m, x px, y px
    laser_wavelength_m: float  # of the first frame
    laser_drift_mps_per_h: float
    laser_jump_mps: float
    laser_jump_hours: float
    first_hours: float  # of the first frame
    zero_offset_mps: float
    laser_level: SmoothSeries
    illumination_tilt: tuple[float, float]  # relative, from edge to edge along x and y

    def laser_wavelength_at(self, hours: float) -> float:
        """Wavelength of the laser (m), its drift since the first frame and its jump included."""
        drift_mps = self.laser_drift_mps_per_h * (hours - self.first_hours)
        drift_mps += self.laser_jump_mps * (hours >= self.laser_jump_hours)
        return self.laser_wavelength_m * (1 + drift_mps / SPEED_OF_LIGHT_MPS)

    def gap_at(self, hours: float) -> float:
        """Gap (m), with its settling since the first frame and its jumps."""
        settled = 1.0 - math.exp(-(hours - self.first_hours) / self.gap_settles_h)
        jumped = sum(jump[1] for jump in self.jumps if hours >= jump[0])
        return self.gap_m.at(hours) - self.gap_settles_m * settled + jumped

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
    max_radius_px = float(min(edges))
    plates = draw_plates(defaults.reflectivity, instrument.optics.laser_wavelength_m, rng)
    scale = defaults.plate_scale_rad_per_pixel * (1 + PLATE_SCALE_SPREAD * rng.standard_normal())
    optics = Optics(
        plates=plates,
        plate_scale_rad_per_pixel=float(scale),
        sky_scale=float(rng.normal(*SKY_SCALE)),
        spread=draw_spread(defaults.blur_px, max_radius_px, rng),
        max_radius_px=max_radius_px,
        corner_radius_px=float(math.hypot(max(edges[:2]), max(edges[2:]))) + 5.0,
        sky_reflectivity_change=scenario.sky_reflectivity_change,
    )
    axis_px = AXIS_SPREAD * max_radius_px * rng.standard_normal(2)
    vignetting = draw_vignetting(
        sensible_rim(defaults.falloff) + RIM_SPREAD * rng.standard_normal(),
        (center_x + axis_px[0] / scale_x, center_y + axis_px[1] / scale_y),
        max_radius_px,
        rng,
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
            converter_bits=scenario.converter_bits,
            gain_e_per_count=camera.gain_e_per_count / sensitivity,
        ),
        rng,
        scenario.hot_pixels,
        scenario.column_pattern_counts,
    )
    return InstrumentTruth(
        optics=optics,
        vignetting=vignetting,
        camera=blemished,
        sensitivity=sensitivity,
        gap_m=gap,
        center_x_px=random_series(rng, center_x, wander, (2.0, 8.0), drift[0]),
        center_y_px=random_series(rng, center_y, wander, (2.0, 8.0), drift[1]),
        center_by_direction_px={
            name: _pair(shift) for name, shift in zip(scenario.directions, shifts, strict=True)
        },
        gap_settles_m=scenario.gap_settles_nm * NANOMETRE,
        gap_settles_h=scenario.gap_settles_h,
        jumps=tuple(jumps),
        laser_wavelength_m=instrument.optics.laser_wavelength_m * (1 + zero_mps / SPEED_OF_LIGHT_MPS),
        laser_drift_mps_per_h=scenario.laser_drift_mps / (stop - start),
        laser_jump_mps=scenario.laser_jump_mps,
        laser_jump_hours=0.5 * (start + stop),
        first_hours=start,
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


def sensible_rim(falloff: tuple[float, float]) -> float:
    """Illumination at r_max over that in the centre: the registry's where that makes sense, or a usual one.

    Parameters
    ----------
    falloff
        f0, f1 of the registry's 1 + f0 r / r_max + f1 (r / r_max)^2.
    """
    x = np.linspace(0, 1, 50)
    illumination = 1 + falloff[0] * x + falloff[1] * x**2
    return min(float(illumination[-1]), BRIGHTEST_RIM) if illumination.min() > FAINTEST_RIM else USUAL_RIM


def draw_plates(reflectivity: float, laser_wavelength_m: float, rng: np.random.Generator) -> Plates:
    """Plates whose fringes are about as sharp as perfect ones of this reflectivity would make them.

    Parameters
    ----------
    reflectivity
        The registry's: of fits that took the plates for perfect.
    laser_wavelength_m
        Where it was fitted.
    rng
        Source of chance.
    """
    plates = Plates(
        reflectivity=reflectivity,
        reflectivity_per_nm=float(REFLECTIVITY_PER_NM_SPREAD * rng.standard_normal()),
        mirror_phase_rad_per_nm=float(rng.normal(*MIRROR_PHASE_RAD_PER_NM)),
        mirror_phase_rad_per_nm2=float(MIRROR_PHASE_SPREAD_RAD_PER_NM2 * rng.standard_normal()),
        reference_wavelength_m=laser_wavelength_m,
        bow_m=float(NANOMETRE * rng.uniform(*BOW_NM) * rng.choice([-1.0, 1.0])),
        edge_m=float(NANOMETRE * rng.uniform(*EDGE_NM)),
        tilt_m=float(NANOMETRE * rng.uniform(*TILT_NM)),
        ripple_m=float(NANOMETRE * rng.uniform(*RIPPLE_NM)),
        ripple_seed=int(rng.integers(2**32)),
    )
    phase_variance = plates.gap_moment(2) * (4 * np.pi / laser_wavelength_m) ** 2
    sharper = reflectivity * math.exp(HARMONIC * phase_variance / 2)
    sharper += REFLECTIVITY_SPREAD * rng.standard_normal()
    return replace(plates, reflectivity=float(min(sharper, 0.97)))


def draw_spread(
    blur_px: tuple[float, float, float], max_radius_px: float, rng: np.random.Generator
) -> Spread:
    """A lens that spreads light, over the sensor, as widely as the registry's blur.

    Parameters
    ----------
    blur_px
        b0, b1, b2 of the registry's width b0 + b1 sin(pi r / r_max) + b2 cos(pi r / r_max).
    max_radius_px
        r_max.
    rng
        Source of chance.
    """
    turn = np.pi * np.sqrt(np.linspace(0, 1, 50))
    registry = blur_px[0] + blur_px[1] * np.sin(turn) + blur_px[2] * np.cos(turn)
    width = math.sqrt(float(np.mean(registry**2))) * (1 + BLUR_SPREAD * rng.standard_normal())
    width = max(width, LEAST_SPREAD_PX)
    defocus, sharpest = float(rng.uniform(*DEFOCUS)), float(rng.uniform(*SHARPEST))
    # Over the sensor x = r^2 / r_max^2 is even from 0 to 1.
    focus2 = max(1 - defocus**2 * (1 / 12 + (0.5 - sharpest) ** 2), 0.3)
    return Spread(width * math.sqrt(focus2), width * defocus, sharpest, max_radius_px)


def draw_vignetting(
    rim: float, axis_px: tuple[float, float], max_radius_px: float, rng: np.random.Generator
) -> Vignetting:
    """A lens and a stop that let through so much at the rim.

    Parameters
    ----------
    rim
        Illumination at ``max_radius_px`` over that on the axis.
    axis_px
        x, y of the axis, in pixels of the frame.
    max_radius_px
        r_max.
    rng
        Source of chance.
    """
    angle = float(rng.uniform(*LENS_ANGLE_RAD))
    stop = float(rng.uniform(*STOP))
    return Vignetting(
        center_px=(float(axis_px[0]), float(axis_px[1])),
        reach_px=max_radius_px,
        angle_rad=angle,
        shift=shift_for(min(rim / math.cos(angle) ** 4, 0.99), stop),
        stop=stop,
        laser_power=float(rng.uniform(*DIFFUSER_POWER)),
    )


def _pair(values: np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])
