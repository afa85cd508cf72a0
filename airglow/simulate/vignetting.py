"""Illumination of the sensor: the cosine law, and a stop that cuts the beam away from the axis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

_HALVINGS = 60


@dataclass(frozen=True)
class Vignetting:
    """How light falls off over the sensor.

    Parameters
    ----------
    center_px
        x, y of the optical axis, in pixels of the frame; the centre of the rings is elsewhere.
    reach_px
        Radius, in pixels of the registry, for which the next two are given.
    angle_rad
        Angle of the chief ray in the lens there; light falls with the fourth power of its cosine.
    shift
        How far the beam has wandered from the middle of the stop there, in radii of the beam.
    stop
        Radius of the stop in radii of the beam.
    laser_power
        The laser comes over a diffuser that is brighter straight ahead: light of the laser falls with this
        power of the cosine besides.
    """

    center_px: tuple[float, float]
    reach_px: float
    angle_rad: float
    shift: float
    stop: float
    laser_power: float = 0.0

    def relative(self, radius_px: np.ndarray, laser: bool = False) -> np.ndarray:
        """Illumination over that on the axis.

        Parameters
        ----------
        radius_px
            Distance from the axis in pixels of the registry, any shape.
        laser
            True for light of the laser.

        Returns
        -------
        ndarray
            Of the same shape.
        """
        x = np.asarray(radius_px) / self.reach_px
        power = 4 + (self.laser_power if laser else 0.0)
        return np.cos(self.angle_rad * x) ** power * overlap(self.shift * x, self.stop)

    def image(
        self, shape: tuple[int, int], pixel_scale: tuple[float, float], laser: bool = False
    ) -> np.ndarray:
        """Illumination of every pixel of a frame.

        Parameters
        ----------
        shape
            Rows and columns.
        pixel_scale
            Width and height of a pixel, in pixels of the registry.
        laser
            True for light of the laser.

        Returns
        -------
        ndarray
            rows x columns; kept, not to be written to.
        """
        return _image(self, shape, pixel_scale, laser)


@lru_cache(maxsize=8)
def _image(
    vignetting: Vignetting, shape: tuple[int, int], pixel_scale: tuple[float, float], laser: bool
) -> np.ndarray:
    x = (np.arange(shape[1]) - vignetting.center_px[0]) * pixel_scale[0]
    y = (np.arange(shape[0]) - vignetting.center_px[1]) * pixel_scale[1]
    image = vignetting.relative(np.hypot(y[:, None], x[None, :]), laser)
    image.flags.writeable = False
    return image


def overlap(shift: np.ndarray, stop: float) -> np.ndarray:
    """Part of a circle of radius one that lies within a circle of another radius.

    Parameters
    ----------
    shift
        Distance between the centres, any shape.
    stop
        Radius of the other circle, at least one.

    Returns
    -------
    ndarray
        Area of the lens that both have in common, over that of the first circle.
    """
    d = np.asarray(shift, float)
    inside = d <= stop - 1
    apart = d >= stop + 1
    d = np.where(inside | apart, stop, d)  # any distance at which the formula holds
    first = np.arccos(np.clip((d**2 + 1 - stop**2) / (2 * d), -1, 1))
    second = np.arccos(np.clip((d**2 + stop**2 - 1) / (2 * d * stop), -1, 1))
    corners = (1 + stop - d) * (d + 1 - stop) * (d - 1 + stop) * (d + 1 + stop)
    area = first + stop**2 * second - 0.5 * np.sqrt(np.maximum(corners, 0))
    return np.where(inside, 1.0, np.where(apart, 0.0, area / np.pi))


def shift_for(rim: float, stop: float) -> float:
    """Distance of centres at which the overlap is ``rim``."""
    low, high = stop - 1, stop + 1
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if overlap(np.array(middle), stop) > rim else (low, middle)
    return (low + high) / 2
