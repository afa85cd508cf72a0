"""The sensor: from light per pixel to the integers in a file, with everything that a real sensor adds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

REGISTRY_BINNING = 2  # the registry's pixels are 2 x 2 pixels of the sensor
CONVERTER_BITS = 16


@dataclass(frozen=True)
class Camera:
    """A CCD camera and its blemishes.

    Parameters
    ----------
    rows
        Rows of a frame.
    columns
        Columns of a frame.
    x_binning
        Pixels of the sensor in one pixel of the frame, along a row.
    y_binning
        Pixels of the sensor in one pixel of the frame, along a column.
    bias_counts
        Counts without light.
    gain_e_per_count
        Photo-electrons per count.
    read_noise_e
        Standard deviation of the read noise in electrons.
    temperature_c
        Temperature of the CCD.
    converter_bits
        Of the analogue-digital converter: brighter pixels have 2^bits - 1 counts.
    cosmic_rays_per_s
        Cosmic rays that hit the frame per second.
    hot_pixels
        Rows, columns and counts per second of the hot pixels; None without any.
    column_pattern
        Offset in counts of each column, the same in every frame, shape (columns,); None without any.
    """

    rows: int = 512
    columns: int = 512
    x_binning: int = 2
    y_binning: int = 2
    bias_counts: float = 297.0
    gain_e_per_count: float = 0.85
    read_noise_e: float = 2.3
    temperature_c: float = -70.0
    converter_bits: int = CONVERTER_BITS
    cosmic_rays_per_s: float = 0.0
    hot_pixels: tuple[np.ndarray, np.ndarray, np.ndarray] | None = field(default=None, compare=False)
    column_pattern: np.ndarray | None = field(default=None, compare=False)

    @property
    def pixel_scale(self) -> tuple[float, float]:
        """Width and height of a pixel, in the registry's pixels."""
        return self.x_binning / REGISTRY_BINNING, self.y_binning / REGISTRY_BINNING


def with_blemishes(
    camera: Camera, rng: np.random.Generator, hot_pixels: int, column_pattern_counts: float
) -> Camera:
    """The same camera with hot pixels and a fixed column pattern drawn at random.

    Parameters
    ----------
    camera
        A camera without.
    rng
        Source of chance.
    hot_pixels
        How many pixels glow, by 1 to some 30 counts per second.
    column_pattern_counts
        Standard deviation of the column offsets.
    """
    hot = (
        rng.integers(0, camera.rows, hot_pixels),
        rng.integers(0, camera.columns, hot_pixels),
        rng.lognormal(1.0, 1.2, hot_pixels),
    )
    pattern = rng.normal(0.0, 1.0, camera.columns) * column_pattern_counts
    fields = {name: getattr(camera, name) for name in camera.__dataclass_fields__}
    return Camera(**{**fields, "hot_pixels": hot, "column_pattern": pattern})


def expected_counts(
    camera: Camera, light_counts: np.ndarray, exposure_s: float, bias_counts: float
) -> np.ndarray:
    """Mean of what the sensor reads: light, hot pixels, bias and column pattern, without noise.

    Parameters
    ----------
    camera
        The camera.
    light_counts
        Mean counts per pixel from light in the whole exposure.
    exposure_s
        Length of the exposure.
    bias_counts
        Bias level of this frame.
    """
    counts = light_counts + bias_counts
    if camera.hot_pixels is not None:
        rows, columns, rate = camera.hot_pixels
        np.add.at(counts, (rows, columns), rate * exposure_s)
    if camera.column_pattern is not None:
        counts += camera.column_pattern
    return counts


def expose(
    camera: Camera, light_counts: np.ndarray, exposure_s: float, bias_counts: float, rng: np.random.Generator
) -> np.ndarray:
    """One frame: photons, cosmic rays and read noise, digitised.

    Parameters
    ----------
    camera, light_counts, exposure_s, bias_counts
        As for `expected_counts`.
    rng
        Source of chance.

    Returns
    -------
    ndarray
        uint16, rows x columns.
    """
    floor = expected_counts(camera, np.zeros_like(light_counts), 0.0, bias_counts)
    glow = expected_counts(camera, light_counts, exposure_s, bias_counts) - floor
    electrons = rng.poisson(glow * camera.gain_e_per_count).astype(float)
    add_cosmic_rays(electrons, rng.poisson(camera.cosmic_rays_per_s * exposure_s), rng)
    electrons += camera.read_noise_e * rng.standard_normal(electrons.shape)
    counts = np.rint(electrons / camera.gain_e_per_count + floor)
    return np.clip(counts, 0, 2**camera.converter_bits - 1).astype(np.uint16)


def add_cosmic_rays(electrons: np.ndarray, count: int, rng: np.random.Generator) -> None:
    """Draw short straight tracks of charge into a frame, in place."""
    rows, columns = electrons.shape
    for _ in range(count):
        y, x = rng.uniform(0, rows), rng.uniform(0, columns)
        length, angle = 1 + rng.exponential(2.5), rng.uniform(0, 2 * np.pi)
        charge = rng.lognormal(6.3, 0.9)  # some 550 electrons in the median
        steps = np.arange(0, length, 0.25)
        track_y = np.rint(y + steps * np.sin(angle)).astype(int)
        track_x = np.rint(x + steps * np.cos(angle)).astype(int)
        inside = (track_y >= 0) & (track_y < rows) & (track_x >= 0) & (track_x < columns)
        np.add.at(electrons, (track_y[inside], track_x[inside]), np.rint(charge / steps.size))


def star_light(
    camera: Camera, stars: int, exposure_s: float, rng: np.random.Generator, width_px: float = 1.2
) -> np.ndarray:
    """Counts from stars in the field of view, as small Gaussian spots.

    Parameters
    ----------
    camera
        For the size of the frame.
    stars
        How many.
    exposure_s
        Length of the exposure.
    rng
        Source of chance.
    width_px
        Standard deviation of a spot.
    """
    light = np.zeros((camera.rows, camera.columns))
    reach = 6
    for _ in range(stars):
        y, x = rng.uniform(0, camera.rows), rng.uniform(0, camera.columns)
        rows = np.arange(max(0, int(y) - reach), min(camera.rows, int(y) + reach + 1))
        columns = np.arange(max(0, int(x) - reach), min(camera.columns, int(x) + reach + 1))
        spot = np.exp(-0.5 * ((rows[:, None] - y) ** 2 + (columns - x) ** 2) / width_px**2)
        counts = rng.lognormal(0.5, 1.0) * exposure_s
        light[np.ix_(rows, columns)] += counts * spot / (2 * np.pi * width_px**2)
    return light
