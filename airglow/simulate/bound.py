"""How well any method could do on a simulated frame: the Cramér-Rao bound, from differences of pixels."""

from __future__ import annotations

import numpy as np

from airglow.model.errors import BadInput
from airglow.simulate.night import SimulatedNight
from airglow.simulate.optics import Spectrum, thermal_line
from airglow.simulate.truth import FrameTruth

WIND_STEP_MPS = 5.0
TEMPERATURE_STEP_K = 5.0
ROUNDING_VARIANCE_COUNTS2 = 1 / 12


def frame_bound(night: SimulatedNight, frame: FrameTruth) -> tuple[float, float]:
    """Least standard errors of wind and temperature that the pixels of one sky frame allow.

    Every pixel within r_max counts, with the variance of its photons, its read noise and its rounding.
    Wind, temperature, intensity, background and bias are unknown; gap, centre and optics are known.
    Clouds, stars and blemishes are left out.

    Parameters
    ----------
    night
        The night.
    frame
        One of its sky frames.

    Returns
    -------
    tuple of float
        Standard errors of the line-of-sight wind (m/s) and of the temperature (K).

    Raises
    ------
    BadInput
        When the frame is a laser frame.
    """
    if frame.tag == "L":
        raise BadInput(frame.name, "a laser frame has neither wind nor temperature")
    camera, optics = night.truth.camera, night.truth.optics
    shape, scale = (camera.rows, camera.columns), camera.pixel_scale
    center = (frame.center_x_px, frame.center_y_px)
    rows, columns = np.indices(shape)
    radius2 = ((columns - center[0]) * scale[0]) ** 2 + ((rows - center[1]) * scale[1]) ** 2
    used = radius2 < optics.max_radius_px**2

    def pixels(spectrum: Spectrum) -> np.ndarray:
        return night.light_of(frame, spectrum)[used]

    wavelength_m = night.instrument.optics.line_wavelength_m(frame.tag)

    def line(wind_mps: float = 0.0, temperature_k: float = 0.0) -> np.ndarray:
        wind_mps, temperature_k = frame.los_wind_mps + wind_mps, frame.temperature_k + temperature_k
        return pixels(thermal_line(wavelength_m, wind_mps, temperature_k, frame.intensity))

    light = line()
    flat = pixels(Spectrum(np.empty(0), np.empty(0), 1.0))
    columns_of = (
        (line(wind_mps=WIND_STEP_MPS) - line(wind_mps=-WIND_STEP_MPS)) / (2 * WIND_STEP_MPS),
        (line(temperature_k=TEMPERATURE_STEP_K) - line(temperature_k=-TEMPERATURE_STEP_K))
        / (2 * TEMPERATURE_STEP_K),
        light / light.mean(),
        flat / flat.mean(),
        np.ones_like(light),
    )
    gain = camera.gain_e_per_count
    variance = (light + frame.background * flat) / gain + (camera.read_noise_e / gain) ** 2
    variance += ROUNDING_VARIANCE_COUNTS2
    jacobian = np.stack(columns_of, axis=1) / np.sqrt(variance)[:, None]
    # Columns of very different size: scaled, so that the inverse is exact to rounding.
    size = np.sqrt((jacobian**2).sum(axis=0))
    information = (jacobian / size).T @ (jacobian / size)
    error = np.sqrt(np.diag(np.linalg.inv(information))) / size
    return float(error[0]), float(error[1])


def night_bound(night: SimulatedNight, tag: str, every: int = 7) -> tuple[float, float]:
    """Root mean square of `frame_bound` over sky frames of a tag.

    Parameters
    ----------
    night
        The night.
    tag
        Which line.
    every
        Take one frame of so many: by default not a multiple of the cycle of look directions.

    Returns
    -------
    tuple of float
        Wind (m/s) and temperature (K).
    """
    frames = [frame for frame in night.frames if frame.tag == tag][::every]
    bounds = np.array([frame_bound(night, frame) for frame in frames])
    return tuple(np.sqrt((bounds**2).mean(axis=0)).tolist())
